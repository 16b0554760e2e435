"""Derivatives of simulated states, for tests to compare with others."""


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
