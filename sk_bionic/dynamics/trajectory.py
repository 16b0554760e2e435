"""Motion of all trials as the equation of motion, or its fusion with a prediction, leaves it."""

from typing import NamedTuple

import numpy as np


class Trajectory(NamedTuple):
    """Motion of all trials at their frames.

    `all_states` (n_frames, 2, n_states) holds angles [rad] and states of elastic tendons, then angular velocities
    [rad/s] and the tendons' rates [1/s] at the end of the interval before each frame; `n_cut` counts intervals that
    were crossed in several steps. `sensitivity` (n_frames, 2 n_states, n_columns), where asked for, holds derivatives
    of all states by parameters and, behind them, by the given angles and velocities at the start of the own trial.
    """

    all_states: np.ndarray
    n_coordinates: int
    n_cut: int = 0
    sensitivity: np.ndarray | None = None

    @property
    def state(self):
        """Angles [rad] and angular velocities [rad/s], (n_frames, 2, n_coordinates)."""
        return self.all_states[..., : self.n_coordinates]

    @property
    def tendon_state(self):
        """State of every elastic tendon (n_frames, n_tendon_states): see
        `sk_bionic.musculoskeletal.compiled.muscle`.
        """
        return self.all_states[:, 0, self.n_coordinates :]

    @property
    def angle(self):
        """Joint angles (n_frames, n_coordinates) [rad]."""
        return self.state[:, 0]

    @property
    def velocity(self):
        """Angular velocities (n_frames, n_coordinates) [rad/s]."""
        return self.state[:, 1]
