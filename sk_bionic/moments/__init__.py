"""EMG-driven joint moments along measured motion, and the calibration of a model to moments of inverse dynamics."""

from .functions import MomentCalibration, calibrate_to_moments, predict_moments, predict_muscle_forces

__all__ = [  # the estimator stands in `sk_bionic` itself
    "MomentCalibration",
    "calibrate_to_moments",
    "predict_moments",
    "predict_muscle_forces",
]
