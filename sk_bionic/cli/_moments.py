"""A model calibrated to joint moments of inverse dynamics, the motion being measured."""

import numpy as np
import pandas as pd

from ..atomic import replacing_path
from ..moments import calibrate_to_moments
from ..musculoskeletal import PRESETS
from ..trials import find_trials
from ._columns import take
from ._config import columns_of, read_config
from ._estimators import make_envelope, make_model, make_normalisation
from ._outputs import WRITABLE, check_output, output_paths, write_table
from ._tables import on_common_clock, read_angles, read_beside, read_recordings, read_signals

TABLES = (".csv", ".tsv", ".parquet")


def moments(arguments):
    """Calibrate the model of a configuration to measured moments; print and write what was found."""
    config = read_config(arguments.config, arguments.set)
    parameters = arguments.parameters and check_output(arguments.parameters, arguments.overwrite, TABLES)
    output = arguments.output and check_output(arguments.output, arguments.overwrite, WRITABLE)
    osim = arguments.osim and check_output(arguments.osim, arguments.overwrite, (".osim",))
    model = _model(config, osim)
    X, measured = moment_frames(config)
    asked = config.estimator.get("identify", "auto")
    found = calibrate_to_moments(model, X, measured, identify=None if asked == "auto" else asked)
    _print(found, X, measured)
    if parameters:
        write_table(found.parameters, parameters, index=False)
        print(f"Parameters written to {parameters}.")
    if output:
        predicted = found.predict(X)
        paths = output_paths(output, find_trials(X).names)
        for path in paths.values():
            check_output(path, arguments.overwrite)
        for name, path in paths.items():
            write_table(predicted if len(paths) == 1 else predicted.loc[[name]], path)
        print(f"Moments of the calibrated model [N m] written to {', '.join(map(str, paths.values()))}.")
    if osim:
        _write_model(config, found.model, osim)


def _model(config, osim):
    model = make_model(config)
    if isinstance(model, str):
        if model == "auto":
            raise ValueError(f'{config.path}: moments need a model with muscles of known geometry, not model = "auto".')
        if osim:
            raise ValueError(
                "--osim copies an OpenSim model (.osim) with new muscle parameters; the configuration has none."
            )
        model = PRESETS[model]()
    return model


def moment_frames(config):
    """EMG and angles, and the measured moments [N m], of all frames whose angles are known."""
    if not config.data.moments:
        raise ValueError(
            f"{config.path}: [data] must name the coordinates whose moments were measured, as in moments = "
            '["knee_angle_r"].'
        )
    recordings, found = read_recordings(config)
    with_angles = read_beside(config, "angle_files", recordings, found)
    signals, prescribed = read_signals(config, recordings, with_angles)
    envelope = make_envelope(config)
    signals = signals if envelope is None else envelope.fit_transform(signals)
    angles = read_angles(config, with_angles, need=True)
    names = columns_of(config.data.moments)
    beside = read_beside(config, "moment_files", recordings, found)
    measured = pd.concat([take(recording, names, "moment") for recording in beside])
    X, angles, prescribed, measured = on_common_clock(config.data, signals, angles, prescribed, measured)
    normalisation = make_normalisation(config)
    X = X if normalisation is None else normalisation.fit_transform(X)
    angles = angles if prescribed is None else prescribed.join(angles)
    known = angles.notna().all(axis=1) & X.notna().all(axis=1)
    if not known.any():
        raise ValueError("In no frame are EMG and all angles known.")
    return X.join(angles)[known], measured[known]


def _print(found, X, measured):
    error = (found.predict(X)[list(measured.columns)] - measured).pow(2).mean().pow(0.5)
    size = measured.pow(2).mean().pow(0.5)
    print("\nError of the calibrated moments on these recordings (root mean square), and the moments' own size:\n")
    for name in measured.columns:
        print(f"  {name}: {error[name]:.3g} N m of {size[name]:.3g} N m")
    table = found.parameters
    if len(table):
        shown = table[["muscle", "name", "unit", "value", "std_err", "identifiable"]]
        print("\nCalibrated parameters, with standard errors:\n")
        print(shown.to_string(index=False, float_format=lambda x: f"{x:.4g}") + "\n")
    if not np.isfinite(error).all():
        raise ValueError(f"No frame has a moment of {list(error.index[~np.isfinite(error)])}.")


def _write_model(config, model, path):
    from ..musculoskeletal import to_osim

    with replacing_path(path) as part:
        to_osim(model, config.folder / config.estimator["model"], part)
    print(f"Model with the calibrated parameters written to {path}.")
