"""The protocols of recorded_emg.py: which frames train, which are tested, which labels are known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sk_bionic.datasets import fetch_elbow_load_emg, fetch_knee_emg
from sk_bionic.model_selection import blocked_train_test_split, first_repetition_split
from sk_bionic.musculoskeletal import MusculoskeletalModel, elbow

# Defaults of the package were chosen on the first half (dev), and are reported on the second.
DEVELOPMENT = ("A01", "A05", "A09", "N01", "N05", "N09")
REPORT = ("A03", "A07", "A11", "N03", "N07", "N11")
SUBJECTS = tuple(sorted(DEVELOPMENT + REPORT))
KNEE_MODELS = {"sitting": "knee_seated", "standing": "knee_standing"}
TRAIN_FRACTION = 0.7
LABEL_SHARES = (5, 10)  # percent
LABELLED_PIECE = 0.25  # s
NEW_SESSION_SHARE = 0.05  # of the labels of a new session that are given in H
ORIENTATION = {"sitting": -np.pi / 2, "standing": 0.0}  # of the shank's own frame, as the presets have it [rad]
# Of known angle in protocols D and G; at most so much motion.
REST_SECONDS, REST_RANGE = 1.0, np.deg2rad(1.5)
ELBOW_TRAIN = ("0g", "0g_7", "0g_faster")
ELBOW_TEST = ("900g_5", "900g_2_with_stops")

DESCRIPTIONS = {
    "A": "first 70 % of a record to its last 30 %",
    "B": "first repetition of a record to the rest",
    "C": "elbow, trained at 0 kg, tested at 0.9 kg, the load known to all as a column",
    "D": "B, the angle of the first second of the test part in which the joint rests (moves less "
    "than 1.5 deg; its stillest second where there is none) given: to ours through `calibrate`, to "
    "the others as a correction of the offset; scored outside that second",
    "F": "elbow without load, trained at one speed, tested at another (`0g` to `0g_faster`, and back)",
    "G": "A, the angle of a second at rest of the test part given as in D; beside it, what is gained where nobody has "
    "measured it and it is taken for the median angle at rest of the training part",
    "H": "second session: one man's knee trained in one posture (all of sitting, or of standing) and tested in the "
    "other, the posture known to all as a column. 5 % of the labels of the new session, in pieces of "
    f"{LABELLED_PIECE:g} s spread evenly, are given: to ours through `calibrate`, to the others as a correction of "
    "the offset; scored on the rest",
    "E": f"A with a part of the labels, in pieces of {LABELLED_PIECE:g} s spread evenly over the "
    "training part; the rest of its EMG is unlabelled (the baselines take lags from it)",
}

# Names under which scores are kept.
PROTOCOLS = (*(name for name in DESCRIPTIONS if name != "E"), *(f"E {share} %" for share in LABEL_SHARES))


@dataclass
class Part:
    """One training part and the trials to test on; angles in rad, NaN where unlabelled."""

    protocol: str
    task: str
    model: str | MusculoskeletalModel
    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series

    @property
    def rest_angle(self):
        """Median angle [rad] at rest of the training part: over the second in which the joint moves least."""
        return float(np.median(self.y_train[rest_second(self.y_train)]))

    @property
    def records(self):
        """Names of the test trials, under which the scores are kept."""
        return list(dict.fromkeys(self.X_test.index.get_level_values("trial")))


def rest_second(angle):
    """Frames of the first second in which the joint rests; where it never does, of its stillest."""
    time = angle.index.get_level_values("time").to_numpy()
    n = round(REST_SECONDS / float(np.median(np.diff(time))))
    ranges = np.ptp(np.lib.stride_tricks.sliding_window_view(angle.to_numpy(), n), axis=1)
    resting = np.flatnonzero(ranges < REST_RANGE)
    start = resting[0] if len(resting) else int(np.nanargmin(ranges))
    return (np.arange(len(angle)) >= start) & (np.arange(len(angle)) < start + n)


def subject_of(record):
    """Subject of a knee's record; each elbow's record stands for itself."""
    subject = record.split("_")[0]
    return subject if subject in SUBJECTS else record


def parts(protocols, subjects, data_home):
    """Every part that the protocols need; a record that lacks what one needs is left out."""
    if set(protocols) & set("ABDEGH"):
        for subject in subjects:
            for task, model in KNEE_MODELS.items():
                X, y = fetch_knee_emg(subjects=[subject], tasks=[task], data_home=data_home, return_X_y=True)
                yield from _knee_parts(X, y, f"{subject}_{task}", task, model, protocols)
            if "H" in protocols:
                yield from _second_sessions(subject, data_home)
    if "C" in protocols:
        yield from _elbow_parts(data_home)
    if "F" in protocols:
        yield from _speed_parts(data_home)


def _second_sessions(subject, data_home):
    """One posture to the other, both ways."""
    recorded = {}
    for task in KNEE_MODELS:
        X, y = fetch_knee_emg(subjects=[subject], tasks=[task], data_home=data_home, return_X_y=True)
        recorded[task] = X.assign(segment_orientation_rad=ORIENTATION[task]), y
    for task, model in KNEE_MODELS.items():
        other = next(name for name in KNEE_MODELS if name != task)
        yield Part("H", other, model, recorded[task][0], recorded[other][0], recorded[task][1], recorded[other][1])


def _speed_parts(data_home):
    names = ("0g", "0g_faster")
    recorded = [fetch_elbow_load_emg(recordings=[name], data_home=data_home, return_X_y=True) for name in names]
    for (X, y), (X_test, y_test) in (recorded, recorded[::-1]):
        yield Part("F", "elbow", elbow(muscles=["biceps"]), X, X_test, y, y_test)


def _knee_parts(X, y, record, task, model, protocols):
    continued = blocked_train_test_split(X, y, TRAIN_FRACTION)
    if set(protocols) & set("AG"):
        yield Part("A", task, model, *continued)
    if set(protocols) & set("BD"):
        try:
            yield Part("B", task, model, *first_repetition_split(X, y))
        except ValueError as error:
            print(f"{record} is left out of B and D. {error}")
    if "E" in protocols:
        X_train, X_test, y_train, y_test = continued
        for share in LABEL_SHARES:
            few = y_train.where(labelled(y_train.index, share / 100))
            yield Part(f"E {share} %", task, model, X_train, X_test, few, y_test)


def labelled(index, share):
    """Mask of a share of a trial's frames, in pieces of equal length in equal distances."""
    time = index.get_level_values("time").to_numpy()
    progress = (time - time[0]) / (time[-1] - time[0])
    n_pieces = max(2, round(share * (time[-1] - time[0]) / LABELLED_PIECE))
    within = (progress * n_pieces) % 1.0  # of each piece's part of the trial
    return np.abs(within - 0.5) < share / 2


def _elbow_parts(data_home):
    recordings = []
    for name in (*ELBOW_TRAIN, *ELBOW_TEST):
        try:
            recordings.append(fetch_elbow_load_emg(recordings=[name], data_home=data_home, return_X_y=True))
        except OSError as error:
            print(f"Recording {name} is left out of C. {error}")
    X, y = (pd.concat(frames) for frames in zip(*recordings, strict=False))
    loaded = (X["hand_load_kg"] > 0).to_numpy()
    model = elbow(muscles=["biceps"])
    yield Part("C", "elbow", model, X[~loaded], X[loaded], y[~loaded], y[loaded])
