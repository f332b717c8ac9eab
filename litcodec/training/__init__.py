"""Training with Lightning: one module, one automatic optimiser."""

from litcodec.training.guard import NonFiniteGuard
from litcodec.training.module import CodecModule, Prediction
from litcodec.training.notes import notes_of
from litcodec.training.phases import Phase

__all__ = ["CodecModule", "NonFiniteGuard", "Phase", "Prediction", "notes_of"]
