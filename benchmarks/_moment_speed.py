"""How long a calibration takes: 43 muscles, three moments, one stride; simulated annealing on the same objective."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
from _moment_gait import CP_JUDGED
from scipy.optimize import dual_annealing

from sk_bionic import EMGDrivenMomentRegressor
from sk_bionic.datasets import fetch_gait_cp_child
from sk_bionic.dynamics.measured import MeasuredMotion
from sk_bionic.identification.from_torques import _Problem
from sk_bionic.identification.posterior import LARGEST_RAW
from sk_bionic.moments.freeing import freed
from sk_bionic.musculoskeletal import MusculoskeletalModel
from sk_bionic.trials import find_trials

TIMES_AS_LONG = 100


def speed(data_home=None):
    """CPU seconds of calibrations, and minus the log posterior that annealing reaches, DataFrame."""
    data = fetch_gait_cp_child(data_home=data_home)
    X, y = data.data.loc[["right_0"]], data.target.loc[["right_0"], list(CP_JUDGED)]
    rows = []
    for tendon in ("rigid", "elastic"):
        model = MusculoskeletalModel([replace(m, tendon=tendon) for m in data.model.muscles], data.model.joints, tendon)
        for free in ("gains", "lengths"):
            regressor = EMGDrivenMomentRegressor(model, identify=free, emg_scale="max")
            regressor.fit(X, y)  # compiled code is read
            start = time.process_time()
            regressor.fit(X, y)
            seconds = time.process_time() - start
            row = {"tendons": tendon, "free": free, "parameters": len(regressor.fitted_.information), "CPU s": seconds}
            if tendon == "rigid" and free == "gains":
                row |= annealed(regressor, X, y, free, TIMES_AS_LONG * seconds)
            rows.append(row)
    return pd.DataFrame(rows)


def annealed(regressor, X, y, free, seconds):
    """The objective where the calibration ends, and where annealing does."""
    fitted = regressor.fitted_.model
    start = fitted.with_rows({(r.owner, r.name): {"value": r.initial} for r in fitted.parameters.rows})
    trials = find_trials(X)
    emg = X[list(start.channels)].to_numpy() / regressor.emg_scale_
    angle = X[list(start.coordinate_names)].to_numpy()
    motion = MeasuredMotion.of_angles(start, trials, start.excitation(emg), angle)
    motion = motion.with_model(freed(start, free, motion.acting))
    problem = _Problem(motion, y.reindex(columns=list(start.coordinate_names)).to_numpy(), None)
    problem.noise = np.where(problem.n > 0, regressor.fitted_.noise_std, problem.noise)
    problem.fraction = regressor.fitted_.effective_fraction
    objective = lambda raw: 0.5 * float((problem.residual(raw) ** 2).sum())
    end = time.process_time() + seconds
    found = dual_annealing(
        objective,
        [(-LARGEST_RAW, LARGEST_RAW)] * problem.free.n_raw,
        x0=problem.free.raw(),
        no_local_search=True,
        maxiter=10**7,
        seed=0,
        callback=lambda *_: time.process_time() > end,
    )
    values = fitted.parameters.value[problem.free.index]
    return {
        "- log posterior": objective(problem.free.raw(values)),
        "annealing": found.fun,
        "annealing CPU s": seconds,
    }
