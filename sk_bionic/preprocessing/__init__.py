"""Transformers from surface EMG to envelopes and to EMG history; tables of any rates on one clock."""

from ._envelope import EMGEnvelope
from ._lag_embedding import LagEmbedding
from ._resample import resample

__all__ = ["EMGEnvelope", "LagEmbedding", "resample"]
