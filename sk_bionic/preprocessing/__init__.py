"""Transformers from surface EMG to envelopes and to EMG history."""

from ._envelope import EMGEnvelope
from ._lag_embedding import LagEmbedding

__all__ = ["EMGEnvelope", "LagEmbedding"]
