"""Training with Lightning: one module with one automatic optimiser, and one against a discriminator."""

from litcodec.training.adversarial_module import AdversarialCodecModule
from litcodec.training.guard import NonFiniteGuard
from litcodec.training.module import CodecModule, Prediction
from litcodec.training.notes import notes_of
from litcodec.training.phases import Phase

__all__ = ["AdversarialCodecModule", "CodecModule", "NonFiniteGuard", "Phase", "Prediction", "notes_of"]
