"""Physics-informed EMG-driven musculoskeletal models as scikit-learn estimators."""

from .regressor import PhysicsInformedMSKRegressor

__version__ = "0.1.0.dev0"
__all__ = ["PhysicsInformedMSKRegressor"]
