"""Elastic tendons along a motion that is given: what muscles did while the limb moved as it did."""

import numpy as np


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
    states, _ = _held(motion, state, parameters)
    return _tendons_of(motion, states)


def tendon_sensitivity(motion, state, parameters, free):
    """States of the elastic tendons along a given motion, and their exact derivatives.

    Parameters
    ----------
    motion : EquationOfMotion
    state : ndarray (n_frames, 2, n_coordinates or n_states)
        As in `tendons_along`.
    parameters : dict of ndarray
    free : FreeParameters

    Returns
    -------
    ndarray (n_frames, 2, n_states)
        The motion with the tendons' states behind it.
    tuple of ndarray (n_frames, n_tendon_states)
        As of `tendons_along`.
    tuple of ndarray (n_frames, n_tendon_states, n_free)
        Derivatives of both with respect to the free parameters' values, by the implicit function theorem.

    Raises
    ------
    SimulationError
        As `tendons_along`.
    """
    states, moved = _held(motion, state, parameters, free.index)
    moved = moved.reshape(len(states), 2, motion.model.n_states, len(free))
    return states, _tendons_of(motion, states), _tendons_of(motion, moved)


def _held(motion, state, parameters, rows=None):
    """States with the motion held, and their derivatives with respect to rows of the parameters, None without."""
    march, d = motion.march(parameters, () if rows is None else rows), motion.model.n_coordinates
    states = march.states()
    states[..., :d] = state[..., :d]
    moved = None if rows is None else np.empty((len(states), 2 * motion.model.n_states, len(rows)))
    march.run(states, from_rest=False, held=True, sensitivity=moved)
    return states, moved


def _tendons_of(motion, states):
    """Values and rates of the tendons among all states (n_frames, 2, n_states, ...)."""
    d = motion.model.n_coordinates
    value, rate = states[:, 0, d:], states[:, 1, d:].copy()
    # Nothing in the parabolas depends on a rate at a trial's first frame; that of the next frame is nearest to it.
    rate[motion.first] = rate[motion.first + 1]
    return value, rate
