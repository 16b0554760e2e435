"""What the library says to programmers, in the words of the configuration file."""

import inspect
import re

from ..regressor import PhysicsInformedMSKRegressor
from ._config import Data, Emg

_DEGREES = 'say angle_unit = "deg" in [data]'
_RULES = (
    (re.compile(r"pass np\.deg2rad(?:\(\w+\)| of that column)(?: where they are in degrees)?"), _DEGREES),
    (
        re.compile(r"(?:Pass|pass|Give|give|Set|set)? ?`sampling_rate` \[Hz\][^.:]*?or a DataFrame whose "
        r"index has[^.]*"),
        "Name the column of the time by time in [data]",
    ),
    (re.compile(r"Pass `check_row_count=False`"), "Say check_row_count = false in [data]"),
    (re.compile(r"parameter of PhysicsInformedMSKRegressor"), "parameter in [estimator]"),
    (re.compile(r"parameter of EMGEnvelope"), "parameter in [emg]"),
    (re.compile(r"\bEMGEnvelope(?:\(\))?"), "the table [emg]"),
    (re.compile(r"Column (\d+) of y\b"), r"Angle \1 (counted from 0)"),
    (re.compile(r"(?:^|(?<=[.:] ))X (?=lacks|has|needs|contains|holds)"), "The recording "),
    (re.compile(r"(?:^|(?<=[.:] ))y (?=has|contains|holds|spans|must)"), "The angle "),
    (re.compile(r"\bInput X contains"), "The recording contains"),
    (re.compile(r"\bX and y\b"), "EMG and angles"),
    (re.compile(r"the index level 'trial'"), "the name of the trial"),
    (re.compile(r"\bthe EMG columns of X\b"), "the EMG columns"),
    (re.compile(r"`parameters_`"), "the table of parameters (--parameters FILE writes it)"),
    (re.compile(r"; `\w+_` (?:has|keeps|holds)[^.;]*"), ""),
    (re.compile(r"`(?:sk_bionic\.)?(predict_moments|calibrate_to_moments|predict_muscle_forces)`"), r"\1 (in Python)"),
    (
        re.compile(r"Rename them, build the model without those muscles \(`muscles=`\), or use model='auto'"),
        'Say in [data] which column drives which muscle, as in emg = {biceps = "EMG channel 1"}, or model = "auto" in '
        '[estimator]',
    ),
    (re.compile(r"\bregressor\.(\w+)\([^)]*\)"), r"\1"),
)  # fmt: skip
_SETTINGS = {
    **{name: "estimator" for name in inspect.signature(PhysicsInformedMSKRegressor).parameters},
    **dict.fromkeys(Emg.model_fields, "emg"),
    **dict.fromkeys(Data.model_fields, "data"),
}


def in_plain_words(message):
    """The message without what only a programmer can do: settings are named by their table, X and y by their sense."""
    for pattern, words in _RULES:
        message = pattern.sub(words, message)
    return re.sub(r"`([^`]+)`", _setting, message)


def _setting(match):
    name, _, value = match[1].partition("=")
    table = _SETTINGS.get(name.strip())
    if table is None:
        return match[1]
    return f"{name} in [{table}]" if not value else f"{name.strip()} = {value.strip()} in [{table}]"
