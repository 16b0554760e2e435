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
LABEL_SHARES = (5, 10, 20, 50)  # percent
LABELLED_PIECE = 0.25  # s
ELBOW_TRAIN = ("0g", "0g_7", "0g_faster")
ELBOW_TEST = ("900g_5", "900g_2_with_stops")

DESCRIPTIONS = {
    "A": "first 70 % of a record to its last 30 %",
    "B": "first repetition of a record to the rest",
    "C": "elbow, trained at 0 kg, tested at 0.9 kg, the load known to all as a column",
    "D": "B, the angle of the first second of the test part in which the joint rests (moves less "
    "than 1.5 deg; its stillest second where there is none) given: to ours through `calibrate`, to "
    "the others as a correction of the offset; scored outside that second",
    "E": f"A with a part of the labels, in pieces of {LABELLED_PIECE:g} s spread evenly over the "
    "training part; the rest of its EMG is unlabelled (the baselines take lags from it)",
}


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
    def records(self):
        """Names of the test trials, under which the scores are kept."""
        return list(dict.fromkeys(self.X_test.index.get_level_values("trial")))


def subject_of(record):
    """Subject of a knee's record; each elbow's record stands for itself."""
    subject = record.split("_")[0]
    return subject if subject in SUBJECTS else record


def parts(protocols, subjects, data_home):
    """Every part that the protocols need; a record that lacks what one needs is left out."""
    if set(protocols) & set("ABDE"):
        for subject in subjects:
            for task, model in KNEE_MODELS.items():
                X, y = fetch_knee_emg(subjects=[subject], tasks=[task], data_home=data_home, return_X_y=True)
                yield from _knee_parts(X, y, f"{subject}_{task}", task, model, protocols)
    if "C" in protocols:
        yield from _elbow_parts(data_home)


def _knee_parts(X, y, record, task, model, protocols):
    continued = blocked_train_test_split(X, y, TRAIN_FRACTION)
    if "A" in protocols:
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
