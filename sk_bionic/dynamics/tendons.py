"""Elastic tendons along a motion that is given: what muscles did while the limb moved as it did."""

from .marching import March


def tendons_along(motion, state, parameters):
    """States of the elastic tendons along a given motion, by the same collocation as the simulation's.

    Parameters
    ----------
    motion : EquationOfMotion
    state : ndarray (n_frames, 2, n_coordinates or n_states)
        Angles [rad] and angular velocities [rad/s]: simulated, predicted or measured.
    parameters : dict of ndarray

    Returns
    -------
    tuple of ndarray (n_frames, n_tendon_states), or None
        States and their rates [1/s]; along a simulated motion, those of the simulation. None for rigid tendons.

    Raises
    ------
    SimulationError
        When Newton's method does not converge; names the trial.
    """
    if not motion.model.n_tendon_states:
        return None
    march, d = March(motion, parameters), motion.model.n_coordinates
    states = march.states()
    states[..., :d] = state[..., :d]
    march.run(states, from_rest=False, held=True)
    value, rate = states[:, 0, d:], states[:, 1, d:].copy()
    # Nothing in the parabolas depends on a rate at a trial's first frame; that of the next frame is nearest to it.
    rate[motion.first] = rate[motion.first + 1]
    return value, rate
