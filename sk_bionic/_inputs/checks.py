"""Checks of what `fit` and `predict` are given; each error names what is wrong, and where."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from ..exceptions import warn_user
from .frame_checks import LARGEST

FEWEST_FRAMES = 3  # of a training trial
LARGEST_RANGE = 2 * np.pi  # rad that a joint may move through
ROUNDING = 0.1  # of a step, by which times of the same row may differ
ONE_CLOCK = "Align them by time: X, y = sk_bionic.preprocessing.resample(X, y, sampling_rate=100)."
LARGEST_SEED = 2**31 - 1
ROUGH_ACCELERATION = 100.0  # rad/s^2, root mean square of a prescribed angle


def check_load(values, roles):
    """Raise where the mass in the hand is negative; `values` (n_frames, n_columns)."""
    column = roles.exogenous.get("hand_load_kg")
    if column is not None and (values[:, column] < 0).any():
        row = int(np.argmax(values[:, column] < 0))
        raise ValueError(f"Column 'hand_load_kg', row {row} is {values[row, column]:g} kg. A mass cannot be negative.")


def check_prescribed(values, roles, model, trials):
    """Raise where a prescribed angle, a column of `values` (n_frames, n_columns), is not in radians."""
    for name in model.prescribed_names:
        check_radians(name, values[:, roles.exogenous[name]], trials)


def check_radians(name, column, trials):
    """Raise where a given angle (n_frames,), a column of X, is not in radians."""
    row = int(np.argmax(np.abs(column)))
    if abs(column[row]) > LARGEST_RANGE:
        raise ValueError(
            f"Column {name!r}, trial {trials.names[trials.trial_of_frame[row]]!r}, row {row} is {column[row]:.4g} rad, "
            "more than any joint moves through: "
            "prescribed angles must be in radians. If they are in degrees, pass np.deg2rad of that column."
        )


def warn_of_rough(motion):
    """Warn of prescribed angles whose second derivative is noise."""
    for k, name in enumerate(motion.model.prescribed_names):
        size = 2.0 * float(np.sqrt(np.mean(motion.record.given[:, k, 2] ** 2)))
        if size > ROUGH_ACCELERATION:
            warn_user(
                f"The acceleration of the prescribed angle {name!r} is {size:.3g} rad/s^2 (root mean square), more "
                "than limbs move with: its noise acts "
                "as a torque on the other joints. Low-pass the column, as for inverse dynamics."
            )


def check_layers(sizes):
    """Raise unless every hidden layer has a whole, positive number of units."""
    if not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise ValueError(f"`hidden_layer_sizes` must hold positive integers. Got {sizes!r}.")


def check_device(device):
    """Raise where torch knows or has no such device."""
    if device == "cpu":
        return  # which it always has; to ask it takes as long as to import it
    import torch

    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"`device` must be one that torch has here, such as 'cpu'. Got {device!r} ({error})."
        ) from error


def check_ode_weight(weight, prediction):
    """Raise where a network is to be trained under an infinite weight."""
    if prediction == "network" and weight != "auto" and not np.isfinite(weight):
        raise ValueError(
            "`ode_weight` is infinite, which leaves the network no angles to learn from. Give prediction='network' a "
            "finite weight, such as 1e3, or use prediction='simulation'."
        )


def check_untimed(prediction, ode_weight):
    """Raise, or warn, where rows without time are given to an estimator that was to know of dynamics."""
    if prediction == "simulation":
        raise ValueError(
            "prediction='simulation' needs a time axis: an equation of motion has none to run along. Pass X "
            "with the index levels 'trial' and 'time' (s), or set `sampling_rate` [Hz]; prediction='hybrid' trains a "
            "static network on rows without time."
        )
    if ode_weight != 0:
        warn_user(
            "X has no time axis, so there are no dynamics: the rows are taken as unrelated frames and a "
            "static network is "
            "trained. Pass `sampling_rate` [Hz], or a DataFrame whose index has the levels 'trial' and 'time' (s)."
        )


def check_trial_lengths(trials):
    """Raise where a training trial has too few frames for a second derivative."""
    short = np.flatnonzero(trials.lengths < FEWEST_FRAMES)
    if len(short):
        name, length = trials.names[short[0]], trials.lengths[short[0]]
        raise ValueError(
            f"Trial {name!r} has {length} sample(s) in time, {FEWEST_FRAMES} is the fewest that have an acceleration. "
            "Drop the trial, or check that the "
            "index level 'trial' and `sampling_rate` are meant."
        )


def check_same_index(X, y):
    """Raise where X and y are pandas objects whose rows are labelled differently.

    Times may differ by a tenth of the usual step, as they do where they were rounded or came through float32: the rows
    are the same, and X's times count.
    """
    if not (isinstance(X, pd.DataFrame) and isinstance(y, pd.DataFrame | pd.Series)) or X.index.equals(y.index):
        return
    if len(X) != len(y):
        raise ValueError(f"X and y have inconsistent numbers of rows: {len(X)} and {len(y)}. {ONE_CLOCK}")
    different = _different_rows(X.index, y.index)
    if different.any():
        row = int(np.argmax(different))
        raise ValueError(
            f"X and y have different indexes, first at row {row}: {X.index[row]} != {y.index[row]}. {ONE_CLOCK} If "
            "only the order of the rows differs, y.loc[X.index] will do."
        )


def _different_rows(first, second):
    """Rows at which two indexes of one length differ, but for rounding of the level "time", (n_rows,) of bool."""
    names = list(first.names)
    if set(names) != set(second.names):
        return np.ones(len(first), dtype=bool)
    different = np.zeros(len(first), dtype=bool)
    for k, name in enumerate(names):
        a = first.get_level_values(k)
        b = second.get_level_values(k if names == list(second.names) else name)
        if name == "time" and all(pd.api.types.is_numeric_dtype(level.dtype) for level in (a, b)):
            a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
            step = np.median(np.abs(np.diff(a))) if len(a) > 1 else 0.0
            different |= ~(np.abs(a - b) <= ROUNDING * step)
        else:
            different |= np.array([x != y for x, y in zip(a, b, strict=True)], dtype=bool)
    return different


def check_given(y):
    """Raise where there are no measured angles at all."""
    if y is None:
        raise ValueError("y is None: pass the measured angles [rad] of the frames of X, NaN where unknown.")


def check_n_coordinates(angle, model):
    """Raise where there is not one column of angles (n_frames, n_outputs) for each coordinate of the model."""
    if angle.shape[1] != model.n_coordinates:
        raise ValueError(
            f"y must have {model.n_coordinates} column(s), the angles of {', '.join(model.coordinate_names)}. "
            f"Got {angle.shape[1]}."
        )


def check_labels(angle, weight):
    """Raise where no frame with an angle carries weight."""
    if not (weight[np.isfinite(angle).any(axis=1)] > 0).any():
        raise ValueError(
            "No frame has both a finite angle and a positive `sample_weight`: there is nothing to learn from."
        )


def check_angles(angle, trials, strict):
    """Errors and warnings about the target; `angle` (n_frames, n_outputs) in rad, NaN where unknown.

    Raises
    ------
    ValueError
        When no frame has an angle, or (`strict`) the angles span more than any joint: they are probably in degrees.
    """
    labelled = np.isfinite(angle)
    if not labelled.any():
        raise ValueError("y has no finite value: at least some frames need a measured angle.")
    if (np.abs(angle[labelled]) > LARGEST).any():
        row = int(np.argmax((np.abs(np.where(labelled, angle, 0.0)) > LARGEST).any(axis=1)))
        raise ValueError(f"y, row {row} is {np.nanmax(np.abs(angle[row])):g}, which is no angle.")
    empty = np.flatnonzero(~labelled.any(axis=0))
    if len(empty):
        raise ValueError(
            f"Column {empty[0]} of y has no finite value: every coordinate needs a measured angle in some frames."
        )
    span = np.nanmax(angle, axis=0) - np.nanmin(angle, axis=0)
    if span.max() <= LARGEST_RANGE or trials is None:
        return
    message = (
        f"y spans {span.max():.4g} rad, more than any joint moves through: angles must be in radians. If they "
        "are in degrees, pass np.deg2rad(y)."
    )
    if strict:
        raise ValueError(message)
    warn_user(message)


# A generator that the whole process shares makes fits in threads depend on one another, and the program around a fit on
# the fit: it is neither read nor advanced.
def own_random_state(random_state):
    """As `sklearn.utils.check_random_state`, but None is a new generator that the system has seeded, not NumPy's."""
    return np.random.RandomState() if random_state is None else check_random_state(random_state)


def own_seed(random_state):
    """An int stands for itself; of None or a generator a seed is drawn."""
    return random_state if isinstance(random_state, int) else int(own_random_state(random_state).randint(LARGEST_SEED))
