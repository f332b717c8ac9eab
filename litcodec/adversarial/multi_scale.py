"""Several discriminators of patches, each at another scale of the image.

Wang, Liu, Zhu, Tao, Kautz, Catanzaro, "High-resolution image synthesis and semantic manipulation with
conditional GANs", CVPR 2018, https://arxiv.org/abs/1711.11585. Used by Agustsson, Tschannen, Mentzer,
Timofte, Van Gool, "Generative adversarial networks for extreme learned image compression", ICCV 2019.
https://arxiv.org/abs/1804.02958
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.adversarial.discriminator import Discriminator, Judgement
from litcodec.adversarial.patchgan import PatchDiscriminator
from litcodec.errors import ShapeError


class MultiScaleDiscriminator(Discriminator):
    """A ``PatchDiscriminator`` with weights of its own for the image at 1, 1/2, 1/4 ... of its size.

    Args:
        M: channels of y_hat, on which scores are conditional; 0: they are not.
        scales: how many.
        widths: channels after each layer but the last; all of these have stride 2.
        spectral: see ``PatchDiscriminator``.

    Raises:
        ShapeError: if a width is none, or there is no scale.
    """

    def __init__(
        self,
        M: int = 0,
        *,
        scales: int = 3,
        widths: Sequence[int] = (64, 128, 256, 512),
        spectral: bool = False,
    ) -> None:
        super().__init__()
        if scales < 1:
            raise ShapeError(f"a discriminator looks at 1 scale or more; got {scales}.")
        self.scales = nn.ModuleList(
            PatchDiscriminator(M, widths=widths, strided=len(widths), spectral=spectral)
            for _ in range(scales)
        )

    def forward(self, x: Tensor, y_hat: Tensor | None) -> Judgement:
        """Judge images (B, 3, H, W) in [0, 1] at every scale, each half as large as the one before."""
        found = []
        for scale in self.scales:
            found.append(scale(x, y_hat))
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return Judgement(
            tuple(scores for each in found for scores in each.scores),
            tuple(features for each in found for features in each.features),
        )
