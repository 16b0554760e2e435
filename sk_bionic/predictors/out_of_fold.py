"""Physics that allows for its own errors, identified from all angles and without those of each fold."""

import numpy as np

from ..dynamics.errors import SimulationError
from ..identification.soften import ANGLE_STD, TORQUE_STD, soften

# Where the identified simulation follows the training angles more closely, the physics is allowed smaller errors [rad].
LARGE_ERROR = np.deg2rad(4.0)
# Of the softened physics of a fold, which starts from that of all angles. On 36 folds of 12 simulated elbows (half of
# them with a model that is wrong) two steps already predict what is hidden as well as forty, to 0.1 % of the error.
FOLD_ITERATIONS = 6


def simulated_state(motion):
    """Angles [rad], velocities [rad/s] and activations along the simulation from rest, (n_frames, n_state).

    Angles as the goniometer reads them; NaN everywhere where a simulation fails.
    """
    parameters = motion.model.parameters.as_dict()
    try:
        state = motion.solve(parameters).state
    except SimulationError:
        return np.full((motion.trials.n_frames, 2 * motion.model.n_coordinates + motion.model.n_muscles), np.nan)
    activation = motion.activations(parameters)
    angle = state[:, 0] + parameters["goniometer_offset"]
    return np.column_stack([angle, state[:, 1], activation])


def softened_physics(equation, recording, hidden, noise_std, progress):
    """Model with softened physics for every version of the data.

    Parameters
    ----------
    equation : EquationOfMotion
        The generic model on the frames that are learnt from.
    recording : Recording
        The same frames.
    hidden : list of ndarray of bool (n_frames,)
        Frames whose angles a version does not know; none of the first.
    noise_std : ndarray (n_coordinates,)
        What the identified simulation leaves of the training angles [rad].
    progress : Progress

    Returns
    -------
    list of MusculoskeletalModel
        The generic one where the physics fails.
    """
    # Nothing is left of an angle that nobody measured, which is no praise.
    size = np.minimum(1.0, np.where(noise_std > 0, noise_std / LARGE_ERROR, 1.0))
    errors = {"angle_std": size * ANGLE_STD, "torque_std": size * TORQUE_STD}
    models, near = [], {}
    for mask in hidden:
        visible = recording.hiding(mask)
        try:
            softened = soften(equation, visible.angle, visible.weight, **errors, **near)
        except SimulationError:
            models.append(equation.model)
            continue
        finally:
            progress.step()
        models.append(softened.model)
        if not near:  # folds differ little from the whole
            equation, near = equation.with_model(softened.model), {"start": softened.state, "max_iter": FOLD_ITERATIONS}
    return models


def explains(states, parts, angle):
    """Whether simulations out of fold come closer to the angles held out from them than the angles' mean does.

    An equation identified from a few scattered labels may not, and would teach the networks what is wrong.
    """
    if not parts:
        return True
    measured = np.concatenate([angle[test] for test, _ in parts])
    simulated = np.concatenate([state[test, : angle.shape[1]] for (test, _), state in zip(parts, states, strict=True)])
    return bool((np.mean((simulated - measured) ** 2, axis=0) < measured.var(axis=0)).all())
