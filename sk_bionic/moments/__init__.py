"""EMG-driven joint moments along measured motion, and the calibration of a model to moments of inverse dynamics."""

from .functions import MomentCalibration, calibrate_to_moments, predict_moments, predict_muscle_forces
from .regressor import EMGDrivenMomentRegressor

__all__ = [
    "EMGDrivenMomentRegressor",
    "MomentCalibration",
    "calibrate_to_moments",
    "predict_moments",
    "predict_muscle_forces",
]
