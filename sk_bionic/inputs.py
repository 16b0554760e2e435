"""From the columns of X to what physics and network take: excitations, external inputs, EMG history."""

import warnings
from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd

from ._frame_checks import warn_of_flat_channels
from .musculoskeletal import PRESETS, lumped_joint
from .musculoskeletal.model import EXOGENOUS
from .musculoskeletal.presets import with_observed_range
from .trials import lagged

# Lags at which the networks see the EMG, in units of `history`: the recent past in more detail. On recorded knees even
# steps over the same time left 1 to 2 % more error.
SHORT_LAGS = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0])
LONG_LAGS = np.array([0.0, 0.08, 0.16, 0.28, 0.4, 0.56, 0.8, 1.1, 1.6])
# EMG whose largest value over the training trials lies between these is taken as normalised already.
NORMALISED_RANGE = (0.05, 1.0)
LARGEST_EXCITATION = 10.0  # of EMG in units of full excitation, which a maximal contraction exceeds by little
FEWEST_FRAMES = 3  # of a training trial
LARGEST_RANGE = 2 * np.pi  # rad that a joint may move through
ROUGH_ACCELERATION = 100.0  # rad/s^2, root mean square of a prescribed angle


class ColumnRoles(NamedTuple):
    """Positions in X of the EMG columns (distinct channels), their weights in each muscle's excitation (n_muscles,
    n_channels), and external inputs by name.
    """

    emg: np.ndarray
    emg_names: tuple
    channel_weights: np.ndarray
    exogenous: dict


def assign_columns(names, model):
    """Match the columns of X with a model's channels.

    Parameters
    ----------
    names : sequence of str or None, n_columns
        Column names; None for a plain array, whose columns are taken in the order of the model's channels.
    model : MusculoskeletalModel
        Its prescribed angles are external inputs.

    Returns
    -------
    ColumnRoles

    Raises
    ------
    ValueError
        When a channel is missing, or a column is neither a channel nor a known external input.
    """
    channels = list(model.channels)
    missing = [c for c in channels if c not in names]
    if missing:
        raise ValueError(
            f"X lacks the EMG columns {missing} that drive the model {model.name!r}. Got the columns {list(names)}. Rename them, build the model "
            "without those muscles (`muscles=`), or use model='auto'."
        )
    absent = [name for name in model.prescribed_names if name not in names]
    if absent:
        raise ValueError(f"X lacks the prescribed angles {absent} [rad] of the model {model.name!r}. Got the columns {list(names)}.")
    external = [*EXOGENOUS, *model.prescribed_names]
    unknown = [name for name in names if name not in channels and name not in external]
    if unknown:
        raise ValueError(
            f"X has the columns {unknown}, which the model {model.name!r} does not know. Its channels are {channels}, external inputs {external}. "
            "Drop or rename the columns, or use model='auto'."
        )
    position = {name: i for i, name in enumerate(names)}
    return ColumnRoles(
        np.array([position[c] for c in channels]),
        tuple(channels),
        model.channel_weights,
        {name: position[name] for name in external if name in position},
    )


def build_model(model, names, n_coordinates):
    """The model to identify, from the estimator's parameter `model`.

    Coordinates that are columns of X are prescribed, the others predicted.

    Raises
    ------
    ValueError
        When the angles have another number of columns than the model has coordinates to predict.
    """
    if isinstance(model, str) and model == "auto":
        channels = [name for name in names if name not in EXOGENOUS]
        if not channels:
            raise ValueError(f"X has no EMG column, so nothing moves the joint. Got the columns {list(names)}.")
        coordinates = ["angle"] if n_coordinates == 1 else [f"angle{d}" for d in range(n_coordinates)]
        return lumped_joint(channels, coordinates)
    model = PRESETS[model]() if isinstance(model, str) else model
    given = [name for name in model.coordinate_names if name in names]
    if len(given) == model.n_coordinates:
        raise ValueError(
            f"X has a column for each of the angles {given}, so none is left to predict. Drop the one that y holds from X; "
            "`sk_bionic.predict_moments` and `calibrate_to_moments` take all angles as measured."
        )
    model = model.prescribing(given) if given else model
    if model.n_coordinates != n_coordinates:
        also = f" besides {model.prescribed_names}, which X prescribes" if model.prescribed_names else ""
        raise ValueError(
            f"The model {model.name!r} has the coordinates {model.coordinate_names}{also}, but y has {n_coordinates} column(s). Pass one column of y for each."
        )
    return model


def target_names(y):
    """Names of the columns of y, a pandas object; None for an array."""
    return tuple(y.columns) if isinstance(y, pd.DataFrame) else (y.name,) if isinstance(y, pd.Series) else None


def check_target_names(names, model):
    """Raise where a column of y (None: an array) has the name of another coordinate than the one at its place."""
    for name, coordinate in zip(names or (), model.coordinate_names, strict=False):
        if name != coordinate and name in (joint.name for joint in model.joints):
            raise ValueError(
                f"The columns of y are {list(names)}, the coordinates of the model {model.name!r} that y must hold, in this order, {list(model.coordinate_names)}."
            )


