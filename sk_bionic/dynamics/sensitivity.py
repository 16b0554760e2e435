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


def start_sensitivity(motion, trajectory, parameters):
    """Derivatives of a simulation with respect to what nobody knows of its beginning.

    Besides angle and velocity that is how active each muscle was: the EMG before the first frame is not there. More
    activation than the steady state of the first EMG goes with the muscle's own decay, once its electromechanical delay
    has passed.

    Parameters
    ----------
    motion : EquationOfMotion
    trajectory : Trajectory
        Root of the motion under `parameters`.
    parameters : dict of ndarray

    Returns
    -------
    by_start : ndarray (n_frames, 2 n_states, 2 n_coordinates + n_muscles)
        In the order of `Trajectory.all_states`; of angles, velocities and surplus activations at the start.
    of_force : ndarray (n_frames, n_muscles, 2 n_coordinates + n_muscles)
        The same of muscle forces [N].
    """
    n_muscles, d = motion.model.n_muscles, motion.model.n_coordinates
    march = motion.march(parameters, surplus=True)
    states = march.states(trajectory.state[motion.first])
    moved = np.empty((len(states), 2 * motion.model.n_states, n_muscles + 2 * d))
    march.run(states, from_rest=False, sensitivity=moved)
    by_start = np.concatenate([moved[..., n_muscles:], moved[..., :n_muscles]], axis=2)
    by_state, direct = _force_derivatives(motion, march, states)
    of_force = by_state @ by_start
    of_force[..., 2 * d :] += direct
    return by_start, of_force


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
    return _force_derivatives(motion, motion.march(parameters, free.index), state)


def _force_derivatives(motion, march, state):
    """`force_derivatives` by the columns of a march along states, ndarray."""
    d, n_states = motion.model.n_coordinates, state.shape[2]
    found = march.along(state, settled=n_states == d, wanted={"force"})
    by_state = np.zeros((len(state), motion.model.n_muscles, 2 * n_states))
    by_state[..., :d] = found.force_by_state[..., :d]
    by_state[..., n_states : n_states + d] = found.force_by_state[..., d : 2 * d]
    if n_states > d:
        for e, m in enumerate(np.flatnonzero(motion.model.elastic)):
            by_state[:, m, d + e] = found.force_by_state[:, m, -1]
    return by_state, found.force_by_parameter
