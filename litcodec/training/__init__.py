"""Training with Lightning: with one automatic optimiser, against a discriminator, or of one image."""

from litcodec.training.adversarial_module import AdversarialCodecModule
from litcodec.training.guard import NonFiniteGuard
from litcodec.training.module import CodecModule, Prediction
from litcodec.training.notes import notes_of
from litcodec.training.overfitted_module import OverfittedModule
from litcodec.training.phases import Phase

__all__ = [
    "AdversarialCodecModule",
    "CodecModule",
    "NonFiniteGuard",
    "OverfittedModule",
    "Phase",
    "Prediction",
    "notes_of",
]
