"""Load the weights of a frozen codec into a codec that trains."""

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from litcodec.codec_files.fixed_point_names import fixed_point_nets
from litcodec.codecs import Codec, TransformCodec
from litcodec.entropy.fixed_point import FRACTION_BITS
from litcodec.errors import FreezeError
from litcodec.frozen import FrozenCodec
from litcodec.layers import MaskedConv2d

NOT_KEPT = {"density", "histograms", "codebook", "usual_weights", "usual_coefficients"}


@torch.no_grad()
def unfreeze(codec: Codec, frozen: FrozenCodec, *, tables: bool = True) -> None:
    """Give ``codec`` the weights of a frozen one, as they were rounded when it was frozen.

    The density of a latent without a conditional model and the histograms of a codebook, of which a frozen
    codec holds tables alone, are fitted to these, see ``LatentModel.fit_tables``. What a codebook knows of
    its own training is not kept and stays as it is. The usual prediction of pixels is the same everywhere.

    Args:
        codec: built like the frozen one.
        frozen: from ``load_codec``, say.
        tables: whether to fit what is held as tables, which takes about a second. Only rates depend on it.

    Raises:
        FreezeError: if the two do not fit, or the frozen one lacks its encoder.
    """
    if frozen.decoder_only:
        raise FreezeError(
            f"this {frozen.architecture.name} is kept without its encoder; "
            "start from another codec (litcodec codecs)."
        )
    if codec.architecture != frozen.architecture:
        raise FreezeError(f"a {frozen.architecture} is not the codec to train, a {codec.architecture}.")
    tensors = {**frozen.decoder_tensors(), **frozen.encoder_tensors()}
    fixed = dict(_fixed_point_weights(codec, tensors))
    for name, parameter in codec.state_dict(keep_vars=True).items():
        found = fixed.get(name, tensors.get(name))
        if found is not None:
            parameter.copy_(found)
        elif not NOT_KEPT & set(name.split(".")):
            raise FreezeError(f"the frozen codec does not hold {name}.")
    for name, module in codec.named_modules() if tables else ():
        if isinstance(module, TransformCodec):
            prefix = f"{name}." if name else ""
            own = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
            module.latent_model.fit_tables(own)


def _fixed_point_weights(codec: Codec, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """By the names they have in the codec's state dict."""
    modules = _modules_by_flat_name(codec)
    for name in fixed_point_nets(tensors):
        module = modules[name]
        if isinstance(module, MaskedConv2d):
            weight, bias = _floats(f"{name}.0", tensors)
            yield f"{name}.weight", module.from_pointwise(weight)
            yield f"{name}.bias", bias
            continue
        convolutions = [
            index
            for index, layer in module.named_modules()
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))
        ]
        for k, index in enumerate(convolutions):
            weight, bias = _floats(f"{name}.{k}", tensors)
            own = f"{name}.{index}" if index else name  # a convolution by itself, or one of a network's
            yield f"{own}.weight", weight
            yield f"{own}.bias", bias


def _modules_by_flat_name(codec: Codec) -> dict[str, nn.Module]:
    """Every module under the name that its weights have in the state dict."""
    of_parameter = {id(parameter): name for name, parameter in codec.state_dict(keep_vars=True).items()}
    found = {}
    for _, module in codec.named_modules():
        for name, parameter in module.named_parameters():
            found[of_parameter[id(parameter)].removesuffix(f".{name}")] = module
            break
    return found


def _floats(name: str, tensors: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """A fixed-point layer's weight and bias, float32."""
    shift = int(tensors[f"{name}.shift"])
    weight = tensors[f"{name}.weight"].double() * math.ldexp(1.0, -shift)
    bias = tensors[f"{name}.bias"].double() * math.ldexp(1.0, -(FRACTION_BITS + shift))
    return weight.float(), bias.float()
