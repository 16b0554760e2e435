"""Fitted estimators as files: a format that holds no code, and the predictor as an ONNX graph."""

from ._onnx import export_onnx
from ._save import load, save
from ._windows import onnx_inputs

__all__ = ["export_onnx", "load", "onnx_inputs", "save"]
