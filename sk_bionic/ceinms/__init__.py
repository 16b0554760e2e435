"""CEINMS projects: read, calibrated and executed as their files say, and written for CEINMS to take back."""

from .calibration import CeinmsCalibration, calibrate
from .configuration import Execution, Hybrid, OpenLoop
from .excitation_generator import ExcitationGenerator, read_excitation_generator, write_excitation_generator
from .execution import Run, execute
from .from_model import make_subject
from .missing import fit_mixtures, propose_mixtures, propose_synergists
from .project import CeinmsProject, read_ceinms
from .results import write_results
from .search import CeinmsExecutor
from .subject import Curve, Subject, read_subject
from .subject_writing import write_subject
from .trial import Trial, read_trial

__all__ = [
    "CeinmsCalibration",
    "CeinmsExecutor",
    "CeinmsProject",
    "Curve",
    "ExcitationGenerator",
    "Execution",
    "Hybrid",
    "OpenLoop",
    "Run",
    "Subject",
    "Trial",
    "calibrate",
    "execute",
    "fit_mixtures",
    "make_subject",
    "propose_mixtures",
    "propose_synergists",
    "read_ceinms",
    "read_excitation_generator",
    "read_subject",
    "read_trial",
    "write_excitation_generator",
    "write_results",
    "write_subject",
]
