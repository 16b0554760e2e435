"""Exact derivatives of a simulated trajectory with respect to parameters and initial states.

The trajectory is the root of G(z, theta) = 0, so dz/dtheta = -(dG/dz)^-1 dG/dtheta by the implicit function theorem:
the Jacobian of Newton's last iteration is factorised once and solved for one more right-hand side a parameter.
"""

import numpy as np
import torch

from .excitation import ACTIVATION_PARAMETERS, FILTER_PARAMETERS


def residual_derivative(motion, state, drive, parameters, free):
    """d(residual)/d(free parameter values) at all points of a motion.

    Parameters
    ----------
    motion : Motion
    state : Tensor (n_frames, 2, n_states)
    drive : Drive
    parameters : dict of Tensor
    free : FreeParameters

    Returns
    -------
    ndarray (n_points, n_states, n_free)
        In N m (elastic tendons: in maximal forces) per unit of each parameter.
    """
    table = free.table
    rows = [(table.rows[i].name, int(i) - table.slices[table.rows[i].name].start) for i in table.free_index]
    wanted = [name for name in dict.fromkeys(name for name, _ in rows) if name not in ACTIVATION_PARAMETERS]
    at = motion.evaluate(state, drive, parameters, wanted)
    columns = []
    for name, owner in rows:
        if name in ACTIVATION_PARAMETERS:
            chain = drive.derivative[:, owner, ACTIVATION_PARAMETERS.index(name)]
            columns.append(at.activation[:, :, owner] * chain[:, None])
        else:
            columns.append(at.parameters[name][..., owner])
    shape = (*at.residual.shape, 0)
    return np.stack([column.numpy() for column in columns], axis=-1) if columns else np.zeros(shape)


def state_sensitivity(motion, trajectory, drive, parameters, free, from_rest):
    """d(states)/d(free parameter values) and d(states)/d(initial state of its trial).

    Parameters
    ----------
    motion : Motion
    trajectory : Trajectory
        Root of the motion under `parameters`.
    drive : Drive
    parameters : dict of Tensor
    free : FreeParameters
    from_rest : bool
        Whether trials start in equilibrium (which depends on the parameters) or in a given state.

    Returns
    -------
    by_parameter : ndarray (n_frames, 2 n_states, n_free)
        Angles first, in the order of `Trajectory.all_states`.
    by_initial_state : ndarray (n_frames, 2 n_states, 2 n_coordinates)
        Zero columns' worth of it, (..., 0), for trials that start from rest.
    """
    partial = motion.scaled(residual_derivative(motion, trajectory.all_states, drive, parameters, free))
    n, k, m, p = motion.n_gauss, len(motion.first), motion.model.n_states, len(free)
    given = [] if from_rest else motion.motion_columns
    at_starts = np.zeros((k, 2 * m, p + len(given)))
    at_starts[:, :m, :p] = partial[n:]
    for column, row in enumerate(given):
        at_starts[:, row] = 0.0
        at_starts[:, row, p + column] = -1.0
    at_gauss = np.concatenate([partial[:n], np.zeros((n, m, len(given)))], axis=2)
    solution = -trajectory.matrix.solve(motion.rows(at_gauss, at_starts))
    return solution[..., :p], solution[..., p:]


def start_sensitivity(motion, trajectory, drive, parameters):
    """d(states)/d(angles, velocities and activations at the start of its trial).

    A surplus of activation at the start lasts for the electromechanical delay (nothing is known of the EMG before) and
    then fades with the time constant of the muscle's deactivation.

    Parameters
    ----------
    motion : Motion
    trajectory : Trajectory
        Root of the motion under `parameters`.
    drive : Drive
    parameters : dict of Tensor

    Returns
    -------
    by_start : ndarray (n_frames, 2 n_states, 2 n_coordinates + n_muscles)
        In the order of `Trajectory.all_states`.
    surplus : ndarray (n_frames, n_muscles)
        What is left of a unit of surplus activation.
    """
    states = trajectory.all_states
    start = trajectory.state[motion.first].numpy()
    given = motion.solve(parameters, start, guess=states, drive=drive)  # the same root, its start held
    partial = motion.scaled(motion.evaluate(states, drive, parameters).activation.numpy())
    partial = partial * _surplus_at(motion, parameters, _since_start_at(motion))[:, None]
    n, m, held = motion.n_gauss, motion.model.n_states, motion.motion_columns
    k, n_muscles = len(motion.first), motion.model.n_muscles
    at_starts = np.zeros((k, 2 * m, len(held) + n_muscles))
    at_starts[:, :m, len(held) :] = partial[n:]
    at_starts[:, held] = 0.0
    at_starts[:, held, range(len(held))] = -1.0
    at_gauss = np.concatenate([np.zeros((n, m, len(held))), partial[:n]], axis=2)
    by_start = -given.matrix.solve(motion.rows(at_gauss, at_starts))
    return by_start, _surplus_at(motion, parameters, _since_start(motion.trials))


