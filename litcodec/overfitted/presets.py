"""Sizes of overfitted codecs: lop, mop and hop, as Cool-chic calls low, medium and high operating points."""

from typing import NamedTuple

from litcodec.errors import OptionError

LEVELS_MAX = 8
CONTEXT_MAX = 8
WIDTH_MAX = 64  # of the synthesis
ENTROPY_WIDTH_MAX = 32
LAYERS_MAX = 3
SIDE_MAX = 2**14  # pixels: symbols are decoded in width + 2 * height steps, one after another
RESIDUALS_MAX = 4


class Preset(NamedTuple):
    """What an overfitted codec's networks look like; in the stream, so a decoder needs nothing else."""

    context: int  # decoded neighbours that the entropy network sees, 1..8
    entropy_width: int  # of its hidden layers
    entropy_layers: int  # hidden layers
    synthesis_width: int  # of the synthesis' hidden layer
    residuals: int  # 3x3 layers at the end of the synthesis


PRESETS = {
    "lop": Preset(context=6, entropy_width=8, entropy_layers=2, synthesis_width=8, residuals=1),
    "mop": Preset(context=8, entropy_width=12, entropy_layers=2, synthesis_width=16, residuals=2),
    "hop": Preset(context=8, entropy_width=16, entropy_layers=2, synthesis_width=48, residuals=2),
}


def preset_named(name: str) -> Preset:
    """The preset of a name.

    Raises:
        OptionError: if there is none.
    """
    if name not in PRESETS:
        raise OptionError(f"no preset {name!r}; there are {', '.join(PRESETS)}.")
    return PRESETS[name]


def levels_for(H: int, W: int) -> int:
    """How many grids an image has: 6 below a quarter of a megapixel, 7 below three, else 8."""
    pixels = H * W
    return 5 if pixels < 2**14 else 6 if pixels < 2**18 else 7 if pixels < 3 * 2**20 else LEVELS_MAX


def grid_sizes(H: int, W: int, levels: int) -> list[tuple[int, int]]:
    """(h, w) of every grid, the finest first: half the sides of the one before, rounded up."""
    return [(-(-H // 2**k), -(-W // 2**k)) for k in range(levels)]
