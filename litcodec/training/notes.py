"""Where a codec that is being trained comes from."""

import lightning as L

from litcodec.codecs import Notes
from litcodec.objectives import Objective, word_for


def notes_of(module: L.LightningModule) -> Notes:
    """What a codec file, and an encoder that weighs rate against distortion, should know of a module."""
    lmbda, objective = getattr(module, "lmbda", None), getattr(module, "objective", None)
    distortion = word_for(objective) if isinstance(objective, Objective) else None
    return Notes(lmbda, distortion, module.global_step)
