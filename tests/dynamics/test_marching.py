"""The compiled march: a root of the model's residual between frames, with the exact derivatives of its states."""

import threading
from functools import partial

import numpy as np
import pytest
from sensitivities import state_sensitivity

from sk_bionic.dynamics.compiled.scheme import GAUSS_POINTS, hermite_weights, parabola_weights
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.marching import March
from sk_bionic.dynamics.prescribed import PrescribedMotion
from sk_bionic.musculoskeletal import Joint, Muscle, MusculoskeletalModel, PolynomialPath
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import Trials

MUSCLES = (
    {"curves": "degroote_fregly", "tendon": "rigid"},
    {"curves": "degroote_fregly", "tendon": "elastic", "curve_properties": {"active_force_width_scale": 1.2}},
    {"curves": "thelen", "tendon": "rigid", "curve_properties": {"Flen": 1.6, "KshapeActive": 0.5}},
    {"curves": "thelen", "tendon": "elastic", "activation_dynamics": "second_order"},
    {"curves": "millard", "tendon": "rigid", "activation_shape": "logarithmic"},
    {"curves": "millard", "tendon": "elastic", "curve_properties": {"FiberForceLengthCurve/curviness": 0.6}},
)
VALUES = {
    "max_isometric_force": 300.0,
    "optimal_fiber_length": 0.1,
    "tendon_slack_length": 0.2,
    "pennation_angle_at_optimal": 0.2,
    "fiber_damping": 0.05,
}
RATE = 50  # Hz
TOLERANCE, FLOOR = 1e-5, 2e-2  # of the states' part of a derivative, and of what counts as none [torque scales]


def joint(name, **own):
    values = {"moment_of_inertia": 0.08, "segment_mass": 1.6, "center_of_mass": 0.2, "load_distance": 0.3}
    values |= {"joint_stiffness": 4.0, "joint_rest_angle": 0.8, "joint_damping": 0.6, "co_contraction_stiffness": 0.5}
    values |= {"lower_limit": 0.0, "upper_limit": 1.4}
    return Joint(name, torque_scale=3.0, parameters={**values, **own.pop("more", {})}, **own)


def model_of(muscles, n_joints):
    """Muscles on both sides of one joint or of two, of which one carries the other."""
    joints = [joint("elbow")]
    if n_joints == 2:
        joints = [joint("shoulder", more={"segment_length": 0.3}), joint("elbow", parent="shoulder", direction=-1.0)]
    made = []
    for m, own in enumerate(muscles):
        arm = 0.025 if m % 2 else -0.02
        terms = {(0,): 0.3, (1,): arm, (2,): 0.003} if n_joints == 1 else {
            (0, 0): 0.3, (1, 0): -0.6 * arm, (0, 1): arm, (1, 1): 0.002, (0, 2): 0.003
        }  # fmt: skip
        path = PolynomialPath(tuple(terms.values()), tuple(terms))
        shape = {"emg_shape_factor": 0.05} if own.get("activation_shape") == "logarithmic" else {}
        made.append(Muscle(f"muscle {m}", path, parameters={**VALUES, **shape}, **own))
    return MusculoskeletalModel(made, joints)


def motion_of(model, exogenous=None):
    """Two trials, of unlike lengths and with frames spaced at will."""
    rng = np.random.default_rng(3)
    times = [np.cumsum(rng.uniform(0.5, 1.5, n)) / RATE for n in (40, 25)]
    trials = Trials(("a", "b"), np.array([0, 40, 65]), np.concatenate(times))
    phase = np.arange(model.n_muscles)
    emg = 0.15 + 0.12 * np.sin(9.0 * trials.time[:, None] + phase)
    exogenous = {"hand_load_kg": 0.5 + 0.2 * np.cos(trials.time), **(exogenous or {})}
    return EquationOfMotion(model, trials, emg, exogenous)


def all_free(model):
    """The model with every parameter free, well inside its bounds."""
    rows = {}
    for row in model.parameters.rows:
        value = row.value if row.value > row.lower else row.lower + 0.2 * (row.upper - row.lower)
        rows[row.owner, row.name] = {"free": True, "value": value}
    return model.with_rows(rows)


SINGLE, LINKED = [[own] for own in MUSCLES], [list(MUSCLES)]
CASES = [(muscles, 1) for muscles in SINGLE] + [(list(MUSCLES), 2)]
NAMES = [f"{m[0]['curves']}, {m[0]['tendon']}" for m in SINGLE] + ["all on a linkage"]


@pytest.fixture(scope="module", params=CASES, ids=NAMES)
def motion(request):
    muscles, n_joints = request.param
    return motion_of(all_free(model_of(muscles, n_joints)))


