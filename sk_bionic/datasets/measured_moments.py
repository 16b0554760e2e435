"""Loaders of recordings with moments of inverse dynamics or torques of a dynamometer."""

import numpy as np
import pandas as pd
from scipy.io import loadmat
from sklearn.utils import Bunch

from sk_bionic.datasets import _moment_sources as sources
from sk_bionic.datasets._cache import cached_file, data_folder
from sk_bionic.musculoskeletal import Coordinate, Muscle, MusculoskeletalModel, PolynomialPath

__all__ = ["fetch_gait_11_trials", "fetch_gait_cp_child", "fetch_plantarflexor_torque"]

N_GAIT = 11
COMPLETE = (0, 2, 4, 6, 7, 9)  # trials of which every EMG channel is there
GAIT_COORDINATES = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle")
CP_COORDINATES = ("hip_flex", "hip_add", "hip_rot", "knee_flex", "ankle_flex", "subt_angle")
# Muscles over which the child's eight electrodes of a side lie.
CP_ELECTRODES = {
    "REF": ("rectus_fem",),
    "VAL": ("vas_lat",),
    "BIF": ("bi_fem_lh", "bi_fem_sh"),
    "MEH": ("semimem", "semiten"),
    "TIA": ("tib_ant",),
    "GAS": ("gas_med", "gas_lat"),
    "SOL": ("soleus",),
    "GLU": ("glut_med1", "glut_med2", "glut_med3"),
}
CP_PARAMETERS = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length", "pennation_angle_at_optimal")
REST, HELD = 0.2, 0.25  # s: what counts as rest at a ramp's beginning, and what a peak must be held


def fetch_gait_11_trials(*, trials=None, data_home=None, download_if_missing=True, return_X_y=False):
    """EMG, angles and moments of the right leg of a walking adult, and the scaled OpenSim model.

    Files are downloaded once, verified and cached.

    Parameters
    ----------
    trials : sequence of int, optional
        Strides 0 to 10. Default: those with all EMG channels (0, 2, 4, 6, 7, 9).
    data_home : path-like, optional
        Cache folder. Default: the environment variable SK_BIONIC_DATA, else the platform's.
    download_if_missing : bool, default=True
        False: raise where a file is not in the cache.
    return_X_y : bool, default=False
        True: return (data, target).

    Returns
    -------
    Bunch or (DataFrame, DataFrame)
        `data` : DataFrame (n_frames, 20), EMG of 14 muscles and six angles [rad], index levels "trial" and "time" [s];
        `target` : DataFrame (n_frames, 6), moments [N m] under the coordinates' names; `emg_names`, `feature_names`,
        `target_names`, `model_file`, `DESCR`.

    Raises
    ------
    ValueError
        If a trial is unknown.
    OSError
        If a file is missing and may not or cannot be downloaded, or is not the expected one.

    Examples
    --------
    >>> from sk_bionic.datasets import fetch_gait_11_trials
    >>> X, y = fetch_gait_11_trials(return_X_y=True)  # doctest: +SKIP
    """
    trials = list(COMPLETE if trials is None else trials)
    unknown = [trial for trial in trials if trial not in range(N_GAIT)]
    if unknown or not trials:
        raise ValueError(f"`trials` must be among 0 to {N_GAIT - 1}. Got {trials}.")
    files = _files("gait_11_trials", sources.GAIT_11_URL, sources.GAIT_11_FILES, data_home, download_if_missing)
    content = _read(files["ExperimentalData.mat"], "ExperimentalData")
    emg = content["EMG"]["subject1"]
    names = [name.lower().replace("-", "_") for name in emg["colheaders"]]
    strides = _strides(content, GAIT_COORDINATES, "_r", trials, "gait_{:02d}")
    signals = np.concatenate([emg["all"][:, :, trial] for trial in trials])
    data = pd.DataFrame(signals, strides.index, names).join(strides.angle)
    return _bunch(data, strides.moment, names, sources.GAIT_11_DESCR, return_X_y, model_file=files["subject1.osim"])


