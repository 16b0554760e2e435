"""Times of the package that is first on the path, as JSON: run once a version by `speed.py`."""

import json
import os
import resource
import sys
import time
import warnings

begin = time.process_time()
import sk_bionic

IMPORT = time.process_time() - begin

import numpy as np
import torch

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.trials import find_trials

try:
    from sk_bionic.dynamics.equation import EquationOfMotion
    from sk_bionic.identification.from_torques import identify_torques
except ImportError:  # the version that is compared with
    from sk_bionic.dynamics.identify_torques import identify_torques
    from sk_bionic.dynamics.simulate import Motion as EquationOfMotion


try:
    from sk_bionic.dynamics.measured import MeasuredMotion
except ImportError:
    MeasuredMotion = None


def median(function, repeats):
    """Median CPU seconds of one call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return float(np.median(times))


def solver(n_trials):
    """CPU seconds from EMG to trajectory, and what the first call of the process costs."""
    flexion = make_elbow_flexion(n_trials=n_trials, duration=5.0, random_state=0)
    trials, emg = find_trials(flexion.data), flexion.data.to_numpy()

    def simulate():
        return EquationOfMotion(flexion.model, trials, emg).solve()

    start = time.process_time()
    simulate()
    first = time.process_time() - start
    return median(simulate, 25 if n_trials == 1 else 3), first


def identify_and_predict():
    """CPU seconds of an identification of 8 parameters from 3 trials of 5 s, and of its predictions."""
    flexion = make_elbow_flexion(n_trials=3, duration=5.0, random_state=0)
    estimator = PhysicsInformedMSKRegressor("elbow", prediction="simulation", random_state=0)
    fit = median(lambda: estimator.fit(flexion.data, flexion.target), 3)
    return fit, median(lambda: estimator.predict(flexion.data, return_std=True), 5)


def moments():
    """CPU seconds of a calibration to joint moments: the leg's nine muscles, rigid tendons."""
    from sk_bionic.musculoskeletal import leg

    model = leg().identifying(["max_isometric_force", "optimal_fiber_length", "emg_shape_factor"])
    rng, n = np.random.default_rng(0), 600
    time_ = np.arange(n) / 100
    phase = rng.uniform(0, 6, model.n_muscles)
    from sk_bionic.trials import Trials

    emg = 0.2 + 0.15 * np.sin(5.0 * time_[:, None] + phase)
    trials = Trials(("walk",), np.array([0, n]), time_)
    angle = np.column_stack([0.3 * np.sin(4 * time_ + k) + 0.3 for k in range(3)])
    torque = np.column_stack([20.0 * np.sin(4 * time_ + 2 * k) for k in range(3)])
    if MeasuredMotion is None:
        motion = EquationOfMotion(model, trials, emg)
        return median(lambda: identify_torques(motion, angle, torque), 3)
    motion = MeasuredMotion.of_angles(model, trials, emg, angle)
    return median(lambda: identify_torques(motion, torque), 3)


def long_trial(seconds):
    """CPU seconds and MB of one continuous trial at 100 Hz."""
    flexion = make_elbow_flexion(n_trials=1, duration=5.0, random_state=0)
    n = int(seconds * 100)
    emg = np.tile(flexion.data.to_numpy(), (n // 500 + 1, 1))[:n]
    from sk_bionic.trials import Trials

    trials = Trials(("long",), np.array([0, n]), np.arange(n) / 100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    EquationOfMotion(flexion.model, trials, emg).solve()
    return time.process_time() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main():
    """Print the times of the works that are asked for."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    one, first = solver(1)
    fit, predict = identify_and_predict()
    found = {
        "import": IMPORT,
        "solver, one trial": one,
        "first call": first,
        "solver, 100 trials": solver(100)[0],
        "identify": fit,
        "predict with std": predict,
        "moments": moments(),
        "versions": {"numpy": np.__version__, "torch": torch.__version__, "python": sys.version.split()[0]},
        "cores": os.cpu_count(),
    }
    if "--long" in sys.argv:
        found["3600 s"], found["3600 s, MB"] = long_trial(3600)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
    assert sk_bionic
