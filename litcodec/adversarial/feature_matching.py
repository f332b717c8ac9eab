"""The distance between a discriminator's features of two images."""

import torch
from torch import Tensor

from litcodec.adversarial.discriminator import Judgement


def feature_matching(of_real: Judgement, of_fake: Judgement) -> Tensor:
    """The mean absolute difference of features, averaged over layers and scales: a scalar, float32.

    Wang et al., "High-resolution image synthesis and semantic manipulation with conditional GANs", CVPR 2018.
    https://arxiv.org/abs/1711.11585

    Args:
        of_real: of photographs; no gradient flows into them.
        of_fake: of their reconstructions.
    """
    differences = [
        (real.detach().float() - fake.float()).abs().mean()
        for reals, fakes in zip(of_real.features, of_fake.features, strict=True)
        for real, fake in zip(reals, fakes, strict=True)
    ]
    return torch.stack(differences).mean()
