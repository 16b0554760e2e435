"""Which parameters a calibration to moments may move, and how far."""

from dataclasses import replace

import numpy as np

from ..musculoskeletal import MusculoskeletalModel
from ..musculoskeletal.presets import with_observed_range

LENGTHS = ("tendon_slack_length", "optimal_fiber_length")
SETS = ("gains", "lengths", "as_marked")
# EMG is normalised by a maximum of its own, of which nobody knows what part of the muscle's it is: a factor e either
# way. Chosen on six published projects (stance of normal and crouched walking, one predicted from the other): a prior
# of half that width errs by 10.5 / 12 / 15 N m at hip, knee and ankle, this one by 9 / 12 / 11. The delay is that of
# filters as well as of muscles: on eleven strides of another person it goes to 92 ms, and the ankle's error from 10.3
# to 5.8 N m.
GAIN = {"lower": 0.02, "upper": 5.0, "prior_scale": 1.0}
DYNAMIC = (
    "electromechanical_delay",
    "activation_time_constant",
    "deactivation_time_constant",
    "first_filter_time_constant",
    "second_filter_time_constant",
    "joint_damping",
    "max_contraction_velocity",
    "fiber_damping",
)  # of no effect on a posture that is held


def freed(model, identify, acting, *, is_static=False):
    """The model with the free parameters of a calibration.

    Parameters
    ----------
    model : MusculoskeletalModel
    identify : {"gains", "lengths", "as_marked"} or sequence of str
        As `EMGDrivenMomentRegressor` takes it.
    acting : sequence of str
        Parameters on which the moments depend.
    is_static : bool
        Whether the frames are unrelated postures.

    Returns
    -------
    MusculoskeletalModel
    """
    if isinstance(identify, str) and identify in SETS:
        if identify == "as_marked":
            idle = lambda row: row.name not in acting or (is_static and row.name in DYNAMIC)
            rows = model.parameters.rows
            return model.with_rows({(r.owner, r.name): {"free": False} for r in rows if r.free and idle(r)})
        made = _gains(model, with_lengths=identify == "lengths")
        still = {(r.owner, r.name): {"free": False} for r in made.parameters.rows if is_static and r.name in DYNAMIC}
        return made.with_rows(still)
    return model.identifying(identify)


def _gains(model, with_lengths):
    """One gain an electrode, one shape factor, one delay, muscles of a mixture by their mixture; perhaps lengths."""
    groups = {}
    for muscle in model.muscles:
        if not muscle.is_passive:
            groups.setdefault(muscle.emg_channel, []).append(muscle.name)
    if not groups:
        raise ValueError(
            f"No muscle of the model {model.name!r} has EMG in X, so that there is no gain to identify. Name the "
            "columns after the muscles, give `channels`, or choose the free parameters by `identify`."
        )
    driven = [name for names in groups.values() for name in names]
    names = ["+".join(own) + "/emg_gain" for own in groups.values()]
    names += ["+".join(driven) + f"/{name}" for name in ("emg_shape_factor", "electromechanical_delay")]
    names += [f"{muscle}/{name}" for name in LENGTHS if with_lengths for muscle in model.muscle_names]
    changed = {(name, "emg_gain"): GAIN for name in driven}
    return model.identifying(names).with_rows(changed)


def driven_by(model, channels, columns, unrecorded):
    """The model whose muscles take their EMG as asked for; those whose columns are not there are passive.

    Parameters
    ----------
    model : MusculoskeletalModel
    channels : dict or None
        Muscle to column or mixture, as `Muscle` takes it.
    columns : sequence of str
        Of X.
    unrecorded : {"passive", "raise"}
        What becomes of muscles whose columns X lacks.

    Returns
    -------
    model : MusculoskeletalModel
    passive : list of str
        Muscles that have become passive, for want of columns.
    """
    given = dict(channels or {})
    unknown = [name for name in given if name not in model.muscle_names]
    if unknown:
        raise ValueError(f"`channels` names {unknown}, which are no muscles of the model {model.name!r}.")
    changes, passive = {}, []
    for muscle in model.muscles:
        wanted = given.get(muscle.name, muscle.channel)
        needs = muscle.name if wanted is None else wanted
        needs = [needs] if isinstance(needs, str) else list(needs)
        if unrecorded == "passive" and muscle.name not in given and not set(needs) <= set(columns):
            wanted = ()
            passive.append(muscle.name)
        if wanted != muscle.channel:
            changes[muscle.name] = wanted
    return (rechannelled(model, changes) if changes else model), passive


def rechannelled(model, channels):
    """The model with other channels of some muscles (dict from muscle to channel); parameters stay."""
    muscles = [replace(m, channel=channels.get(m.name, m.channel)) for m in model.muscles]
    other = MusculoskeletalModel(muscles, model.joints, model.name)
    other = other.prescribing(model.prescribed_names) if model.prescribed_names else other
    return other._with_table(model.parameters)


def scaled_to(model, moments):
    """The lumped model whose muscles are as strong as the largest moment asks for, tissue likewise."""
    size = np.nanmax(np.abs(moments), initial=0.0)
    factor = size / 15.0 if size > 0 else 1.0  # N m: what 500 N at 0.03 m do
    changes = {}
    for row in model.parameters.rows:
        if row.name in ("max_isometric_force", "joint_stiffness", "joint_damping", "limit_stiffness"):
            changes[row.owner, row.name] = {
                name: getattr(row, name) * factor for name in ("initial", "value", "lower", "upper")
            }
    return model.with_rows(changes)


def placed(model, angle):
    """The lumped model whose tissue rests where the angles (n_frames, n_coordinates) [rad] are."""
    low, rest, high = np.percentile(angle, [0.0, 50.0, 100.0], axis=0)
    return with_observed_range(model, low - 0.2, high + 0.2, rest)