def names_for(model, names, named):
    """Names of X's columns.

    Those of a plain array (not `named`) are the model's channels in their order, if they are as many.
    """
    channels = model.channels
    if named or set(channels) <= set(names):
        return names
    if len(names) != len(channels):
        raise ValueError(
            f"The model {model.name!r} is driven by {len(channels)} EMG columns {channels}. Got an array of {len(names)} columns without names: pass a DataFrame."
        )
    return channels


def place_limits(model, angle):
    """Model whose stops start at the ends of the recorded motion, where the joint asks for that.

    Angle (n_frames, n_coordinates) [rad].
    """
    low, rest, high = np.nanpercentile(angle, [2.0, 50.0, 98.0], axis=0)
    return with_observed_range(model, low, high, rest)


def default_names(n_columns):
    """Names for the columns of a plain array: x0, x1, ..."""
    return tuple(f"x{i}" for i in range(n_columns))


def emg_scale(emg, how):
    """Amplitude of each channel that counts as excitation 1, learnt over all training trials.

    Parameters
    ----------
    emg : ndarray (n_frames, n_channels)
    how : "auto", "max", None or array-like (n_channels,)
        "auto" leaves EMG alone that is normalised already (largest value of all channels between 0.05 and 1).

    Returns
    -------
    ndarray (n_channels,)

    Raises
    ------
    ValueError
        When a given scale is not positive or not one per channel.
    """
    if how is None:
        return np.ones(emg.shape[1])
    if not isinstance(how, str):
        scale = np.array(how, dtype=np.float64)
        if scale.shape != emg.shape[1:] or not np.all(scale > 0):
            raise ValueError(
                f"`emg_scale` must have one positive number for each of {emg.shape[1]} EMG columns. Got {scale.tolist()}."
            )
        return scale
    largest = np.abs(emg).max(axis=0)
    if how == "auto" and NORMALISED_RANGE[0] <= largest.max() <= NORMALISED_RANGE[1]:
        return np.ones(emg.shape[1])
    return np.where(largest > 0, largest, 1.0)


def warn_of_negative(emg, names, trials):
    """Warn when a channel is clearly no envelope."""
    for j, name in enumerate(names):
        row = int(np.argmin(emg[:, j]))
        if emg[row, j] < -0.05 * np.abs(emg[:, j]).max():
            warnings.warn(
                f"Column {name!r} is negative (trial {trials.names[trials.trial_of_frame[row]]!r}, row {row}: {emg[row, j]:.3g}): EMG columns must hold "
                "rectified envelopes; make them with EMGEnvelope. Negative values drive no muscle.",
                UserWarning,
                stacklevel=5,
            )
            return


def warn_of_flat(emg, names, trials):
    """Warn of channels that are constant throughout a training trial."""
    warn_of_flat_channels(list(names), emg, trials, stacklevel=6)


def warn_of_synthesized(model):
    """Warn of muscles that have no EMG of their own."""
    if model.synthesized_muscles:
        mixtures = dict(zip(model.muscle_names, model.channel_names, strict=True))
        named = "; ".join(f"{muscle} = {mixtures[muscle]}" for muscle in model.synthesized_muscles)
        warnings.warn(
            f"These muscles have no EMG of their own but a stated mixture: {named}. What is predicted and identified for them rests on that "
            "assumption; `synthesized_muscles_` keeps their names.",
            UserWarning,
            stacklevel=5,
        )


def check_amplitude(emg, names, trials):
    """Raise where training EMG (n_frames, n_channels), 1 at full excitation, is far beyond anything that the
    activation dynamics stands for.
    """
    message = _far_beyond(emg, names, trials)
    if message:
        raise ValueError(message)


def clipped(emg, names, trials):
    """EMG (n_frames, n_channels), 1 at full excitation, not beyond what the activation dynamics stands for.

    New trials may hold an artefact, or the training part was much weaker; a warning names the first such frame.
    """
    message = _far_beyond(emg, names, trials)
    if message:
        warnings.warn(f"{message} Predicted as if it were {LARGEST_EXCITATION:g} times.", UserWarning, stacklevel=6)
    return np.minimum(emg, LARGEST_EXCITATION)


def _far_beyond(emg, names, trials):
    row, column = np.unravel_index(np.argmax(emg), emg.shape)
    if emg[row, column] <= LARGEST_EXCITATION:
        return ""
    return (
        f"Column {names[column]!r}, trial {trials.names[trials.trial_of_frame[row]]!r}, row {row} reaches {emg[row, column]:.3g} times the EMG that counts "
        "as full excitation. Are all trials in the same unit? Else give that amplitude as `emg_scale`."
    )


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
            f"Column {name!r}, trial {trials.names[trials.trial_of_frame[row]]!r}, row {row} is {column[row]:.4g} rad, more than any joint moves through: "
            "prescribed angles must be in radians. If they are in degrees, pass np.deg2rad of that column."
        )


