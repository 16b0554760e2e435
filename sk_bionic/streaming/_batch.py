"""What a stream would have said of recorded frames."""

import numpy as np

from ..exceptions import warn_user
from ..trials import find_trials
from ._frame import StreamFlag
from ._stream import MotionStream


class CausalPrediction:
    """Values and standard deviations that a stream says at every row of X.

    Parameters
    ----------
    estimator : PhysicsInformedMSKRegressor
    X : DataFrame or array-like
        As of `predict`; missing values are allowed.
    values : ndarray (n_rows, n_columns)
        X as numbers.
    lag : float
        As of `stream`.

    Attributes
    ----------
    angle, angle_std, moment, moment_std : ndarray (n_rows, n_coordinates)
    force, force_std : ndarray (n_rows, n_muscles)
    flags : ndarray of int (n_rows,)
    """

    def __init__(self, estimator, X, values, lag=0.0):
        trials = find_trials(X, sampling_rate=estimator.sampling_rate)
        if trials is None:
            raise ValueError(
                "Frames without time cannot be predicted causally: pass X with the index levels 'trial' and 'time' "
                "(s), or set `sampling_rate`."
            )
        rate = trials.sampling_rate if np.isfinite(trials.sampling_rate) else estimator.sampling_rate_
        stream = MotionStream(estimator, rate, lag=lag)
        d, n = len(stream.coordinate_names), len(stream.muscle_names)
        out, flags = np.full((2, trials.n_frames, 2 * d + n), np.nan), np.zeros(trials.n_frames, int)
        for rows in trials.slices:
            stream.reset()
            _predict_trial(stream, values, trials.time, rows, out, flags)
        value, std = out
        self.angle, self.force, self.moment = value[:, :d], value[:, d:-d], value[:, -d:]
        self.angle_std, self.force_std, self.moment_std = std[:, :d], std[:, d:-d], std[:, -d:]
        self.flags = flags
        self._warn(trials, stream)

    def _warn(self, trials, stream):
        """One warning of what the stream has flagged."""
        odd = np.flatnonzero(self.flags & ~int(StreamFlag.RECOVERING))
        if len(odd):
            names = [flag.name for flag in StreamFlag if (self.flags & int(flag)).any() and flag.name != "RECOVERING"]
            trial = trials.names[trials.trial_of_frame[odd[0]]]
            warn_user(
                f"{len(odd)} of {len(self.flags)} frames are flagged {', '.join(names)}, the first of them in trial "
                f"{trial!r} at {trials.time[odd[0]]:g} s. The stated standard deviation is widened accordingly."
            )


def _predict_trial(stream, values, time, rows, out, flags):
    """Fill `out` for the rows of one trial: between frames that are due the last one holds."""
    first, kept, held = None, None, 0
    for i in range(rows.start, rows.stop):
        frame = stream.push(values[i], time[i])
        if frame is not None:
            kept, held = frame, frame.flags
            first = i if first is None else first
        if kept is not None:
            out[0, i], out[1, i] = np.concatenate(kept[1:7:2]), np.concatenate(kept[2:7:2])
            flags[i] = held
    if first is not None:
        out[:, rows.start : first], flags[rows.start : first] = out[:, first : first + 1], flags[first]
