"""From the columns of X to what physics and network take: excitations, external inputs, EMG history."""

from .amplitude import LARGEST_EXCITATION, check_amplitude, clipped, emg_scale, warn_of_flat, warn_of_negative
from .checks import (
    check_angles,
    check_labels,
    check_layers,
    check_load,
    check_ode_weight,
    check_prescribed,
    check_radians,
    check_same_index,
    check_trial_lengths,
    warn_of_rough,
)
from .columns import (
    ColumnRoles,
    assign_columns,
    build_model,
    check_target_names,
    default_names,
    names_for,
    place_limits,
    target_names,
    warn_of_synthesized,
)
from .history import FeatureLayout, history_features, long_lags, short_lags

__all__ = [
    "ColumnRoles",
    "FeatureLayout",
    "LARGEST_EXCITATION",
    "assign_columns",
    "build_model",
    "check_amplitude",
    "check_angles",
    "check_labels",
    "check_layers",
    "check_load",
    "check_ode_weight",
    "check_prescribed",
    "check_radians",
    "check_same_index",
    "check_target_names",
    "check_trial_lengths",
    "clipped",
    "default_names",
    "emg_scale",
    "history_features",
    "long_lags",
    "names_for",
    "place_limits",
    "short_lags",
    "target_names",
    "warn_of_flat",
    "warn_of_negative",
    "warn_of_rough",
    "warn_of_synthesized",
]
