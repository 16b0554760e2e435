"""The configuration file: what may stand in it, and what is meant where nothing does."""

import difflib
import inspect
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import get_args

from ..baselines import BASELINE_NAMES
from ..musculoskeletal import PRESETS, from_osim
from ..regressor import PhysicsInformedMSKRegressor

SPLITS = ("auto", "trials", "end", "first_repetition")
UNITS = ("deg", "rad")


@dataclass
class Data:
    """Table [data]: files, and what their columns are."""

    files: list = field(default_factory=list)
    angle_files: list = field(default_factory=list)
    emg: list | dict = field(default_factory=list)
    angle: list | dict = field(default_factory=list)
    moments: list | dict = field(default_factory=list)
    moment_files: list = field(default_factory=list)
    prescribed_angles: list | dict = field(default_factory=list)
    other: list | dict = field(default_factory=list)
    angle_unit: str | None = None
    time: str = "time"
    trial: str = "trial"
    sampling_rate: float | None = None
    angle_sampling_rate: float | None = None
    frame_rate: float | None = None
    separator: str | None = None
    decimal: str = "."
    time_unit: str = "s"
    clock: str = "time"


@dataclass
class Emg:
    """Table [emg]: from raw EMG to envelopes; the parameters of `EMGEnvelope`."""

    band: list | bool = field(default_factory=lambda: [20.0, 450.0])
    low_pass: float | bool = 4.0
    order: int = 4
    causal: bool = False
    normalize: str | float | bool = "max"
    rest: str | float | bool = "auto"


@dataclass
class Compare:
    """Table [compare]: how methods are tested."""

    split: str = "auto"
    n_splits: int = 5
    train_fraction: float = 0.7
    n_repetitions: int = 1
    methods: list = field(default_factory=lambda: ["ridge", "random_forest", "time_only"])
    search: bool = True


@dataclass
class Config:
    """All tables; `emg` is None where the EMG columns are envelopes already."""

    path: Path
    data: Data
    emg: Emg | None
    estimator: dict
    osim: dict
    compare: Compare
    model_file: Path

    @property
    def folder(self):
        """Folder of the configuration file, which its file names are relative to."""
        return self.path.resolve().parent

    @property
    def preparation(self):
        """What a fitted model must be given in the same way again, as plain values."""
        emg = (
            None
            if self.emg is None
            # Level and size are learnt by the fitted pipeline itself.
            else {name: value for name, value in vars(self.emg).items() if name not in ("normalize", "rest")}
        )
        return {
            "emg": emg,
            "frame_rate": self.data.frame_rate,
            "angle_unit": self.data.angle_unit,
            "columns": columns_of(self.data.emg),
        }


def read_config(path, changes=(), model_file=None):
    """Read and check a configuration file.

    Parameters
    ----------
    path : path-like
    changes : sequence of str
        "table.name=value" each, as on the command line; they win over the file.
    model_file : path-like, optional
        Replaces that of the table [output]; relative to the working directory.

    Returns
    -------
    Config

    Raises
    ------
    ValueError
        When the file is no TOML, or has unknown tables, names or values; the message names them.
    """
    path = Path(path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: this is not valid TOML: {error}. Texts need quotes, lists square brackets."
        ) from error
    for change in changes:
        apply_change(tables, change)
    _check_names(path, "the file", tables, ["data", "emg", "estimator", "osim", "compare", "output"], tables=True)
    output = tables.get("output", {})
    _check_names(path, "[output]", output, ["model"])
    config = Config(
        path,
        make_table(path, Data, "data", tables.get("data", {})),
        make_table(path, Emg, "emg", tables["emg"]) if "emg" in tables else None,
        tables.get("estimator", {}),
        tables.get("osim", {}),
        make_table(path, Compare, "compare", tables.get("compare", {})),
        Path(),
    )
    default = path.resolve().parent / output.get("model", f"{path.stem}.skb")
    config.model_file = default if model_file is None else Path(model_file)
    _check_estimator(config)
    _check_values(config)
    return config


