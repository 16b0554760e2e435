"""Fitted estimators as files: a format that holds no code."""

from ._save import load, save

__all__ = ["load", "save"]
