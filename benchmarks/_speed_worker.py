"""Works of the package that is first on the path, one at a time as `speed.py` asks for them.

Reads names of works from standard input, a line each, and answers each with a line of JSON. What a work needs is made
on its first call.
"""

import functools
import importlib
import json
import os
import pickle
import resource
import statistics
import sys
import time
import warnings

import numpy as np
import torch

from sk_bionic import PhysicsInformedMSKRegressor, calibrate_to_moments
from sk_bionic.datasets import fetch_knee_emg, make_elbow_flexion
from sk_bionic.model_selection import blocked_train_test_split
from sk_bionic.trials import Trials, find_trials


def equation_of_motion():
    """The class that holds model and EMG, in this version or the one before."""
    for module, name in (("dynamics.equation", "EquationOfMotion"), ("dynamics.simulate", "Motion")):
        try:
            return getattr(importlib.import_module(f"sk_bionic.{module}"), name)
        except (ImportError, AttributeError):
            continue
    raise ImportError("This version of sk_bionic has no equation of motion that the script knows.")


EquationOfMotion = equation_of_motion()
elbow_data = functools.cache(make_elbow_flexion)


def solver(n_trials):
    flexion = elbow_data(n_trials=n_trials, duration=5.0, random_state=0)
    trials, emg = find_trials(flexion.data), flexion.data.to_numpy()
    return lambda: EquationOfMotion(flexion.model, trials, emg).solve()


def identification():
    flexion = elbow_data(n_trials=3, duration=5.0, random_state=0)
    estimator = PhysicsInformedMSKRegressor("elbow", prediction="simulation", random_state=0)
    return lambda: estimator.fit(flexion.data, flexion.target)


def prediction(mode):
    flexion = elbow_data(n_trials=3, duration=5.0, random_state=0)
    estimator = PhysicsInformedMSKRegressor("elbow", prediction=mode, random_state=0)
    estimator.fit(flexion.data, flexion.target)
    return lambda: estimator.predict(flexion.data, return_std=True)


def hybrid():
    """Fit to three trials of a simulated subject, score on three others."""
    X, y = elbow_data(n_trials=6, duration=5.0, random_state=0, return_X_y=True)
    half = len(X) // 2
    fit = lambda: PhysicsInformedMSKRegressor("elbow", random_state=0).fit(X.iloc[:half], y.iloc[:half])
    return fit, lambda fitted: rmse(fitted.predict(X.iloc[half:]), y.iloc[half:])


def recorded_knee():
    X, y = fetch_knee_emg(subjects=["A03"], tasks=["sitting"], return_X_y=True)
    X, X_test, y, y_test = blocked_train_test_split(X, y, 0.7)
    fit = lambda: PhysicsInformedMSKRegressor("knee_seated", random_state=0).fit(X, y)
    return fit, lambda fitted: rmse(fitted.predict(X_test), y_test)


def moments(file):
    """A calibration of the leg of `walking.py`: 22 muscles, 25 parameters, rigid tendons; data of `speed.py`."""
    from _walking_model import leg_model

    with open(file, "rb") as kept:  # written by the script that started this one
        osim, paths, X, measured, free = pickle.load(kept)
    model = leg_model(osim, paths, "rigid")
    return lambda: calibrate_to_moments(model, X, measured, identify=free)


def on_threads():
    """Wall time of 100 trials on one and on two threads, s."""
    run, walls = solver(100), {}
    for _ in range(5):
        for n in ("1", "2"):
            os.environ["OMP_NUM_THREADS"] = n
            start = time.perf_counter()
            run()
            walls.setdefault(n, []).append(time.perf_counter() - start)
    os.environ["OMP_NUM_THREADS"] = "1"
    return {f"{n} threads": min(walls[n]) for n in walls}  # what disturbs makes it longer


def long_trial(seconds=3600):
    """CPU seconds, and MB by which the process's peak grows, of one continuous trial at 100 Hz."""
    flexion = elbow_data(n_trials=1, duration=5.0, random_state=0)
    solver(1)()
    n = int(seconds * 100)
    emg = np.tile(flexion.data.to_numpy(), (n // 500 + 1, 1))[:n]
    trials = Trials(("long",), np.array([0, n]), np.arange(n) / 100)
    before, start = peak(), time.process_time()
    EquationOfMotion(flexion.model, trials, emg).solve()
    return {"CPU s": time.process_time() - start, "MB": peak() - before}


def peak():
    """Largest resident memory of this process so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_recording(file):
    """Keep a recording that a process can be given which has compiled nothing."""
    with open(file, "wb") as kept:
        pickle.dump(elbow_data(n_trials=3, duration=5.0, random_state=0, return_X_y=True), kept)


def first_fit(file):
    """CPU and wall seconds of the first hybrid fit of this process, to the recording of `make_recording`."""
    with open(file, "rb") as kept:
        X, y = pickle.load(kept)
    cpu, wall = time.process_time(), time.perf_counter()
    PhysicsInformedMSKRegressor("elbow", random_state=0).fit(X, y)
    return {"CPU s": time.process_time() - cpu, "wall s": time.perf_counter() - wall}


def rmse(predicted, measured):
    """Root mean square error [deg] where the angle is known."""
    return np.rad2deg(np.sqrt(np.nanmean((predicted - measured.to_numpy()) ** 2)))


@functools.cache
def made(work, *arguments):
    """The function that is timed, and one that scores what it returns or None."""
    if work == "fit hybrid, elbow":
        return hybrid()
    if work == "fit hybrid, knee":
        return recorded_knee()
    return {
        "solver, 1 trial": lambda: solver(1), "solver, 100 trials": lambda: solver(100), "identify": identification,
        "predict with std, simulation": lambda: prediction("simulation"),
        "predict with std, hybrid": lambda: prediction("hybrid"), "moments": lambda: moments(*arguments),
    }[work](), None  # fmt: skip


def timed(work, calls, *arguments):
    """Median CPU seconds of some calls, and the score of the last."""
    run, score = made(work, *arguments)
    times, found = [], None
    for _ in range(calls):
        start = time.process_time()
        found = run()
        times.append(time.process_time() - start)
    answer = {"seconds": statistics.median(times)}
    return answer | ({"error [deg]": float(score(found))} if score else {})


OTHERS = {
    "threads": on_threads, "long": long_trial, "make recording": make_recording, "first fit": first_fit
}  # fmt: skip


def main():
    """Answer until the input ends."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for line in sys.stdin:
        work, *arguments = json.loads(line)
        print(json.dumps(OTHERS[work](*arguments) if work in OTHERS else timed(work, *arguments)), flush=True)


if __name__ == "__main__":
    main()