def _since_start(trials):
    return trials.time - trials.time[trials.starts[:-1]][trials.trial_of_frame]


def _since_start_at(motion):
    """Time (n_points,) [s] of the motion's points since the starts of their trials."""
    grid, points = motion.grid, motion.points
    left = grid.left[points.interval]
    return _since_start(motion.trials)[left] + points.fraction * grid.step[points.interval]


def _surplus_at(motion, parameters, since_start):
    """What is left (n_points, n_muscles) of surplus activation some time after the start (n_points,) [s]."""
    names = "electromechanical_delay", "deactivation_time_constant"
    delay, decay = (parameters[name].detach().numpy() for name in names)
    second = np.array([muscle.activation_dynamics == "second_order" for muscle in motion.model.muscles])
    if second.any():
        lags = sum(parameters[name].detach().numpy() for name in FILTER_PARAMETERS)
        decay = np.where(second, lags, decay)
    return np.exp(-np.maximum(since_start[:, None] - delay, 0.0) / decay)


def force_by_activation(motion, state, parameters):
    """d(muscle force)/d(its activation) at the frames, ndarray (n_frames, n_muscles) [N], the states held still.

    `state` as in `force_derivatives`.
    """
    model, d = motion.model, motion.model.n_coordinates
    activation = model.activation(motion.dynamics.solve(parameters), parameters).detach().requires_grad_()
    tendon = None if state.shape[2] == d else (state[:, 0, d:], state[:, 1, d:])
    at = state[:, 0, :d], state[:, 1, :d], activation, parameters, motion.frame_exogenous
    force = model.muscle_state(*at, tendon=tendon)[0].tendon_force
    (found,) = torch.autograd.grad(force.sum(), activation, allow_unused=True, materialize_grads=True)
    return found.numpy()


def force_derivatives(motion, state, parameters, free):
    """Muscle forces at the frames and their derivatives.

    Parameters
    ----------
    motion : Motion
    state : Tensor (n_frames, 2, n_states or n_coordinates)
        All states of a trajectory, or a motion alone: then elastic tendons follow it in static equilibrium.
    parameters : dict of Tensor
    free : FreeParameters

    Returns
    -------
    by_state : ndarray (n_frames, n_muscles, 2 n_states or 2 n_coordinates)
        With respect to angles [N/rad], velocities [N s/rad] and, where given, the tendons' states and rates.
    by_parameter : ndarray (n_frames, n_muscles, n_free)
        With respect to the free parameters' values, the given states held still.
    """
    model, table = motion.model, free.table
    activation, chain = motion.dynamics.at_points(parameters, motion.grid.frames)
    spread = {
        n: parameters[n].detach().expand(len(state), -1).clone().requires_grad_() for n in model.parameters.muscle_names
    }
    inputs = [x.detach().clone().requires_grad_() for x in (state[:, 0], state[:, 1], activation)]
    d = model.n_coordinates
    tendon = None if state.shape[2] == d else (inputs[0][:, d:], inputs[1][:, d:])
    angle, velocity, p = inputs[0][:, :d], inputs[1][:, :d], {**parameters, **spread}
    muscles, _ = model.muscle_state(angle, velocity, inputs[2], p, motion.frame_exogenous, tendon=tendon)
    by_state, by_parameter = [], []
    for m in range(model.n_muscles):
        variables = inputs + list(spread.values())
        grads = torch.autograd.grad(muscles.tendon_force[:, m].sum(), variables, retain_graph=True, allow_unused=True)
        values, rates, active, *others = (
            torch.zeros_like(v) if g is None else g for g, v in zip(grads, variables, strict=True)
        )
        by_state.append(torch.cat([values, rates], dim=1).numpy())
        own = dict(zip(spread, others, strict=True))
        for k, name in enumerate(ACTIVATION_PARAMETERS):
            own[name] = own[name] + active * chain[..., k]
        columns = [_of_row(table, int(i), own, len(state)) for i in free.index]
        by_parameter.append(np.stack(columns, axis=-1) if columns else np.zeros((len(state), 0)))
    return np.stack(by_state, axis=1), np.stack(by_parameter, axis=1)


def _of_row(table, row, derivatives, n_frames):
    """Derivative (n_frames,) with respect to one row of the table; zero where it is no muscle's."""
    name = table.rows[row].name
    if name not in derivatives:
        return np.zeros(n_frames)
    return derivatives[name][:, row - table.slices[name].start].numpy()
