"""OpenSim models (.osim): what they hold, without OpenSim, and planar models made of them."""

from .build import from_osim
from .file import read_osim
from .parts import OsimModel
from .path_files import load_paths, save_paths
from .writing import to_osim

__all__ = ["OsimModel", "from_osim", "load_paths", "read_osim", "save_paths", "to_osim"]
