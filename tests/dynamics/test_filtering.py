"""The second-order activation dynamics: the recursion it stands for, exact derivatives, recovery."""

from dataclasses import replace

import numpy as np
import pytest
from activated import activations, check_derivatives, model_with
from activated import states as states_of
from scipy.signal import lfilter

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.identification.identify import identify
from sk_bionic.musculoskeletal import MusculoskeletalModel, elbow
from sk_bionic.trials import Trials, find_trials

TIME_CONSTANTS = np.array([[0.03, 0.05], [0.02, 0.05]])  # first, second; critically damped is one
PARAMETERS = {
    "electromechanical_delay": [0.031, 0.058],
    "activation_time_constant": [0.015, 0.04],
    "deactivation_time_constant": [0.06, 0.08],
    "emg_gain": [0.8, 1.3],
    "emg_shape_factor": [-1.3, -0.5],
    "first_filter_time_constant": TIME_CONSTANTS[0],
    "second_filter_time_constant": TIME_CONSTANTS[1],
}

FILTERED = {"activation_dynamics": "second_order"}


def excitation_at(time):
    """Smooth bursts of two muscles (n, 2), constant at both ends of two seconds."""
    phase = np.clip((np.asarray(time)[:, None] - [0.2, 0.5]) / [0.9, 1.3], 0.0, 1.0)
    return 0.02 + [0.7, 0.4] * np.sin(np.pi * phase) ** 4


def one_trial(step):
    time = np.arange(0.0, 2.0 + step / 2, step)
    return Trials(("a",), np.array([0, len(time)]), time)


def two_trials():
    """Trials of unlike length and spacing with EMG of their own."""
    rng = np.random.default_rng(0)
    time = np.concatenate([np.linspace(0.0, 1.9, 96), 5.0 + np.cumsum(rng.uniform(0.01, 0.03, 60))])
    trials = Trials(("a", "b"), np.array([0, 96, 156]), time)
    later = 0.1 + 0.5 * excitation_at(time[96:] - 4.8)
    return trials, np.concatenate([excitation_at(time[:96]), later])


def filter_coefficients(time_constants, rate):
    """C1 and C2 (..., 2) of the recursion that stands for two lags (..., 2) [s] at a rate [Hz]."""
    return -np.exp(-1.0 / (rate * np.asarray(time_constants)))


def recursion(excitation, coefficients):
    """u(t) = alpha e(t) - beta1 u(t - 1) - beta2 u(t - 2) from its steady state, as others run it."""
    beta = [coefficients.sum(), coefficients.prod()]
    alpha = 1.0 + sum(beta)
    start = excitation[0]  # steady state: u = e
    out = [start, start]
    for e in excitation[1:]:
        out.append(alpha * e - beta[0] * out[-1] - beta[1] * out[-2])
    return np.array(out[1:])


def states(step):
    """State of the filter without delay and gain, at frames `step` seconds apart."""
    trials = one_trial(step)
    plain = {**PARAMETERS, "electromechanical_delay": [0.0, 0.0], "emg_gain": [1.0, 1.0]}
    return trials.time, states_of(trials, excitation_at(trials.time), plain, FILTERED, FILTERED)


def test_filter_is_what_the_recursion_tends_to_at_high_sampling_rates():
    _, ours = states(0.01)
    differences = []
    for rate in (2000, 4000):
        fine = np.arange(0.0, 2.0 + 0.5 / rate, 1.0 / rate)
        c = filter_coefficients(TIME_CONSTANTS.T, rate)
        theirs = np.column_stack([recursion(excitation_at(fine)[:, m], c[m])[:: rate // 100] for m in range(2)])
        differences.append(np.abs(theirs - ours).max())
    assert differences[0] < 3e-3
    assert differences[1] == pytest.approx(0.5 * differences[0], rel=0.1)  # first order in 1 / rate


def test_recursion_with_those_coefficients_has_the_published_form():
    c = filter_coefficients([0.02, 0.03], 1000.0)
    assert (np.abs(c) < 1.0).all()
    excitation = np.random.default_rng(0).uniform(size=200)
    beta1, beta2 = c.sum(), c.prod()
    filtered = lfilter([1.0 + beta1 + beta2], [1.0, beta1, beta2], excitation - excitation[0])
    np.testing.assert_allclose(recursion(excitation, c), filtered + excitation[0], atol=1e-12)


def test_result_does_not_depend_on_the_sampling_rate():
    errors = []
    _, exact = states(0.00125)
    for step in (0.02, 0.01, 0.005):
        _, state = states(step)
        errors.append(np.abs(state - exact[:: round(step / 0.00125)]).max())
    assert (np.log2(np.array(errors[:-1]) / errors[1:]) > 3.5).all(), errors


def test_steady_state_is_the_excitation_times_the_gain():
    trials = one_trial(0.05)
    emg = np.full((trials.n_frames, 2), 0.37)
    state = states_of(trials, emg, PARAMETERS, FILTERED, FILTERED)
    np.testing.assert_allclose(state, emg * PARAMETERS["emg_gain"], rtol=0, atol=1e-12)


def mixed_model():
    """Biceps with the filter and the logarithmic shape, triceps with the first-order dynamics."""
    biceps, triceps = elbow().muscles
    filtered = {"activation_dynamics": "second_order", "activation_shape": "logarithmic"}
    return MusculoskeletalModel([replace(biceps, **filtered), triceps], elbow().joints)


COLUMNS = {
    "electromechanical_delay": 1, "emg_gain": 4, "emg_shape_factor": 5, "first_filter_time_constant": 6,
    "second_filter_time_constant": 7,
}  # fmt: skip


def test_activations_between_frames_have_exact_derivatives():
    trials, emg = two_trials()
    check_derivatives(model_with(PARAMETERS, FILTERED, FILTERED), trials, emg, COLUMNS)
    mixed = {**PARAMETERS, "emg_shape_factor": [0.06, -0.5]}
    options = {**FILTERED, "activation_shape": "logarithmic"}, {}
    times = {"activation_time_constant": 2, "deactivation_time_constant": 3}
    check_derivatives(model_with(mixed, *options), trials, emg, COLUMNS | times)


def test_each_muscle_of_a_mixed_model_has_its_own_dynamics():
    trials, emg = two_trials()
    mixed = activations(trials, emg, PARAMETERS, FILTERED, {})
    filtered, first_order = (
        activations(trials, emg, PARAMETERS, FILTERED, FILTERED),
        activations(trials, emg, PARAMETERS),
    )
    np.testing.assert_allclose(mixed, np.column_stack([filtered[:, 0], first_order[:, 1]]), rtol=1e-12)


def test_filter_and_shape_of_a_subject_are_recovered():
    flexion = make_elbow_flexion(2, duration=4.0, sampling_rate=50, angle_noise=0.0, random_state=5)
    generic = mixed_model().identifying(
        ["biceps/emg_shape_factor", "biceps+triceps/max_isometric_force"]
        + [f"biceps/{name}" for name in PARAMETERS if "filter" in name][:1]
    )
    true = {
        ("biceps", "first_filter_time_constant"): {"value": 0.05},
        ("biceps", "emg_shape_factor"): {"value": 0.09},
    }
    motion = EquationOfMotion(generic.with_rows(true), find_trials(flexion.data), flexion.data.to_numpy())
    angle = motion.solve().angle
    found = identify(motion.with_model(generic), angle).model.parameters.as_dict()
    assert found["first_filter_time_constant"][0] == pytest.approx(0.05, rel=2e-3)
    assert found["emg_shape_factor"][0] == pytest.approx(0.09, rel=2e-3)