def residuals(motion, states, parameters=None):
    """The model's equations at the Gauss points of all intervals, in torque scales (2, n_intervals, n_states)."""
    model, trials, d = motion.model, motion.trials, motion.model.n_coordinates
    left, activation = np.asarray(trials.interval_starts), March(motion, parameters).gauss()[..., 0]
    step, scale = np.diff(trials.time)[left], np.append(model.torque_scale, np.ones(model.n_tendon_states))
    ends = np.concatenate([states[left], states[left + 1]], axis=1)  # (n, 4, n_states)
    found = []
    for g, fraction in enumerate(GAUSS_POINTS):
        x = np.full(len(left), fraction)
        moving, tendon = hermite_weights(x, step), parabola_weights(x, step)
        at = [np.einsum("nk,nks->ns", w, ends[..., :d]) for w in moving]
        of_tendons = [np.einsum("nk,nks->ns", w, ends[..., d:]) for w in tendon]
        whole = [np.concatenate(pair, axis=1) for pair in zip(at, of_tendons, strict=True)]
        given = {n: (1 - fraction) * c[left] + fraction * c[left + 1] for n, c in motion.frame_exogenous.items()}
        for name in model.prescribed_names:
            spline = PrescribedMotion(trials, motion.frame_exogenous[name]).coefficients()[left]
            time = (fraction * step)[:, None] ** np.arange(6)
            derivatives = [np.polynomial.polynomial.polyder(np.eye(6), k) for k in range(3)]
            given[name] = np.column_stack([(spline @ p.T * time[:, : p.shape[0]]).sum(axis=1) for p in derivatives])
        found.append(model.implicit_residual(*whole, activation[left, g], parameters, given) / scale)
    return np.array(found)


@pytest.mark.parametrize("from_rest", [True, False])
def test_the_march_is_a_root_of_the_model_s_residual(motion, from_rest):
    start = None if from_rest else np.tile([[0.6], [0.4]], (2, 1, motion.model.n_coordinates))
    assert np.abs(residuals(motion, motion.solve(initial_state=start).all_states)).max() < 1e-8


@pytest.mark.parametrize("from_rest", [True, False])
def test_sensitivities_are_those_of_the_implicit_function(motion, from_rest):
    """Along a parameter, or an initial state, and the states' own derivatives by it the residual stays zero; long
    differences step over kinks of curves and EMG, short ones are rounding.
    """
    free, table = FreeParameters(motion.model.parameters), motion.model.parameters
    d, p = motion.model.n_coordinates, table.as_dict()
    start = None if from_rest else np.tile([[0.6], [0.4]], (2, 1, d))
    states = motion.solve(p, start).all_states
    found = np.concatenate(state_sensitivity(motion, motion.solve(p, start), p, free, from_rest), axis=2)
    found = np.moveaxis(found.reshape(*states.shape, -1), -1, 0)
    for column, moved in enumerate(found):
        direction = np.arange(len(table.value)) == free.index[column] if column < len(free) else 0.0
        size = max(np.abs(table.value * direction).max(), 0.1)
        along = partial(residuals_along, motion, states, direction)
        steps = size * np.array([1e-4, 3e-5, 3e-6, 2e-7])
        left = np.min([np.abs(differences(partial(along, moved), step)) for step in steps], axis=0)
        held = np.abs(differences(partial(along, 0.0 * moved), steps[0])).max()
        assert left.max() < TOLERANCE * (held + FLOOR), column
    if not from_rest:
        starts = found[len(free) :][:, motion.first, :, :d].reshape(2 * d, 2, 2 * d)
        np.testing.assert_allclose(starts, np.tile(np.eye(2 * d)[:, None], (1, 2, 1)), atol=1e-12)


def residuals_along(motion, states, direction, moved, h):
    """Residuals at parameters and states that have gone a distance `h` from those of the solution."""
    table = motion.model.parameters
    return residuals(motion, states + h * moved, table.as_dict(table.value + h * direction))


def differences(at, step):
    """Derivative at 0, of fourth order."""
    return (8.0 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12.0 * step)


def test_given_angles_move_the_others():
    model = all_free(model_of(MUSCLES[:2], 2).prescribing(["shoulder"]))
    time = motion_of(model_of(MUSCLES[:2], 2)).trials.time
    motion = motion_of(model, {"shoulder": 0.4 + 0.2 * np.sin(5.0 * time)})
    assert np.abs(residuals(motion, motion.solve().all_states)).max() < 1e-8


def test_trials_in_threads_are_those_one_by_one(monkeypatch):
    from sk_bionic.dynamics import marching

    motion = motion_of(model_of(MUSCLES[:1], 1))
    alone = motion.solve().all_states
    monkeypatch.setattr(marching, "n_threads", lambda: 2)
    monkeypatch.setattr(marching, "WORTH_A_THREAD", 1)
    before = threading.active_count()
    assert (motion.solve().all_states == alone).all()
    assert threading.active_count() == before
