"""A lossless codec: every pixel predicted from the pixels before it, a PixelCNN that can be decoded.

One layer sees the causal neighbours, all others are 1x1, so that all pixels on a slanted line are decoded at
once. After Gümüş, Kamisli, "A learned pixel-by-pixel lossless image compression method with 59K parameters
and parallel decoding", 2022 (https://arxiv.org/abs/2212.01185), and van den Oord, Kalchbrenner, Kavukcuoglu,
"Pixel recurrent neural networks", ICML 2016 (https://arxiv.org/abs/1601.06759). Ours differs in its inputs
(differences from the MED prediction), in residual layers, and in how channels depend on those before.
"""

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.codecs.base import Codec
from litcodec.entropy import logistic_likelihood
from litcodec.errors import FreezeError, ShapeError
from litcodec.frozen import FrozenPixelAutoregressive
from litcodec.frozen.padding import check_image
from litcodec.latent_coding import PixelNetwork, PixelParts
from litcodec.latent_coding.tensors import take
from litcodec.latent_models import Latents
from litcodec.layers import (
    FIT_FROM,
    INPUTS,
    LINEAR_BITS,
    LINEAR_INPUTS,
    LINEAR_MAX,
    LINEAR_WEIGHTS,
    PREDICTION_UNIT,
    LinearPrediction,
    colour_features,
    fit_prediction,
    linear_inputs,
    pixel_inputs,
    usual_prediction,
)
from litcodec.types import CodecOutput

COMPONENTS_MAX = 16
CODED_ORDER = (1, 0, 2)  # G, R, B


