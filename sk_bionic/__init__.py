"""Physics-informed EMG-driven musculoskeletal models as scikit-learn estimators."""

__version__ = "0.1.0.dev0"

from .persistence import export_onnx, load, save
from .regressor import PhysicsInformedMSKRegressor

__all__ = ["PhysicsInformedMSKRegressor", "export_onnx", "load", "save"]
