"""Training with Lightning: one module, one automatic optimiser."""

from litcodec.training.guard import NonFiniteGuard
from litcodec.training.module import CodecModule, Prediction

__all__ = ["CodecModule", "NonFiniteGuard", "Prediction"]
