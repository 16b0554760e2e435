"""Whether the labelled frames of a new session can be those of the subject that was fitted."""

import numpy as np

from .suspicion import Suspicion

PREFIX = "In the new session"
SMALLEST_MOTION = np.deg2rad(6.0)  # standard deviation of measured and predicted angles that tells a direction [rad]
AGAINST = -0.5  # their correlation below which they move against one another
LARGEST_OFFSET, OF_ERROR = np.deg2rad(20.0), 3.0  # rad, and in units of the prediction's own error
USUAL_ERROR = np.deg2rad(5.0)
POOR, EXCHANGED = (
    2.0,
    0.6,
)  # error over the usual one that makes channels doubtful; with two exchanged over that as given


def exchanged_channels(predicted, angle, error_std, pairs, predict):
    """Two channels of a new session that seem to be exchanged, list of Suspicion.

    Parameters
    ----------
    predicted, angle : ndarray (n_frames, n_coordinates)
        [rad]; `angle` NaN where unknown.
    error_std : ndarray (n_coordinates,) or None
    pairs : list of tuple (str, str)
    predict : callable
        Angles (n_frames, n_coordinates) [rad] with the channels of a pair exchanged.
    """
    usual = float(np.mean(USUAL_ERROR if error_std is None else error_std))
    before = _about_offset(predicted, angle)
    if not before > max(POOR * usual, SMALLEST_MOTION):
        return []
    errors = {pair: _about_offset(predict(pair), angle) for pair in pairs}
    pair = min(errors, key=errors.get, default=None)
    if pair is None or not errors[pair] < EXCHANGED * before or _about_offset(-predicted, angle) < errors[pair]:
        return []  # a turned sign explains it better
    first, second = pair
    advice = f"Exchange the columns {first!r} and {second!r}."
    after, before = np.rad2deg(errors[pair]), np.rad2deg(before)
    return [
        Suspicion(
            "swapped", first, 1.0, second,
            f"{PREFIX} the channels {first!r} and {second!r} seem to be exchanged (the fit is then {after:.1f} deg "
            f"off, now {before:.1f}).",
            advice, advice,
        )
    ]  # fmt: skip


def _about_offset(predicted, angle):
    """Root mean square error [rad] once each coordinate's constant offset is gone."""
    error = angle - predicted
    return float(np.sqrt(np.nanmean((error - np.nanmedian(error, axis=0)) ** 2)))


def session_suspicions(predicted, angle, error_std, names):
    """What makes a new session implausible.

    Parameters
    ----------
    predicted : ndarray (n_frames, n_coordinates)
        Angles [rad] as the training's session would have them.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad], NaN where unknown.
    error_std : ndarray (n_coordinates,) or None
        Usual error of the prediction [rad].
    names : sequence of str

    Returns
    -------
    list of Suspicion
    """
    errors = np.full(len(names), USUAL_ERROR) if error_std is None else np.broadcast_to(error_std, len(names))
    found = []
    for d, name in enumerate(names):
        known = np.isfinite(angle[:, d]) & np.isfinite(predicted[:, d])
        if known.any():
            found += _of_coordinate(predicted[known, d], angle[known, d], float(errors[d]), name)
    return found


def _of_coordinate(predicted, angle, error, name):
    offset = float(np.median(angle - predicted))
    if min(predicted.std(), angle.std()) > SMALLEST_MOTION:
        correlation = float(np.corrcoef(predicted, angle)[0, 1])
        if correlation < AGAINST:
            return [
                Suspicion(
                    "sign", name, -1.0, "",
                    f"{PREFIX} the angle {name!r} moves against what its EMG stood for in training (correlation "
                    f"{correlation:.2f}): it seems to have the opposite sign, or channels are exchanged.",
                    "Calibrate with -y instead of y, or look whether channels are exchanged.",
                    f"Turn the direction of the angle {name!r}, or look whether channels are exchanged.",
                )
            ]  # fmt: skip
    if abs(offset) > max(LARGEST_OFFSET, OF_ERROR * error):
        degrees = float(np.rad2deg(offset))
        code = f"y - np.deg2rad({degrees:.0f})" if degrees > 0 else f"y + np.deg2rad({-degrees:.0f})"
        return [
            Suspicion(
                "zero", name, degrees, "deg",
                f"{PREFIX} the zero of the angle {name!r} seems to be off by about {abs(degrees):.0f} deg from the "
                f"training's: it reads {'more' if degrees > 0 else 'less'}.",
                f"Calibrate with {code} instead of y.", f"Correct the zero of the angle {name!r} by about "
                f"{degrees:.0f} deg.",
            )
        ]  # fmt: skip
    return []
