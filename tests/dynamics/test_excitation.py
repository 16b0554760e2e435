import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from sk_bionic.dynamics.errors import SimulationError
from sk_bionic.dynamics.excitation import (
    ACTIVATION_PARAMETERS,
    DYNAMICS_PARAMETERS,
    ActivationDynamics,
    ExcitationSpline,
)
from sk_bionic.dynamics.grid import CollocationGrid
from sk_bionic.musculoskeletal.activation import activation_rate, shape_activation
from sk_bionic.trials import Trials

PARAMETERS = {
    "electromechanical_delay": [0.031, 0.058],
    "activation_time_constant": [0.015, 0.04],
    "deactivation_time_constant": [0.06, 0.08],
    "emg_gain": [0.8, 1.3],
    "emg_shape_factor": [-1.3, -0.5],
}


def parameters():
    return {name: torch.tensor(value, dtype=torch.float64) for name, value in PARAMETERS.items()}


def excitation_at(time):
    """Smooth bursts of two muscles (n, 2), constant at both ends of two seconds."""
    phase = np.clip((np.asarray(time)[:, None] - [0.2, 0.5]) / [0.9, 1.3], 0.0, 1.0)
    return 0.02 + [0.7, 0.4] * np.sin(np.pi * phase) ** 4


def one_trial(step):
    time = np.arange(0.0, 2.0 + step / 2, step)
    return Trials(("a",), np.array([0, len(time)]), time)


def dynamics(step):
    trials = one_trial(step)
    return ActivationDynamics(CollocationGrid(trials), excitation_at(trials.time))


def two_trials():
    """Trials of unlike length and spacing with EMG of their own."""
    rng = np.random.default_rng(0)
    time = np.concatenate([np.linspace(0.0, 1.9, 96), 5.0 + np.cumsum(rng.uniform(0.01, 0.03, 60))])
    trials = Trials(("a", "b"), np.array([0, 96, 156]), time)
    return trials, np.concatenate([excitation_at(time[:96]), 0.1 + 0.5 * excitation_at(time[96:] - 4.8)])


def solve_with_scipy(time):
    _, rise, decay, gain = (parameters()[name] for name in DYNAMICS_PARAMETERS)

    def rate(t, state):
        excitation = [excitation_at([t - d])[0, m] for m, d in enumerate(PARAMETERS["electromechanical_delay"])]
        excitation = gain * torch.tensor(excitation)
        return activation_rate(excitation, torch.from_numpy(state), rise, decay).numpy()

    options = {"rtol": 1e-10, "atol": 1e-12, "max_step": 0.05, "method": "DOP853"}
    start = gain.numpy() * excitation_at([0.0])[0]
    return solve_ivp(rate, (0.0, time[-1]), start, t_eval=time, **options).y.T


def test_spline_passes_through_the_frames_of_every_trial():
    trials, emg = two_trials()
    spline = ExcitationSpline(trials, emg)
    at_frames = spline(
        torch.as_tensor(trials.time),
        torch.as_tensor(trials.trial_of_frame),
        torch.zeros(2, dtype=torch.float64),
    )
    np.testing.assert_allclose(at_frames, emg, rtol=0, atol=1e-12)


def test_delayed_spline_reads_earlier_times_and_holds_the_first_value_before_the_trial():
    trials = one_trial(0.01)
    spline = ExcitationSpline(trials, excitation_at(trials.time) + 0.1 * trials.time[:, None])
    time = torch.tensor([0.0, 0.02, 0.05, 0.7, 1.3], dtype=torch.float64)
    delay = torch.tensor([0.05, 0.2], dtype=torch.float64)
    got = spline(time, torch.zeros(5, dtype=torch.int64), delay)
    earlier = np.maximum(time.numpy()[:, None] - delay.numpy(), 0.0)
    expected = np.column_stack([excitation_at(earlier[:, m])[:, m] + 0.1 * earlier[:, m] for m in range(2)])
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)


def test_spline_never_falls_below_zero():
    trials = one_trial(0.1)
    emg = np.zeros((trials.n_frames, 2))
    emg[10] = 1.0  # a cubic spline swings below 0 on both sides of a spike
    fine = torch.linspace(0.0, 2.0, 2001, dtype=torch.float64)
    values = ExcitationSpline(trials, emg)(
        fine, torch.zeros(2001, dtype=torch.int64), torch.zeros(2, dtype=torch.float64)
    )
    assert values.min() == 0.0
    assert values.max() == pytest.approx(1.0)


