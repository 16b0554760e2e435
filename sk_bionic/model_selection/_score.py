"""How well angles are predicted where they are known."""

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils.validation import _check_sample_weight, check_array


def r2_where_known(y, predicted, sample_weight=None):
    """Coefficient of determination over the frames with a known angle, mean over the coordinates.

    Parameters
    ----------
    y : array-like (n_frames,) or (n_frames, n_coordinates)
        Measured angles [rad], NaN where unknown.
    predicted : array-like, shape of y
        [rad].
    sample_weight : array-like (n_frames,), optional
        Weight of each frame.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When a coordinate has no known angle of positive weight.
    """
    checked = {"ensure_2d": False, "dtype": np.float64, "ensure_all_finite": "allow-nan"}
    angle = check_array(y, input_name="y", **checked)
    predicted = check_array(predicted, **checked)
    if len(angle) != len(predicted):
        raise ValueError(f"X and y have inconsistent numbers of rows: {len(predicted)} and {len(angle)}.")
    angle, predicted = angle.reshape(len(angle), -1), predicted.reshape(len(predicted), -1)
    if angle.shape[1] != predicted.shape[1]:
        raise ValueError(
            f"y must have {predicted.shape[1]} column(s), one for each predicted angle. Got {angle.shape[1]}."
        )
    weight = _check_sample_weight(sample_weight, angle, dtype=np.float64)
    known = np.isfinite(angle) & (weight > 0)[:, None]
    if not known.any(axis=0).all():
        column = int(np.argmin(known.any(axis=0)))
        raise ValueError(f"Column {column} of y has no known angle to score against.")
    # R2 has no unit; in units of the largest value, no square overflows.
    unit = np.maximum(np.max(np.abs(angle), axis=0, where=known, initial=0.0), np.abs(predicted).max(axis=0))
    angle, predicted = (x / np.where(unit > 0, unit, 1.0) for x in (angle, predicted))
    scores = [
        r2_score(angle[rows, k], predicted[rows, k], sample_weight=weight[rows]) for k, rows in enumerate(known.T)
    ]
    return float(np.mean(scores))
