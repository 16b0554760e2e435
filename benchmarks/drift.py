"""What the EMG of a new recording itself could correct of drift, and what its labels could at most.

    python benchmarks/drift.py

The default regressor is fitted as in protocols A and B of recorded_emg.py, and inside the training part of A (its
first 70 % to its last 30 %), where a user could choose. Each correction is computed from the test part's EMG and what
is predicted from it alone; the last two know its angles, and say what is left to be had.
"""

import argparse
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from _comparison import default_n_jobs
from _protocols import DESCRIPTIONS, SUBJECTS, TRAIN_FRACTION, Part, parts, subject_of
from _recorded_tables import bootstrap
from _tables import environment, markdown

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.model_selection import blocked_train_test_split

RESULT = Path(__file__).parent / "results" / "drift.md"
PAGE = """\
# What a new recording's own EMG tells of drift

Command: `python benchmarks/drift.py`. {environment} Seed 0.

Protocols of `recorded_emg.py`: {protocols}; "inside" is the training part of A, its first 70 % to its last 30 %.
Twelve men's knees, sitting and standing. RMSE with a correction over RMSE without: geometric mean with a 95 %
bootstrap interval over subjects, and the worst record. A way of 30 % goes so far from the test part as it is to
agreement with the training.

{table}
"""


def quantile_level(X, X_train, way):
    """EMG whose lowest tenth is moved to the training's."""
    return (X - way * (X.quantile(0.1) - X_train.quantile(0.1))).clip(lower=0.0)


def quantile_gain(X, X_train, way):
    """EMG whose 0.9 quantile is multiplied towards the training's, channel by channel."""
    return X * (X_train.quantile(0.9) / X.quantile(0.9)) ** way


def common_gain(X, X_train, way):
    """The same by one factor for all channels."""
    return X * float(np.exp(np.mean(np.log(X_train.quantile(0.9) / X.quantile(0.9))))) ** way


def activity(X, X_train):
    """Sum of the square roots of the EMG, in units of the training's 0.95 quantiles (n_frames,)."""
    return np.sqrt((X / X_train.quantile(0.95)).clip(lower=0.0)).sum(axis=1).to_numpy()


def rest_posture(angle, part, way):
    """Angles moved so that those at the most quiet EMG are as in training."""
    quiet, quiet_train = activity(part.X_test, part.X_train), activity(part.X_train, part.X_train)
    rest = np.median(angle[quiet < np.quantile(quiet, 0.2)])
    known = np.median(part.y_train.to_numpy()[quiet_train < np.quantile(quiet_train, 0.2)])
    return angle - way * (rest - known)


def range_of_angle(angle, part, way):
    """Angles stretched so that their 0.03 and 0.97 quantiles are the training's."""
    (low, high), (low_train, high_train) = (np.quantile(a, [0.03, 0.97]) for a in (angle, part.y_train))
    return (1.0 - way) * angle + way * (low_train + (angle - low) * (high_train - low_train) / (high - low))


def corrections():
    """Name and function of (regressor, part, angle as predicted) to angles, of each correction."""
    of_emg = {
        "resting level of each channel": quantile_level,
        "gain of each channel": quantile_gain,
        "one gain of all channels": common_gain,
    }
    of_angle = {"angle where the EMG rests": rest_posture, "range of the angle": range_of_angle}
    for way in (0.3, 1.0):
        for name, change in of_emg.items():
            yield (
                f"{name}, {way:.0%} of the way",
                lambda r, part, angle, change=change, way=way: r.predict(change(part.X_test, part.X_train, way)),
            )
        for name, change in of_angle.items():
            yield (
                f"{name}, {way:.0%} of the way",
                lambda r, part, angle, change=change, way=way: change(angle, part, way),
            )
    yield "with the test part's angles: an offset", lambda r, part, angle: angle - np.mean(angle - part.y_test)
    line = lambda angle, part: np.polyval(np.polyfit(angle, part.y_test, 1), angle)
    yield "with the test part's angles: a straight line", lambda r, part, angle: line(angle, part)


def ratios(part):
    """RMSE of each correction over that without, dict by name."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    regressor = PhysicsInformedMSKRegressor(part.model, random_state=0).fit(part.X_train, part.y_train)
    angle, measured = np.asarray(regressor.predict(part.X_test)), part.y_test.to_numpy()
    error = lambda predicted: float(np.sqrt(np.mean(np.square(np.asarray(predicted) - measured))))
    return {name: error(correct(regressor, part, angle)) / error(angle) for name, correct in corrections()}


def with_inside(all_parts):
    """The parts, and of each of A the training part parted again as protocol "inside"."""
    for part in all_parts:
        yield part
        if part.protocol == "A":
            inside = blocked_train_test_split(part.X_train, part.y_train, TRAIN_FRACTION)
            yield Part("inside", part.task, part.model, *inside)


def summary(ratios):
    """Geometric mean of ratios (Series by subject) with its interval over subjects, and the largest, as text."""
    low, high = bootstrap(ratios)
    return f"{np.exp(np.log(ratios).mean()):.2f} [{low:.2f}, {high:.2f}], {ratios.max():.2f}"


def main():
    """Fit, correct and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-home", help="folder of the recordings (default: SK_BIONIC_DATA, else the cache)")
    parser.add_argument("--jobs", type=int, default=default_n_jobs(), help="processes")
    given = parser.parse_args()
    todo = list(with_inside(parts(["A", "B"], SUBJECTS, given.data_home)))
    with joblib.parallel_config("loky", n_jobs=given.jobs, inner_max_num_threads=1):
        found = joblib.Parallel()(joblib.delayed(ratios)(part) for part in todo)
    keys = [(part.protocol, subject_of(part.records[0])) for part in todo]
    table = pd.DataFrame(found, index=pd.MultiIndex.from_tuples(keys, names=["protocol", "subject"]))
    rows = [
        {"correction": name, **{protocol: summary(column[protocol]) for protocol in ("inside", "A", "B")}}
        for name, column in table.items()
    ]
    described = "; ".join(f"{name}: {DESCRIPTIONS[name]}" for name in "AB")
    text = PAGE.format(environment=environment(), protocols=described, table=markdown(pd.DataFrame(rows)))
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