def warn_of_rough(motion):
    """Warn of prescribed angles whose second derivative is noise."""
    for name in motion.model.prescribed_names:
        size = float(motion.frame_exogenous[name][:, 2].square().mean().sqrt())
        if size > ROUGH_ACCELERATION:
            warnings.warn(
                f"The acceleration of the prescribed angle {name!r} is {size:.3g} rad/s^2 (root mean square), more than limbs move with: its noise acts "
                "as a torque on the other joints. Low-pass the column, as for inverse dynamics.",
                UserWarning,
                stacklevel=5,
            )


def check_layers(sizes):
    """Raise unless every hidden layer has a whole, positive number of units."""
    if not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise ValueError(f"`hidden_layer_sizes` must hold positive integers. Got {sizes!r}.")


def check_trial_lengths(trials):
    """Raise where a training trial has too few frames for a second derivative."""
    short = np.flatnonzero(trials.lengths < FEWEST_FRAMES)
    if len(short):
        name, length = trials.names[short[0]], trials.lengths[short[0]]
        raise ValueError(
            f"Trial {name!r} has {length} sample(s) in time, {FEWEST_FRAMES} is the fewest that have an acceleration. Drop the trial, or check that the "
            "index level 'trial' and `sampling_rate` are meant."
        )


def check_same_index(X, y):
    """Raise where X and y are pandas objects whose rows are labelled differently."""
    if not (isinstance(X, pd.DataFrame) and isinstance(y, pd.DataFrame | pd.Series)) or X.index.equals(y.index):
        return
    if len(X) != len(y):
        raise ValueError(f"X and y have inconsistent numbers of rows: {len(X)} and {len(y)}.")
    row = next(i for i, pair in enumerate(zip(X.index, y.index, strict=True)) if pair[0] != pair[1])
    raise ValueError(
        f"X and y have different indexes, first at row {row}: {X.index[row]} != {y.index[row]}. Align their rows (trial and time), as y.loc[X.index] does."
    )


def check_labels(angle, weight):
    """Raise where no frame with an angle carries weight."""
    if not (weight[np.isfinite(angle).any(axis=1)] > 0).any():
        raise ValueError(
            "No frame has both a finite angle and a positive `sample_weight`: there is nothing to learn from."
        )


def short_lags(history):
    """Lags [s] back to `history`, uneven, ndarray."""
    return np.unique(np.round(history * SHORT_LAGS, 9))


def long_lags(history):
    """Lags [s] back to 1.6 times `history`, uneven, ndarray."""
    return np.unique(np.round(history * LONG_LAGS, 9))


class FeatureLayout(NamedTuple):
    """Which columns of the features hold what: n_channels at each of `lags`, then n_exogenous."""

    lags: np.ndarray
    n_channels: int
    n_exogenous: int

    def columns(self, lags):
        """Columns of the EMG at some lags and of the external inputs, ndarray of bool (n_features,)."""
        emg = np.repeat(np.isin(self.lags, lags), self.n_channels)
        return np.concatenate([emg, np.ones(self.n_exogenous, bool)])


def history_features(emg, exogenous, trials, history, lags):
    """What the network sees: the square root of the EMG's recent values, and external inputs.

    Parameters
    ----------
    emg : ndarray (n_frames, n_channels)
        Normalised envelopes; the square root spreads the low amplitudes, in which most motion happens.
    exogenous : dict of ndarray (n_frames,)
    trials : Trials
    history : float
        Length of the history [s], which no trial may be shorter than.
    lags : sequence of float
        Lags [s].

    Returns
    -------
    ndarray (n_frames, n_channels * n_lags + n_exogenous)
        All channels at the first lag, then all at the second, ...; external inputs last.

    Raises
    ------
    ValueError
        When a trial is shorter than the history.
    """
    duration = trials.time[trials.starts[1:] - 1] - trials.time[trials.starts[:-1]]
    short = np.flatnonzero(duration < history)
    if len(short):
        k = short[0]
        raise ValueError(
            f"Trial {trials.names[k]!r} lasts {duration[k]:.3g} s ({trials.lengths[k]} frames), less than the EMG history of {history:g} s that "
            "the network sees. Use a longer trial or a smaller `history`."
        )
    columns = [lagged(np.sign(emg) * np.sqrt(np.abs(emg)), trials, lags)]
    return np.column_stack(columns + list(exogenous.values()))


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
    empty = np.flatnonzero(~labelled.any(axis=0))
    if len(empty):
        raise ValueError(f"Column {empty[0]} of y has no finite value: every coordinate needs a measured angle in some frames.")
    span = np.nanmax(angle, axis=0) - np.nanmin(angle, axis=0)
    if span.max() <= LARGEST_RANGE or trials is None:
        return
    message = f"y spans {span.max():.4g} rad, more than any joint moves through: angles must be in radians. If they are in degrees, pass np.deg2rad(y)."
    if strict:
        raise ValueError(message)
    warnings.warn(message, UserWarning, stacklevel=5)
