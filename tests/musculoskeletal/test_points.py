"""The compiled equation's derivatives at points, for all parameters, families and tendons, by finite differences."""

from dataclasses import replace

import numpy as np
import pytest

from sk_bionic.musculoskeletal import MusculoskeletalModel, arm, elbow, leg

SHOULDER = "shoulder_elevation"
ELASTIC = {
    "rigid": (),
    "mixed": ("TRIlong", "BIClong", "BRA"),
    "elastic": [m.name for m in arm().muscles],
}
CURVES = ("degroote_fregly", "thelen", "millard")
OF_ACTIVATION = {
    "electromechanical_delay", "activation_time_constant", "deactivation_time_constant", "emg_gain", "emg_shape_factor",
    "first_filter_time_constant", "second_filter_time_constant",
}  # fmt: skip


def arm_with(elastic, curves=CURVES[:1]):
    """The arm with some tendons elastic, and curves in turn."""
    muscles = [
        replace(m, tendon="elastic" if m.name in elastic else "rigid", curves=curves[k % len(curves)])
        for k, m in enumerate(arm().muscles)
    ]
    scales = {(m.name, "moment_arm_scale"): {"value": 0.9 + 0.05 * k} for k, m in enumerate(muscles)}
    return MusculoskeletalModel(muscles, arm().joints, "arm").with_rows(scales)


def points_of(model, settled, n=5):
    """States (n, 2, n_states), accelerations, activations and external inputs at random points."""
    rng, d = np.random.default_rng(0), model.n_coordinates
    tendons = 0 if settled else model.n_tendon_states
    value = np.concatenate([rng.uniform(0.2, 1.2, (n, d)), rng.uniform(0.02, 0.6, (n, tendons))], axis=1)
    rate = np.concatenate([rng.uniform(-3.0, 3.0, (n, d)), rng.uniform(-0.5, 0.5, (n, tendons))], axis=1)
    exogenous = {name: rng.uniform(-0.5, 0.5, (n, 3)) for name in model.prescribed_names}
    exogenous |= {"hand_load_kg": rng.uniform(0.0, 2.0, n), "external_torque_nm": rng.uniform(-1.0, 1.0, n)}
    states = np.stack([value, rate], axis=1)
    return states, rng.uniform(-5.0, 5.0, (n, d)), rng.uniform(0.05, 0.9, (n, model.n_muscles)), exogenous


def at(model, states, acceleration, activation, exogenous, values=None):
    """All that is known at the points, with derivatives by every parameter."""
    d, parameters = model.n_coordinates, model.parameters.as_dict(values)
    tendon = (states[:, 0, d:], states[:, 1, d:]) if states.shape[2] > d else None
    motion, rows = (states[:, 0, :d], states[:, 1, :d], acceleration), np.arange(len(model.parameters))
    wanted = {"jacobian", "force"}
    return model._at(*motion, activation, parameters, exogenous, tendon, wanted, rows)


def slope(function, step):
    """Derivative at 0 by differences of fourth order."""
    near, far = (function(step) - function(-step), function(2 * step) - function(-2 * step))
    return (8.0 * near - far) / (12.0 * step)


def assert_close(actual, expected, message, size=1.0):
    """Agreement to 1e-7 of the largest value, or of the size of what was differentiated."""
    scale = max(size, np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-7 * scale, err_msg=message)


def check(model, settled):
    states, acceleration, activation, exogenous = points_of(model, settled)
    found, d = at(model, states, acceleration, activation, exogenous), model.n_coordinates
    n_rows = d if settled else model.n_states
    moved = lambda states, second: at(model, states, second, activation, exogenous)
    for k in range(states.shape[2]):
        for order in range(2):
            move = np.zeros_like(states)
            move[:, order, k] = 1.0
            expected = slope(lambda h, m=move: moved(states + h * m, acceleration).residual[:, :n_rows], 1e-4)
            of_force = slope(lambda h, m=move: moved(states + h * m, acceleration).force, 1e-4)
            if k < d:
                assert_close(found.residual_by_motion[:, :n_rows, order * d + k], expected, f"state {order} {k}")
                assert_close(found.force_by_state[:, :, order * d + k], of_force, f"force by state {order} {k}", 1e2)
            else:
                e = k - d
                ours = np.zeros_like(expected)
                ours[:, d + e] = found.residual_by_tendon[:, d + order, e]
                ours[:, :d] = 0.0 if order else found.residual_by_tendon[:, :d, e]
                assert_close(ours, expected, f"tendon {order} {e}")
        if k < d:
            move = np.eye(d)[k]
            expected = slope(lambda h, m=move: moved(states, acceleration + h * m).residual[:, :n_rows], 1e-2)
            assert_close(found.residual_by_motion[:, :n_rows, 2 * d + k], expected, f"acceleration {k}")
    values = model.parameters.value
    for k, row in enumerate(model.parameters.rows):
        if row.name in OF_ACTIVATION:
            continue
        step = 1e-4 * max(abs(values[k]), 0.1 if row.name.endswith("angle") else 0.01)
        of_row = lambda h, k=k: at(
            model, states, acceleration, activation, exogenous, values + h * (np.arange(len(values)) == k)
        )
        name = f"{row.owner}/{row.name}"
        assert_close(
            found.residual_by_parameter[:, :n_rows, k], slope(lambda h, f=of_row: f(h).residual[:, :n_rows], step), name
        )
        assert_close(
            found.force_by_parameter[..., k], slope(lambda h, f=of_row: f(h).force, step), f"force: {name}", 1e2
        )


@pytest.mark.parametrize("elastic", ELASTIC)
@pytest.mark.parametrize("prescribed", [(), (SHOULDER,)])
def test_derivatives_are_those_of_the_residual(elastic, prescribed):
    check(arm_with(ELASTIC[elastic]).prescribing(prescribed), settled=False)


@pytest.mark.parametrize("settled", [False, True])
def test_derivatives_with_curves_of_all_families(settled):
    check(arm_with(ELASTIC["elastic"], CURVES), settled)


def test_derivatives_with_tendons_in_static_equilibrium():
    check(arm_with(ELASTIC["mixed"]), settled=True)


@pytest.mark.parametrize("model", [elbow(), leg()], ids=["elbow", "leg"])
def test_derivatives_of_other_limbs(model):
    check(model, settled=False)
