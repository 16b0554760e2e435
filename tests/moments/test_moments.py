"""Calibration to joint moments: exact derivatives, known parameters recovered, clear errors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sk_bionic import calibrate_to_moments, predict_moments, predict_muscle_forces
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.measured import MeasuredMotion
from sk_bionic.dynamics.prescribed import PrescribedMotion
from sk_bionic.musculoskeletal import MusculoskeletalModel, arm, elbow
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import find_trials

FREE = (
    "max_isometric_force",
    "optimal_fiber_length",
    "triceps/tendon_slack_length",
    "emg_shape_factor",
    "electromechanical_delay",
    "biceps/activation_time_constant",
    "deactivation_time_constant",
    "emg_gain",
    "biceps/moment_arm_scale",
    "joint_stiffness",
    "joint_damping",
    "lower_limit",
)
MUSCLE_FREE = [
    "max_isometric_force",
    "optimal_fiber_length",
    "emg_shape_factor",
    "electromechanical_delay",
]
STEP = 1e-5  # of the unconstrained parameters


def with_tendons(model, kind):
    muscles = [replace(muscle, tendon=kind) for muscle in model.muscles]
    return MusculoskeletalModel(muscles, model.joints, model.name)


def without_muscles(model):
    return model.with_rows({(name, "max_isometric_force"): {"lower": 0.0, "value": 0.0} for name in model.muscle_names})


def torque_of_segments(model, *motion):
    """Torque that the motion takes of the segments [N m]."""
    values = {
        "joint_stiffness": 0.0,
        "joint_damping": 0.0,
        "co_contraction_stiffness": 0.0,
        "lower_limit": -4.0,
        "upper_limit": 4.0,
    }
    bare = {(joint.name, name): {"value": value} for joint in model.joints for name, value in values.items()}
    idle = np.zeros((len(motion[0]), model.n_muscles))
    return without_muscles(model).with_rows(bare).residual(*motion, idle)


@pytest.fixture(scope="module")
def flexion():
    return make_elbow_flexion(2, duration=2.0, sampling_rate=50, angle_noise=0.0, random_state=0)


@pytest.fixture(scope="module")
def recording(flexion):
    return flexion.data.assign(elbow_flexion=flexion.target)


@pytest.fixture(scope="module")
def moving():
    """EMG and angles (of no simulation: the motion is given) that make the arm's parameters visible."""
    generator, time = np.random.default_rng(1), np.arange(0.0, 3.0, 0.02)
    index = pd.MultiIndex.from_product([["a", "b"], time], names=["trial", "time"])
    X = pd.DataFrame(index=index)
    for name in arm().channels:
        speed, phase = generator.uniform(2, 9, 2), generator.uniform(0, 6, 2)
        waves = [0.4 + 0.35 * np.sin(v * time + f) for v, f in zip(speed, phase, strict=True)]
        X[name] = np.concatenate(waves)
    for name, middle, size in zip(arm().coordinate_names, (0.4, 1.2), (0.6, 0.9), strict=True):
        X[name] = np.concatenate([middle + size * np.sin(v * time + v) for v in (3.0, 4.1)])
    return X


@pytest.mark.parametrize("tendon", ["rigid", "elastic"])
def test_derivatives_are_exact(flexion, tendon):
    model = with_tendons(elbow(), tendon).identifying(FREE)
    emg, angle = flexion.data.iloc[:50], flexion.target.iloc[:50]
    motion = MeasuredMotion.of_angles(model, find_trials(emg), emg.to_numpy(), angle.to_numpy()[:, None])
    free = FreeParameters(model.parameters)
    raw = free.raw()

    def torque(raw):
        return motion.moments_and_derivative(free.values(raw), free)

    exact = torque(raw)[1] @ free.derivative(raw)
    for k in range(free.n_raw):
        step = STEP * np.eye(free.n_raw)[k]
        difference = (torque(raw + step)[0] - torque(raw - step)[0]) / (2 * STEP)
        assert np.abs(exact[..., k] - difference).max() < 1e-5 * np.abs(exact).max()