def fetch_gait_cp_child(*, side="right", data_home=None, download_if_missing=True, return_X_y=False):
    """EMG, angles and moments of a walking child with cerebral palsy; its muscles with published parameters.

    Files are downloaded once, verified and cached.

    Parameters
    ----------
    side : {"right", "left"}, default="right"
        The leg.
    data_home : path-like, optional
        Cache folder. Default: the environment variable SK_BIONIC_DATA, else the platform's.
    download_if_missing : bool, default=True
        False: raise where a file is not in the cache.
    return_X_y : bool, default=False
        True: return (data, target).

    Returns
    -------
    Bunch or (DataFrame, DataFrame)
        `data` : DataFrame (n_frames, 14), EMG of eight muscles and six angles [rad], index levels "trial" and "time"
        [s];
        `target` : DataFrame (n_frames, 6), moments [N m] under the coordinates' names; `model` : MusculoskeletalModel
        of 43 muscles without a skeleton, generic parameters; `parameters` : DataFrame, columns of two levels, "generic"
        and "personalized", then the parameter's name; `emg_names`, `feature_names`, `target_names`, `DESCR`.

    Raises
    ------
    ValueError
        If the side is unknown.
    OSError
        If a file is missing and may not or cannot be downloaded, or is not the expected one.

    Examples
    --------
    >>> from sk_bionic.datasets import fetch_gait_cp_child
    >>> child = fetch_gait_cp_child(side="left")  # doctest: +SKIP
    >>> child.model.n_muscles  # doctest: +SKIP
    43
    """
    if side not in ("right", "left"):
        raise ValueError(f"`side` must be 'right' or 'left'. Got {side!r}.")
    s = side[0]
    files = _files("gait_cp_child", sources.GAIT_CP_URL, sources.GAIT_CP_FILES, data_home, download_if_missing)
    content = _read(files[f"ExperimentalData_{s}.mat"], "ExperimentalData")
    emg = content["EMG"]["subject1"]
    own = [i for i, name in enumerate(emg["colheaders"]) if name.startswith(s.upper())]
    names = [emg["colheaders"][i] for i in own]
    trials = range(emg["all"].shape[2])
    strides = _strides(content, [f"{name}_{s}" for name in CP_COORDINATES], "", trials, side + "_{}")
    signals = np.concatenate([emg["all"][:, own, trial] for trial in trials])
    data = pd.DataFrame(signals, strides.index, names).join(strides.angle)
    parameters = _cp_parameters(files, s)
    model = _cp_model(files[f"MuscleInfo_subject1_{s}.mat"], s, parameters["generic"])
    extra = {"model": model, "parameters": parameters}
    return _bunch(data, strides.moment, names, sources.GAIT_CP_DESCR, return_X_y, **extra)


def fetch_plantarflexor_torque(*, data_home=None, download_if_missing=True, return_X_y=False):
    """Maximal voluntary torque of the plantarflexors at nine angles of the ankle.

    Files are downloaded once, verified and cached.

    Parameters
    ----------
    data_home : path-like, optional
        Cache folder. Default: the environment variable SK_BIONIC_DATA, else the platform's.
    download_if_missing : bool, default=True
        False: raise where a file is not in the cache.
    return_X_y : bool, default=False
        True: return (data, target).

    Returns
    -------
    Bunch or (DataFrame, Series)
        `data` : DataFrame (n_frames, 1), ankle_angle [rad], index levels "trial" and "time" [s]; `target` : Series
        "torque" [N m]; `peaks` : DataFrame with a row a trial; `feature_names`, `target_names`, `DESCR`.

    Raises
    ------
    OSError
        If a file is missing and may not or cannot be downloaded, or is not the expected one.

    Examples
    --------
    >>> from sk_bionic.datasets import fetch_plantarflexor_torque
    >>> fetch_plantarflexor_torque().peaks  # doctest: +SKIP
    """
    given = sources.PLANTARFLEXOR_URL, sources.PLANTARFLEXOR_FILES
    file = _files("plantarflexor_torque", *given, data_home, download_if_missing)["Isos_for_Matt.mat"]
    torque, time = _read(file, "torque"), _read(file, "timestamp_analogs")
    angle = {name: np.deg2rad(float(name.split("_")[1]) - 90.0) for name in torque}
    index = [(name, t) for name in torque for t in time[name]]
    index = pd.MultiIndex.from_tuples(index, names=["trial", "time"])
    target = pd.Series(np.concatenate(list(torque.values())), index, name="torque")
    data = pd.DataFrame({"ankle_angle": [angle[name] for name in index.get_level_values("trial")]}, index)
    peaks = pd.DataFrame([_peak(time[n], torque[n]) | {"angle": angle[n]} for n in torque], index=list(torque))
    bunch = _bunch(data, target, [], sources.PLANTARFLEXOR_DESCR, return_X_y)
    if not return_X_y:
        bunch.peaks = peaks.sort_values("angle")
    return bunch


