"""Elastic tendons in the simulator: order, agreement with an adaptive integrator and with OpenSim."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from sk_bionic.dynamics.simulate import Motion
from sk_bionic.musculoskeletal import MusculoskeletalModel, elbow
from sk_bionic.musculoskeletal.activation import activation_rate
from sk_bionic.trials import Trials

DURATION = 1.5


def with_tendons(model, tendon=("elastic", "elastic"), curves=("degroote_fregly",) * 2):
    muscles = [
        replace(m, tendon=t, curves=c)
        for m, t, c in zip(model.muscles, tendon, curves, strict=True)
    ]
    return MusculoskeletalModel(muscles, model.joints)


def emg_at(time):
    """Smooth bursts of biceps and triceps (n, 2), constant before and after."""
    phase = np.clip((np.asarray(time)[:, None] - [0.1, 0.3]) / [0.9, 1.0], 0.0, 1.0)
    return 0.02 + [0.6, 0.3] * np.sin(np.pi * phase) ** 4


def one_trial(step, duration=DURATION):
    time = np.arange(0.0, duration + step / 2, step)
    return Trials(("a",), np.array([0, len(time)]), time)


def tendon_rate(model, angle, velocity, activation, state, p):
    """z' at which fiber and tendon are in equilibrium, by Newton's method; everything (1, ...)."""
    d, rate = model.n_coordinates, torch.zeros_like(state)
    zero = torch.zeros(1, d, dtype=torch.float64)
    for _ in range(60):
        with torch.enable_grad():
            rate = rate.detach().requires_grad_()
            value = model.implicit_residual(
                torch.cat([angle, state], 1), torch.cat([velocity, rate], 1),
                torch.cat([zero, zero.new_zeros(state.shape)], 1), activation, p,
            )[:, d:]  # fmt: skip
            (slope,) = torch.autograd.grad(value.sum(), rate)
        step = (value / slope).detach()
        rate = rate.detach() - step
        if step.abs().max() < 1e-12:
            break
    return rate


def integrate(model, time, rtol):
    """The explicit form by scipy's LSODA: angle, velocity, tendon states, activation states."""
    p, d, n = model.parameters.as_dict(), model.n_coordinates, model.n_tendon_states
    delay = p["electromechanical_delay"].numpy()
    constants = p["activation_time_constant"], p["deactivation_time_constant"]
    zero = torch.zeros(1, d, dtype=torch.float64)

    def rate(t, flat):
        angle, velocity, z, active = torch.from_numpy(flat)[None].split([d, d, n, len(delay)], 1)
        activation = model.activation(active, p)
        z_rate = tendon_rate(model, angle, velocity, activation, z, p)
        rows = model.implicit_residual(
            torch.cat([angle, z], 1), torch.cat([velocity, z_rate], 1),
            torch.zeros(1, d + n, dtype=torch.float64), activation, p,
        )  # fmt: skip
        excitation = np.array([emg_at([t - s])[0, m] for m, s in enumerate(delay)])
        activating = activation_rate(torch.from_numpy(excitation)[None], active, *constants)
        parts = velocity, -rows[:, :d] / p["moment_of_inertia"], z_rate, activating
        return torch.cat(parts, 1).numpy()[0]

    start = motion_at_rest(model)
    options = {"rtol": rtol, "atol": 1e-3 * rtol, "max_step": 0.05}
    return solve_ivp(rate, (0.0, time[-1]), start, "LSODA", t_eval=time, **options).y.T


def motion_at_rest(model):
    """Everything at the first frame, when the EMG is constant."""
    trials = one_trial(0.01, 0.1)
    first = Motion(model, trials, emg_at(trials.time)).solve().all_states[0]
    d = model.n_coordinates
    parts = first[0, :d], first[1, :d], first[0, d:], torch.from_numpy(emg_at([0.0])[0])
    return torch.cat(parts).numpy()


MODELS = {
    "both": with_tendons(elbow()),
    "one": with_tendons(elbow(), ("rigid", "elastic")),
    "millard": with_tendons(elbow(), curves=("millard", "degroote_fregly")),
}


@pytest.mark.parametrize("name", MODELS)
def test_fourth_order_and_agreement_with_an_adaptive_integrator(name):
    model, steps = MODELS[name], (0.02, 0.01, 0.005)
    finest = np.arange(0.0, DURATION + 0.0025, 0.005)
    exact = integrate(model, finest, 1e-8)
    errors = []
    for step, every in zip(steps, (4, 2, 1), strict=True):
        trials = one_trial(step)
        solved = Motion(model, trials, emg_at(trials.time)).solve()
        ours = torch.cat([solved.angle, solved.tendon_state], 1).numpy()
        errors.append(np.abs(ours - np.delete(exact, [1, -2, -1], 1)[::every]).max(axis=0))
    print(name, errors, np.log2(np.array(errors[:-1]) / errors[1:]))
