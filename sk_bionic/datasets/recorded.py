"""Loaders of recorded EMG and joint angles."""

import warnings

from sklearn.utils import Bunch

from sk_bionic.datasets import _sources
from sk_bionic.datasets._cache import cached_file, data_folder
from sk_bionic.datasets._recordings import (
    RECORDED_RATE,
    assemble,
    read_elbow,
    read_knee,
)

__all__ = ["fetch_elbow_load_emg", "fetch_knee_emg"]

LOWEST_RATE = 10  # Hz, what the 4 Hz envelope and the movements themselves need

TASKS = ("sitting", "standing")
SUBJECTS = tuple(f"{group}{number:02d}" for group in "AN" for number in range(1, 12))
COPIED_SUBJECT = "N02"
SWAPPED_SUBJECT = "A02"

HAND_LOADS_KG = {
    "0g": 0.0,
    "0g_7": 0.0,
    "0g_faster": 0.0,
    "900g_5": 0.9,
    "900g_2_with_stops": 0.9,
    "10kg_5": 10.0,
}


def fetch_knee_emg(
    *,
    subjects=None,
    tasks=TASKS,
    sampling_rate=100,
    envelope=True,
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
):
    """Knee angle and EMG of four thigh muscles of 21 men, sitting and standing.

    Seated knee extension and standing knee flexion of men with (A) and without (N) a knee
    abnormality. Files are downloaded once, verified and cached.

    Parameters
    ----------
    subjects : list of str, default=None
        Subjects "A01" to "A11" and "N01" to "N11". None: all but N02, whose files are copies of
        those of N01, and A02, whose tasks look swapped.
    tasks : list of str, default=("sitting", "standing")
        Tasks to load.
    sampling_rate : float, default=100
        Rate of the frames [Hz], 10 to 1000, reached with an anti-aliasing filter without lag.
        None: 1000 Hz as recorded.
    envelope : bool, default=True
        True: zero-lag envelopes, 4 Hz, not normalised. False: raw EMG, at 1000 Hz only.
    data_home : path-like, default=None
        Cache folder. None: the environment variable SK_BIONIC_DATA, else the platform's.
    download_if_missing : bool, default=True
        False: raise where a file is not in the cache.
    return_X_y : bool, default=False
        True: return (data, target).

    Returns
    -------
    Bunch or (DataFrame, Series)
        `data` : DataFrame of shape (n_frames, 4), EMG [V], index levels "trial" ("N03_sitting")
        and "time" [s]; `target` : Series "knee_flexion" [rad], same index, flexion positive, the
        goniometer's zero as recorded; `feature_names`, `target_names`, `DESCR`.

    Raises
    ------
    ValueError
        If a subject or task is unknown, N02 is asked for, or `sampling_rate` does not fit.
    OSError
        If a file is missing and cannot be downloaded, or is corrupt.

    Warns
    -----
    UserWarning
        If A02 is asked for, or the sign of a goniometer cannot be told.

    References
    ----------
    O. Sanchez, J. Sotelo, M. Gonzales, G. Hernandez, "EMG Dataset in Lower Limb", UCI Machine
    Learning Repository (2014), https://doi.org/10.24432/C5ZW3P. CC BY 4.0.

    Examples
    --------
    >>> from sk_bionic.datasets import fetch_knee_emg
    >>> emg, knee_flexion = fetch_knee_emg(subjects=["N03"], return_X_y=True)  # doctest: +SKIP
    """
    rate = _checked_rate(sampling_rate, envelope)
    subjects = _checked_subjects(subjects)
    tasks = _checked_names("tasks", TASKS if tasks is None else tasks, TASKS)
    folder = data_folder(data_home) / "knee_emg"
    frames = {}
    for subject in subjects:
        for task in tasks:
            path = _knee_file(folder, subject, task, download_if_missing)
            frames[f"{subject}_{task}"] = read_knee(path)
    data, target = assemble(frames, rate, envelope)
    return _bunch(data, target, _sources.KNEE_EMG_DESCR, return_X_y)


