"""Elastic tendons along a motion that is given: what muscles did while the limb moved as it did."""

import numpy as np
import torch

from .newton import Newton, factorise
from .sensitivity import residual_derivative


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
    if not motion.model.n_tendon_states:
        return None
    return _tendons_of(motion, _root_along(motion, state, parameters, drive)[0].state)


def tendon_sensitivity(motion, state, parameters, free):
    """States of the elastic tendons along a given motion, and their exact derivatives.

    Parameters
    ----------
    motion : Motion
    state : Tensor (n_frames, 2, n_coordinates or n_states)
        As in `tendons_along`; with states of the tendons behind, Newton's method starts there.
    parameters : dict of Tensor
    free : FreeParameters

    Returns
    -------
    Tensor (n_frames, 2, n_states)
        The motion with the tendons' states behind it.
    tuple of Tensor (n_frames, n_tendon_states)
        As of `tendons_along`.
    tuple of Tensor (n_frames, n_tendon_states, n_free)
        Derivatives of both with respect to the free parameters' values, by the implicit function theorem.

    Raises
    ------
    SimulationError
        As `tendons_along`.
    """
    root, drive = _root_along(motion, state, parameters)
    partial = motion.scaled(residual_derivative(motion, root.state, drive, parameters, free))
    n, m = motion.n_gauss, motion.model.n_states
    at_starts = np.zeros((len(motion.first), 2 * m, len(free)))
    at_starts[:, :m] = partial[n:]
    rows = motion.rows(partial[:n], at_starts)
    rows[:, motion.motion_columns] = 0.0  # the motion is given, whatever the parameters are
    solution = -factorise(root.blocks).solve(rows).reshape(len(rows), 2, m, len(free))
    derivative = _tendons_of(motion, torch.from_numpy(solution))
    return root.state, _tendons_of(motion, root.state), derivative


def _root_along(motion, state, parameters, drive=None):
    drive = motion.drive(parameters) if drive is None else drive
    start = state[motion.first, :, : motion.model.n_coordinates].numpy()
    newton = _TendonNewton(_GivenMotion(motion), drive, parameters, start)
    root = newton.solve(motion.with_tendons(state, drive, parameters))
    newton.raise_if_failed(root)
    return root, drive


def _tendons_of(motion, states):
    """Values and rates of the tendons among all states (n_frames, 2, n_states, ...)."""
    d = motion.model.n_coordinates
    value, rate = states[:, 0, d:], states[:, 1, d:].clone()
    # Nothing in the parabolas depends on a rate at a trial's first frame; that of the next frame is nearest to it.
    rate[motion.first] = rate[motion.first + 1]
    return value, rate