def apply_change(tables, change):
    """Put "table.name=value" of the command line into `tables`."""
    name, equals, text = change.partition("=")
    table, dot, key = name.strip().partition(".")
    if not (equals and dot and key):
        raise ValueError(f"--set needs TABLE.NAME=VALUE, as in estimator.max_epochs=50. Got {change!r}.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()  # a text without its quotes, which the shell has eaten
    tables.setdefault(table, {})[key] = value


def _check_names(path, where, given, known, tables=False):
    for name, value in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Do you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{path}: {where} has {name!r}, which is not known.{hint} Known: {', '.join(known)}.")
        if tables and not isinstance(value, dict):
            raise ValueError(f"{path}: {name!r} must be a table: write [{name}] on a line of its own. Got {value!r}.")


def make_table(path, cls, name, given):
    """The table of one name as `cls`, its values checked."""
    _check_names(path, f"[{name}]", given, [item.name for item in fields(cls)])
    made = cls(**given)
    for item in fields(cls):
        value, allowed = getattr(made, item.name), get_args(item.type) or (item.type,)
        if isinstance(value, str) and list in allowed and bool not in allowed:
            setattr(made, item.name, [value])  # one text where a list may stand is a list of one
        elif not (type(value) in allowed or type(value) is int and float in allowed):
            raise ValueError(f"{path}: [{name}] {item.name} must be {_in_words(allowed)}. Got {value!r}.")
    return made


_WORDS = {list: "a list [...]", dict: "a table {...}", str: "a text in quotes", int: "a number", float: "a number",
bool: "true or false"}  # fmt: skip


def _in_words(types):
    return " or ".join(dict.fromkeys(_WORDS[t] for t in types if t in _WORDS))


def _check_estimator(config):
    known = [*inspect.signature(PhysicsInformedMSKRegressor).parameters]
    _check_names(config.path, "[estimator]", config.estimator, known)
    _check_names(config.path, "[osim]", config.osim, [*inspect.signature(from_osim).parameters][1:])
    model = config.estimator.get("model", "auto")
    if model not in ("auto", *PRESETS) and not str(model).endswith(".osim"):
        raise ValueError(
            f"{config.path}: [estimator] model must be one of {', '.join(['auto', *PRESETS])}, or an OpenSim model "
            f"(.osim). Got {model!r}."
        )


def _check_values(config):
    data, compare = config.data, config.compare
    wrong = [m for m in compare.methods if m not in BASELINE_NAMES]
    for where, value, known in (
        ("[data] angle_unit", data.angle_unit, (None, *UNITS)),
        ("[data] decimal", data.decimal, (".", ",")),
        ("[data] time_unit", data.time_unit, ("s", "ms")),
        ("[data] clock", data.clock, ("time", "start")),
        ("[compare] split", compare.split, SPLITS),
        ("[compare] methods", wrong[0] if wrong else None, (None, *BASELINE_NAMES)),
    ):
        if value not in known:
            raise ValueError(
                f"{config.path}: {where} must be one of {', '.join(repr(k)[1:-1] for k in known if k)}. Got {value!r}."
            )
    for name in ("emg", "angle"):
        if not getattr(data, name):
            raise ValueError(f'{config.path}: [data] must name the columns of {name}, as in {name} = ["biceps"].')
    _check_columns(config)
    for name in ("sampling_rate", "angle_sampling_rate", "frame_rate"):
        if getattr(data, name) is not None and getattr(data, name) <= 0:
            raise ValueError(
                f"{config.path}: [data] {name} must be a positive number of Hz. Got {getattr(data, name)!r}."
            )


def _check_columns(config):
    """Every name of the model stands for one column, and columns are texts."""
    seen = {}
    for setting in ("emg", "prescribed_angles", "other", "angle"):
        given = getattr(config.data, setting)
        for name in given:
            column = given[name] if isinstance(given, dict) else name
            if not isinstance(column, str):
                raise ValueError(
                    f"{config.path}: [data] {setting} must name columns by texts in quotes. Got {column!r}."
                )
            if name in seen:
                raise ValueError(f"{config.path}: [data] names {name!r} twice, in {seen[name]} and in {setting}.")
            seen[name] = setting


def columns_of(columns):
    """Dict from the name that the model has for a column to the name that the file has for it."""
    return dict(columns) if isinstance(columns, dict) else {name: name for name in columns}
