"""The rate-distortion cost of real bytes, for an encoder that has a choice."""

from torch import Tensor

from litcodec.frozen.base import FrozenCodec
from litcodec.frozen.training_info import TrainingInfo
from litcodec.latent_coding import Coded
from litcodec.objectives import WORDS, Objective, build


def objective_of(training: TrainingInfo) -> Objective | None:
    """What a codec was trained to minimise; None if that is not known.

    Raises:
        ObjectiveError: if it is of a plugin that is not loaded, which is named.
    """
    if training.objective is not None:
        return build(training.objective)
    return build(training.distortion) if training.distortion in WORDS else None


def can_be_weighed(training: TrainingInfo, size: tuple[int, int]) -> bool:
    """Whether ``cost`` is defined for an image of H x W pixels and a codec of this training.

    Raises:
        ObjectiveError: see ``objective_of``.
    """
    objective = objective_of(training)
    return training.lmbda is not None and objective is not None and min(size) >= objective.minimum_side


def cost(coded: Coded, x_hat: Tensor, x: Tensor, training: TrainingInfo) -> float:
    """``R + lmbda * D`` as a codec's training weighs them, with the bits of real strings.

    Args:
        coded: what the encoder made of ``x``.
        x_hat: what is decoded of it, (1, 3, H, W) in [0, 1].
        x: (1, 3, H, W).
        training: the codec's; lmbda and objective are known.

    Returns:
        Bits per pixel.
    """
    objective = objective_of(training)
    assert training.lmbda is not None
    assert objective is not None
    bits_per_pixel = 8 * sum(map(len, coded.strings)) / (x.shape[2] * x.shape[3])
    return objective.cost(bits_per_pixel, x_hat, x, training.lmbda)


def cheaper(codec: FrozenCodec, x: Tensor, first: Coded, second: Coded) -> Coded:
    """The coding of ``x`` (1, 3, H, W) that costs less once it is decoded; the first, if they are equal."""
    size, decoder = (x.shape[2], x.shape[3]), codec.at_realism(0)  # streams do not depend on realism
    costs = [cost(c, decoder.decode(c.strings, size), x, codec.training) for c in (first, second)]
    return second if costs[1] < costs[0] else first
