"""Looking at recordings and fitted subjects: recording quality, displays, a report."""

from ._check_recording import check_recording
from ._comparison import ModelComparisonDisplay
from ._loss import LossDisplay
from ._muscle_forces import MuscleForcesDisplay
from ._parameters import ParametersDisplay
from ._quality import RecordingQuality
from ._raw_emg import RawEMGDisplay
from ._report import report
from ._residual import ResidualDisplay
from ._sampling import PosteriorSamples, sample_posterior
from ._trajectory import TrajectoryDisplay

__all__ = [
    "LossDisplay",
    "ModelComparisonDisplay",
    "MuscleForcesDisplay",
    "ParametersDisplay",
    "PosteriorSamples",
    "RawEMGDisplay",
    "RecordingQuality",
    "ResidualDisplay",
    "TrajectoryDisplay",
    "check_recording",
    "report",
    "sample_posterior",
]
