"""The training metadata of a codec: where its weights come from."""

import lightning as L

from litcodec.frozen import TrainingInfo
from litcodec.objectives import Objective, describe, word_for


def notes_of(module: L.LightningModule) -> TrainingInfo:
    """What a codec file, and an encoder that weighs rate against distortion, should know of a module."""
    lmbda, objective = getattr(module, "lmbda", None), getattr(module, "objective", None)
    if not isinstance(objective, Objective):
        return TrainingInfo(lmbda, step=module.global_step)
    word = word_for(objective)
    described = None if word is not None else describe(objective)
    return TrainingInfo(lmbda, word or objective.label, module.global_step, described)
