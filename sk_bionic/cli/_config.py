"""The configuration file: what may stand in it, and what is meant where nothing does.

The tables are pydantic models: a field's description says what may stand there, in the words of an error's message.
"""

import difflib
import inspect
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ..baselines import BASELINE_NAMES
from ..musculoskeletal import PRESETS, from_osim
from ..regressor import PhysicsInformedMSKRegressor

_one_as_list = BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
Names = Annotated[list, _one_as_list, Field(description="a list [...]")]
Columns = Annotated[list | dict, _one_as_list, Field(description="a list [...] or a table {...}")]
Text = Annotated[str, Field(description="a text in quotes")]
Flag = Annotated[bool, Field(description="true or false")]
Number = Annotated[float, Field(description="a number")]
Count = Annotated[int, Field(description="a number")]
Rate = Annotated[float | None, Field(gt=0, allow_inf_nan=False, description="a positive number of Hz")]


def columns_of(columns):
    """Dict from the name that the model has for a column to the name that the file has for it."""
    return dict(_pairs(columns))


def _pairs(columns):
    return list(columns.items()) if isinstance(columns, dict) else [(name, name) for name in columns]


class Table(BaseModel):
    """A table of the file: no other names, no values of another kind."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Data(Table):
    """Table [data]: files, and what their columns are."""

    files: Names = []
    angle_files: Names = []
    emg: Columns = []
    angle: Columns = []
    moments: Columns = []
    moment_files: Names = []
    prescribed_angles: Columns = []
    other: Columns = []
    angle_unit: Literal["deg", "rad"] | None = None
    time: Text = "time"
    trial: Text = "trial"
    sampling_rate: Rate = None
    angle_sampling_rate: Rate = None
    frame_rate: Rate = None
    separator: Annotated[str | None, Field(description="a text in quotes")] = None
    decimal: Literal[".", ","] = "."
    time_unit: Literal["s", "ms"] = "s"
    clock: Literal["time", "start"] = "time"
    check_row_count: Flag = True

    @model_validator(mode="after")
    def _names_stand_for_one_column(self):
        """Every name of the model stands for one column, and columns are texts."""
        seen = {}
        for setting in ("emg", "prescribed_angles", "other", "angle"):
            for name, column in _pairs(getattr(self, setting)):
                if not isinstance(column, str):
                    raise ValueError(f"[data] {setting} must name columns by texts in quotes. Got {column!r}.")
                if name in seen:
                    raise ValueError(f"[data] names {name!r} twice, in {seen[name]} and in {setting}.")
                seen[name] = setting
        return self


class Emg(Table):
    """Table [emg]: from raw EMG to envelopes; the parameters of `EMGEnvelope`."""

    band: Annotated[list | bool, Field(description="a list [...] or true or false")] = [20.0, 450.0]
    low_pass: Annotated[float | bool, Field(description="a number or true or false")] = 4.0
    order: Count = 4
    causal: Flag = False
    normalize: Annotated[str | float | bool, Field(description="a text in quotes or a number or true or false")] = "max"
    rest: Annotated[str | float | bool, Field(description="a text in quotes or a number or true or false")] = "auto"


class Compare(Table):
    """Table [compare]: how methods are tested."""

    split: Literal["auto", "trials", "end", "first_repetition"] = "auto"
    n_splits: Count = 5
    train_fraction: Number = 0.7
    n_repetitions: Count = 1
    methods: Annotated[list[Literal[BASELINE_NAMES]], _one_as_list, Field(description="a list [...]")] = [
        "ridge", "random_forest", "time_only",
    ]  # fmt: skip
    search: Flag = True


class Output(Table):
    """Table [output]: what is written."""

    model: Annotated[str | None, Field(description="a text in quotes")] = None


class Tables(Table):
    """The whole file."""

    data: Data = Data()
    emg: Emg | None = None
    estimator: dict = {}
    osim: dict = {}
    compare: Compare = Compare()
    output: Output = Output()


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
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: this is no configuration, which is a text file (.toml) in UTF-8. Of a fitted model or a "
            "recording, give the configuration that names it."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f"{path}: this is not valid TOML: {error}. Texts need quotes, lists square brackets."
        ) from error
    for change in changes:
        apply_change(tables, change)
    found = check_tables(path, tables)
    default = path.resolve().parent / (found.output.model or f"{path.stem}.skb")
    model_file = default if model_file is None else Path(model_file)
    config = Config(path, found.data, found.emg, found.estimator, found.osim, found.compare, model_file)
    _check_estimator(config)
    for name in ("emg", "angle"):
        if not getattr(config.data, name):
            raise ValueError(f'{path}: [data] must name the columns of {name}, as in {name} = ["biceps"].')
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


def check_tables(path, tables):
    """The tables of a file as `Tables`.

    Raises
    ------
    ValueError
        Where a name or a value may not stand; the message names them, and what may.
    """
    try:
        return Tables.model_validate(tables)
    except ValidationError as error:
        raise ValueError(f"{path}: {_in_words(error.errors()[0], tables)}") from None


def _in_words(error, tables):
    """What is wrong, of the first error that pydantic found."""
    kind, place = error["type"], error["loc"]
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "extra_forbidden":
        model = _table(place[0]) if len(place) > 1 else Tables
        return unknown(f"[{place[0]}]" if len(place) > 1 else "the file", place[-1], model.model_fields)
    if len(place) == 1:
        name = place[0]
        return f"{name!r} must be a table: write [{name}] on a line of its own. Got {tables[name]!r}."
    table, name = place[:2]
    what, got = _table(table).model_fields[name].description, tables[table][name]
    if kind == "literal_error":
        what, got = f"one of {error['ctx']['expected'].replace(' or ', ', ')}", error["input"]
        what = what.replace("'", "")
    return f"[{table}] {name} must be {what}. Got {got!r}."


def _table(name):
    return {"data": Data, "emg": Emg, "compare": Compare, "output": Output}[name]


def unknown(where, name, known):
    """That a name is not known, what it may have been meant for, and what there is."""
    near = difflib.get_close_matches(name, known, 1)
    hint = f" Do you mean {near[0]!r}?" if near else ""
    return f"{where} has {name!r}, which is not known.{hint} Known: {', '.join(known)}."


def _check_estimator(config):
    allowed = {
        "estimator": [*inspect.signature(PhysicsInformedMSKRegressor).parameters],
        "osim": [*inspect.signature(from_osim).parameters][1:],
    }
    for table, known in allowed.items():
        for name in getattr(config, table):
            if name not in known:
                raise ValueError(f"{config.path}: {unknown(f'[{table}]', name, known)}")
    model = config.estimator.get("model", "auto")
    if model not in ("auto", *PRESETS) and not str(model).endswith(".osim"):
        raise ValueError(
            f"{config.path}: [estimator] model must be one of {', '.join(['auto', *PRESETS])}, or an OpenSim model "
            f"(.osim). Got {model!r}."
        )
