"""Elastic tendons along a motion that is given: what muscles did while the limb moved as it did."""

import numpy as np

from .newton import Newton


class _TendonNewton(Newton):
    """Newton's iterations in which every frame is trusted: a scalar equation a muscle, monotone in its state."""

    def _trusted(self, update):
        return np.ones(len(update), dtype=bool)


class _GivenMotion:
    """A motion whose angles and velocities stay where they are: only the tendons' rows are solved."""

    def __init__(self, motion):
        self.motion = motion
        self.model, self.trials, self.first = motion.model, motion.trials, motion.first

    def evaluate(self, *args, **options):
        return self.motion.evaluate(*args, **options)

    def system(self, at, state, initial_state):
        rows, blocks = self.motion.system(at, state, initial_state)
        held = self.motion.motion_columns
        rows[:, held], blocks[-1][:, held] = 0.0, 0.0
        blocks[0][:, held] = np.eye(rows.shape[1])[held]
        return rows, blocks


def tendons_along(motion, state, parameters, drive=None):
    """States of the elastic tendons along a given motion, by the same collocation as the simulation's.

    Parameters
    ----------
    motion : Motion
    state : Tensor (n_frames, 2, n_coordinates)
        Angles [rad] and angular velocities [rad/s]: simulated, predicted or measured.
    parameters : dict of Tensor
    drive : Drive, optional
        Activations, when they are known already.

    Returns
    -------
    tuple of Tensor (n_frames, n_tendon_states), or None
        States and their rates [1/s]; along a simulated motion, those of the simulation. None for rigid tendons.

    Raises
    ------
    SimulationError
        When Newton's method does not converge; names the trial.
    """
    model = motion.model
    if not model.n_tendon_states:
        return None
    drive = motion.drive(parameters) if drive is None else drive
    given = state[motion.first].numpy()
    newton = _TendonNewton(_GivenMotion(motion), drive, parameters, given)
    root = newton.solve(motion.with_tendons(state, drive, parameters))
    newton.raise_if_failed(root)
    value, rate = root.state[:, 0, model.n_coordinates :], root.state[:, 1, model.n_coordinates :].clone()
    # Nothing in the parabolas depends on a rate at a trial's first frame; that of the next frame is nearest to it.
    rate[motion.first] = rate[motion.first + 1]
    return value, rate
