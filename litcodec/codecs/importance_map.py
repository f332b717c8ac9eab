"""An importance map that spends bits where they matter, coded with a 3-D causal model.

Mentzer, Agustsson, Tschannen, Timofte, Van Gool, "Conditional probability models for deep image compression",
CVPR 2018. https://arxiv.org/abs/1801.04260 This one has no batch normalisation, and is trained for
R + lambda D rather than for a target rate.
"""

import torch
from torch import Tensor

from litcodec.codecs.base import TransformCodec
from litcodec.frozen.padding import check_image, pad_to
from litcodec.latent_models import VolumeModel
from litcodec.layers import importance
from litcodec.transforms import importance_analysis, importance_synthesis


class ImportanceMapCodec(TransformCodec):
    """``x -> g_a -> importance mask -> y -> nearest of L centres -> y_hat -> g_s -> x_hat``.

    Args:
        N: width of the transforms.
        K: channels of y, all of which are coded; the mask makes most of them cheap.
        groups: groups of three residual blocks in each transform.
        centres: L, as many values as y_hat takes.
        features: of the 3-D model's layers.

    Raises:
        ShapeError: if a size is out of range.
    """

    def __init__(
        self, *, N: int = 128, K: int = 32, groups: int = 5, centres: int = 6, features: int = 24
    ) -> None:
        g_a = importance_analysis(N=N, K=K, groups=groups)
        g_s = importance_synthesis(N=N, K=K, groups=groups)
        latent_model = VolumeModel(K, centres=centres, features=features)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)

    @torch.no_grad()
    def importance(self, x: Tensor) -> Tensor:
        """How many channels are kept where, (B, 1, H/8, W/8) in 0..K, of images (B, 3, H, W)."""
        check_image(x)
        features = self.g_a[:-1](pad_to(x, self.downsampling_factor))  # type: ignore[index]
        return importance(features)
