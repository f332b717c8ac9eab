"""L3C: a lossless codec of three scales, each predicted from the next coarser one, in parallel.

Mentzer, Agustsson, Tschannen, Timofte, Van Gool, "Practical full resolution learned lossless image
compression", CVPR 2019. https://arxiv.org/abs/1811.12817. Networks: ``transforms/mentzer2019.py``.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from litcodec.codecs.base import Codec
from litcodec.entropy import logistic_likelihood
from litcodec.errors import ShapeError
from litcodec.frozen import FrozenL3C
from litcodec.frozen.l3c import normalised
from litcodec.frozen.padding import check_image, pad_to
from litcodec.latent_coding import ExactScale, PyramidCoder
from litcodec.latent_coding.frozen_net import frozen_copy, loaded_copy
from litcodec.latent_coding.pyramid import Z_BITS
from litcodec.latent_coding.scale_mixtures import MEAN_UNIT_OF_LEVELS, pixel_means
from litcodec.latent_models import Latents
from litcodec.layers import conv
from litcodec.ops import nearest_centre
from litcodec.transforms import ScaleEncoder, ScalePredictor
from litcodec.types import CodecOutput

SHARPNESS = 2.0  # of the soft choice of a level, whose distances are those of levels in -1..1


class L3C(Codec):
    """A mixture of logistics for every pixel, given z of half the resolution; for every z, given the next.

    ::

        x -> E1 -> f1 -> E2 -> f2 -> E3 -> f3
             |           |           |
             z1          z2          z3, uniform
             |           |           |
        x <- D1 <------- D2 <------- D3

    E and D halve and double the resolution. Ours differs in the levels of z: those above the highest have a
    little mass too.

    Args:
        N: channels of the features.
        C: channels of each z.
        levels: of z, an odd number.
        scales: how many z there are.
        blocks: residual blocks of each encoder and each predictor.
        K: logistics in a mixture.

    Raises:
        ShapeError: if a size is out of range.
    """

    def __init__(
        self, *, N: int = 64, C: int = 5, levels: int = 25, scales: int = 3, blocks: int = 8, K: int = 10
    ) -> None:
        super().__init__()
        if not (1 <= N <= 1024 and 1 <= C <= 64 and 0 <= blocks <= 64 and 1 <= K <= 16):
            raise ShapeError(f"N is 1..1024, C 1..64, blocks 0..64, K 1..16; got {N}, {C}, {blocks}, {K}.")
        if not (3 <= levels <= 255 and levels % 2 == 1 and 1 <= scales <= 6):
            raise ShapeError(f"levels are odd, 3..255, scales 1..6; got {levels}, {scales}.")
        self.C, self.K, self.radius = C, K, levels // 2
        self.encoders = nn.ModuleList(ScaleEncoder(N if k else 3, N, blocks=blocks) for k in range(scales))
        self.heads = nn.ModuleList(conv(N, C, kernel_size=1, stride=1) for _ in range(scales))
        self.predictors = nn.ModuleList(
            ScalePredictor(C, N, blocks=blocks, P=(3 * C if k else 12) * K) for k in range(scales)
        )
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        """Start with z over most of its levels, and mixtures as wide as an image."""
        for head in self.heads:
            head.get_parameter("weight").mul_(self.radius)
        for k, predictor in enumerate(self.predictors):
            bias = predictor.get_parameter("last.0.bias")
            of = bias.reshape(*((self.C, 3) if k else (3, 4)), self.K)
            of.zero_()
            of[:, 1] = torch.linspace(-1.5, 1.5, self.K)
            of[:, 2] = 1.0 if k else 2.5

    @property
    def downsampling_factor(self) -> int:
        """2 for each scale: H and W are padded to multiples of their product."""
        return 1 << len(self.encoders)

    def forward(self, x: Tensor) -> CodecOutput:
        """Score ``x`` (B, 3, H, W) in [0, 1], rounded to 8 bits first; that is ``x_hat``."""
        H, W = check_image(x)
        v = (x.float() * 255).round().clamp(0, 255)
        z = self._z(v)
        coarse: Tensor | None = None
        likelihoods = [torch.full_like(z[-1].detach(), 1 / (2 * self.radius + 1))]
        for k in reversed(range(len(z))):
            nets = self._predictors[k].nets
            coarse = nets.features(z[k] / 2**Z_BITS, coarse)
            parameters = nets.parameters(coarse).float()
            with torch.autocast(x.device.type, enabled=False):
                found = self._of_z(z[k - 1], parameters) if k else self._of_pixels(v, parameters[..., :H, :W])
            likelihoods.append(found)
        return CodecOutput(v / 255, tuple(reversed(likelihoods)))

    def _z(self, v: Tensor) -> list[Tensor]:
        """Quantised, in levels about the middle one, finest first."""
        f, found = pad_to(normalised(v), self.downsampling_factor), []
        for encoder, head in zip(self.encoders, self.heads, strict=True):
            f = encoder(f)
            found.append(nearest_centre(head(f).float(), self.radius, sharpness=SHARPNESS / self.radius**2))
        return found

    def _of_z(self, z: Tensor, parameters: Tensor) -> Tensor:
        B, _, h, w = parameters.shape
        logits, means, log_scales = parameters.reshape(B, self.C, 3, self.K, h, w).unbind(dim=2)
        means = MEAN_UNIT_OF_LEVELS * means + self.radius
        return _likelihood(z + self.radius, logits, means, log_scales)

    def _of_pixels(self, v: Tensor, parameters: Tensor) -> Tensor:
        B, _, H, W = parameters.shape
        logits, means, log_scales, c = parameters.reshape(B, 3, 4, self.K, H, W).unbind(dim=2)
        return _likelihood(v, logits, pixel_means(means, c, v), log_scales)

    def latents(self, x: Tensor) -> Latents:
        """Z of the finest scale, in levels about the middle one, for ``x`` (B, 3, H, W)."""
        check_image(x)
        return Latents(self._z((x.float() * 255).round().clamp(0, 255))[0])

    def freeze(self) -> FrozenL3C:
        """Copy the encoders and make the predictors exact; this codec is not changed."""
        scales = [ExactScale.from_float(predictor) for predictor in self._predictors]
        return self._frozen(frozen_copy(self.encoders), frozen_copy(self.heads), scales)

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenL3C:
        """Build the frozen codec from the ``tensors`` of a codec file."""
        scales = [
            ExactScale.from_tensors(predictor, f"predictors.{k}", tensors)
            for k, predictor in enumerate(self._predictors)
        ]
        encoders = loaded_copy(self.encoders, "encoders", tensors)
        return self._frozen(encoders, loaded_copy(self.heads, "heads", tensors), scales)

    @property
    def _predictors(self) -> list[ScalePredictor]:
        return [each for each in self.predictors if isinstance(each, ScalePredictor)]

    def _frozen(self, encoders: nn.ModuleList, heads: nn.ModuleList, scales: list[ExactScale]) -> FrozenL3C:
        coder = PyramidCoder(scales, channels=self.C, radius=self.radius)
        return FrozenL3C(self.architecture, encoders, heads, coder)


def _likelihood(v: Tensor, logits: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
    """Of values (B, C, h, w), given parameters (B, C, K, h, w)."""
    return logistic_likelihood(v, *(t.permute(0, 1, 3, 4, 2) for t in (logits, means, log_scales)))
