"""The adversarial losses: what the generator and the discriminator minimise."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from litcodec.adversarial.discriminator import Discriminator


class AdversarialLoss(ABC):
    """Losses of scores; a class of your own has ``of_real``, ``of_fake``, ``of_generator``.

    Each of these maps the scores of one scale, (B, 1, h, w), to values that are averaged.
    """

    boundary: ClassVar[float | None] = 0.0  # scores above it count as real; None: halfway between the means

    @abstractmethod
    def of_real(self, scores: Tensor) -> Tensor:
        """What the discriminator minimises for photographs."""

    @abstractmethod
    def of_fake(self, scores: Tensor) -> Tensor:
        """What the discriminator minimises for reconstructions."""

    @abstractmethod
    def of_generator(self, scores: Tensor) -> Tensor:
        """What the codec minimises, of the scores of its reconstructions."""

    def penalty(
        self, discriminator: Discriminator, x: Tensor, x_hat: Tensor, y_hat: Tensor | None
    ) -> Tensor | None:
        """What the discriminator minimises besides, a scalar, if anything.

        Args:
            discriminator: that is trained.
            x: photographs, (B, 3, H, W).
            x_hat: their reconstructions, without gradients.
            y_hat: see ``Discriminator``.
        """
        return None

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """The discriminator's loss, without penalty: the mean over scales."""
        both = [
            self.of_real(r.float()).mean() + self.of_fake(f.float()).mean()
            for r, f in zip(real, fake, strict=True)
        ]
        return torch.stack(both).mean()

    def generator(self, fake: Sequence[Tensor]) -> Tensor:
        """The codec's loss, not weighted: the mean over scales."""
        return torch.stack([self.of_generator(scores.float()).mean() for scores in fake]).mean()


@dataclass(frozen=True)
class NonSaturating(AdversarialLoss):
    """``-log sigmoid`` of what should be real, ``-log (1 - sigmoid)`` of what should not.

    Goodfellow et al., "Generative adversarial networks", NeurIPS 2014. https://arxiv.org/abs/1406.2661
    """

    def of_real(self, scores: Tensor) -> Tensor:
        """``softplus(-scores)``, shaped like ``scores``."""
        return F.softplus(-scores)

    def of_fake(self, scores: Tensor) -> Tensor:
        """``softplus(scores)``, shaped like ``scores``."""
        return F.softplus(scores)

    def of_generator(self, scores: Tensor) -> Tensor:
        """``softplus(-scores)``, shaped like ``scores``."""
        return F.softplus(-scores)


@dataclass(frozen=True)
class LeastSquares(AdversarialLoss):
    """Squared differences from 1 for what should be real, from 0 for what should not.

    Mao et al., "Least squares generative adversarial networks", ICCV 2017. https://arxiv.org/abs/1611.04076
    """

    boundary = 0.5

    def of_real(self, scores: Tensor) -> Tensor:
        """``(scores - 1)**2``, shaped like ``scores``."""
        return (scores - 1).square()

    def of_fake(self, scores: Tensor) -> Tensor:
        """``scores**2``, shaped like ``scores``."""
        return scores.square()

    def of_generator(self, scores: Tensor) -> Tensor:
        """``(scores - 1)**2``, shaped like ``scores``."""
        return (scores - 1).square()


@dataclass(frozen=True)
class Wasserstein(AdversarialLoss):
    """The difference of mean scores, with a penalty on gradients that pulls their norm to 0.

    Arjovsky, Chintala, Bottou, "Wasserstein GAN", ICML 2017, https://arxiv.org/abs/1701.07875; the
    zero-centred penalty: Thanh-Tung, Tran, Venkatesh, "Improving generalization and stability of generative
    adversarial networks", ICLR 2019, https://arxiv.org/abs/1902.03984

    Args:
        gradient_penalty: weight of the mean squared norm of the gradient of an image's mean score, at a point
            drawn uniformly between each photograph and its reconstruction.
    """

    gradient_penalty: float = 10.0
    boundary = None

    def of_real(self, scores: Tensor) -> Tensor:
        """``-scores``."""
        return -scores

    def of_fake(self, scores: Tensor) -> Tensor:
        """``scores``."""
        return scores

    def of_generator(self, scores: Tensor) -> Tensor:
        """``-scores``."""
        return -scores

    def penalty(
        self, discriminator: Discriminator, x: Tensor, x_hat: Tensor, y_hat: Tensor | None
    ) -> Tensor | None:
        """Weighted squared norm of the gradient between ``x`` and ``x_hat``, or None without weight."""
        if not self.gradient_penalty:
            return None
        # On the CPU, whose generator the step has seeded; in float32: a gradient's gradient.
        t = torch.rand(len(x), 1, 1, 1).to(x.device)
        with torch.autocast(x.device.type, enabled=False):
            between = torch.lerp(x.float(), x_hat.float(), t).requires_grad_(True)
            scores = discriminator(between, None if y_hat is None else y_hat.float()).scores
            of_each = torch.stack([s.flatten(1).mean(dim=1) for s in scores]).mean(dim=0)
            (gradient,) = torch.autograd.grad(of_each.sum(), between, create_graph=True)
        return self.gradient_penalty * gradient.flatten(1).square().sum(dim=1).mean()
