"""Real time: predictions a frame at a time."""

from ._display import StreamDisplay
from ._frame import StreamFlag, StreamFrame
from ._stream import MotionStream

__all__ = ["MotionStream", "StreamDisplay", "StreamFlag", "StreamFrame"]
