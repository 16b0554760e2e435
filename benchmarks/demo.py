"""The package's main job on one page: angle, muscle forces and muscle parameters from EMG.

A simulated subject, whose true forces and parameters are known, and, where the recording is in the
cache, the knee of subject N11. Our three modes of prediction stand beside what EMG is usually given
to: Gaussian process, random forest and ridge regression on lagged EMG, hyperparameters searched.
"""

import argparse
import sys
import time
from functools import partial
from pathlib import Path

import _figures
from _comparison import (
    GENERIC,
    LEARNERS,
    MODES,
    Split,
    default_n_jobs,
    failures,
    force_errors,
    maximal_forces,
    parameter_errors,
    pooled,
    run_all,
)
from _tables import environment, markdown

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import fetch_knee_emg, make_elbow_flexion
from sk_bionic.model_selection import TrialKFold, blocked_train_test_split

ELBOW, KNEE = "simulated elbow", "recorded knee"
METHODS = (*MODES, GENERIC, *LEARNERS, "time_only")
N_TRIALS = 4
SEED = 0
PARAMETER_FORMATS = dict.fromkeys(("initial", "value", "std_err", "true"), ".4g")


def elbow_splits(flexion):
    """Leave one trial out, in the order of the trials."""
    X, y = flexion.data, flexion.target
    for train, test in TrialKFold(None).split(X):
        part = f"{X.index[test[0]][0]} left out"
        yield Split(ELBOW, part, "elbow", X.iloc[train], X.iloc[test], y.iloc[train], y.iloc[test])


def knee_splits(data_home):
    """First 70 % of a seated recording to its last 30 %; nothing where it is not in the cache."""
    request = {"subjects": ["N11"], "tasks": ["sitting"], "return_X_y": True}
    try:
        X, y = fetch_knee_emg(**request, data_home=data_home, download_if_missing=False)
    except OSError:
        print(
            "The recorded knee is not in the cache and is left out. To download it for next time:\n"
            f'  {sys.executable} -c "import sk_bionic.datasets as d; '
            "d.fetch_knee_emg(subjects=['N11'])\""
        )
        return []
    X_train, X_test, y_train, y_test = blocked_train_test_split(X, y, 0.7)
    return [Split(KNEE, "last 30 %", "knee_seated", X_train, X_test, y_train, y_test)]


def compile_first(split):
    """Have the equation of motion compiled before anything is timed; the seconds that it took."""
    start = time.perf_counter()
    regressor = PhysicsInformedMSKRegressor(split.model, max_epochs=2, n_networks=1, random_state=SEED)
    regressor.fit(split.X_train, split.y_train).predict(split.X_test, return_std=True)
    regressor.predict_muscle_forces(split.X_test)
    return time.perf_counter() - start


def print_table(title, table, **options):
    print(f"\n{title}\n\n{markdown(table, **options)}", flush=True)


def report(flexion, outcomes):
    """Print all tables; returns those that the figures need."""
    elbow = [outcome for outcome in outcomes if outcome.data == ELBOW]
    knee = [outcome for outcome in outcomes if outcome.data == KNEE]
    errors = pooled(elbow, METHODS)
    options = {"formats": {"R2": ".3f", "predict [s]": ".3f"}, "index_name": "method"}
    title = f"{ELBOW}: each of {N_TRIALS} trials of 5 s predicted from the others, noise 1 deg"
    print_table(title, errors, **options)
    if knee:
        title = f"{KNEE} (N11, seated extension): last 30 % predicted from the first 70 %"
        print_table(title, pooled(knee, METHODS), **options)
    print("", *failures(outcomes), sep="\n", end="")
    # The parameters of one fit, so that its standard errors can be held against its errors.
    fits = [o for o in elbow if o.method == "hybrid" and not o.failure]
    if not fits:
        raise SystemExit("The hybrid failed on every trial (see above): nothing more to show.")
    fit = fits[0]
    parameters = parameter_errors(fit.parameters, flexion.parameters)
    title = f"{ELBOW}: parameters identified with {fit.part}"
    print_table(title, parameters, formats=PARAMETER_FORMATS)
    forces = force_errors(elbow, (*MODES, GENERIC), flexion.muscle_forces, maximal_forces(flexion))
    print_table(f"{ELBOW}: errors of the muscle forces on the trials left out", forces)
    return errors, fit, parameters


def draw(folder, flexion, outcomes, errors, fit, parameters):
    """Save the figures and yield their paths, the last an overview of the simulated subject."""
    shown = {o.method: o for o in outcomes if (o.data, o.part) == (ELBOW, fit.part)}
    knee = {o.method: o for o in outcomes if o.data == KNEE}
    true_forces = flexion.muscle_forces.loc[fit.measured.index]
    best = errors.loc[list(LEARNERS), "RMSE [deg]"].idxmin()
    angle = partial(_figures.draw_angle, outcomes=shown, baseline=best)
    forces = partial(_figures.draw_forces, true_forces=true_forces, predicted=fit.muscle_forces)
    values = partial(_figures.draw_parameters, table=parameters)
    yield _figures.save(folder / "elbow_angle.png", angle)
    yield _figures.save(folder / "elbow_forces.png", forces)
    yield _figures.save(folder / "elbow_parameters.png", values)
    if knee:
        best = min(LEARNERS, key=lambda name: knee[name].rmse_deg)
        recorded = partial(_figures.draw_angle, outcomes=knee, baseline=best)
        yield _figures.save(folder / "knee_angle.png", recorded)
    yield _figures.save(folder / "overview.png", angle, forces, values)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=default_n_jobs(), help="processes")
    parser.add_argument("--data-home", help="folder of the recordings (default: the cache)")
    parser.add_argument("--figures", type=Path, default=Path("demo_figures"), help="folder")
    arguments = parser.parse_args()
    start = time.perf_counter()
    print("sk_bionic demo: one to two minutes on two cores.\n" + environment())
    print(f"\nSimulating one subject ({N_TRIALS} trials of 5 s, two muscles, 1 deg noise) ...")
    flexion = make_elbow_flexion(N_TRIALS, random_state=SEED)
    splits = [*knee_splits(arguments.data_home), *elbow_splits(flexion)]
    print("Compiling the equation of motion, once an installation ...", flush=True)
    print(f"  {compile_first(splits[-1]):.0f} s")
    print(f"Fitting {len(METHODS)} methods on {len(splits)} splits, {arguments.jobs} at a time ...")
    outcomes = run_all(splits, METHODS, arguments.jobs)
    found = report(flexion, outcomes)
    print("\nFigures:")
    for path in draw(arguments.figures, flexion, outcomes, *found):
        print(f"  {path}")
    print(f"\nDone in {time.perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main()
