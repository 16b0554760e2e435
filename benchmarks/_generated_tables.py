"""Tables as nobody should bring them, and as everybody may: generated cases for the property tests.

A case starts as data that are right (a small simulated-looking recording and a setting that fits it in no time), and
then nothing to three things about it are changed. `rng` is a `random.Random` everywhere, so that a case is its seed.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import scipy.sparse

CHANNELS = {"elbow": ["biceps", "triceps"], "auto": ["flexor", "extensor"], "wrist": None, "knee_seated": None}
ODD_NAMES = ["$x$", "", " ", "a/b", "..", "Übung 1", "日本", "a\nb", "x" * 300, 7, 2.5, ("a", 1), True, b"raw", "nan"]
ODD_NUMBERS = [np.nan, np.inf, -np.inf, 1e300, 1e30, 1e9, -1.0, 1e-300, 0.0]


@dataclass
class Case:
    """What the calls of one case are given; `changes` says what was done to it, in words."""

    parameters: dict
    X: object
    y: object
    fit: dict = field(default_factory=dict)
    new: object = None  # for predict and score
    new_y: object = None
    changes: list = field(default_factory=list)


def case_of(rng):
    """A case from a random.Random."""
    parameters, carrier = _settings(rng)
    n_trials, frames = rng.choice([1, 1, 2, 3]), rng.choice([12, 25, 40, 60])
    X, y = _recording(rng, _channels(parameters["model"]), n_trials, frames, parameters["model"])
    new, new_y = _recording(rng, _channels(parameters["model"]), 1, rng.choice([12, 40]), parameters["model"])
    case = Case(parameters, X, y, new=new, new_y=new_y)
    for what in rng.sample(CHANGES, rng.choice([0, 0, 1, 1, 1, 2, 3])):
        _apply(what, case, rng)
    _carry(case, carrier, rng)
    return case


def _apply(what, case, rng):
    """One change; one that an earlier change has left nothing to do for is passed over."""
    try:
        what(case, rng)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return
    case.changes.append(what.__name__.lstrip("_"))


def _channels(model):
    from sk_bionic.musculoskeletal import PRESETS

    return CHANNELS.get(model) or list(PRESETS[model]().channels)


def _settings(rng):
    """Parameters under which a fit takes milliseconds, and how time reaches the estimator."""
    prediction = rng.choice(["network", "network", "simulation", "hybrid", "hybrid"])
    parameters = {
        "model": rng.choice(["elbow", "elbow", "auto", "wrist", "knee_seated"]), "prediction": prediction,
        "max_epochs": rng.choice([1, 2]),
        "n_networks": 1, "hidden_layer_sizes": (4,), "history": 0.1, "forest": False, "random_state": 0,
        "identify": rng.choice([[], ["max_isometric_force"]]),
    }  # fmt: skip
    if prediction == "hybrid":
        parameters |= {"max_epochs": rng.choice([0, 1]), "output_cutoff": None, "ode_weight": rng.choice([0.0, 1.0])}
    return parameters, rng.choice(["index", "index", "index", "rate", "trial", "none"])


def _recording(rng, channels, n_trials, frames, model):
    """Smooth bursts and an angle that lags behind them."""
    rate = rng.choice([20.0, 50.0, 100.0])
    time = np.arange(frames) / rate
    index = pd.MultiIndex.from_product([[f"t{k}" for k in range(n_trials)], time], names=["trial", "time"])
    phase = 5 * np.tile(time, n_trials) + np.repeat(np.arange(n_trials), frames) + rng.random()
    X = pd.DataFrame({name: 0.3 + 0.25 * np.sin(phase + 2 * j) for j, name in enumerate(channels)}, index)
    center = {"wrist": 0.0, "knee_seated": 0.8}.get(model, 1.0)
    return X, pd.Series(center + 0.3 * np.sin(phase - 0.4), index)


def _carry(case, carrier, rng):
    """Give the frames their time: by the index, by a rate (and names), or not at all."""
    if carrier == "index" or not isinstance(case.X, pd.DataFrame):
        return
    if carrier == "none" and not case.changes:  # a static network, which no simulation replaces
        case.parameters |= {"prediction": "network", "max_epochs": 1}
    trial = case.X.index.get_level_values("trial") if "trial" in case.X.index.names else None
    case.X, case.new = _plain(case.X, rng), _plain(case.new, rng)
    case.y, case.new_y = (np.asarray(y) if isinstance(y, pd.Series | pd.DataFrame) else y for y in (case.y, case.new_y))
    if carrier != "none":
        case.parameters.setdefault("sampling_rate", 50.0)
    if carrier == "trial" and trial is not None:
        case.fit.setdefault("trial", list(trial))


def _plain(X, rng):
    if not isinstance(X, pd.DataFrame):
        return X
    return X.to_numpy() if rng.random() < 0.7 else X.reset_index(drop=True)


def _part(case, rng):
    """Which of the tables a change meets: that of the fit, or the new one."""
    return rng.choice(["X", "X", "new"])


def _somewhere(values, rng):
    return rng.randrange(len(values))


# Values of X


def _odd_value(case, rng):
    part = _part(case, rng)
    X = getattr(case, part).copy()
    X.iloc[_somewhere(X, rng), rng.randrange(X.shape[1])] = rng.choice(ODD_NUMBERS)
    setattr(case, part, X)


def _odd_column(case, rng):
    part = _part(case, rng)
    X = getattr(case, part).copy()
    X[X.columns[rng.randrange(X.shape[1])]] = rng.choice([*ODD_NUMBERS, 0.3])
    setattr(case, part, X)


def _scaled(case, rng):
    part = _part(case, rng)
    setattr(case, part, getattr(case, part) * rng.choice([1e-300, 1e-12, 1e-3, 30.0, 1e6, 1e300, -1.0, 0.0]))


def _dtype_of_X(case, rng):
    part = _part(case, rng)
    X = getattr(case, part)
    how = rng.choice(["float32", "float16", "int64", "bool", "object", "Float64", "category", "str", "complex128"])
    setattr(case, part, X.mul(100).astype(how) if how == "int64" else X.astype(how))


def _missing_as_NA(case, rng):
    part = _part(case, rng)
    X = getattr(case, part).astype(rng.choice(["Float64", "object"]))
    X.iloc[_somewhere(X, rng), 0] = rng.choice([pd.NA, None])
    setattr(case, part, X)


def _other_container(case, rng):
    part = _part(case, rng)
    X = getattr(case, part)
    makers = [
        lambda: X.to_numpy().tolist(), lambda: X.to_numpy()[:, 0], lambda: X.to_numpy()[None],
        lambda: scipy.sparse.csr_matrix(X.to_numpy()),
        lambda: X.iloc[:, 0], lambda: X.to_dict(), lambda: None, lambda: "table.csv", lambda: X.to_numpy().astype("U5"),
        lambda: np.ma.masked_greater(X.to_numpy(), 0.5), lambda: iter(X.to_numpy()), lambda: X.to_numpy().T,
    ]  # fmt: skip
    setattr(case, part, rng.choice(makers)())


def _few_rows(case, rng):
    part = _part(case, rng)
    n = rng.choice([0, 1, 2, 3, 4])
    setattr(case, part, getattr(case, part).iloc[:n])
    y = "y" if part == "X" else "new_y"
    setattr(case, y, getattr(case, y).iloc[:n])


# Columns


def _columns(case, rng):
    part = _part(case, rng)
    X = getattr(case, part)
    first = X.columns[0]
    makers = [
        lambda: X[X.columns[::-1]], lambda: X.rename(columns={first: rng.choice(ODD_NAMES)}),
        lambda: X.drop(columns=first),
        lambda: X.assign(other=0.1), lambda: pd.concat([X, X[[first]]], axis=1), lambda: X.set_axis(range(X.shape[1]),
        axis=1),
        lambda: X.rename(columns={first: 0}), lambda: X[[]], lambda: X.set_axis(pd.MultiIndex.from_product([["emg"],
        X.columns]), axis=1),
        lambda: X.assign(elbow_flexion=np.linspace(0, 1, len(X))), lambda: X.assign(stamp=pd.Timestamp("2024-01-01")),
    ]  # fmt: skip
    setattr(case, part, rng.choice(makers)())


def _external(case, rng):
    name = rng.choice(["hand_load_kg", "segment_orientation_rad", "external_torque_nm"])
    value = rng.choice([0.0, 0.5, 0.5, -1.0, np.nan, 1e6, 1e300])
    case.X = case.X.assign(**{name: value})
    if rng.random() < 0.8:
        case.new = case.new.assign(**{name: rng.choice([0.0, 0.5, 3.0, value])})


# Time and trials


def _reindexed(table, time=None, trial=None):
    names = {"trial": table.index.get_level_values("trial"), "time": table.index.get_level_values("time")}
    names |= {key: value for key, value in (("trial", trial), ("time", time)) if value is not None}
    return table.set_axis(pd.MultiIndex.from_arrays(list(names.values()), names=list(names)), axis=0)


def _both(case, part, change):
    """Change X and its y alike."""
    y = "y" if part == "X" else "new_y"
    X, angle = change(getattr(case, part)), change(getattr(case, y))
    setattr(case, part, X)
    setattr(case, y, angle)


def _odd_time(case, rng):
    part = _part(case, rng)
    time = getattr(case, part).index.get_level_values("time").to_numpy().copy()
    row = rng.randrange(len(time))
    noise = np.array([rng.uniform(-1, 1) for _ in time])
    makers = [
        lambda: time + 1e9, lambda: time - 5.0, lambda: time * 1e-9, lambda: time * 1e4, lambda: time + 0.004 * noise,
        lambda: time[::-1],
        lambda: np.where(np.arange(len(time)) == row, rng.choice([np.nan, np.inf, time[row - 1], -3.0, 1e18]), time),
        lambda: pd.to_timedelta(time, unit="s"), lambda: pd.Timestamp("2024-01-01") + pd.to_timedelta(time, unit="s"),
        lambda: time.astype(str),
        lambda: np.arange(len(time)), lambda: time + 10.0 * (np.arange(len(time)) > row), lambda: time * 0.0,
        lambda: time.astype(np.float32),
        lambda: time.astype(object),
    ]  # fmt: skip
    new = rng.choice(makers)()
    _both(case, part, lambda table: _reindexed(table, time=new))


def _odd_trials(case, rng):
    part = _part(case, rng)
    names = np.asarray(getattr(case, part).index.get_level_values("trial"), dtype=object)
    odd, row = rng.choice([*ODD_NAMES, None, np.nan, pd.Timestamp("2024-01-01")]), rng.randrange(len(names))
    one = np.empty(len(names), dtype=object)
    for i in range(len(names)):
        one[i] = odd
    single = names.copy()
    single[row] = "other"
    single = pd.Index(single)
    makers = [lambda: one, lambda: single, lambda: pd.Categorical(names, categories=["unused", *dict.fromkeys(names)])]
    makers += [lambda: np.where(np.arange(len(names)) < rng.choice([1, 2, 3]), "short", names)]
    new = rng.choice(makers)()
    _both(case, part, lambda table: _reindexed(table, trial=new))


def _odd_index(case, rng):
    part = _part(case, rng)
    makers = [
        lambda table: table.swaplevel(), lambda table: table.droplevel("trial"), lambda table: table.droplevel("time"),
        lambda table: table.rename_axis(["Trial", "Time"]), lambda table: table.rename_axis(["time", "trial"]),
        lambda table: table.iloc[::-1],
        lambda table: table.rename_axis([None, None]), lambda table: table.sample(frac=1.0, random_state=0),
        lambda table: pd.concat([table, table]), lambda table: table.reset_index(drop=True),
        lambda table: pd.concat([table], keys=["S1"], names=["subject"]),
    ]  # fmt: skip
    _both(case, part, rng.choice(makers))


def _names_of_trials(case, rng):
    n = len(case.X)
    case.fit["trial"] = rng.choice(
        [["a"] * n, ["a"] * 3, [None] * n, list(range(n)), "a", [["a"]] * n, ["a", "b"] * (n // 2)]
    )


# Angles and weights


def _odd_angle(case, rng):
    part = rng.choice(["y", "y", "new_y"])
    y = getattr(case, part).copy()
    y.iloc[rng.randrange(len(y)) : rng.choice([None, None, -1])] = rng.choice([*ODD_NUMBERS, 1.0])
    setattr(case, part, y)


def _form_of_y(case, rng):
    part = rng.choice(["y", "y", "new_y"])
    y = getattr(case, part)
    makers = [
        lambda: y.to_frame("angle"), lambda: y.to_numpy(), lambda: y.to_numpy()[:, None], lambda: y.tolist(),
        lambda: np.column_stack([y, y]),
        lambda: y.to_frame("a").assign(b=y), lambda: y.iloc[:-1], lambda: y.iloc[::-1],
        lambda: y.reset_index(drop=True), lambda: None,
        lambda: np.rad2deg(y), lambda: y * 0.0 + 1.0, lambda: y.astype("float32"), lambda: y.astype("Float64"),
        lambda: y.astype(object), lambda: y > 1,
        lambda: y.astype(str), lambda: y.to_numpy()[None, None], lambda: "angle", lambda: y.rename("biceps"),
        lambda: y.to_frame().iloc[:, :0],
        lambda: y * 1e300, lambda: y.round().astype(int), lambda: -y,
    ]  # fmt: skip
    setattr(case, part, rng.choice(makers)())


def _weights(case, rng):
    n = len(case.X)
    one_odd = np.ones(n)
    one_odd[rng.randrange(n)] = rng.choice([np.nan, np.inf, -1.0, 0.0, 1e300, 1e-300])
    choices = [
        np.ones(n),
        np.zeros(n),
        one_odd,
        one_odd,
        np.ones(n - 1),
        np.ones((n, 2)),
        2.0,
        "uniform",
        list(range(n)),
        np.full(n, 1e-300),
    ]
    case.fit["sample_weight"] = rng.choice([*choices, pd.Series(np.ones(n)), np.ones(n, dtype=bool), np.eye(1, n)[0]])


# Settings

SETTINGS = {
    "model": ["elbow", "knee_standing", "arm", "shoulder", None, 3],
    "prediction": ["simulation", "network", "hybrid", "both", None],
    "ode_weight": ["auto", 0.0, 1e-300, 1e300, -1.0, float("inf"), float("nan"), "high", None],
    "force_weight": [0.0, 1e300, -1.0, float("nan"), "auto"],
    "identify": [None, "emg_shape_factor", ["biceps/optimal_fiber_length"], ["strength"], [3], 5, "",
    ["biceps+triceps/emg_shape_factor"]],
    "robust": [True, "yes", None],
    "n_starts": [1, 2, 0, 1.5, "many"],
    "trial_gain_std": [0.1, 1e-300, -0.1, float("nan"), "auto"],
    "hidden_layer_sizes": [(), (3, 3), [2], 4, (0,), (2.5,), ("a",), None, np.array([3])],
    "max_epochs": [0, 1, -1, 2.5, None, True],
    "history": [0.0, 0.05, 10.0, -1.0, float("nan"), float("inf"), 1e-300, "long"],
    "lr": [1.0, 1e300, 0.0, float("nan"), 1e-300],
    "alpha": [0.0, 1e300, -1.0, float("nan")],
    "input_noise": [0.0, 1e300, -1.0, float("nan")],
    "n_networks": [2, 0, 1.0, None],
    "forest": [True, 1, "no"],
    "output_cutoff": ["auto", 1.0, 1e-9, 1e9, 0.0, float("inf"), float("nan"), None],
    "early_stopping": [True, 1, "yes"],
    "validation_fraction": [0.5, 0.999, 1e-9, 0.0, 1.0, float("nan")],
    "n_iter_no_change": [1, 0, 2.0],
    "tol": [0.0, 1e300, -1.0, float("nan"), float("inf")],
    "emg_scale": ["auto", "max", None, [1.0, 1.0], [1.0], [0.0, 1.0], [np.nan, 1.0], [np.inf, 1.0], [1e-300, 1.0],
    "rms", 2.0],
    "sampling_rate": [50.0, 1, 1e-9, 1e12, 0.0, -1.0, float("nan"), float("inf"), "50", True],
    "device": ["cpu", "gpu", "", None, 0],
    "random_state": [None, 1, np.random.RandomState(3), "a", -1, 2**40],
    "verbose": [0, False, -1, "loud"],
    "warm_start": [True, "yes"],
}  # fmt: skip


def _setting(case, rng):
    name = rng.choice(list(SETTINGS))
    case.parameters[name] = rng.choice(SETTINGS[name])


CHANGES = [
    _odd_value, _odd_column, _scaled, _dtype_of_X, _missing_as_NA, _other_container, _few_rows, _columns, _external,
    _odd_time, _odd_trials, _odd_index,
    _names_of_trials, _odd_angle, _form_of_y, _weights, _setting, _setting, _setting,
]  # fmt: skip
