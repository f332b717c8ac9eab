"""Where a codec that is being trained comes from."""

import lightning as L

from litcodec.frozen import TrainingInfo


def notes_of(module: L.LightningModule) -> TrainingInfo:
    """What a codec file, and an encoder that weighs rate against distortion, should know of a module."""
    lmbda, distortion = getattr(module, "lmbda", None), getattr(module, "distortion", None)
    return TrainingInfo(lmbda, distortion, module.global_step)
