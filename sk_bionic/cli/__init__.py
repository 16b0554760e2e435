"""The command ``sk-bionic``: fit, predict, compare and report without programming."""

from ._main import main

__all__ = ["main"]
