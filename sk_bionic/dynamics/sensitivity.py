"""Exact derivatives of a simulated trajectory with respect to parameters and initial states.

The trajectory is the root of G(z, theta) = 0, so dz/dtheta = -(dG/dz)^-1 dG/dtheta by the implicit function theorem;
the Jacobian is block lower bidiagonal, so that sensitivities march along with the states, by the same factors.
"""

import numpy as np


def state_sensitivity(motion, trajectory, parameters, free, from_rest):
    """d(states)/d(free parameter values) and d(states)/d(initial state of its trial), marched along with the states.

    Parameters
    ----------
    motion : EquationOfMotion
    trajectory : Trajectory
        Root of the motion under `parameters`.
    parameters : dict of ndarray
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
    first = None if from_rest else trajectory.state[motion.first]
    moved = motion.solve(parameters, first, free.index).sensitivity
    return moved[..., : len(free)], moved[..., len(free) :]


def start_sensitivity(motion, parameters, rows=()):
    """A simulation from rest with its derivatives by parameters and by what nobody knows of its beginning.

    Besides angle and velocity that is how active each muscle was: the EMG before the first frame is not there. More
    activation than the steady state of the first EMG goes with the muscle's own decay, once its electromechanical delay
    has passed.

    Parameters
    ----------
    motion : EquationOfMotion
    parameters : dict of ndarray
    rows : sequence of int
        Of the table of parameters.

    Returns
    -------
    trajectory : Trajectory
        From rest in equilibrium.
    activations : ndarray (n_frames, n_muscles)
    force : ndarray (n_frames, n_muscles)
        [N]
    of_angle : ndarray (n_frames, n_coordinates, n_rows + 2 n_coordinates + n_muscles)
        Derivatives by those parameters and, behind them, by angles, velocities and surplus activations at the start.
    of_force : ndarray (n_frames, n_muscles, n_rows + 2 n_coordinates + n_muscles)
        The same of muscle forces [N].
    """
    p, m, d = len(rows), motion.model.n_muscles, motion.model.n_coordinates
    trajectory = motion.solve(parameters, None, rows, starts=True)
    order = np.r_[:p, p + m : p + m + 2 * d, p : p + m]
    moved = trajectory.sensitivity[..., order]
    by_state, direct, found = _force_derivatives(
        motion, motion.march(parameters, rows, surplus=True), trajectory.all_states
    )
    of_force = by_state @ moved
    of_force[..., :p] += direct[..., :p]
    of_force[..., p + 2 * d :] += direct[..., p:]
    return trajectory._replace(sensitivity=None), found.activations, found.force, moved[:, :d], of_force


def force_derivatives(motion, state, parameters, free):
    """Muscle forces at the frames and their derivatives.

    Parameters
    ----------
    motion : EquationOfMotion
    state : ndarray (n_frames, 2, n_states or n_coordinates)
        All states of a trajectory, or a motion alone: then elastic tendons follow it in static equilibrium.
    parameters : dict of ndarray
    free : FreeParameters

    Returns
    -------
    by_state : ndarray (n_frames, n_muscles, 2 n_states or 2 n_coordinates)
        With respect to angles [N/rad], velocities [N s/rad] and, where given, the tendons' states and rates.
    by_parameter : ndarray (n_frames, n_muscles, n_free)
        With respect to the free parameters' values, the given states held still.
    """
    return _force_derivatives(motion, motion.march(parameters, free.index), state)[:2]


def _force_derivatives(motion, march, state):
    """`force_derivatives` by the columns of a march along states, and its `Points`."""
    d, n_states = motion.model.n_coordinates, state.shape[2]
    found = march.along(state, settled=n_states == d, wanted={"force"})
    by_state = np.zeros((len(state), motion.model.n_muscles, 2 * n_states))
    by_state[..., :d] = found.force_by_state[..., :d]
    by_state[..., n_states : n_states + d] = found.force_by_state[..., d : 2 * d]
    if n_states > d:
        for e, m in enumerate(np.flatnonzero(motion.model.elastic)):
            by_state[:, m, d + e] = found.force_by_state[:, m, -1]
    return by_state, found.force_by_parameter, found
