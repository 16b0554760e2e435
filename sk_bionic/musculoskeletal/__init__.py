"""Physics of muscles and joints, in torch; knows nothing of learning."""

from .lumped import lumped_joint
from .model import MusculoskeletalModel
from .muscle import Muscle
from .parameters import DEFINITIONS
from .path import PolynomialPath
from .presets import PRESETS, elbow, knee, wrist
from .skeleton import Joint

__all__ = [
    "DEFINITIONS", "Joint", "Muscle", "MusculoskeletalModel", "PRESETS", "PolynomialPath", "elbow", "knee", "lumped_joint", "wrist",
]  # fmt: skip
