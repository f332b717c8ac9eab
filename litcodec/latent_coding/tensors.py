"""Integer tables and fixed-point networks as the named tensors of a codec file, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from litcodec.coding import IntegerTables, check_tables
from litcodec.entropy import FixedPointNet
from litcodec.entropy.fixed_point import FixedPointLayer
from litcodec.errors import FreezeError
from litcodec.layers import convolutions_of


def take(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """The integers called ``name``.

    Raises:
        FreezeError: if there are none.
    """
    if name not in tensors:
        raise FreezeError(f"tensor {name!r} is missing.")
    tensor = tensors[name]
    if tensor.dtype not in (torch.int32, torch.int64):
        raise FreezeError(f"tensor {name!r} must hold integers; got {tensor.dtype}.")
    return tensor


def tables_to(name: str, tables: IntegerTables) -> dict[str, Tensor]:
    """Integer tables as tensors."""
    return {f"{name}.tables.{field}": torch.from_numpy(values) for field, values in tables._asdict().items()}


def tables_from(name: str, tensors: Mapping[str, Tensor]) -> IntegerTables:
    """Read back what ``tables_to`` gave.

    Raises:
        FreezeError: if a tensor is missing or holds no integers.
        CodecFileError: if the tables are unusable.
    """
    tables = IntegerTables(
        *(take(tensors, f"{name}.tables.{field}").numpy() for field in IntegerTables._fields)
    )
    check_tables(tables)
    return tables


def net_to(name: str, net: FixedPointNet) -> dict[str, Tensor]:
    """A fixed-point network as tensors."""
    found = {}
    for k, layer in enumerate(net.layers):
        found[f"{name}.{k}.weight"] = layer.weight.to(torch.int32)
        found[f"{name}.{k}.bias"] = layer.bias.to(torch.int64)
        found[f"{name}.{k}.shift"] = torch.tensor(layer.shift, dtype=torch.int32)
    return found


def net_from(name: str, structure: nn.Sequential, tensors: Mapping[str, Tensor]) -> FixedPointNet:
    """Read back what ``net_to`` gave.

    Raises:
        FreezeError: if a tensor is missing or does not fit ``structure``.
    """
    layers = []
    for k in range(len(convolutions_of(structure))):
        weight, bias, shift = (take(tensors, f"{name}.{k}.{part}") for part in ("weight", "bias", "shift"))
        if shift.dim() != 0:
            raise FreezeError(f"{name}.{k}.shift must be one number; got {tuple(shift.shape)}.")
        layers.append(FixedPointLayer(weight.double(), bias.double(), int(shift)))
    return FixedPointNet(structure, layers)
