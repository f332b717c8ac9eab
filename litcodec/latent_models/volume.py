"""A latent of L centres whose probabilities a 3-D causal network predicts.

Mentzer, Agustsson, Tschannen, Timofte, Van Gool, "Conditional probability models for deep image compression",
CVPR 2018. https://arxiv.org/abs/1801.04260
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.entropy import SoftToHard
from litcodec.errors import ShapeError
from litcodec.latent_coding import VolumeCoder, VolumeNets
from litcodec.latent_models.base import CodedLatents, LatentModel, Latents
from litcodec.layers import CausalConv3d

SPREAD = 2.0  # centres start at equal distances within +-2


class VolumeModel(LatentModel):
    """Coded channel by channel, each value given those about it.

    ::

        centres -> 3-D -> ReLU -+-> 3-D -> ReLU -> 3-D -(+)-> 3-D -> logits of the L centres
                                +----------------------+

    Args:
        channels: K of y.
        centres: L.
        features: k of a hidden layer.

    Raises:
        ShapeError: if a size is out of range.
    """

    stride = 1

    def __init__(self, channels: int, *, centres: int = 6, features: int = 24) -> None:
        super().__init__()
        if not (2 <= centres <= 64 and 1 <= features <= 256):
            raise ShapeError(f"centres are 2..64, features 1..256; got {centres} and {features}.")
        self.channels = channels
        self.codebook = SoftToHard(centres=centres, dimensions=1)
        with torch.no_grad():
            self.codebook.centres.copy_(torch.linspace(-SPREAD, SPREAD, centres)[:, None])
            self.codebook.steps += 1  # no k-means
        self.context = nn.ModuleList(
            [
                CausalConv3d(1, features, sees_itself=False),
                CausalConv3d(features, features, sees_itself=True),
                CausalConv3d(features, features, sees_itself=True),
                CausalConv3d(features, centres, sees_itself=True),
            ]
        )

    def forward(self, y: Tensor) -> CodedLatents:
        """Quantise ``y`` (B, M, h, w) and score it."""
        assigned = self.codebook(y)
        log_shares = torch.log_softmax(self._logits(assigned.y_hat), dim=1).movedim(1, -1)
        likelihoods = (assigned.shares * log_shares).sum(dim=-1).exp()
        return CodedLatents(assigned.y_hat, (likelihoods,))

    def _logits(self, y_hat: Tensor) -> Tensor:
        """Of the centres, (B, L, K, h, w)."""
        first, inside, back, last = self.context
        h = F.relu(first(y_hat[:, None]))
        logits: Tensor = last(h + back(F.relu(inside(h))))
        return logits

    def latents(self, y: Tensor) -> Latents:
        """``y`` (B, M, h, w), as in eval mode, with what is predicted for it: the numbers of the centres."""
        return Latents(self.codebook.nearest(y).float(), centre=y.new_zeros(()))

    def freeze(self) -> VolumeCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        return VolumeCoder.from_float(self.codebook, self._nets, self.channels)

    def restore(self, tensors: Mapping[str, Tensor]) -> VolumeCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        return VolumeCoder.from_tensors(tensors, self.codebook, self._nets, self.channels)

    @property
    def _nets(self) -> VolumeNets:
        return VolumeNets(*(layer.get_submodule("pointwise") for layer in self.context))
