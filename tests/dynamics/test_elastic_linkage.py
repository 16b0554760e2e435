"""Elastic tendons on joints that hang on one another, all angles solved for or some of them given."""

from dataclasses import replace

import numpy as np
import pytest
from sensitivities import state_sensitivity

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_arm_reaching
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.fuse import fuse
from sk_bionic.dynamics.inverse import force_derivatives, muscles_along, residual_along, tendons_along
from sk_bionic.dynamics.prescribed import PrescribedMotion
from sk_bionic.musculoskeletal import MusculoskeletalModel, arm
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import Trials

SHOULDER, ELASTIC = "shoulder_elevation", ("TRIlong", "BIClong")


def elastic_arm(changes=(), **channels):
    """The arm with elastic tendons on its two muscles over both joints."""
    muscles = [
        replace(m, tendon="elastic" if m.name in ELASTIC else "rigid", channel=channels.get(m.name))
        for m in arm().muscles
    ]
    return MusculoskeletalModel(muscles, arm().joints, "elastic_arm").with_rows(dict(changes))


def one_trial(step, duration=1.0):
    time = np.arange(0.0, duration + step / 2, step)
    return Trials(("a",), np.array([0, len(time)]), time)


def emg_at(time):
    """Smooth bursts of all muscles (n, 6), constant before the first."""
    onset = np.linspace(0.1, 0.4, 6)
    phase = np.clip((np.asarray(time)[:, None] - onset) / 0.6, 0.0, 1.0)
    return 0.02 + np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.3]) * np.sin(np.pi * phase) ** 4


def motion_of(model, step, exogenous=None, duration=1.0):
    trials = one_trial(step, duration)
    return EquationOfMotion(model, trials, emg_at(trials.time), exogenous)


@pytest.fixture(scope="module")
def swing():
    """The elastic arm and its motion from rest at 10 ms."""
    motion = motion_of(elastic_arm(), 0.01)
    return motion, motion.solve()


def test_given_angle_leaves_the_other_rows_of_the_residual_as_they_are():
    whole, n = elastic_arm(), 5
    part = whole.prescribing([SHOULDER])
    rng = np.random.default_rng(0)
    states = [rng.normal(0.4, 0.3, (n, whole.n_states)) for _ in range(3)]
    activation = rng.uniform(0.05, 0.9, (n, 6))
    given = {SHOULDER: np.stack([x[:, 0] for x in states], axis=-1)}
    expected = whole.implicit_residual(*states, activation)[:, 1:]
    found = part.implicit_residual(*(x[:, 1:] for x in states), activation, exogenous=given)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)
    assert (np.abs(found[:, 1:]) > 0.01).any()  # two tendons that are not in equilibrium


def test_shorter_strain_brings_the_arm_nearer_to_that_of_rigid_tendons():
    rigid = motion_of(arm(), 0.02).solve().angle
    distance = []
    for strain in (0.04, 0.02):
        rows = {(m, "tendon_strain_at_one_norm_force"): {"value": strain} for m in ELASTIC}
        distance.append(float(np.abs(motion_of(elastic_arm(rows), 0.02).solve().angle - rigid).max()))
    assert 1.5 < distance[0] / distance[1] < 2.5
    assert distance[1] < np.deg2rad(3.0)


def test_tendons_follow_on_both_joints_with_order_four(swing):
    motion, coarse = swing
    solved = [coarse] + [motion_of(motion.model, step).solve() for step in (0.005, 0.0025)]
    states = [np.concatenate([s.angle, s.tendon_state], axis=1) for s in solved]
    errors = [np.abs(s - states[2][::stride]).max(axis=0) for s, stride in zip(states, (4, 2), strict=False)]
    assert (np.log2(errors[0] / errors[1]) > 3.5).all(), errors


def test_given_shoulder_moves_elbow_and_tendons_as_the_whole_arm_does(swing):
    motion, whole = swing
    part = motion.model.prescribing([SHOULDER])
    given = motion_of(part, 0.01, {SHOULDER: whole.angle[:, 0]})
    solved = given.solve()
    np.testing.assert_allclose(solved.angle[:, 0], whole.angle[:, 1], rtol=0, atol=2e-5)
    np.testing.assert_allclose(solved.tendon_state, whole.tendon_state, rtol=0, atol=2e-4)

    p = part.parameters.as_dict()
    state, _ = tendons_along(given, solved.state, p)
    np.testing.assert_allclose(state, solved.tendon_state, rtol=0, atol=1e-8)
    muscles, torque = muscles_along(given, solved.state)
    of_whole, both = muscles_along(motion, whole.state)
    maximal = p["max_isometric_force"]
    np.testing.assert_allclose(muscles.tendon_force / maximal, of_whole.tendon_force / maximal, rtol=0, atol=1e-3)
    np.testing.assert_allclose(torque[:, 0], both[:, 1], rtol=0, atol=0.05)
    left = residual_along(given, solved.angle)
    assert np.nanmax(np.abs(left)) < 0.1 * np.abs(torque).max()


