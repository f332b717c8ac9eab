"""What hyperprior codecs have in common: their transforms, and how they are frozen and restored."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from torch import Tensor, nn

from litcodec.codecs.base import GDNForm, Transforms, frozen_with, gdn_layer, restored_with
from litcodec.codecs.context_walk import ContextNets
from litcodec.codecs.frozen import frozen_copy, loaded_copy
from litcodec.codecs.frozen_transforms import FrozenTransforms
from litcodec.codecs.hyperprior_coder import ConditionalCoder, HyperpriorLatentCoder
from litcodec.entropy import FactorizedDensity
from litcodec.layers import MaskedConv2d
from litcodec.transforms import analysis, mean_scale_hyper_analysis, mean_scale_hyper_synthesis, synthesis


class MeanScaleTransforms(NamedTuple):
    """Those of Minnen 2018."""

    g_a: nn.Sequential
    g_s: nn.Sequential
    h_a: nn.Sequential
    h_s: nn.Sequential  # gives 2 * M channels

    @classmethod
    def of_sizes(cls, *, N: int, M: int, gdn: GDNForm) -> "MeanScaleTransforms":
        """Untrained."""
        return cls(
            analysis(N=N, M=M, gdn=gdn_layer(gdn)),
            synthesis(N=N, M=M, gdn=gdn_layer(gdn)),
            mean_scale_hyper_analysis(N=N, M=M),
            mean_scale_hyper_synthesis(N=N, M=M),
        )


class Hyperprior(Transforms, Protocol):
    """A codec with side information, z."""

    h_a: nn.Sequential
    h_s: nn.Sequential
    density: FactorizedDensity


def frozen_hyperprior(
    codec: Hyperprior, y_coder: ConditionalCoder, *, of_magnitudes: bool = False
) -> FrozenTransforms:
    """``Codec.freeze`` of a hyperprior codec, given what codes y."""
    h_a, h_s = frozen_copy(codec.h_a), frozen_copy(codec.h_s)
    coder = HyperpriorLatentCoder.from_float(h_a, h_s, codec.density, y_coder, of_magnitudes=of_magnitudes)
    return frozen_with(codec, coder)


def restored_hyperprior(
    codec: Hyperprior,
    y_coder: ConditionalCoder,
    tensors: Mapping[str, Tensor],
    *,
    of_magnitudes: bool = False,
) -> FrozenTransforms:
    """``Codec.restore`` of a hyperprior codec, given what codes y."""
    h_a = loaded_copy(codec.h_a, "h_a", tensors)
    coder = HyperpriorLatentCoder.from_tensors(h_a, codec.h_s, y_coder, tensors, of_magnitudes=of_magnitudes)
    return restored_with(codec, coder, tensors)


class ContextModel(Protocol):
    """A codec that tells parameters of y from y at other places."""

    @property
    def context_prediction(self) -> MaskedConv2d:
        """What a place sees -> 2 * M channels."""

    entropy_parameters: nn.Sequential


def context_nets(codec: ContextModel, *, corrects: bool = False) -> ContextNets:
    """A codec's context model place by place; ``corrects`` as in ``ContextNets``."""
    context = nn.Sequential(codec.context_prediction.pointwise())
    return ContextNets(context, codec.entropy_parameters, codec.context_prediction.offsets(), corrects)


def frozen_context(codec: ContextModel, *, corrects: bool = False) -> ContextNets:
    """``context_nets``, a copy that training does not change.

    Raises:
        FreezeError: if a weight is not finite, even one behind the mask.
    """
    frozen_copy(nn.Sequential(codec.context_prediction))
    parameters = frozen_copy(codec.entropy_parameters)
    return context_nets(codec, corrects=corrects)._replace(parameters=parameters)
