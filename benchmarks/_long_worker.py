"""An hour of 16 EMG channels: CPU time and peak memory of identification and prediction, a line of JSON each.

A process of its own, run by `growth.py`, so that its largest resident memory is that of these works.
"""

import json
import resource
import sys
import time
import warnings

import numpy as np
import pandas as pd

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.identification import identify

RATE, N_CHANNELS, N_TRIALS = 100, 16, 24
STEPS = 3  # of the identification: its memory is that of the first, and an hour of them all takes long


def peak():
    """Largest resident memory of this process so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bursts(seconds, seed=0):
    """EMG of 16 channels, half of flexors and half of extensors, each with bursts of its own, DataFrame."""
    rng, n = np.random.default_rng(seed), round(seconds * RATE)
    trials = make_elbow_flexion(N_TRIALS, random_state=seed).data.to_numpy().reshape(N_TRIALS, -1, 2)
    index = pd.MultiIndex.from_product([["hour"], np.arange(n) / RATE], names=["trial", "time"])
    X = pd.DataFrame(index=index, dtype=float)
    for k in range(N_CHANNELS):
        pieces = [trials[rng.integers(N_TRIALS), :, k % 2] for _ in range(n // trials.shape[1] + 1)]
        X[f"channel_{k}"] = np.concatenate(pieces)[:n]
    return X


def moved(fitted, X):
    """The angle to which a known model moves, with 1 deg of noise, Series."""
    noise = np.deg2rad(1.0) * np.random.default_rng(0).normal(size=len(X))
    return pd.Series(fitted.predict(X) + noise, X.index)


def regressor():
    return PhysicsInformedMSKRegressor("auto", prediction="simulation", random_state=0)


def main():
    """The works that are named behind the seconds; what an earlier one took stays in the peak."""
    warnings.simplefilter("ignore")
    seconds, *names = sys.argv[1:]
    short = bursts(10.0)
    swing = 0.8 + 0.5 * np.sin(2.0 * short.index.get_level_values("time"))
    fitted = regressor().fit(short, swing)  # the truth of what follows
    fitted.predict(short, return_std=True)
    X = bursts(float(seconds))
    identify.MAX_ITERATIONS, begun = STEPS, peak()
    works = {
        "predict": lambda: fitted.predict(X),
        "identify": lambda: regressor().fit(X, moved(fitted, X)),
        "predict with std": lambda: fitted.predict(X, return_std=True),
    }
    for name in names:
        start = time.process_time()
        works[name]()
        found = {"work": name, "seconds": float(seconds), "before [MB]": begun, "CPU [s]": time.process_time() - start}
        print(json.dumps({**found, "peak [MB]": peak(), "parameters": len(fitted.parameters_)}), flush=True)


if __name__ == "__main__":
    main()