def test_activation_dynamics_converge_with_fourth_order():
    steps = 0.02, 0.01, 0.005
    errors = [
        np.abs(dynamics(h).solve(parameters()).numpy() - solve_with_scipy(one_trial(h).time)).max() for h in steps
    ]
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (order > 3.5).all(), order
    assert errors[1] < 1e-4


def test_constant_excitation_is_a_steady_state():
    trials = one_trial(0.05)
    emg = np.full((trials.n_frames, 2), 0.37)
    state = ActivationDynamics(CollocationGrid(trials), emg).solve(parameters())
    np.testing.assert_allclose(state, emg * PARAMETERS["emg_gain"], rtol=0, atol=1e-12)


def test_gain_is_a_factor_on_the_emg():
    trials, emg = two_trials()
    grid, factor = CollocationGrid(trials), [2.5, 0.4]  # full excitation is exceeded
    one = {**parameters(), "emg_gain": torch.ones(2, dtype=torch.float64)}
    by_gain = ActivationDynamics(grid, emg).solve({**one, "emg_gain": torch.tensor(factor).double()})
    by_hand = ActivationDynamics(grid, emg * torch.tensor(factor).double().numpy()).solve(one)
    assert by_gain.max() > 1.0
    torch.testing.assert_close(by_gain, by_hand, rtol=0, atol=1e-11)


def test_trials_do_not_touch_one_another():
    trials, emg = two_trials()
    together = ActivationDynamics(CollocationGrid(trials), emg).solve(parameters())
    for name, rows in zip(trials.names, trials.slices, strict=True):
        alone = Trials((name,), np.array([0, rows.stop - rows.start]), trials.time[rows])
        state = ActivationDynamics(CollocationGrid(alone), emg[rows]).solve(parameters())
        np.testing.assert_allclose(together[rows], state, rtol=0, atol=1e-11)


def test_earlier_solutions_do_not_change_later_ones():
    solver = dynamics(0.02)
    fresh = solver.solve(parameters())
    other = {
        **parameters(),
        "deactivation_time_constant": torch.tensor([0.3, 0.02], dtype=torch.float64),
    }
    assert (solver.solve(other) - fresh).abs().max() > 0.01
    torch.testing.assert_close(solver.solve(parameters()), fresh, rtol=0, atol=1e-11)


def test_failed_solution_does_not_spoil_later_ones():
    solver = dynamics(0.02)
    unknown = torch.full((2,), torch.nan, dtype=torch.float64)
    with pytest.raises(SimulationError, match="activation dynamics of trial .* did not converge"):
        solver.solve({**parameters(), "deactivation_time_constant": unknown})
    assert torch.isfinite(solver.solve(parameters())).all()


def test_state_has_exact_derivatives_with_respect_to_the_parameters_of_the_dynamics():
    trials, emg = two_trials()
    solver = ActivationDynamics(CollocationGrid(trials), emg)

    def state(*values):
        return solver.solve(dict(zip(DYNAMICS_PARAMETERS, values, strict=True)))[::5]

    inputs = [parameters()[name].requires_grad_() for name in DYNAMICS_PARAMETERS]
    assert torch.autograd.gradcheck(state, inputs, eps=1e-5, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("where", ["gauss", "starts", "frames"])
def test_activations_between_frames_have_exact_derivatives(where):
    trials, emg = two_trials()
    grid = CollocationGrid(trials)
    solver = ActivationDynamics(grid, emg)
    points = getattr(grid, where)
    activation, derivative = solver.at_points(parameters(), points)
    assert derivative.shape == (*activation.shape, len(ACTIVATION_PARAMETERS))
    step = 1e-6
    for name in (*DYNAMICS_PARAMETERS, "emg_shape_factor"):
        i = ACTIVATION_PARAMETERS.index(name)
        above, below = (
            solver.at_points({**parameters(), name: parameters()[name] + s}, points)[0] for s in (step, -step)
        )
        np.testing.assert_allclose(derivative[..., i], (above - below) / (2 * step), rtol=1e-5, atol=1e-6, err_msg=name)


def test_activation_at_frames_is_the_shape_of_the_state_there():
    solver = dynamics(0.02)
    activation, _ = solver.at_points(parameters(), solver.grid.frames)
    expected = shape_activation(solver.solve(parameters()), parameters()["emg_shape_factor"])
    torch.testing.assert_close(activation, expected, rtol=0, atol=1e-12)
