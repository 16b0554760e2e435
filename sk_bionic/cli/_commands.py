"""What the commands fit, predict and report do."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..persistence import load, save
from ..regressor import PhysicsInformedMSKRegressor
from ..trials import find_trials
from ._compare import BASELINES, compare, root_mean_square
from ._config import read_config
from ._estimators import make_regressor, with_normalisation
from ._outputs import STORAGE, WRITABLE, check_output, output_paths, write_table
from ._tables import read_frames, read_raw_emg

__all__ = ["BASELINES", "QUANTITIES", "compare", "fit", "predict", "report"]

TABLES = (".csv", ".tsv", ".parquet")
QUANTITIES = {
    "angles": (None, "{unit}"),
    "forces": ("predict_muscle_forces", "N"),
    "activations": ("predict_activations", "1"),
    "torques": ("predict_joint_torques", "N m"),
}


def fit(arguments):
    """Fit the model of a configuration and save it."""
    config = read_config(arguments.config, arguments.set, arguments.model_file)
    path = check_output(config.model_file, arguments.overwrite)
    parameters = arguments.parameters and check_output(arguments.parameters, arguments.overwrite, TABLES)
    X, y = training_frames(config)
    _describe(X, y)
    start = time.perf_counter()
    pipeline = with_normalisation(config, make_regressor(config)).fit(X, y)
    pipeline.preparation_ = config.preparation
    print(f"Fitted in {time.perf_counter() - start:.0f} s.")
    error = np.rad2deg(root_mean_square(y, pipeline.predict(X)))
    print(
        f"Error on these recordings: {error:.2f} deg (root mean square). How well it does on new ones, 'sk-bionic "
        "compare' tells."
    )
    table = getattr(pipeline[-1], "parameters_", None)
    if table is not None and len(table):
        shown = table[["muscle", "name", "unit", "value", "std_err", "identifiable"]]
        print("\nIdentified parameters, with standard errors:\n")
        print(shown.to_string(index=False, float_format=lambda x: f"{x:.4g}") + "\n")
    if parameters:
        if table is None:
            raise ValueError("There are no parameters to write: the recordings have no time axis.")
        write_table(table, parameters, index=False)
        print(f"Parameters written to {parameters}.")
    save(pipeline, path)
    print(f"Model saved as {path}.")


def training_frames(config):
    """X and y of the recordings that a configuration names."""
    X, y = read_frames(config)
    return X, y.iloc[:, 0] if y.shape[1] == 1 else y


def _describe(X, y):
    trials = find_trials(X)
    print(
        f"Read {trials.n_trials} trial(s), {trials.n_frames} frames at {trials.sampling_rate:g} Hz; columns "
        f"{', '.join(X.columns)}; angle(s) {', '.join(pd.DataFrame(y).columns)}."
    )


def predict(arguments):
    """Write what a fitted model predicts for new recordings."""
    config = read_config(arguments.config, arguments.set, arguments.model_file)
    output = Path(arguments.output)
    # Of storages it depends on the recordings which files are written.
    output = check_output(output, arguments.overwrite or output.suffix.lower() in STORAGE, WRITABLE)
    pipeline = load_fitted(config)
    X, y = read_frames(config, arguments.recordings, need_angle=False)
    paths = output_paths(output, find_trials(X).names)
    for path in paths.values():
        check_output(path, arguments.overwrite)
    unit = config.data.angle_unit or "rad"
    frame = _predicted(pipeline, X, arguments.what, arguments.std)
    if y is not None and arguments.what == "angles":
        error = np.rad2deg(root_mean_square(y, frame.iloc[:, : y.shape[1]]))
        print(f"Error on these recordings: {error:.2f} deg (root mean square).")
    in_degrees = arguments.what == "angles" and unit == "deg"
    frame = np.rad2deg(frame) if in_degrees else frame
    for name, path in paths.items():
        write_table(frame if len(paths) == 1 else frame.loc[[name]], path, in_degrees=in_degrees)
    print(
        f"{arguments.what.capitalize()} [{QUANTITIES[arguments.what][1].format(unit=unit)}] written to "
        f"{', '.join(map(str, paths.values()))}."
    )


def load_fitted(config):
    """The fitted pipeline of a configuration, checked against how recordings are prepared now.

    Raises
    ------
    ValueError
        When there is none yet, or it was fitted to recordings that were prepared otherwise.
    TypeError
        When the file holds another estimator.
    """
    if not config.model_file.exists():
        raise ValueError(f"There is no fitted model {config.model_file} yet. Run first: sk-bionic fit {config.path}")
    fitted = load(config.model_file)
    if isinstance(fitted, PhysicsInformedMSKRegressor):
        return Pipeline([("regressor", fitted)])
    if not isinstance(fitted, Pipeline) or not isinstance(fitted[-1], PhysicsInformedMSKRegressor):
        raise TypeError(f"{config.model_file} holds no fitted PhysicsInformedMSKRegressor but {type(fitted).__name__}.")
    before, now = getattr(fitted, "preparation_", None), config.preparation
    if before is not None and before != now:
        changed = ", ".join(name for name in now if now[name] != before.get(name))
        raise ValueError(
            f"{config.path} prepares recordings in another way than when {config.model_file.name} was fitted "
            f"({changed}). Undo that change, or fit again."
        )
    return fitted


def normalised(pipeline, X):
    """What the pipeline's regressor is given."""
    return X if len(pipeline) == 1 else pipeline[:-1].transform(X)


def _predicted(pipeline, X, what, with_std):
    """DataFrame of one quantity, in SI units; standard deviations in columns ending in _std."""
    regressor, X = pipeline[-1], normalised(pipeline, X)
    method = getattr(regressor, QUANTITIES[what][0] or "predict")
    if with_std and what not in ("angles", "forces"):
        raise ValueError(f"Standard deviations exist for angles and forces, not for {what}: leave --std out.")
    result = method(X, return_std=True) if with_std else (method(X),)
    names = regressor.target_names_ if what == "angles" else result[0].columns
    frames = [pd.DataFrame(np.asarray(values).reshape(len(X), -1), X.index, list(names)) for values in result]
    return frames[0] if len(frames) == 1 else frames[0].join(frames[1].add_suffix("_std"))


def report(arguments):
    """Write a report of a fitted subject as a web page."""
    from ..inspection import report as write_report

    config = read_config(arguments.config, arguments.set, arguments.model_file)
    path = check_output(arguments.output, arguments.overwrite, (".html",))
    pipeline = load_fitted(config)
    X, y = training_frames(config)
    write_report(
        pipeline, X, y, path, overwrite=arguments.overwrite, raw_emg=read_raw_emg(config),
        held_out=not arguments.no_held_out,
    )  # fmt: skip
    print(f"Report written to {path}.")
