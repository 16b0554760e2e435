"""Physics-informed EMG-driven musculoskeletal models as scikit-learn estimators."""

__version__ = "0.1.0.dev0"

from .learning.criterion import PhysicsInformedLoss
from .moments import EMGDrivenMomentRegressor, calibrate_to_moments, predict_moments, predict_muscle_forces
from .persistence import export_onnx, load, onnx_inputs, save
from .regressor import PhysicsInformedMSKRegressor

__all__ = [
    "EMGDrivenMomentRegressor", "PhysicsInformedLoss", "PhysicsInformedMSKRegressor", "calibrate_to_moments",
    "export_onnx", "load", "onnx_inputs",
    "predict_moments", "predict_muscle_forces", "save",
]  # fmt: skip