def fetch_elbow_load_emg(
    *,
    recordings=None,
    sampling_rate=100,
    envelope=True,
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
):
    """Elbow angle and EMG of the biceps of one man, with different loads in his hand.

    Files are downloaded once, verified and cached.

    Parameters
    ----------
    recordings : list of str, default=None
        Among "0g", "0g_7", "0g_faster", "900g_5", "900g_2_with_stops" and "10kg_5". None: all.
    sampling_rate : float, default=100
        Rate of the frames [Hz], 10 to 1000, reached with an anti-aliasing filter without lag.
        None: 1000 Hz as recorded.
    envelope : bool, default=True
        True: zero-lag envelopes, 4 Hz, not normalised. False: raw EMG, at 1000 Hz only.
    data_home : path-like, default=None
        Cache folder. None: the environment variable SK_BIONIC_DATA, else the platform's.
    download_if_missing : bool, default=True
        False: raise where a file is not in the cache.
    return_X_y : bool, default=False
        True: return (data, target).

    Returns
    -------
    Bunch or (DataFrame, Series)
        `data` : DataFrame of shape (n_frames, 2), columns "biceps" (EMG in counts) and
        "hand_load_kg", index levels "trial" (the recording's name) and "time" [s]; `target` :
        Series "elbow_flexion" [rad], same index, at 0.045 deg per count of the goniometer;
        `feature_names`, `target_names`, `DESCR`.

    Raises
    ------
    ValueError
        If a recording is unknown or `sampling_rate` does not fit.
    OSError
        If a file is missing and cannot be downloaded, or is corrupt.

    Warns
    -----
    UserWarning
        If a recording ends in the middle of a line; that row is dropped.

    References
    ----------
    David Kirov, https://github.com/BombVoyage/soft_elbow_orthosis (2024). MIT.

    Examples
    --------
    >>> from sk_bionic.datasets import fetch_elbow_load_emg
    >>> elbow = fetch_elbow_load_emg(recordings=["0g", "900g_5"])  # doctest: +SKIP
    """
    rate = _checked_rate(sampling_rate, envelope)
    known = tuple(HAND_LOADS_KG)
    names = _checked_names("recordings", known if recordings is None else recordings, known)
    folder = data_folder(data_home) / "elbow_load_emg"
    frames = {}
    for name in names:
        frames[name] = read_elbow(_elbow_file(folder, name, download_if_missing))
    data, target = assemble(frames, rate, envelope)
    data["hand_load_kg"] = [HAND_LOADS_KG[name] for name in data.index.get_level_values("trial")]
    return _bunch(data, target, _sources.ELBOW_LOAD_EMG_DESCR, return_X_y)


def _checked_rate(sampling_rate, envelope):
    rate = RECORDED_RATE if sampling_rate is None else sampling_rate
    if not LOWEST_RATE <= rate <= RECORDED_RATE:
        raise ValueError(
            f"`sampling_rate` must lie between {LOWEST_RATE} and {RECORDED_RATE} Hz, the recorded "
            f"rate. Got {sampling_rate!r}."
        )
    if not envelope and rate != RECORDED_RATE:
        raise ValueError(
            f"Raw EMG reaches up to 450 Hz and would be destroyed at {rate:g} Hz. Pass "
            "`sampling_rate=None` (1000 Hz) with `envelope=False`, or keep `envelope=True`."
        )
    return rate


def _checked_names(parameter, names, known):
    """Distinct names in the order given; one name alone may be a plain string."""
    names = [names] if isinstance(names, str) else list(dict.fromkeys(names))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ValueError(f"`{parameter}` must be among {list(known)}. Got {unknown or names}.")
    return names


def _checked_subjects(subjects):
    if subjects is None:
        return [name for name in SUBJECTS if name not in (COPIED_SUBJECT, SWAPPED_SUBJECT)]
    subjects = _checked_names("subjects", subjects, SUBJECTS)
    if COPIED_SUBJECT in subjects:
        raise ValueError(
            f"Subject {COPIED_SUBJECT} has no recordings of his own: the source's files are "
            "byte-for-byte copies of those of N01. Leave him out."
        )
    if SWAPPED_SUBJECT in subjects:
        warnings.warn(
            f"The tasks of subject {SWAPPED_SUBJECT} look swapped (the hamstrings drive "
            '"sitting"). Do not use him in benchmarks.',
            UserWarning,
            stacklevel=3,
        )
    return subjects


def _knee_file(folder, subject, task, download_if_missing):
    group, name = subject[0], f"{int(subject[1:])}{subject[0]}{task}"
    url = f"{_sources.KNEE_EMG_URL}/{'Abnormal' if group == 'A' else 'normal'}/{name} - Sheet1.csv"
    sha256 = _sources.KNEE_EMG_SHA256[name]
    return cached_file(folder / f"{name}.csv", url, sha256, download_if_missing=download_if_missing)


def _elbow_file(folder, recording, download_if_missing):
    name = f"david_bb_{recording}.txt"
    url = f"{_sources.ELBOW_LOAD_EMG_URL}/{name}"
    sha256 = _sources.ELBOW_LOAD_EMG_SHA256[recording]
    return cached_file(folder / name, url, sha256, download_if_missing=download_if_missing)


def _bunch(data, target, description, return_X_y):
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        feature_names=list(data.columns),
        target_names=[target.name],
        DESCR=description,
    )
