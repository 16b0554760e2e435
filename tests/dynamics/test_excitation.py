"""From sampled EMG to activation: the delayed spline, and the first-order dynamics behind it."""

import numpy as np
import pytest
from activated import activations, check_derivatives, model_with, states
from scipy.integrate import solve_ivp

from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.exceptions import SimulationError
from sk_bionic.musculoskeletal.compiled.activation import activation_rates
from sk_bionic.trials import Trials

PARAMETERS = {
    "electromechanical_delay": [0.031, 0.058],
    "activation_time_constant": [0.015, 0.04],
    "deactivation_time_constant": [0.06, 0.08],
    "emg_gain": [0.8, 1.3],
    "emg_shape_factor": [-1.3, -0.5],
}


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
    return trials, np.concatenate([excitation_at(time[:96]), 0.1 + 0.5 * excitation_at(time[96:] - 4.8)])


def solve_with_scipy(time):
    model = model_with(PARAMETERS)
    body, delay, gain = (
        model.compiled.body(model.parameters.value),
        PARAMETERS["electromechanical_delay"],
        PARAMETERS["emg_gain"],
    )

    def rate(t, state):
        excitation = np.array([[gain[m] * excitation_at([t - delay[m]])[0, m] for m in range(2)]])
        out = np.empty((1, 2))
        activation_rates(body, excitation, state[None].copy(), out)
        return out[0]

    options = {"rtol": 1e-10, "atol": 1e-12, "max_step": 0.05, "method": "DOP853"}
    return solve_ivp(rate, (0.0, time[-1]), gain * excitation_at([0.0])[0], t_eval=time, **options).y.T


LAGS = {"activation_dynamics": "second_order"}, {"activation_dynamics": "second_order"}


def quick(delay):
    """Parameters of muscles that follow their delayed EMG at once: two lags of no length."""
    lags = {f"{which}_filter_time_constant": [1e-9] * 2 for which in ("first", "second")}
    return {**PARAMETERS, **lags, "electromechanical_delay": delay, "emg_gain": [1.0, 1.0]}


def test_activation_passes_through_the_frames_of_every_trial():
    trials, emg = two_trials()
    np.testing.assert_allclose(states(trials, emg, quick([0.0, 0.0]), *LAGS), emg, rtol=0, atol=1e-5)


def test_delayed_emg_is_that_of_earlier_times_and_holds_the_first_value_before_the_trial():
    trials, delay = one_trial(0.01), [0.05, 0.2]
    emg = excitation_at(trials.time) + 0.1 * trials.time[:, None]
    earlier = np.maximum(trials.time[:, None] - delay, 0.0)
    expected = np.column_stack([excitation_at(earlier[:, m])[:, m] + 0.1 * earlier[:, m] for m in range(2)])
    np.testing.assert_allclose(states(trials, emg, quick(delay), *LAGS), expected, rtol=0, atol=1e-5)


def test_spline_never_falls_below_zero():
    trials = one_trial(0.1)
    emg = np.zeros((trials.n_frames, 2))
    emg[10] = 1.0  # a cubic spline swings below 0 on both sides of a spike
    middle = [activations(trials, emg, quick([delay] * 2), *LAGS) for delay in np.linspace(0.0, 0.099, 30)]
    assert np.min(middle) > -1e-6  # rounding of lags of no length
    assert np.max(middle) == pytest.approx(1.0)


def test_activation_dynamics_converge_with_fourth_order():
    errors = []
    for step in (0.02, 0.01, 0.005):
        trials = one_trial(step)
        ours = states(trials, excitation_at(trials.time), PARAMETERS)
        errors.append(np.abs(ours - solve_with_scipy(trials.time)).max())
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (order > 3.5).all(), order
    assert errors[1] < 1e-4


def test_constant_excitation_is_a_steady_state():
    trials = one_trial(0.05)
    emg = np.full((trials.n_frames, 2), 0.37)
    np.testing.assert_allclose(states(trials, emg, PARAMETERS), emg * PARAMETERS["emg_gain"], rtol=0, atol=1e-12)


def test_gain_is_a_factor_on_the_emg():
    trials, emg = two_trials()
    by_gain = states(trials, emg, {**PARAMETERS, "emg_gain": [2.5, 0.4]})  # full excitation is exceeded
    by_hand = states(trials, emg * [2.5, 0.4], {**PARAMETERS, "emg_gain": [1.0, 1.0]})
    assert by_gain.max() > 1.0
    np.testing.assert_allclose(by_gain, by_hand, rtol=0, atol=1e-11)


def test_trials_do_not_touch_one_another():
    trials, emg = two_trials()
    together = states(trials, emg, PARAMETERS)
    for name, rows in zip(trials.names, trials.slices, strict=True):
        alone = Trials((name,), np.array([0, rows.stop - rows.start]), trials.time[rows])
        np.testing.assert_allclose(together[rows], states(alone, emg[rows], PARAMETERS), rtol=0, atol=1e-11)


def test_dynamics_that_cannot_be_solved_name_the_trial():
    trials, emg = two_trials()
    model = model_with({**PARAMETERS, "deactivation_time_constant": [np.nan] * 2})
    with pytest.raises(SimulationError, match="activation dynamics of trial 'a' did not converge"):
        EquationOfMotion(model, trials, emg).activations()


def test_activations_between_frames_have_exact_derivatives():
    trials, emg = two_trials()
    names = dict(zip(PARAMETERS, range(1, 6), strict=True))
    check_derivatives(model_with(PARAMETERS), trials, emg, names)
