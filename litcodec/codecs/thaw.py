"""A codec file's weights back into a codec that trains."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from litcodec.codecs.base import Codec
from litcodec.codecs.frozen import FrozenCodec
from litcodec.codecs.frozen_tensors import FIXED_POINT
from litcodec.entropy.fixed_point import FRACTION_BITS
from litcodec.errors import FreezeError
from litcodec.layers import MaskedConv2d


@torch.no_grad()
def thaw(codec: Codec, frozen: FrozenCodec) -> None:
    """Give ``codec`` the weights of a frozen one, as they were rounded when it was frozen.

    What a frozen codec does not hold stays as it is: the ``density`` of the outermost latent without a
    conditional model, of which it has tables alone. A few hundred steps train that anew.

    Args:
        codec: built like the frozen one.
        frozen: from ``load_codec``, say.

    Raises:
        FreezeError: if the two do not fit.
    """
    if codec.architecture != frozen.architecture:
        raise FreezeError(f"a {frozen.architecture} is not the codec to train, a {codec.architecture}.")
    tensors = {**frozen.decoder_tensors(), **frozen.encoder_tensors()}
    fixed = dict(_fixed_point_weights(codec, tensors))
    for name, parameter in codec.named_parameters():
        if "density" not in name.split("."):
            parameter.copy_(fixed[name] if name in fixed else tensors[name])


def _fixed_point_weights(codec: Codec, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """By the names they have in training."""
    for name, module in codec.named_modules():
        if isinstance(module, nn.Sequential) and name.rpartition(".")[2] in FIXED_POINT:
            convolutions = [
                (index, layer)
                for index, layer in module.named_children()
                if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))
            ]
            for k, (index, _) in enumerate(convolutions):
                weight, bias = _floats(f"{name}.{k}", tensors)
                yield f"{name}.{index}.weight", weight
                yield f"{name}.{index}.bias", bias
        elif isinstance(module, MaskedConv2d):
            weight, bias = _floats(f"{name}.0", tensors)
            yield f"{name}.weight", module.from_pointwise(weight)
            yield f"{name}.bias", bias


def _floats(name: str, tensors: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """A fixed-point layer's weight and bias, float32."""
    shift = int(tensors[f"{name}.shift"])
    weight = tensors[f"{name}.weight"].double() * 2.0**-shift
    bias = tensors[f"{name}.bias"].double() * 2.0 ** -(FRACTION_BITS + shift)
    return weight.float(), bias.float()
