"""The compiled march beside the equations as tensors, which are another implementation of the same physics."""

import threading

import numpy as np
import pytest

from sk_bionic.dynamics.banded import BlockBanded
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.sensitivity import residual_derivative, state_sensitivity
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


@pytest.mark.parametrize("from_rest", [True, False])
def test_the_march_is_a_root_of_the_same_equations_as_tensors(motion, from_rest):
    d = motion.model.n_coordinates
    start = None if from_rest else np.tile([[0.6], [0.4]], (2, 1, d))
    state = motion.solve(initial_state=start).all_states
    parameters = motion.model.parameters.as_dict()
    rows, _ = motion.system(
        motion.evaluate(state, motion.drive(parameters), parameters, motion_only=True), state, start
    )
    assert np.abs(rows).max() < 1e-8  # of a torque scale


@pytest.mark.parametrize("from_rest", [True, False])
def test_sensitivities_are_those_of_the_implicit_function(motion, from_rest):
    model, free = motion.model, FreeParameters(motion.model.parameters)
    d, m, n, p = model.n_coordinates, model.n_states, motion.n_gauss, model.parameters.as_dict()
    start = None if from_rest else np.tile([[0.6], [0.4]], (2, 1, d))
    trajectory, drive = motion.solve(p, start), motion.drive(p)
    found = np.concatenate(state_sensitivity(motion, trajectory, p, free, from_rest), axis=2)

    state = trajectory.all_states
    _, blocks = motion.system(motion.evaluate(state, drive, p, motion_only=True), state, start)
    partial = motion.scaled(residual_derivative(motion, state, drive, p, free))
    given = [] if from_rest else motion.motion_columns
    at_starts = np.zeros((2, 2 * m, found.shape[2]))
    at_starts[:, :m, : len(free)] = partial[n:]
    for column, row in enumerate(given):
        at_starts[:, row] = 0.0
        at_starts[:, row, len(free) + column] = -1.0
    at_gauss = np.concatenate([partial[:n], np.zeros((n, m, len(given)))], axis=2)
    expected = -BlockBanded(blocks).solve(motion.rows(at_gauss, at_starts))
    size = np.abs(expected).max(axis=(0, 1)) + 1e-6
    assert (np.abs(found - expected).max(axis=(0, 1)) < 1e-7 * size).all()


def test_given_angles_move_the_march_as_they_move_the_tensors():
    model = all_free(model_of(MUSCLES[:2], 2).prescribing(["shoulder"]))
    time = motion_of(model_of(MUSCLES[:2], 2)).trials.time
    motion = motion_of(model, {"shoulder": 0.4 + 0.2 * np.sin(5.0 * time)})
    state, parameters = motion.solve().all_states, motion.model.parameters.as_dict()
    at = motion.evaluate(state, motion.drive(parameters), parameters, motion_only=True)
    assert np.abs(motion.system(at, state, None)[0]).max() < 1e-8


def test_trials_in_threads_are_those_one_by_one(monkeypatch):
    from sk_bionic.dynamics import marching

    motion = motion_of(model_of(MUSCLES[:1], 1))
    alone = motion.solve().all_states
    monkeypatch.setattr(marching, "n_threads", lambda: 2)
    monkeypatch.setattr(marching, "WORTH_A_THREAD", 1)
    before = threading.active_count()
    assert (motion.solve().all_states == alone).all()
    assert threading.active_count() == before
