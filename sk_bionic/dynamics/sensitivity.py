"""Exact derivatives of a simulated trajectory with respect to parameters and initial states.

The trajectory is the root of G(z, theta) = 0, so dz/dtheta = -(dG/dz)^-1 dG/dtheta by the implicit function theorem: the Jacobian of Newton's last
iteration, which is factorised already, is solved for one more right-hand side a parameter.
"""

import numpy as np

from .excitation import ACTIVATION_PARAMETERS


def residual_derivative(motion, state, drive, parameters, free):
    """d(residual)/d(free parameter values) at all points of a motion.

    Parameters
    ----------
    motion : Motion
    state : Tensor (n_frames, 2, n_coordinates)
    drive : Drive
    parameters : dict of Tensor
    free : FreeParameters

    Returns
    -------
    ndarray (n_points, n_coordinates, n_free)
        In N m per unit of each parameter.
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
    """d(state)/d(free parameter values) and d(state)/d(initial state of its trial).

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
    by_parameter : ndarray (n_frames, 2 n_coordinates, n_free)
    by_initial_state : ndarray (n_frames, 2 n_coordinates, 2 n_coordinates)
        Zero columns' worth of it, (..., 0), for trials that start from rest.
    """
    partial = motion.scaled(residual_derivative(motion, trajectory.state, drive, parameters, free))
    n, k, d, p = motion.n_gauss, len(motion.first), motion.model.n_coordinates, len(free)
    size = 2 * d
    at_starts = np.zeros((k, size, p + (0 if from_rest else size)))
    if from_rest:
        at_starts[:, :d] = partial[n:]
    else:
        at_starts[:, :, p:] = -np.eye(size)
    at_gauss = np.concatenate([partial[:n], np.zeros((n, d, at_starts.shape[2] - p))], axis=2)
    solution = -trajectory.matrix.solve(motion.rows(at_gauss, at_starts))
    return solution[..., :p], solution[..., p:]
