"""The derivatives that are put together muscle by muscle against those of plain automatic differentiation."""

from dataclasses import replace

import pytest
import torch

from sk_bionic.dynamics import linearise as module
from sk_bionic.dynamics.linearise import linearise
from sk_bionic.musculoskeletal import MusculoskeletalModel, arm, elbow, leg

SHOULDER = "shoulder_elevation"
ELASTIC = {
    "rigid": (),
    "mixed": ("TRIlong", "BIClong", "BRA"),
    "elastic": [m.name for m in arm().muscles],
}
CURVES = ("degroote_fregly", "thelen", "millard")


def arm_with(elastic, curves=CURVES[:1]):
    """The arm with some tendons elastic, and curves in turn."""
    muscles = [
        replace(m, tendon="elastic" if m.name in elastic else "rigid", curves=curves[k % len(curves)])
        for k, m in enumerate(arm().muscles)
    ]
    scales = {(m.name, "moment_arm_scale"): {"value": 0.9 + 0.05 * k} for k, m in enumerate(muscles)}
    return MusculoskeletalModel(muscles, arm().joints, "arm").with_rows(scales)


def points_of(model, n_states, n=7):
    """States, their derivatives, activations and external inputs at random points."""
    draw = torch.Generator().manual_seed(0)
    uniform = lambda low, high, k: low + (high - low) * torch.rand(n, k, generator=draw, dtype=torch.float64)
    d, tendons = model.n_coordinates, n_states - model.n_coordinates
    state = torch.cat([uniform(0.2, 1.2, d), uniform(0.02, 0.6, tendons)], dim=1)
    rate = torch.cat([uniform(-3.0, 3.0, d), uniform(-0.5, 0.5, tendons)], dim=1)
    exogenous = {name: uniform(-0.5, 0.5, 3) for name in model.prescribed_names}
    exogenous |= {"hand_load_kg": uniform(0.0, 2.0, 1), "external_torque_nm": uniform(-1.0, 1.0, 1)}
    return state, rate, uniform(-5.0, 5.0, n_states), uniform(0.05, 0.9, model.n_muscles), exogenous


def differentiated(model, state, rate, second, activation, exogenous, wanted):
    """Residual and its derivatives by one backward pass through everything for each row."""
    parameters = model.parameters.as_dict()
    inputs = [x.clone().requires_grad_() for x in (state, rate, second, activation)]
    inputs += [parameters[name].expand(len(state), -1).clone().requires_grad_() for name in wanted]
    equations = model.residual if state.shape[1] == model.n_coordinates else model.implicit_residual
    residual = equations(*inputs[:4], {**parameters, **dict(zip(wanted, inputs[4:], strict=True))}, exogenous)
    rows = [
        torch.autograd.grad(row.sum(), inputs, retain_graph=True, allow_unused=True, materialize_grads=True)
        for row in residual.unbind(1)
    ]
    return [residual.detach(), *(torch.stack(column, dim=1) for column in zip(*rows, strict=True))]


def check(model, n_states):
    *points, exogenous = points_of(model, n_states)
    wanted = list(model.parameters.slices)
    expected = differentiated(model, *points, exogenous, wanted)
    found = linearise(model, *points, model.parameters.as_dict(), exogenous, wanted)
    flat = [*found[:5], *(found.parameters[name] for name in wanted)]
    for name, ours, theirs in zip([*found._fields[:5], *wanted], flat, expected, strict=True):
        largest = theirs.abs().max().item()
        torch.testing.assert_close(
            ours,
            theirs,
            rtol=1e-12,
            atol=1e-12 * max(1.0, largest),
            msg=lambda m, n=name: f"{n}: {m}",
        )


@pytest.mark.parametrize("elastic", ELASTIC)
@pytest.mark.parametrize("prescribed", [(), (SHOULDER,)])
def test_derivatives_are_those_of_the_whole_residual(elastic, prescribed):
    model = arm_with(ELASTIC[elastic]).prescribing(prescribed)
    check(model, model.n_states)


@pytest.mark.parametrize("elastic", ["mixed", "elastic"])
def test_derivatives_with_curves_of_all_families(elastic):
    model = arm_with(ELASTIC[elastic], CURVES)
    check(model, model.n_states)


@pytest.mark.parametrize("elastic", ["mixed", "elastic"])
def test_derivatives_with_tendons_in_static_equilibrium(elastic):
    model = arm_with(ELASTIC[elastic])
    check(model, model.n_coordinates)


@pytest.mark.parametrize("model", [elbow(), leg()], ids=["elbow", "leg"])
def test_derivatives_of_other_limbs(model):
    check(model, model.n_states)


def test_motion_alone_has_the_same_derivatives():
    model = arm_with(ELASTIC["mixed"])
    *points, exogenous = points_of(model, model.n_states)
    given = model, *points, model.parameters.as_dict(), exogenous
    alone, whole = linearise(*given, motion_only=True), linearise(*given)
    assert alone.activation is None and not alone.parameters
    for one, other in zip(alone[:4], whole[:4], strict=True):
        torch.testing.assert_close(one, other, rtol=0.0, atol=0.0)


def test_blocks_of_points_are_joined_in_order(monkeypatch):
    model = arm_with(ELASTIC["mixed"])
    *points, exogenous = points_of(model, model.n_states)
    given = model, *points, model.parameters.as_dict(), exogenous, ["max_isometric_force"]
    whole = linearise(*given)
    monkeypatch.setattr(module, "BLOCK", 3)
    parts = linearise(*given)
    for one, other in zip(parts[:5], whole[:5], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(parts.parameters["max_isometric_force"], whole.parameters["max_isometric_force"])
