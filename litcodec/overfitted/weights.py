"""The networks of a stream <-> one string.

    context | entropy width | entropy layers | synthesis width | residuals | levels | first coded level,
    then of each of five groups of numbers its step (a negative power of two) and its scale, 1 byte each;
    then a range-coded string of all numbers

The groups are the entropy network's weights and biases, the filters, and the synthesis' weights and biases.
A number is an integer times the group's step, coded with a Laplace distribution of mean 0 and the group's
scale.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from litcodec.coding.laplace import (
    LARGEST_SYMBOL,
    LaplaceDecoder,
    LaplaceEncoder,
    Laplaces,
    bits_of_symbols,
    laplaces_of,
)
from litcodec.errors import Corrupt, FreezeError
from litcodec.overfitted.entropy_network import EntropyNetwork
from litcodec.overfitted.model import Networks
from litcodec.overfitted.presets import (
    CONTEXT_MAX,
    ENTROPY_WIDTH_MAX,
    LAYERS_MAX,
    LEVELS_MAX,
    RESIDUALS_MAX,
    WIDTH_MAX,
    Preset,
)
from litcodec.overfitted.synthesis import Synthesis
from litcodec.overfitted.upsampling import Upsampling

GROUPS = 5
SHIFT_MAX = 16
SCALES = 65  # -3.5 to 4.5 in steps of 1/8
_SIZES = 7
HEADER_BYTES = _SIZES + 2 * GROUPS

Numbers = npt.NDArray[np.int64]


class Layout(NamedTuple):
    """What a stream says of itself before any number."""

    preset: Preset
    levels: int
    first: int  # the finest grid that is coded; those before it are 0


class Group(NamedTuple):
    """Numbers that share a step."""

    numbers: Numbers
    shift: int  # the step is 2^-shift

    @property
    def scale(self) -> int:
        """Of the distribution that codes them in the fewest bits."""
        return int(
            np.argmin(
                [
                    float(bits_of_symbols(self.numbers, _laplaces(len(self.numbers), s)).sum())
                    for s in range(SCALES)
                ]
            )
        )

    @property
    def bits(self) -> float:
        """What they cost."""
        return float(bits_of_symbols(self.numbers, _laplaces(len(self.numbers), self.scale)).sum())


def sizes_of(networks: Networks) -> Preset:
    """What a stream says of the networks that it holds.

    Raises:
        FreezeError: if it cannot say it.
    """
    entropy, synthesis = networks.entropy, networks.synthesis
    for part, known in ((synthesis, Synthesis), (networks.upsampling, Upsampling), (entropy, EntropyNetwork)):
        if type(part) is not known:
            raise FreezeError(
                f"a stream holds a {known.__name__}; a {type(part).__name__} can be trained, and its rate "
                "estimated, but not written."
            )
    sizes = Preset(
        entropy.context,
        entropy.out.in_features,
        len(entropy.hidden),
        synthesis.out.in_features,
        len(synthesis.residuals),
    )
    check_sizes(sizes)
    return sizes


def check_sizes(sizes: Preset) -> None:
    """Check that a stream has room for networks.

    Raises:
        FreezeError: if it has not.
    """
    limits = Preset(CONTEXT_MAX, ENTROPY_WIDTH_MAX, LAYERS_MAX, WIDTH_MAX, RESIDUALS_MAX)
    for name, size, limit in zip(Preset._fields, sizes, limits, strict=True):
        if size > limit or (size < 1 and name != "residuals"):
            raise FreezeError(f"a stream holds networks with a {name} of 1 to {limit}; got {size}.")


def groups_of(networks: Networks) -> list[list[nn.Parameter]]:
    """The parameters of each group, in the order in which they are coded."""
    entropy, synthesis = (
        dict(networks.entropy.named_parameters()),
        dict(networks.synthesis.named_parameters()),
    )
    return [
        [p for name, p in entropy.items() if name.endswith("weight")],
        [p for name, p in entropy.items() if name.endswith("bias")],
        list(networks.upsampling.parameters()),
        [p for name, p in synthesis.items() if name.endswith("weight")],
        [p for name, p in synthesis.items() if name.endswith("bias")],
    ]


def quantise(values: Tensor, shift: int) -> Group:
    """The nearest integers times ``2^-shift``, as far as integers reach."""
    scaled = torch.ldexp(values.detach().double().cpu(), torch.tensor(shift)).round()
    return Group(scaled.clamp(-LARGEST_SYMBOL, LARGEST_SYMBOL).long().numpy(), shift)


@torch.no_grad()
def fill(parameters: list[nn.Parameter], group: Group) -> None:
    """Give parameters the values of a group."""
    values = torch.ldexp(torch.from_numpy(group.numbers).float(), torch.tensor(-group.shift))
    at = 0
    for p in parameters:
        p.copy_(values[at : at + p.numel()].view_as(p))
        at += p.numel()


def write(layout: Layout, groups: list[Group]) -> bytes:
    """The string."""
    scales = [group.scale for group in groups]
    fields = [*layout.preset, layout.levels, layout.first]
    encoder = LaplaceEncoder()
    for group, scale in zip(groups, scales, strict=True):
        fields += [group.shift, scale]
        encoder.encode(group.numbers, _laplaces(len(group.numbers), scale))
    return bytes(fields) + encoder.finish()


class Read(NamedTuple):
    """What a string holds."""

    layout: Layout
    networks: Networks
    groups: list[Group]


def read(data: bytes) -> Read:
    """The networks of a string.

    Raises:
        Corrupt: if ``write`` cannot have made it.
    """
    layout = read_layout(data)
    networks = Networks(layout.preset, layout.levels).requires_grad_(False)
    parts = groups_of(networks)
    counts = [sum(p.numel() for p in part) for part in parts]
    decoder = LaplaceDecoder(data[HEADER_BYTES:], sum(counts))
    groups = []
    for k, (part, count) in enumerate(zip(parts, counts, strict=True)):
        shift, scale = data[_SIZES + 2 * k : _SIZES + 2 * k + 2]
        _check(shift <= SHIFT_MAX and scale < SCALES, f"a step of 2^-{shift} and a scale {scale}")
        groups.append(Group(decoder.decode(_laplaces(count, scale)), shift))
        fill(part, groups[-1])
    decoder.finish()
    return Read(layout, networks, groups)


def read_layout(data: bytes) -> Layout:
    """The first bytes of a string. Raises ``Corrupt`` as ``read`` does."""
    _check(len(data) >= HEADER_BYTES, f"{len(data)} bytes")
    context, entropy_width, layers, width, residuals, levels, first = data[:_SIZES]
    _check(1 <= context <= CONTEXT_MAX, f"a context of {context}")
    _check(
        1 <= entropy_width <= ENTROPY_WIDTH_MAX and 1 <= width <= WIDTH_MAX,
        f"{entropy_width}, {width} channels",
    )
    _check(1 <= layers <= LAYERS_MAX and residuals <= RESIDUALS_MAX, f"{layers} and {residuals} layers")
    _check(1 <= levels <= LEVELS_MAX and first < levels, f"{levels} grids, of which {first} are not coded")
    return Layout(Preset(context, entropy_width, layers, width, residuals), levels, first)


def _check(good: bool, found: str) -> None:
    if not good:
        raise Corrupt(f"the stream's networks have {found}, which no encoder writes; get the file again.")


def _laplaces(count: int, scale: int) -> Laplaces:
    zeros = np.zeros(count)
    return laplaces_of(zeros, zeros + (scale * 512 - 28 * 512))
