"""What a model says along a motion that is given: its muscles and tendons, and what its equation of motion leaves."""

import numpy as np

from ..musculoskeletal.compiled.layout import COS_PENNATION, FIBER_NOW, FIBER_VELOCITY, FORCE
from ..musculoskeletal.muscle import MuscleState
from ..trials import CentralDifferences
from .marching import March


def differentiated(equation, angle):
    """State (n_frames, 2, n_coordinates) of an angle as a goniometer reads it: velocities are differences."""
    joint = angle - equation.model.parameters.as_dict()["goniometer_offset"]
    velocity = np.zeros_like(joint)
    for rows in equation.trials.slices:
        velocity[rows] = np.gradient(joint[rows], equation.trials.time[rows], axis=0)
    return np.stack([joint, velocity], axis=1)


def muscles_along(equation, state):
    """What the muscles do along a motion, the states of elastic tendons solved along it.

    Parameters
    ----------
    equation : EquationOfMotion
    state : ndarray (n_frames, 2, n_coordinates)

    Returns
    -------
    muscles : MuscleState
        Fields (n_frames, n_muscles): tendon forces [N], fiber lengths [m] and so on.
    torque : ndarray (n_frames, n_coordinates)
        Of all muscles on each joint [N m].
    """
    found = March(equation).along(_with_tendons(equation, state), wanted={"geometry"})
    g, free = found.geometry, equation.model.compiled.free_joints
    muscles = MuscleState(g[..., FIBER_NOW], g[..., FIBER_VELOCITY], g[..., COS_PENNATION], found.force)
    return muscles, np.einsum("nmd,nm->nd", g[..., FORCE:][..., free], found.force)


def forces_along(equation, state):
    """Muscle forces (n_frames, n_muscles) [N] alone, as `muscles_along` has them."""
    return March(equation).along(_with_tendons(equation, state)).force


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
    settled = state.shape[2] == motion.model.n_coordinates
    march = March(motion, parameters, free.index)
    found = march.along(state, settled=settled, wanted={"force"})
    return march.force_by_states(found, state.shape[2]), found.force_by_parameter


def residual_along(equation, angle):
    """Residual of the equation of motion along measured angles (n_frames, n_coordinates) [N m].

    Central differences; the first and last frame of a trial, which have no second derivative, and frames beside a
    missing angle are NaN. Elastic tendons are solved along the motion; where angles are missing they are taken in
    static equilibrium instead.
    """
    model = equation.model
    differences = CentralDifferences(equation.trials)
    inner = differences.inner
    state, acceleration = np.full((len(angle), 2, angle.shape[1]), np.nan), np.full(angle.shape, np.nan)
    state[:, 0] = angle - model.parameters.as_dict()["goniometer_offset"]
    state[inner, 1], acceleration[inner] = differences(state[:, 0])
    settled = not np.isfinite(angle).all()
    if not settled and model.n_tendon_states:
        tendon = tendons_along(equation, differentiated(equation, angle), model.parameters.as_dict())
        state = np.concatenate([state, np.stack(tendon, axis=1)], axis=2)
    found = March(equation).along(state, acceleration, settled=settled, wanted={"residual"})
    out = np.full(angle.shape, np.nan)
    out[inner] = found.residual[inner, : model.n_coordinates] * model.torque_scale
    return out


def _with_tendons(equation, state):
    tendon = tendons_along(equation, state, equation.model.parameters.as_dict())
    return state if tendon is None else np.concatenate([state, np.stack(tendon, axis=1)], axis=2)


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
