"""Physics-informed EMG-driven musculoskeletal models as scikit-learn estimators."""

from importlib import import_module

__version__ = "0.1.0.dev0"

from .moments import calibrate_to_moments, predict_moments, predict_muscle_forces
from .moments.regressor import EMGDrivenMomentRegressor
from .regressor import PhysicsInformedMSKRegressor

__all__ = [
    "EMGDrivenMomentRegressor", "PhysicsInformedLoss", "PhysicsInformedMSKRegressor", "calibrate_to_moments",
    "export_onnx", "load", "onnx_inputs",
    "predict_moments", "predict_muscle_forces", "save",
]  # fmt: skip

# What imports torch, by the module that has it.
_OF_NETWORKS = {name: "persistence" for name in ("export_onnx", "load", "onnx_inputs", "save")}
_OF_NETWORKS["PhysicsInformedLoss"] = "learning.criterion"


def __getattr__(name):
    """What serves networks and files, imported when it is first asked for."""
    if name not in _OF_NETWORKS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_OF_NETWORKS[name]}", __name__), name)


def __dir__():
    return sorted({*globals(), *__all__})