def test_stiff_elastic_tendons_are_rigid(recording):
    rigid, soft = elbow(), with_tendons(elbow(), "elastic")
    strain = {(m, "tendon_strain_at_one_norm_force"): {"value": 5e-4, "lower": 1e-4} for m in rigid.muscle_names}
    expected = predict_moments(rigid, recording).to_numpy()
    of_stiff = predict_moments(soft.with_rows(strain), recording).to_numpy() - expected
    of_soft = predict_moments(soft, recording).to_numpy() - expected
    assert np.abs(of_stiff).max() < 0.05 * np.abs(of_soft).max()


def test_moments_are_those_that_the_motion_takes(flexion, recording):
    """Along a simulated motion muscles and tissue balance inertia and gravity."""
    model = elbow()
    motion = EquationOfMotion(model, find_trials(flexion.data), flexion.data.to_numpy())
    X = recording.assign(elbow_flexion=motion.solve().angle)
    angle, velocity, acceleration = (
        PrescribedMotion(motion.trials, X["elbow_flexion"].to_numpy()).at_frames().T[..., None]
    )
    taken = torque_of_segments(model, angle, velocity, acceleration)
    inner = np.ones(len(taken), dtype=bool)
    for rows in motion.trials.slices:  # where the spline has neighbours on both sides
        inner[rows.start : rows.start + 3] = inner[rows.stop - 3 : rows.stop] = False
    error = predict_moments(model, X).to_numpy()[:, 0] - taken[:, 0]
    assert np.abs(error[inner]).max() < 0.01 * np.abs(taken).max()


@pytest.mark.parametrize("tendon", ["rigid", "elastic"])
def test_parameters_are_recovered_from_noise_free_moments(flexion, recording, tendon):
    model = with_tendons(elbow(), tendon).identifying(MUSCLE_FREE)
    generator = np.random.default_rng(3)
    free = FreeParameters(model.parameters)
    values = model.parameters.value.copy()
    values[free.index] *= generator.uniform(0.85, 1.15, len(free))
    moments = predict_moments(model.with_values(values), recording)
    found = calibrate_to_moments(model, recording, moments)
    np.testing.assert_allclose(found.parameters["value"], values[free.index], rtol=2e-3)
    assert found.identification.converged


def test_stated_errors_hold(moving):
    """Two joints, six muscles, noise on the moments: nearly all values within three stated errors."""
    model = arm().identifying(MUSCLE_FREE)
    free = model.parameters.free_index
    values = model.parameters.value.copy()
    values[free] *= np.random.default_rng(2).uniform(0.85, 1.15, len(free))
    moments = predict_moments(model.with_values(values), moving)
    noise = np.random.default_rng(0).normal(0.0, 0.2, moments.shape)
    found = calibrate_to_moments(model, moving, moments + noise)
    error = (found.parameters["value"] - values[free]) / found.parameters["std_err"]
    assert (np.abs(error) < 3).mean() > 0.9
    np.testing.assert_allclose(found.noise_std, 0.2, rtol=0.15)
    assert np.abs(found.predict(moving) - moments).to_numpy().mean() < 0.1


def test_a_moment_that_was_not_measured_has_no_part(moving):
    model = arm().identifying(["emg_shape_factor"])
    moments = predict_moments(model, moving) * 1.1
    first, second = model.coordinate_names
    left_out = calibrate_to_moments(model, moving, moments[second])
    missing = calibrate_to_moments(model, moving, moments.assign(**{first: np.nan}))
    np.testing.assert_allclose(left_out.parameters["value"], missing.parameters["value"], rtol=1e-8)
    assert np.isnan(left_out.noise_std[first])


