"""What each column of X and y is: EMG channel, external input, prescribed or predicted angle."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..exceptions import LINE, fitting_in, warn_user
from ..musculoskeletal import PRESETS, lumped_joint
from ..musculoskeletal.model import EXOGENOUS
from ..musculoskeletal.presets import place_limits
from .frame_checks import check_amplitude, scale_of_emg, warn_of_flat, warn_of_negative


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
        limbs = limbs_of(names, channels)
        if limbs:
            raise ValueError(
                f"X lacks the EMG columns {missing} that drive the model {model.name!r}. {_one_limb(limbs)}"
            )
        raise ValueError(
            f"X lacks the EMG columns {missing} that drive the model {model.name!r}. Got the columns {list(names)}. "
            "Rename them, build the model without those muscles (`muscles=`), or use model='auto'."
        )
    absent = [name for name in model.prescribed_names if name not in names]
    if absent:
        raise ValueError(
            f"X lacks the prescribed angles {absent} [rad] of the model {model.name!r}. Got the columns {list(names)}."
        )
    external = [*EXOGENOUS, *model.prescribed_names]
    unknown = [name for name in names if name not in channels and name not in external]
    if unknown:
        raise ValueError(
            f"X has the columns {unknown}, which the model {model.name!r} does not know. Its channels are {channels}, "
            f"external inputs {external}. Drop or rename the columns, or use model='auto'."
        )
    position = {name: i for i, name in enumerate(names)}
    return ColumnRoles(
        np.array([position[c] for c in channels]),
        tuple(channels),
        model.channel_weights,
        {name: position[name] for name in external if name in position},
    )


def learn_columns(recording, model, names, named, emg_scale):
    """The model to identify, what each column of X is to it, and the amplitude of the EMG.

    Parameters
    ----------
    recording : Recording
        Of the training, all columns of X as `emg`.
    model : MusculoskeletalModel or str
        As the estimator's parameter.
    names : tuple of str
        Of the columns.
    named : bool
        Whether X itself has them, or they were made for an array.
    emg_scale : "auto", "max", None or array-like (n_channels,)
        As the estimator's parameter.

    Returns
    -------
    model : MusculoskeletalModel
        Stops at the ends of the recorded motion, where the joint asks for that.
    roles : ColumnRoles
    scale : ndarray (n_channels,)
        EMG amplitude that counts as excitation 1.

    Raises
    ------
    ValueError
        When columns or angles do not fit the model, or EMG is far beyond full excitation.
    """
    model = build_model(model, names, recording.angle.shape[1])
    roles = assign_columns(names_for(model, names, named), model)
    emg, trials = recording.emg[:, list(roles.emg)], recording.trials  # a copy
    warn_of_synthesized(model)
    warn_of_negative(emg, roles.emg_names, trials)
    warn_of_flat(emg, roles.emg_names, trials)
    scale = scale_of_emg(emg, emg_scale)
    emg /= scale
    check_amplitude(emg, roles.emg_names, trials)
    return place_limits(model, recording.angle), roles, scale


def limbs_of(names, channels):
    """Limbs whose channels the columns `names` have with something in front or behind, as "biceps_r" and "biceps_l" do.

    List of dict from column to channel, one for each limb.
    """
    first, limbs = str(channels[0]) if channels else "", []
    for name in map(str, names):
        if not first or name == first or first not in name:
            continue
        front, _, behind = name.partition(first)
        limb = {f"{front}{channel}{behind}": channel for channel in channels}
        if set(limb) <= set(map(str, names)):
            limbs.append(limb)
    return limbs


def _one_limb(limbs):
    """What to do with columns that name a side."""
    held = " and of ".join(str(list(limb)) for limb in limbs)
    many = (
        ""
        if len(limbs) == 1
        else " Limbs do not move each other: fit one estimator a limb, on its columns and its column of y."
    )
    return f"X holds the channels of {held}.{many} Rename the columns: X[{list(limbs[0])}].rename(columns={limbs[0]})."


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
            f"X has a column for each of the angles {given}, so none is left to predict. Drop the one that y "
            "holds from X; `sk_bionic.predict_moments` and `calibrate_to_moments` take all angles as measured."
        )
    model = model.prescribing(given) if given else model
    if model.n_coordinates != n_coordinates:
        limbs = limbs_of(names, model.channels)
        if len(limbs) > 1:
            raise ValueError(
                f"The model {model.name!r} is one limb with the coordinates {model.coordinate_names}, but y has "
                f"{n_coordinates} columns. {_one_limb(limbs)}"
            )
        also = f" besides {model.prescribed_names}, which X prescribes" if model.prescribed_names else ""
        raise ValueError(
            f"The model {model.name!r} has the coordinates {model.coordinate_names}{also}, but y has {n_coordinates} "
            "column(s). Pass one column of y for each."
        )
    return model


def target_names(y):
    """Names of the columns of y, a pandas object; None for an array."""
    return tuple(y.columns) if isinstance(y, pd.DataFrame) else (y.name,) if isinstance(y, pd.Series) else None


def names_for(model, names, named):
    """Names of X's columns.

    Those of a plain array (not `named`) are the model's channels in their order, if they are as many.
    """
    channels = model.channels
    if named or set(channels) <= set(names):
        return names
    if len(names) != len(channels):
        raise ValueError(
            f"The model {model.name!r} is driven by {len(channels)} EMG columns {channels}. Got an array of "
            f"{len(names)} columns without names: pass a DataFrame."
        )
    return channels


def default_names(n_columns):
    """Names for the columns of a plain array: x0, x1, ..."""
    return tuple(f"x{i}" for i in range(n_columns))


def check_target_names(names, model):
    """Raise where a column of y (None: an array) has the name of another coordinate than the one at its place."""
    for name, coordinate in zip(names or (), model.coordinate_names, strict=False):
        if name != coordinate and name in (joint.name for joint in model.joints):
            raise ValueError(
                f"The columns of y are {list(names)}, the coordinates of the model {model.name!r} that y must hold, in "
                f"this order, {list(model.coordinate_names)}."
            )


def warn_of_synthesized(model):
    """Warn of muscles that have no EMG of their own."""
    if model.synthesized_muscles:
        mixtures = dict(zip(model.muscle_names, model.channel_names, strict=True))
        named = fitting_in([f"{muscle} = {mixtures[muscle]}" for muscle in model.synthesized_muscles], LINE)
        warn_user(
            f"These muscles have no EMG of their own but a stated mixture: {named}.\nWhat is predicted and identified "
            "for them rests on that assumption; `synthesized_muscles_` keeps their names."
        )
