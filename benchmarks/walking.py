"""Walking: knee and ankle moments from EMG along measured angles, against inverse dynamics.

Calibrated on the first stride, judged on the second. Tables are printed and kept in results/walking.md, figures in
results/walking.json.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from _tables import environment
from _walking_controls import CONTROLS, shuffled_emg
from _walking_data import (
    JOINTS,
    given_moments,
    own_moments,
    reproduction_error,
    trial_folder,
)
from _walking_model import DRIVE, FREE, leg_model
from _walking_page import page

from sk_bionic import calibrate_to_moments, predict_moments

RESULT = Path(__file__).parent / "results" / "walking.md"
N_SHUFFLES = 3
SOURCES = {"given": given_moments, "own": own_moments}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--data-home", help="folder of the recordings (default: SK_BIONIC_DATA, else the cache)")
    add(
        "--paths",
        type=Path,
        help="file of fitted muscle paths; where it does not exist, OpenSim (pip install 'sk-bionic[opensim]') "
        "measures them "
        "and they are kept there",
    )
    add("--tendons", nargs="+", default=["rigid"], choices=["rigid", "elastic"])
    add("--sources", nargs="+", default=list(SOURCES), choices=list(SOURCES))
    add("--shuffles", type=int, default=N_SHUFFLES)
    add("--output", type=Path, default=RESULT)
    return parser.parse_args()


class Contest:
    """All methods on one set of moments."""

    def __init__(self, source, walking):
        self.source, self.walking = source, walking
        self.time = walking.X.index.get_level_values("time").to_numpy()
        first, second = walking.strikes
        self.parts = {
            "first stride": (self.time >= first) & (self.time < second),
            "second stride": self.time >= second,
        }
        self.rows, self.fits, self.parameters = [], [], {}

    def score(self, method, predicted, n_free=0):
        for part, frames in self.parts.items():
            for joint in JOINTS:
                measured = self.walking.moments[joint].to_numpy()[frames]
                figures = scores(predicted[joint].to_numpy()[frames], measured)
                figures["nm_per_kg"] = figures["rmse_nm"] / self.walking.mass
                row = {
                    "source": self.source,
                    "method": method,
                    "n_free": n_free,
                    "part": part,
                    "joint": joint,
                }
                self.rows.append(row | figures)
                if part == "second stride":
                    print(
                        f"{self.source} {method:28s} {joint}: {figures['rmse_nm']:6.1f} N m",
                        flush=True,
                    )

    def controls(self):
        first = self.parts["first stride"]
        for name, control in CONTROLS.items():
            self.score(name, control(self.walking.X, self.walking.moments, first, self.walking.strikes))

    def calibrate(self, model, free, X, label):
        """Fit to the first stride; what precedes it is EMG without moments."""
        before_second = self.time < self.walking.strikes[1]
        moments = self.walking.moments.where(pd.Series(self.parts["first stride"], X.index))
        start = time.perf_counter()
        found = calibrate_to_moments(model, X[before_second], moments[before_second], identify=free)
        seconds = time.perf_counter() - start
        of = found.identification
        n_free = len(of.information)
        self.fits.append(
            {
                "moments": self.source, "method": label, "free": n_free, "fit [s]": seconds, "evaluations": of.n_iter,
                "settled": str(of.converged), "independent frames [%]": 100 * of.effective_fraction,
            }
        )  # fmt: skip
        return found, n_free

    def models(self, model, tendon):
        X = self.walking.X
        self.score(f"generic, {tendon}", predict_moments(model, X))
        for name, free in FREE.items():
            found, n_free = self.calibrate(model, free, X, f"{name}, {tendon}")
            self.score(f"{name}, {tendon}", found.predict(X), n_free)
            self.parameters[tendon, name] = found.parameters

    def shuffled(self, model, tendon, n):
        kept, self.rows = self.rows, []
        for seed in range(n):
            X = shuffled_emg(self.walking.X, seed)
            found, n_free = self.calibrate(model, FREE["all"], X, f"all, {tendon}, EMG shuffled {seed}")
            self.score(f"EMG shuffled, {tendon}", found.predict(X), n_free)
        if self.rows:
            keys = ["source", "method", "n_free", "part", "joint"]
            median = pd.DataFrame(self.rows).groupby(keys, sort=False).median().reset_index()
            kept += median.to_dict("records")
        self.rows = kept


def scores(predicted, measured):
    """Root mean square error [N m], coefficient of determination, correlation."""
    error = predicted - measured
    spread = predicted.std() * measured.std()
    return {
        "rmse_nm": float(np.sqrt(np.mean(error**2))),
        "r2": float(1 - (error**2).sum() / ((measured - measured.mean()) ** 2).sum()),
        "r": float(np.corrcoef(predicted, measured)[0, 1]) if spread > 1e-9 else float("nan"),
    }


def main():
    given = arguments()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message=".*no EMG of their own|.*polynomials are off|.*nColumns")
    folder = trial_folder(given.data_home)
    models = {t: leg_model(folder / "subject_walk_scaled.osim", given.paths, t) for t in given.tendons}
    contests = []
    for source in given.sources:
        contest = Contest(source, SOURCES[source](folder))
        contest.controls()
        for tendon, model in models.items():
            contest.models(model, tendon)
        contest.shuffled(models[given.tendons[0]], given.tendons[0], given.shuffles)
        contests.append(contest)
    text = page(contests, models[given.tendons[0]], given, reproduction_error(folder))
    content = {
        "environment": environment(),
        "scores": [row for contest in contests for row in contest.rows],
        "fits": [fit for contest in contests for fit in contest.fits],
        "drive": DRIVE,
    }
    given.output.write_text(text)
    given.output.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n")
    print(text)


if __name__ == "__main__":
    main()
