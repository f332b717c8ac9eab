"""Round a trained codec's weights so that its file takes half the bytes.

Weights of float networks become float16 numbers. Those of networks that run in fixed point become multiples
of a power of two that fit 16 bits, layer by layer. Biases and gains stay as they are: they are few, and a
gain that is off by a 4,000th costs more at high rates than all the rest. A codec file keeps in 16 bits
whatever fits them, see ``safetensors_file.py``.
"""

import math

import torch
from torch import Tensor, nn

from litcodec.codec_files.fixed_point_names import fixed_point_nets
from litcodec.codecs import Codec
from litcodec.entropy.fixed_point import WEIGHT_BITS_MAX

LEFT = {"density", "gains"}  # of a density its tables are kept, not its weights
LARGEST = 2**15 - 1


@torch.no_grad()
def round_to_half_precision(codec: Codec) -> None:
    """Round the weights of ``codec``, which is about to be frozen, in place."""
    fixed = tuple(f"{name}." for name in fixed_point_nets(codec.freeze().decoder_tensors()))
    for name, parameter in codec.state_dict(keep_vars=True).items():
        if isinstance(parameter, nn.Parameter) and parameter.dim() > 1 and not LEFT & set(name.split(".")):
            on_grid = name.startswith(fixed)
            parameter.copy_(_on_grid(parameter) if on_grid else parameter.half().to(parameter.dtype))


def _on_grid(weight: Tensor) -> Tensor:
    """The nearest multiples of the smallest power of two that makes all of them 16-bit integers."""
    largest = float(weight.abs().max())
    if not 0 < largest < math.inf:
        return weight
    bits = min(WEIGHT_BITS_MAX, math.floor(math.log2(LARGEST / largest)))
    step = math.ldexp(1.0, -bits)
    return torch.round(weight / step) * step
