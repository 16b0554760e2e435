"""Exact derivatives of a simulated trajectory with respect to parameters and initial states.

The trajectory is the root of G(z, theta) = 0, so dz/dtheta = -(dG/dz)^-1 dG/dtheta by the implicit function theorem:
the Jacobian of Newton's last iteration is factorised once and solved for one more right-hand side a parameter.
"""

import numpy as np
import torch

from .excitation import ACTIVATION_PARAMETERS


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
        by_parameter.append(np.stack(columns, axis=-1))
    return np.stack(by_state, axis=1), np.stack(by_parameter, axis=1)


def _of_row(table, row, derivatives, n_frames):
    """Derivative (n_frames,) with respect to one row of the table; zero where it is no muscle's."""
    name = table.rows[row].name
    if name not in derivatives:
        return np.zeros(n_frames)
    return derivatives[name][:, row - table.slices[name].start].numpy()
