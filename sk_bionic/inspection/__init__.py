"""Looking at recordings and fitted subjects: recording quality, displays, a report."""

from ._check_recording import check_recording
from ._quality import RecordingQuality

__all__ = ["RecordingQuality", "check_recording"]