class PixelAutoregressive(Codec):
    """Mixtures of logistics for G, for R given G, and for B given both.

    ::

        28 causal pixels - prediction, its errors, level -> 1x1 -> [+ 1x1] * blocks -> h
        h -> mixture of G;  h, G -> N -> mixture of R;  h, G, R -> N -> mixture of B

    Args:
        N: width of the residual layers.
        M: width of the layers that R and B have of their own.
        blocks: residual layers.
        K: logistics in a mixture.
        prediction: ``med``, or ``linear``: with weights that are fitted to every image and sent with it. In
            training a patch has too few pixels to fit any, and is predicted with the usual weights.

    Raises:
        ShapeError: if a size is out of range.
    """

    later_arguments = frozenset({"prediction"})

    def __init__(
        self,
        *,
        N: int = 128,
        M: int = 48,
        blocks: int = 3,
        K: int = 5,
        prediction: Literal["med", "linear"] = "med",
    ) -> None:
        super().__init__()
        if not (1 <= N <= 1024 and 1 <= M <= 1024 and 0 <= blocks <= 16 and 1 <= K <= COMPONENTS_MAX):
            raise ShapeError(
                f"N and M are 1..1024, blocks 0..16, K 1..{COMPONENTS_MAX}; got {N}, {M}, {blocks}, {K}."
            )
        if prediction not in ("med", "linear"):
            raise ShapeError(f"prediction is med or linear; got {prediction!r}.")
        self.M, self.K, self.prediction = M, K, prediction
        self.usual_weights: Tensor
        self.usual_coefficients: Tensor
        if prediction == "linear":
            usual = usual_prediction()
            self.register_buffer("usual_weights", usual.weights)
            self.register_buffer("usual_coefficients", usual.coefficients)
        self.head = nn.Conv2d(INPUTS if prediction == "med" else LINEAR_INPUTS, N, 1)
        middle = [nn.Conv2d(N, N, 1) for _ in range(blocks)]
        self.blocks = nn.ModuleList(middle)
        self.out = nn.Conv2d(N, 3 * K + 2 * M + 3, 1)
        self.colours = nn.ModuleList(nn.Conv2d(2 * c, M, 1) for c in (1, 2))
        last = [nn.Conv2d(M, 3 * K, 1) for _ in (1, 2)]
        self.last = nn.ModuleList(last)
        self._initialise(middle, last)

    @torch.no_grad()
    def _initialise(self, middle: list[nn.Conv2d], last: list[nn.Conv2d]) -> None:
        """Start with mixtures about the MED prediction, R and B shifted by the error of G."""
        for block in middle:
            block.weight *= 0.7
        K = self.K
        assert self.out.bias is not None
        mixtures = [(self.out.weight[: 3 * K], self.out.bias[: 3 * K])]
        mixtures += [(layer.weight, layer.bias) for layer in last if layer.bias is not None]
        for weight, bias in mixtures:
            weight *= 0.3
            bias[:K] = 0
            bias[K : 2 * K] = torch.linspace(-0.4, 0.4, K)
            bias[2 * K :] = torch.linspace(0, 1.6, K)
        # A linear prediction has coefficients of its own.
        first = [0.9, 0.3, 0.6] if self.prediction == "med" else [0.0, 0.0, 0.0]
        self.out.bias[-3:] = torch.tensor(first)

    @property
    def downsampling_factor(self) -> int:
        """1: images are not padded."""
        return 1

    def forward(self, x: Tensor) -> CodecOutput:
        """Score ``x`` (B, 3, H, W) in [0, 1], rounded to 8 bits first; that is ``x_hat``."""
        check_image(x)
        v = (x.float() * 255).round().clamp(0, 255)
        coded = v[:, CODED_ORDER]
        with torch.no_grad():
            features, prediction, moved = self._inputs(coded)
        found = self.likelihoods(coded, features, prediction, moved[:, :, None, None])
        likelihoods = found[:, CODED_ORDER]  # swapping two channels is its own inverse
        return CodecOutput(v / 255, (likelihoods,))

    def likelihoods(self, coded: Tensor, features: Tensor, prediction: Tensor, moved: Tensor) -> Tensor:
        """Of pixels whose inputs are known; H and W may be n and 1, for n pixels of many images.

        Args:
            coded: grey levels (B, 3, H, W), channels as coded.
            features: of the network, (B, INPUTS or LINEAR_INPUTS, H, W).
            prediction: of the grey levels, (B, 3, H, W).
            moved: what the images add to the coefficients, as (B, 3, H, W) or what broadcasts to it.

        Returns:
            (B, 3, H, W), channels as coded.
        """
        parameters, means = self._mixtures(features, prediction, coded - prediction, moved)
        logits, _, log_scales = parameters.chunk(3, dim=2)
        with torch.autocast(coded.device.type, enabled=False):
            # Components last.
            return logistic_likelihood(
                coded,
                *(t.permute(0, 1, 3, 4, 2) for t in (logits, means, log_scales)),
            )

    def _mixtures(
        self, features: Tensor, prediction: Tensor, errors: Tensor, moved: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Parameters (B, 3, 3 * K, H, W) and means (B, 3, K, H, W) in grey levels, channels as coded."""
        h = F.relu(self.head(features))
        for block in self.blocks:
            h = h + F.relu(block(h))
        K, M = self.K, self.M
        first, second, third, coefficients = self.out(h).float().split((3 * K, M, M, 3), dim=1)
        found = [first]
        for own, colour, last, c in zip((second, third), self.colours, self.last, (1, 2), strict=True):
            found.append(last(F.relu(own + colour(colour_features(errors[:, :c])))).float())
        parameters = torch.stack(found, dim=1)
        green, red = errors[:, 0], errors[:, 1]
        a, b, c = (coefficients + moved).unbind(dim=1)
        shifts = torch.stack([torch.zeros_like(green), a * green, b * green + c * red], dim=1)
        means = 4 * parameters[:, :, K : 2 * K] + (prediction + shifts)[:, :, None]
        return parameters, means

    def _inputs(self, coded: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, predictions (B, 3, H, W), and what the images add to the coefficients, (B, 3)."""
        if self.prediction == "med":
            return *pixel_inputs(coded), coded.new_zeros(len(coded), 3)
        fits = coded.shape[2] * coded.shape[3] >= FIT_FROM
        predictions = [fit_prediction(image.cpu()) if fits else self.usual for image in coded]
        moved = torch.stack([p.coefficients for p in predictions]).to(coded)
        return *linear_inputs(coded, predictions), moved / 2**LINEAR_BITS

    @property
    def usual(self) -> LinearPrediction:
        """What images are predicted with that are too small for weights of their own."""
        return LinearPrediction(self.usual_weights, self.usual_coefficients)

    def latents(self, x: Tensor) -> Latents:
        """The grey levels of ``x``, (B, 3, H, W), 0 to 255."""
        check_image(x)
        return Latents((x.float() * 255).round())

    @property
    def _parts(self) -> PixelParts:
        unit = 1 if self.prediction == "med" else PREDICTION_UNIT
        return PixelParts(self.head, list(self.blocks), self.out, list(self.colours), list(self.last), unit)

    def freeze(self) -> FrozenPixelAutoregressive:
        """Make the network exact; this codec is not changed."""
        usual = None if self.prediction == "med" else LinearPrediction(*(t.cpu().clone() for t in self.usual))
        return FrozenPixelAutoregressive(self.architecture, PixelNetwork.from_float(self._parts), usual)

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenPixelAutoregressive:
        """Build the frozen codec from the ``tensors`` of a codec file."""
        network = PixelNetwork.from_tensors(self._parts, tensors)
        usual = None if self.prediction == "med" else _usual(tensors)
        return FrozenPixelAutoregressive(self.architecture, network, usual)


def _usual(tensors: Mapping[str, Tensor]) -> LinearPrediction:
    """Raises ``FreezeError`` if these are not weights."""
    weights, coefficients = take(tensors, "linear.weights"), take(tensors, "linear.coefficients")
    if weights.shape != (3, LINEAR_WEIGHTS) or coefficients.shape != (3,):
        raise FreezeError(f"linear weights of shape {tuple(weights.shape)}, {tuple(coefficients.shape)}.")
    if max(int(weights.long().abs().max()), int(coefficients.long().abs().max())) > LINEAR_MAX:
        raise FreezeError(f"linear weights must lie within +-{LINEAR_MAX}.")
    return LinearPrediction(weights.long(), coefficients.long())
