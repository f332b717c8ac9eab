"""Which networks of a frozen codec run in fixed point."""

from collections.abc import Mapping

from torch import Tensor


def fixed_point_nets(tensors: Mapping[str, Tensor]) -> set[str]:
    """Their dotted names in the tensors of a frozen codec: each layer of theirs has a shift."""
    return {name.rsplit(".", 2)[0] for name in tensors if name.endswith(".shift")}
