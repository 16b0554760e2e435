"""The recent past of a stream as a recording."""

import numpy as np

from ..trials import Recording, Trials


class RecentFrames:
    """The last frames of a stream, with the angles that were stated for them.

    Parameters
    ----------
    n_frames : int
        How many are kept.
    n_channels : int
    external : sequence of str
        Names of the external inputs.
    n_coordinates : int
    """

    def __init__(self, n_frames, n_channels, external, n_coordinates):
        self.names, self.n_channels, self.d = tuple(external), n_channels, n_coordinates
        self.rows = np.full((max(2, n_frames), 1 + n_channels + len(external) + n_coordinates), np.nan)
        self.n = 0

    def clear(self):
        """Forget all."""
        self.rows[:], self.n = np.nan, 0

    def keep(self, time, emg, external):
        """Remember a frame: its time [s], EMG before the session's gains, and external inputs."""
        row, first = self.rows[self.n % len(self.rows)], 1 + self.n_channels
        row[0], row[1:first], row[-self.d :] = time, emg, np.nan
        row[first : first + len(self.names)] = external
        self.n += 1

    def label(self, angle):
        """State the angle of the newest frame [rad]."""
        if self.n:
            self.rows[(self.n - 1) % len(self.rows), -self.d :] = angle

    def recording(self):
        """The frames since the motion last began anew.

        Raises
        ------
        ValueError
            When no frame is labelled.
        """
        rows = self.rows[: self.n]
        if self.n > len(self.rows):
            rows = np.roll(self.rows, -(self.n % len(self.rows)), axis=0)
        jump = np.flatnonzero(~(np.diff(rows[:, 0]) > 0.0))
        rows = rows[jump[-1] + 1 :] if len(jump) else rows
        angle, first = rows[:, -self.d :].copy(), 1 + self.n_channels
        if not np.isfinite(angle).any():
            raise ValueError("No frame of the recent past has a measured angle: state some by `label` after `push`.")
        external = {name: rows[:, first + k].copy() for k, name in enumerate(self.names)}
        trials = Trials(("stream",), np.array([0, len(rows)]), rows[:, 0].copy())
        return Recording(trials, rows[:, 1:first].copy(), external, angle, np.ones(len(rows)))
