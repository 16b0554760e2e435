"""Is a recording good enough to identify anything from it?"""

from numbers import Real

from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..musculoskeletal import PRESETS, MusculoskeletalModel
from ._belonging import belonging
from ._by_model import against_model
from ._channel_checks import clipped_channels, flat_channels, missing_values, negative_envelopes
from ._copies import duplicated_channels, duplicated_trials
from ._level import drifting_channels
from ._odd_signals import odd_amplitudes, odd_angles
from ._quality import RecordingQuality
from ._signals import read_recording
from ._spectrum import folded_spectrum, mains_hum
from ._timing import angle_ranges, sampling_rates, uneven_time
from ._transients import angle_artefacts, emg_artefacts

CHECKS = (
    missing_values,
    flat_channels,
    clipped_channels,
    negative_envelopes,
    emg_artefacts,
    angle_artefacts,
    mains_hum,
    folded_spectrum,
    drifting_channels,
    duplicated_channels,
    duplicated_trials,
    uneven_time,
    sampling_rates,
    angle_ranges,
    odd_amplitudes,
    odd_angles,
)


@validate_params(
    {
        "X": ["array-like"],
        "y": ["array-like", None],
        "sampling_rate": [Interval(Real, 0, None, closed="neither"), None],
        "trial": ["array-like", None],
        "signal": [StrOptions({"auto", "raw", "envelope"})],
        "exclude": ["array-like"],
        "random_state": [int],
        "model": [MusculoskeletalModel, StrOptions(set(PRESETS)), None],
    },
    prefer_skip_nested_validation=True,
)
def check_recording(
    X, y=None, *, sampling_rate=None, trial=None, signal="auto", exclude=(), random_state=0, model=None
):
    """Look for faults of EMG and angles before anything is fitted to them.

    Parameters
    ----------
    X : DataFrame or array-like (n_frames, n_channels)
        Raw surface EMG (at about 1000 Hz) or envelopes, in any unit; time and trials in the index,
        or from `sampling_rate` and `trial`. External inputs of the estimator (``hand_load_kg``, ...),
        columns with the name of an angle in y, and those that the readers of `sk_bionic.io` know to be no EMG
        (``X.attrs["emg"]`` lists what is) are left out.
    y : Series, DataFrame or array-like (n_frames,) or (n_frames, n_coordinates), default=None
        Joint angles [rad], NaN where unknown. Without them, lag, exchanged channels and EMG that
        does not explain the motion cannot be found.
    sampling_rate : float, default=None
        Frames per second [Hz] of X without time in its index. With it: the stated rate, against
        which the time stamps are checked.
    trial : array-like (n_frames,), default=None
        Trial of each frame, for arrays.
    signal : {"auto", "raw", "envelope"}, default="auto"
        What the EMG is. "auto": raw where at least 200 Hz and most of the power lies above 20 Hz.
    exclude : sequence of str, default=()
        Further columns that are no EMG.
    random_state : int, default=0
        Seed of the learner that tells whether the EMG explains the motion.
    model : MusculoskeletalModel or {"elbow", "wrist", "knee_seated", "knee_standing", "arm", "leg"}, default=None
        The anatomy. With it, signs and zeros of the angles, exchanged channels, lags, rates, postures and masses are
        tested as a fit would (a few seconds), with envelopes under the model's names.

    Returns
    -------
    RecordingQuality
        With `findings`, a DataFrame: kind, severity, channel, trial, start [s], stop [s], value,
        unit, meaning, advice.

    Raises
    ------
    ValueError
        When nothing tells the time, X has no EMG, or y does not fit X.

    Notes
    -----
    Kinds: resting_level, quiet, amplitude, wrapped (see the page on warnings), missing, flat, clipped, not_rectified,
    artefact, angle_artefact, mains, aliasing, stretched_spectrum, drift, duplicated, duplicated_trial, irregular_time,
    sampling_rate, time_unit, angle_unit, no_motion, lag, swapped, unexplained. Hum, folded and stretched spectra show
    in raw EMG only. Channels exchanged in one trial need three trials; exchanged in all trials they cannot be
    told from a subject who moves otherwise.

    Examples
    --------
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.inspection import check_recording
    >>> X, y = make_elbow_flexion(n_trials=4, random_state=0, return_X_y=True)
    >>> check_recording(X, y).ok
    True
    >>> X.loc[("trial_02", slice(1.0, 2.0)), "biceps"] = float("nan")
    >>> check_recording(X, y).findings[["kind", "channel", "trial", "start", "stop"]]
          kind channel     trial  start  stop
    0  missing  biceps  trial_02    1.0   2.0
    """
    recording = read_recording(X, y, sampling_rate, trial, exclude, signal)
    together = belonging(recording, random_state)
    findings = [finding for check in CHECKS for finding in check(recording)]
    if model is not None:
        told = {finding.kind for finding in findings}
        found = against_model(X, y, model, recording, trial)
        findings += [finding for finding in found if finding.kind not in told]
    return RecordingQuality(
        [*findings, *together.findings],
        signal="raw" if recording.raw else "envelope",
        sampling_rate=recording.rate,
        trials=recording.trials,
        channels=recording.channels,
        explained=together.explained,
        explained_by_chance=together.by_chance,
    )
