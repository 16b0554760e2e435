"""Muscle-tendon personalisations of the NMSM Pipeline: .osimx files, read and written."""

from .osimx import Osimx, read_osimx, write_osimx

__all__ = ["Osimx", "read_osimx", "write_osimx"]
