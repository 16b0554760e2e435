"""Physics of muscles and joints, compiled; knows nothing of learning."""

from .limbs import arm, leg
from .lumped import lumped_joint
from .model import MusculoskeletalModel
from .muscle import Muscle
from .muscle_geometry import MuscleGeometry
from .opensim_model import from_osim, read_osim, save_paths, to_osim
from .parameters import DEFINITIONS
from .path import PolynomialPath
from .path_fit import fit_path
from .presets import PRESETS, elbow, knee, wrist
from .skeleton import Coordinate, Joint

__all__ = [
    "Coordinate", "DEFINITIONS", "Joint", "Muscle", "MuscleGeometry", "MusculoskeletalModel", "PRESETS",
    "PolynomialPath", "arm", "elbow",
    "fit_path",
    "from_osim", "knee", "leg", "lumped_joint", "read_osim", "save_paths", "to_osim", "wrist",
]  # fmt: skip
