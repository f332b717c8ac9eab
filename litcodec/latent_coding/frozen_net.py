"""Float networks as a frozen codec holds them."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

from litcodec.errors import FreezeError
from litcodec.layers import GDN

Net = TypeVar("Net", bound=nn.Module)


@contextmanager
def full_float32(device: torch.device) -> Iterator[None]:
    """No gradients, no autocast, and no TF32, whose 10 bits would show in the pixels."""
    with (
        torch.inference_mode(),
        torch.autocast(device.type, enabled=False),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
    ):
        yield


def frozen_copy(net: Net) -> Net:
    """A float32 copy in eval mode and channels_last, without gradients.

    Raises:
        FreezeError: if a weight is not finite.
    """
    frozen = copy.deepcopy(net).float().eval().requires_grad_(False).to(memory_format=torch.channels_last)
    for module in frozen.modules():
        if isinstance(module, GDN):
            module.inplace = True  # its input is a convolution's output, which nobody else sees
    for name, parameter in frozen.named_parameters():
        if not parameter.isfinite().all():
            raise FreezeError(f"weight {name} is not finite; the codec has diverged.")
    return frozen


def loaded_copy(net: Net, prefix: str, tensors: Mapping[str, Tensor]) -> Net:
    """A frozen copy of ``net`` with the weights ``prefix.*`` of ``tensors``.

    Raises:
        FreezeError: if names, shapes or types do not fit, or a weight is not finite.
    """
    loaded, weights = copy.deepcopy(net), part_of(tensors, prefix)
    for name, weight in weights.items():
        if weight.dtype is not torch.float32:
            raise FreezeError(f"weight {prefix}.{name} is {weight.dtype}, not torch.float32.")
    try:
        loaded.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        raise FreezeError(
            f"the weights of {prefix} do not fit: {str(error).splitlines()[-1].strip()}"
        ) from error
    return frozen_copy(loaded)


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those called ``prefix.*``, without the prefix."""
    dotted = f"{prefix}."
    return {name.removeprefix(dotted): v for name, v in tensors.items() if name.startswith(dotted)}
