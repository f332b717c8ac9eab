"""The geometry of a network, found by running it: its stride and its receptive field."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.errors import FreezeError, ShapeError

Net = Callable[[Tensor], Tensor]
SIDES = (64, 128, 256, 512)
PROBED_UNITS = (8, 16, 32, 64, 128)  # rows to either side that a probe can see, at most 128


class Shape(NamedTuple):
    """What a network makes of the sides of its input."""

    channels: int  # that come out
    stride: int  # input rows for each output row


def downsampled_by(net: Net, like: Tensor) -> Shape:
    """The stride of an analysis transform.

    Args:
        net: (1, C, s * h, s * w) -> (1, C', h, w).
        like: an empty tensor (1, C, 0, 0) of the dtype and on the device that ``net`` takes.

    Raises:
        ShapeError: if its output sides are not its input sides over one whole number.
    """
    for side in SIDES:
        try:
            outs = [_run(net, like, side * times, side) for times in (1, 2)]
        except RuntimeError:  # smaller than a kernel
            continue
        channels, h, w = outs[0].shape[1:]
        if h and side % h == 0 and outs[1].shape[1:] == (channels, 2 * h, w) and h == w:
            return Shape(channels, side // h)
    raise ShapeError(
        f"no stride can be found for this {_name(net)}: an output must have 1/s of the rows and columns that "
        f"come in, for one whole number s up to {SIDES[-1]}. Pad its convolutions by half of their kernels."
    )


def upsampled_by(net: Net, like: Tensor) -> int:
    """The factor by which a synthesis transform multiplies rows and columns.

    Args:
        net: (1, C, h, w) -> (1, C', s * h, s * w).
        like: as in ``downsampled_by``.

    Raises:
        ShapeError: if there is no such factor.
    """
    first, second = (_run(net, like, 4 * times, 4) for times in (1, 2))
    stride = first.shape[2] // 4
    if not stride or first.shape[2:] != (4 * stride, 4 * stride) or second.shape[2] != 8 * stride:
        raise ShapeError(
            f"a {_name(net)} makes {tuple(first.shape[2:])} of 4x4 and {tuple(second.shape[2:])} of 8x4; "
            "a synthesis transform multiplies rows and columns by one whole number."
        )
    return stride


def receptive_rows(net: Net, like: Tensor, *, rows_in: int, rows_out: int) -> int | None:
    """How many units above and below it an output row depends on; None if on all.

    Probed: one unit of the input is not a number, and so is every output that it can reach. Both are exact
    for any network whose operations let NaN through, which convolutions, activations, pooling, normalisation
    and attention do.

    Args:
        net: maps (1, C, n * rows_in, w) to (1, C', n * rows_out, w').
        like: as in ``downsampled_by``.
        rows_in: input rows of a unit.
        rows_out: output rows of a unit.

    Raises:
        FreezeError: if NaN does not come through at all.
    """
    for units in PROBED_UNITS:
        x = like.new_zeros(1, like.shape[1], (2 * units + 1) * rows_in, 4 * rows_in)
        x[:, :, units * rows_in : (units + 1) * rows_in] = torch.nan
        reached = net(x).isnan().any(dim=3).any(dim=1)[0].reshape(2 * units + 1, rows_out).any(dim=1)
        found = reached.nonzero()[:, 0]
        if not len(found):
            raise FreezeError(
                f"the receptive field of a {_name(net)} cannot be found: a NaN in its input does not "
                "show in its output."
            )
        far = max(units - int(found[0]), int(found[-1]) - units)
        if far < units:
            return far
    return None


def _name(net: Net) -> str:
    return type(getattr(net, "__self__", net)).__name__


def _run(net: Net, like: Tensor, rows: int, columns: int) -> Tensor:
    kind = "cpu" if like.is_meta else like.device.type  # autocast does not know "meta"
    with torch.no_grad(), torch.autocast(kind, enabled=False):
        return net(like.new_zeros(1, like.shape[1], rows, columns))
