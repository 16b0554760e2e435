"""Fitted estimators as files: a format that holds no code, and the predictor as an ONNX graph."""

from ._onnx import export_onnx
from ._save import load, save

__all__ = ["export_onnx", "load", "save"]
