"""One network for all rates: a codec whose latent is scaled by learned gains.

Cui, Wang, Gao, Guo, Feng, Bai, "Asymmetric gained deep image compression with continuous rate adaptation",
CVPR 2021. https://arxiv.org/abs/2003.02012
"""

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from litcodec.codecs.base import Codec, TransformCodec
from litcodec.entropy import FactorizedDensity
from litcodec.errors import ArchitectureError, ShapeError
from litcodec.frozen import FrozenTransformCodec, FrozenVariableRate, RateRange
from litcodec.frozen.rates import MIDDLE, place
from litcodec.latent_coding.frozen_net import frozen_copy, loaded_copy, part_of
from litcodec.latent_models import CodedLatents, Latents
from litcodec.layers import Gains, GainUnit, scale_inputs, scale_outputs
from litcodec.types import CodecOutput

ANCHORS_MAX = 1024


class VariableRate(Codec):
    """``x -> g_a -> y * gain -> [inner codec's entropy model] -> y_hat * inverse gain -> g_s -> x_hat``.

    The larger the gain, the finer y is rounded; the entropy model sees y as it is coded. In training every
    image has its own lmbda, in use every stream its own level, see ``rates.py``.

    Args:
        inner: any codec of transforms and a latent model, which a hybrid is not.
        lmbda_min: weight of the distortion at the lowest rate.
        lmbda_max: at the highest. The field's ranges are 0.0018 to 0.0932 (or 0.1800) for "mse", 2.40 to
            115.37 (or 220.00) for "ms-ssim".
        anchors: how many gains each channel learns, 2 or more.

    Raises:
        ShapeError: if these make no range, or ``inner`` has no transforms.
    """

    def __init__(
        self, inner: TransformCodec, *, lmbda_min: float = 0.0018, lmbda_max: float = 0.0932, anchors: int = 6
    ) -> None:
        super().__init__()
        if not isinstance(inner, TransformCodec):
            raise ShapeError(
                f"a {type(inner).__name__} has no transforms of its own; make the codec inside of it a "
                "VariableRate alone."
            )
        if not 0 < lmbda_min < lmbda_max < math.inf:
            raise ShapeError(f"lmbda_min is above 0 and below lmbda_max; got {lmbda_min} and {lmbda_max}.")
        if not 2 <= anchors <= ANCHORS_MAX:
            raise ShapeError(f"anchors are 2 to {ANCHORS_MAX}, one for either end; got {anchors}.")
        self.inner = inner
        self.lmbda_range = RateRange(float(lmbda_min), float(lmbda_max))
        channels = inner.latent_model.channels
        self.gains = GainUnit(channels, anchors=anchors, log_span=self.lmbda_range.log_span)

    @property
    def parts(self) -> Mapping[str, nn.Module]:
        """The parts of the inner codec, and the gains."""
        return {**self.inner.parts, "gains": self.gains}

    @property
    def density(self) -> FactorizedDensity | None:
        """The learned density of the inner codec's outermost latent, if it has one."""
        return self.inner.density

    @property
    def downsampling_factor(self) -> int:
        """That of the inner codec: H and W are padded to multiples of it."""
        return self.inner.downsampling_factor

    @property
    def middle_lmbda(self) -> float:
        """Of the middle level."""
        assert self.lmbda_range is not None
        return self.lmbda_range.lmbda(MIDDLE)

    def forward(self, x: Tensor, lmbdas: Tensor | None = None) -> CodecOutput:
        """Code and reconstruct.

        Args:
            x: (B, 3, H, W) in [0, 1], any H, W >= 1.
            lmbdas: (B,), the weight of each image's distortion, which says how finely it is coded; outside of
                the range, as at its nearer end. Not given, all are coded at the middle level.

        Returns:
            As every codec.

        Raises:
            ShapeError: if ``x`` is not (B, 3, H, W), or ``lmbdas`` not (B,).
        """
        gain, inverse = self._gains(x, lmbdas)

        def code(y: Tensor) -> CodedLatents:
            coded: CodedLatents = self.inner.latent_model(y * gain)
            return coded._replace(y_hat=coded.y_hat * inverse)

        return self.inner.forward_with(x, code)

    def latents(self, x: Tensor, lmbdas: Tensor | None = None) -> Latents:
        """The latents of ``x`` (B, 3, H, W) before quantisation; y has been scaled, as in ``forward``."""
        gain, _ = self._gains(x, lmbdas)
        return self.inner.latents_with(x, lambda y: self.inner.latent_model.latents(y * gain))

    @torch.no_grad()
    def at_lmbda(self, lmbda: float) -> TransformCodec:
        """The codec inside, the gains of one rate moved into the first and last layers about y.

        Raises:
            ArchitectureError: if ``lmbda`` is outside of the range, or those layers are not convolutions.
        """
        rates = self.lmbda_range
        assert rates is not None
        if not rates.lmbda_min <= lmbda <= rates.lmbda_max:
            raise ArchitectureError(
                f"codes at lmbda {rates.lmbda_min:g} to {rates.lmbda_max:g}, not at {lmbda:g}."
            )
        gain, inverse = (each.flatten() for each in self._gains(torch.empty(1), torch.tensor([lmbda])))
        inner = copy.deepcopy(self.inner)
        if not (
            isinstance(inner.g_a, nn.Sequential)
            and isinstance(inner.g_s, nn.Sequential)
            and scale_outputs(inner.g_a, gain)
            and scale_inputs(inner.g_s, inverse)
        ):
            raise ArchitectureError(
                f"holds a {self.inner.architecture.name} whose transforms have no convolution next to y to "
                "take the gains of one rate. Train it as a VariableRate of a narrow range."
            )
        return inner

    @torch.no_grad()
    def start_from(self, trained: Codec, lmbda: float) -> None:
        """Take over the weights of a trained codec, whose range may be wider and its anchors others.

        Raises:
            ArchitectureError: if it is another codec, or its range does not hold the one of this codec.
        """
        own = self.lmbda_range
        if not isinstance(trained, VariableRate) or trained.inner.architecture != self.inner.architecture:
            return super().start_from(trained, lmbda)
        known = trained.lmbda_range
        assert own is not None
        assert known is not None
        if own.lmbda_min < known.lmbda_min or own.lmbda_max > known.lmbda_max:
            raise ArchitectureError(
                f"codes at lmbda {known.lmbda_min:g} to {known.lmbda_max:g}, the configuration says "
                f"{own.lmbda_min:g} to {own.lmbda_max:g}. Choose a range inside of the first."
            )
        self.inner.load_state_dict(trained.inner.state_dict())
        if own == known and self.gains.log_gains.shape == trained.gains.log_gains.shape:
            self.gains.load_state_dict(trained.gains.state_dict())
            return None
        anchors = len(self.gains.log_gains)
        gain, inverse = trained._gains(torch.empty(anchors), own.lmbdas(torch.linspace(0, 1, anchors)))
        self.gains.log_gains.copy_(gain.flatten(1).log())
        self.gains.log_inverse_gains.copy_(inverse.flatten(1).log())
        return None

    def freeze(self) -> FrozenVariableRate:
        """Freeze the inner codec and copy the gains; this codec is not changed."""
        return self._frozen(self.inner.freeze(), frozen_copy(self.gains))

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenVariableRate:
        """Build the frozen codec from the ``tensors`` of a codec file."""
        inner = self.inner.restore(part_of(tensors, "inner"))
        return self._frozen(inner, loaded_copy(self.gains, "gains", tensors))

    def _gains(self, x: Tensor, lmbdas: Tensor | None) -> Gains:
        assert self.lmbda_range is not None
        if lmbdas is None:
            where = torch.full(x.shape[:1], place(MIDDLE), device=x.device)
        elif lmbdas.shape == x.shape[:1]:
            where = (
                lmbdas.to(x.device, torch.float32) / self.lmbda_range.lmbda_min
            ).log() / self.lmbda_range.log_span
        else:
            raise ShapeError(f"one lmbda for each of {x.shape[0]} images; got {tuple(lmbdas.shape)}.")
        gains: Gains = self.gains(where)
        return gains

    def _frozen(self, inner: FrozenTransformCodec, gains: GainUnit) -> FrozenVariableRate:
        assert self.lmbda_range is not None
        return FrozenVariableRate(self.architecture, inner, gains, self.lmbda_range)
