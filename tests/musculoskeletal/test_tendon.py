"""Elastic tendons: static equilibrium against OpenSim, robustness, exact derivatives.

Source of the rows: OpenSim 4.6 (opensim.org), muscles of 1000 N with fibers of 0.1 m, tendons of
0.2 m and a pennation of 0.2 rad, equilibrated at rest; everything else at its default.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sk_bionic.musculoskeletal import MusculoskeletalModel, elbow
from sk_bionic.musculoskeletal.families import CURVE_FAMILIES, CurveSet
from sk_bionic.musculoskeletal.tendon import (
    elastic_tendon_state,
    static_tendon_state,
    tendon_length,
)

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "opensim.json"
PARAMETERS = {
    "max_isometric_force": 1000.0,
    "optimal_fiber_length": 0.1,
    "tendon_slack_length": 0.2,
    "pennation_angle_at_optimal": 0.2,
    "max_contraction_velocity": 10.0,
    "passive_fiber_strain_at_one_norm_force": 0.6,
}
# Length of the muscle-tendon unit [m], activation; fiber length [m], tendon force [N].
STATIC = {
    "degroote_fregly": [
        (0.27, 0.05, 0.0718611499614, 37.4884036864),
        (0.285, 0.7, 0.0801106839796, 572.619351369),
        (0.305, 1.0, 0.0973152185092, 985.66814886),
        (0.325, 0.7, 0.118913822926, 626.039393028),
        (0.335, 1.0, 0.128131364174, 732.099165689),
    ],
    "millard": [
        (0.27, 0.05, 0.0717948410168, 38.0924665894),
        (0.285, 0.7, 0.0805848365571, 594.10311516),
        (0.305, 1.0, 0.0973994866962, 978.702107819),
        (0.325, 0.7, 0.119574008085, 619.640241221),
        (0.335, 1.0, 0.12812119319, 807.569874783),
    ],
    "thelen": [
        (0.27, 0.05, 0.0709026284194, 39.7652789416),
        (0.285, 0.7, 0.0812083923363, 627.504357788),
        (0.305, 1.0, 0.0991073341958, 979.52867321),
        (0.325, 0.7, 0.120242687168, 659.746827607),
        (0.335, 1.0, 0.129062564112, 887.805408009),
    ],
}
KEYS = {
    "degroote_fregly": "dgf_elastic_static",
    "millard": "millard_elastic_static",
    "thelen": "thelen_elastic_static",
}
TOLERANCE = {"degroote_fregly": 1e-9, "millard": 1e-6, "thelen": 1e-7}  # of the maximal force


def parameters_of(name):
    values = {**PARAMETERS, "fiber_damping": 0.01, "tendon_strain_at_one_norm_force": 0.049}
    for parameter, default in CURVE_FAMILIES[name].defaults.items():
        values[parameter] = default["value"] if isinstance(default, dict) else default
    return {n: torch.tensor([v], dtype=torch.float64) for n, v in values.items()}


def solved(name, length, velocity, activation):
    """Static state, the muscle in it and what is left of its equilibrium."""
    p, curves = parameters_of(name), CurveSet([name])
    state = static_tendon_state(length, velocity, activation, p, curves)
    elastic = torch.tensor([True])
    rate = torch.zeros_like(state)
    return state, *elastic_tendon_state(state, rate, length, velocity, activation, p, curves, elastic)


def assert_static_agrees(name, rows):
    length, activation, fiber, force = torch.tensor(rows, dtype=torch.float64).T[..., None]
    _, muscle, _ = solved(name, length, torch.zeros_like(length), activation)
    tolerance = TOLERANCE[name]
    torch.testing.assert_close(muscle.tendon_force / 1e3, force / 1e3, rtol=0, atol=tolerance)
    torch.testing.assert_close(muscle.fiber_length, fiber, rtol=0, atol=0.1 * tolerance)


@pytest.mark.parametrize("name", STATIC)
def test_static_equilibrium_agrees_with_typed_values(name):
    assert_static_agrees(name, STATIC[name])


@pytest.mark.parametrize("name", KEYS)
def test_static_equilibrium_agrees_with_every_reference_value(name):
    if not REFERENCE.exists():
        pytest.skip("the full OpenSim reference is not beside this checkout")
    assert_static_agrees(name, json.loads(REFERENCE.read_text())[KEYS[name]]["rows"])


@pytest.mark.parametrize("name", CURVE_FAMILIES)
def test_equilibrium_is_found_from_slack_to_overstretched(name):
    grids = torch.meshgrid(
        torch.linspace(0.15, 0.38, 60, dtype=torch.float64),  # from shorter than the tendon alone
        torch.tensor([-0.5, 0.0, 0.5], dtype=torch.float64),
        torch.tensor([0.0, 0.01, 0.1, 1.0, 2.0], dtype=torch.float64),
        indexing="ij",
    )
    _, muscle, left = solved(name, *(grid.reshape(-1, 1) for grid in grids))
    assert left.abs().max() < 1e-9
    assert torch.isfinite(muscle.tendon_force).all()
    assert (muscle.fiber_length > 0).all()


def test_state_of_a_degroote_fregly_tendon_is_its_normalised_force():
    length = torch.linspace(0.25, 0.35, 11, dtype=torch.float64)[:, None]
    half = torch.full_like(length, 0.5)
    state, muscle, _ = solved("degroote_fregly", length, torch.zeros_like(length), half)
    torch.testing.assert_close(muscle.tendon_force / 1000.0, state)


@pytest.mark.parametrize("name", CURVE_FAMILIES)
def test_static_state_has_exact_derivatives(name):
    p = {n: v.requires_grad_() for n, v in parameters_of(name).items() if n != "fiber_damping"}
    names = [n for n in p if n != "max_isometric_force"]
    fixed = {n: v.detach() for n, v in parameters_of(name).items()}
    curves = CurveSet([name])
    columns = torch.tensor([[0.27, -0.1, 0.4], [0.31, 0.2, 0.7]], dtype=torch.float64)

    def state(length, velocity, activation, *values):
        own = {**fixed, **dict(zip(names, values, strict=True))}
        return static_tendon_state(length, velocity, activation, own, curves)

    inputs = [column[:, None].clone().requires_grad_() for column in columns.T]
    assert torch.autograd.gradcheck(state, [*inputs, *(p[n] for n in names)], eps=1e-7, atol=1e-4)


def test_tendon_lengthens_at_the_rate_of_its_length():
    p = parameters_of("degroote_fregly")
    state = torch.tensor([[-0.19], [-0.1], [0.3], [1.2]], dtype=torch.float64)
    _, velocity = tendon_length(state, torch.full_like(state, 2.0), p)
    longer, shorter = (tendon_length(state + 2.0 * s, state, p)[0] for s in (1e-6, -1e-6))
    torch.testing.assert_close(velocity, (longer - shorter) / 2e-6, rtol=1e-6, atol=1e-9)


def test_stiff_tendon_tends_to_the_rigid_one():
    rigid = elbow()
    elastic = MusculoskeletalModel([replace(m, tendon="elastic") for m in rigid.muscles], rigid.joints)
    angle = torch.linspace(0.2, 2.0, 7, dtype=torch.float64)[:, None]
    motion = angle, torch.full_like(angle, 1.5), torch.full((7, 2), 0.4, dtype=torch.float64)
    exact = rigid.muscle_state(*motion)[0].tendon_force
    differences = []
    for strain in (1e-3, 1e-4):
        rows = {(m, "tendon_strain_at_one_norm_force"): {"value": strain} for m in rigid.muscle_names}
        force = elastic.with_rows(rows).muscle_state(*motion)[0].tendon_force
        differences.append(float((force - exact).abs().max()))
    assert differences[1] < 0.12 * differences[0]
    assert differences[1] < 1e-3 * float(exact.max())


def test_rigid_muscles_of_a_mixed_model_are_as_in_a_rigid_one():
    rigid = elbow()
    biceps, triceps = rigid.muscles
    mixed = MusculoskeletalModel([biceps, replace(triceps, tendon="elastic")], rigid.joints)
    assert (mixed.n_states, mixed.n_tendon_states) == (2, 1)
    angle = torch.linspace(0.2, 2.0, 7, dtype=torch.float64)[:, None]
    motion = angle, 0.5 * angle, torch.full((7, 2), 0.4, dtype=torch.float64)
    both, alone = (model.muscle_state(*motion)[0] for model in (mixed, rigid))
    for ours, theirs in zip(both, alone, strict=True):
        torch.testing.assert_close(ours[:, 0], theirs[:, 0], rtol=1e-13, atol=0)
        assert (ours[:, 1] - theirs[:, 1]).abs().max() > 1e-5