def test_moments_are_the_work_of_forces_and_tissue(moving):
    model = arm()
    motion = EquationOfMotion(model, find_trials(moving), moving[list(model.channels)].to_numpy())
    angle = moving[list(model.coordinate_names)].to_numpy()
    state = np.stack([PrescribedMotion(motion.trials, column).at_frames()[:, :2] for column in angle.T], axis=-1)
    at, still = (state[:, 0], state[:, 1]), np.zeros_like(angle)
    _, moment_arm = model.length_and_moment_arm(state[:, 0])
    of_muscles = np.einsum("ndm,nm->nd", moment_arm, predict_muscle_forces(model, moving))
    activation = motion.activations()
    passive = torque_of_segments(model, *at, still) - without_muscles(model).residual(*at, still, activation)
    np.testing.assert_allclose(predict_moments(model, moving), of_muscles + passive, atol=1e-6)


def test_prescribed_coordinate_moves_the_muscles(moving):
    first, second = arm().coordinate_names
    whole = predict_moments(arm(), moving)
    alone = predict_moments(arm().prescribing([first]), moving)
    np.testing.assert_allclose(alone[second], whole[second], rtol=1e-9, atol=1e-9)


def test_synthesized_muscles_are_flagged(flexion, recording):
    biceps, triceps = elbow().muscles
    third = replace(biceps, name="brachialis", channel={"biceps": 0.5})
    model = MusculoskeletalModel([biceps, triceps, third], elbow().joints)
    moments = predict_moments(model, recording)
    assert moments.attrs["synthesized_muscles"] == ["brachialis"]
    shared = ["biceps+brachialis/emg_shape_factor"]
    with pytest.warns(UserWarning, match="no EMG of their own.*brachialis = 0.5 biceps"):
        found = calibrate_to_moments(model, recording, moments, identify=shared)
    assert found.parameters.attrs["synthesized_muscles"] == ["brachialis"]
    assert found.parameters["identifiable"].all()  # a mixture of one column is no copied electrode


def test_errors_name_what_is_missing(recording):
    moments = predict_moments(elbow(), recording)
    cases = [
        (recording.drop(columns="triceps"), moments, r"lacks the EMG columns \['triceps'\]"),
        (
            recording.drop(columns="elbow_flexion"),
            moments,
            r"lacks the measured angles \['elbow_flexion'\]",
        ),
        (recording.reset_index(drop=True), moments, "needs a time axis"),
        (recording.to_numpy(), moments, "must be a DataFrame"),
        (
            recording.assign(elbow_flexion=np.rad2deg(recording["elbow_flexion"])),
            moments,
            "np.deg2rad",
        ),
        (recording, moments.rename(columns=lambda name: f"{name}_moment"), r"elbow_flexion_moment"),
        (recording, moments.iloc[1:], "inconsistent numbers of rows"),
        (recording, moments * np.nan, "no frame with a known torque"),
        (recording, moments * np.inf, "infinite in column 'elbow_flexion', row 0"),
    ]
    for X, y, message in cases:
        with pytest.raises(ValueError, match=message):
            calibrate_to_moments(elbow(), X, y)
    with pytest.raises(ValueError, match="elbow_flexion/moment_of_inertia"):
        calibrate_to_moments(elbow(), recording, moments, identify=["moment_of_inertia"])
    with pytest.raises(ValueError, match="Free are none"):
        calibrate_to_moments(elbow(), recording, moments, identify=[])


def test_muscles_pull_and_never_push():
    """Fibers that shorten faster than they can carry nothing, where their curves would push."""
    index = pd.MultiIndex.from_product([["t"], np.arange(200) / 200], names=["trial", "time"])
    angle = 1.0 + np.sin(2 * np.pi * 6.0 * np.arange(200) / 200)
    X = pd.DataFrame({"biceps": 0.5, "triceps": 0.5, "elbow_flexion": angle}, index=index)
    model = elbow()
    velocity = np.gradient(angle, 1 / 200)[:, None]
    muscles, _ = model.muscle_state(angle[:, None], velocity, np.full((200, 2), 0.5))
    assert muscles.tendon_force.min() < 0
    forces = predict_muscle_forces(model, X)
    assert forces.to_numpy().min() == 0 and forces.to_numpy().max() > 100
