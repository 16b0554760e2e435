"""The recent past of a stream as a recording."""

import numpy as np

from ..trials import Recording, Trials


def recent_recording(stream):
    """The frames that a stream remembers since it last began anew, with the angles that `label` has stated.

    Parameters
    ----------
    stream : MotionStream

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        When no frame is labelled.
    """
    past, n = stream._past, stream._n_past
    rows = past[:n] if n <= len(past) else np.roll(past, -(n % len(past)), axis=0)
    jump = np.flatnonzero(~(np.diff(rows[:, 0]) > 0.0))
    rows = rows[jump[-1] + 1 :] if len(jump) else rows
    d, names, n_channels = len(stream.coordinate_names), list(stream._roles.exogenous), len(stream._roles.emg)
    angle = rows[:, -d:].copy()
    if not np.isfinite(angle).any():
        raise ValueError("No frame of the recent past has a measured angle: state some by `label` after `push`.")
    external = {name: rows[:, 1 + n_channels + k].copy() for k, name in enumerate(names)}
    trials = Trials(("stream",), np.array([0, len(rows)]), rows[:, 0].copy())
    return Recording(trials, rows[:, 1 : 1 + n_channels].copy(), external, angle, np.ones(len(rows)))