def test_fusion_keeps_the_exact_motion_beside_a_given_angle(swing):
    motion, whole = swing
    part = motion_of(motion.model.prescribing([SHOULDER]), 0.01, {SHOULDER: whole.angle[:, 0]})
    kept = fuse(part, whole.angle[:, 1:], 0.1, 0.1)
    np.testing.assert_allclose(kept.state[:, 0], whole.angle[:, 1:], rtol=0, atol=1e-4)


@pytest.mark.parametrize("names", [(), (SHOULDER,)], ids=["all solved for", "shoulder given"])
def test_states_and_forces_have_exact_sensitivities(names):
    free_names = [
        "BIClong/tendon_slack_length", "BRA/max_isometric_force", "TRIlong/electromechanical_delay",
        "TRIlong/tendon_strain_at_one_norm_force", "shoulder_elevation/segment_length",
        "elbow_flexion/segment_mass",
    ]  # fmt: skip
    model = elastic_arm().prescribing(names).identifying(free_names)
    time = one_trial(0.02).time
    motion = motion_of(model, 0.02, {name: 0.3 * np.sin(2 * time) for name in names})
    free, p = FreeParameters(model.parameters), model.parameters.as_dict()
    trajectory = motion.solve(p)
    by_value, _ = state_sensitivity(motion, trajectory, p, free, from_rest=True)
    by_state, direct = force_derivatives(motion, trajectory.all_states, p, free)
    force = direct + by_state @ by_value
    for k, row in enumerate(free.index):
        value = model.parameters.value[row]
        high, low = (_states_and_forces(motion, row, value * (1 + s)) for s in (1e-4, -1e-4))
        slopes = [(a - b) / (2e-4 * value) for a, b in zip(high, low, strict=True)]
        for ours, theirs in zip((by_value[..., k], force[..., k]), slopes, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-4 * np.abs(theirs).max())


def _states_and_forces(motion, row, value):
    values, d = motion.model.parameters.value.copy(), motion.model.n_coordinates
    values[row] = value
    p = motion.model.parameters.as_dict(values)
    states = motion.solve(p).all_states
    activation = motion.activations(p)
    given = {
        name: PrescribedMotion(motion.trials, motion.frame_exogenous[name]).at_frames()
        for name in motion.model.prescribed_names
    }
    muscles, _ = motion.model.muscle_state(
        states[:, 0, :d], states[:, 1, :d], activation, p, given,
        tendon=(states[:, 0, d:], states[:, 1, d:]),
    )  # fmt: skip
    return states.reshape(len(states), -1), muscles.tendon_force


MIXTURE = {"BIClong": 0.5, "BICshort": 0.5}


@pytest.fixture(scope="module")
def recording():
    """Two short trials of an arm, brachialis without EMG, the shoulder's angle among the inputs."""
    reaching = make_arm_reaching(2, duration=2.0, sampling_rate=50, random_state=0)
    X = reaching.data.drop(columns="BRA").assign(**{SHOULDER: reaching.angle[SHOULDER]})
    return X, reaching.angle["elbow_flexion"]


@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
@pytest.mark.parametrize("prediction", ["simulation", "hybrid", "network"])
def test_estimator_takes_tendons_mixtures_and_given_angles_together(recording, prediction):
    X, y = recording
    regressor = PhysicsInformedMSKRegressor(
        elastic_arm(BRA=MIXTURE), prediction=prediction, ode_weight=1.0, max_epochs=3,
        hidden_layer_sizes=(8,), identify=["max_isometric_force"], random_state=0,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="no EMG of their own"):
        regressor.fit(X, y)
    assert regressor.synthesized_muscles_ == ("BRA",)
    assert regressor.model_.prescribed_names == (SHOULDER,)
    assert np.isfinite(regressor.predict(X)).all()
    torque = regressor.predict_joint_torques(X)
    assert list(torque.columns) == ["elbow_flexion"]
    fiber = regressor.predict_fiber_lengths(X) / regressor.optimal_fiber_length_
    assert ((fiber > 0.3) & (fiber < 1.7)).all(axis=None)
    assert np.isfinite(regressor.residual(X, y)[1:-1]).sum() > 100
    if prediction == "simulation":
        assert regressor.score(X, y) > 0.8
    if prediction == "hybrid":  # what counts as known is the angle, not its acceleration
        low, high = regressor.predictor_.known_inputs[SHOULDER]
        assert (low, high) == pytest.approx((X[SHOULDER].min(), X[SHOULDER].max()))
    if prediction != "network":
        _, std = regressor.predict_muscle_forces(X, return_std=True)
        assert (std.to_numpy() > 0).all()


@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
def test_hybrid_predicts_both_angles_of_an_arm_with_tendons():
    reaching = make_arm_reaching(2, duration=2.0, sampling_rate=50, random_state=0)
    regressor = PhysicsInformedMSKRegressor(
        elastic_arm(), max_epochs=3, hidden_layer_sizes=(8,), identify=["max_isometric_force"],
        random_state=0,
    )  # fmt: skip
    angle = regressor.fit(reaching.data, reaching.target).predict(reaching.data)
    assert list(angle.columns) == list(reaching.target.columns)
    assert np.isfinite(angle.to_numpy()).all()
    _, std = regressor.predict(reaching.data, return_std=True)
    assert (std.to_numpy() > 0).all()