def _peak(time, torque):
    """Rest and the largest moving mean of a ramp [N m]."""
    step = float(np.median(np.diff(time)))
    n = max(1, round(HELD / step))
    rest = float(torque[time < time[0] + REST].mean())
    peak = float(np.convolve(torque, np.full(n, 1.0 / n), mode="valid").max())
    return {"rest": rest, "peak": peak, "above_rest": peak - rest}


def _files(folder, url, files, data_home, download_if_missing):
    home = data_folder(data_home) / folder
    return {
        name: cached_file(home / name, f"{url}/{place}", sha256, download_if_missing=download_if_missing)
        for name, (place, sha256) in files.items()
    }


def _read(file, name):
    """A variable of a MATLAB file, structures as dicts."""
    try:
        return loadmat(file, simplify_cells=True, variable_names=[name])[name]
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise OSError(f"{file} has no variable {name!r} that can be read ({error}).") from error


class _Strides:
    def __init__(self, index, angle, moment):
        self.index, self.angle, self.moment = index, angle, moment


def _strides(content, coordinates, suffix, trials, label):
    """Angles [rad] and moments [N m] of some strides, with times [s]."""
    angles, speeds, moments = content["Q"]["subject1"]["Qs"], content["Q"]["subject1"]["Qdots"], content["Torques"]
    moments = moments["subject1"]
    columns = [list(angles["colheaders"]).index(name) for name in coordinates]
    of_moments = [list(moments["colheaders"]).index(name) for name in coordinates]
    pieces, labels, times = [], [], []
    for trial in trials:
        own = angles["all"][:, :, trial]
        step = _step(own, speeds["all"][:, :, trial])
        pieces.append((np.deg2rad(own[:, columns]), moments["all"][:, of_moments, trial]))
        labels += [label.format(trial)] * len(own)
        times.append(step * np.arange(len(own)))
    index = pd.MultiIndex.from_arrays([labels, np.concatenate(times)], names=["trial", "time"])
    names = [name + suffix for name in coordinates]
    tables = [pd.DataFrame(np.concatenate([piece[k] for piece in pieces]), index, names) for k in range(2)]
    return _Strides(index, *tables)


def _step(angle, speed):
    """Seconds between two frames: what the angles change by, over their rates."""
    inner = slice(2, -2)  # one-sided differences are less exact
    change = np.gradient(angle, axis=0)[inner]
    return float((change * speed[inner]).sum() / (speed[inner] ** 2).sum())


def _cp_parameters(files, side):
    """Generic and personalised parameters of the 43 muscles of a side, DataFrame."""
    muscles = [m["m_name"] for m in _read(files[f"MuscleInfo_subject1_{side}.mat"], f"MuscleInfo_{side}")["muscle"]]
    half = slice(0, 43) if side == "l" else slice(43, 86)
    tables = {}
    for kind in ("generic", "personalized"):
        values = _read(files[f"MTParameters_{kind}.mat"], "MTParameters")[: len(CP_PARAMETERS), half]
        tables[kind] = pd.DataFrame(values.T, muscles, list(CP_PARAMETERS))
    return pd.concat(tables, axis=1)


def _cp_model(file, side, parameters):
    """43 muscles whose paths are the published polynomials; those under an electrode take its column."""
    coordinates = [f"{name}_{side}" for name in CP_COORDINATES]
    electrode = {f"{m}_{side}": side.upper() + name for name, own in CP_ELECTRODES.items() for m in own}
    muscles = []
    for entry in _read(file, f"MuscleInfo_{side}")["muscle"]:
        name, spanned = entry["m_name"], [str(n) for n in np.atleast_1d(entry["DOF"])]
        path = PolynomialPath.of_degree(
            int(entry["order"]),
            np.atleast_1d(entry["coeff"]),
            spanned,
            coordinates,
            length_error=float(entry["lMT_error_rms"]),
            moment_arm_error=float(np.max(entry["dm_error_rms"])),
        )
        values = parameters.loc[name].to_dict()
        pennation = values.pop("pennation_angle_at_optimal")
        if pennation > 0.0:
            values["pennation_angle_at_optimal"] = pennation
        muscles.append(Muscle(name, path, electrode.get(name, ()), values))
    return MusculoskeletalModel(muscles, [Coordinate(name, 10.0) for name in coordinates], "gait_cp_child")


def _bunch(data, target, emg_names, description, return_X_y, **extra):
    if return_X_y:
        return data, target
    names = [target.name] if isinstance(target, pd.Series) else list(target.columns)
    return Bunch(
        data=data,
        target=target,
        emg_names=list(emg_names),
        feature_names=list(data.columns),
        target_names=names,
        DESCR=description,
        **extra,
    )
