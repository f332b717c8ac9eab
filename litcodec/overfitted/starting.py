"""Initial networks, fitted to a mosaic of photographs; a few hundred bytes for each preset.

From a random initialisation, networks need most of a short fit to become useful, and the result depends on
chance. ``make_starts.py`` makes the files.
"""

from pathlib import Path

import torch

from litcodec.overfitted.model import Networks
from litcodec.overfitted.presets import Preset
from litcodec.overfitted.weights import read

FOLDER = Path(__file__).parent / "starts"


def start_file(preset: str) -> Path:
    """Where the networks of a preset are."""
    return FOLDER / f"{preset}.networks"


@torch.no_grad()
def starting_networks(name: str, preset: Preset, levels: int) -> Networks:
    """Networks for ``levels`` grids: those of the preset's file, or random ones if there is none."""
    networks = Networks(preset, levels)
    if not start_file(name).exists():
        return networks
    start = read(start_file(name).read_bytes())
    if start.layout.preset != preset:
        return networks
    known, other = networks.state_dict(), start.networks.state_dict()
    both = min(levels, start.layout.levels)
    for key, value in known.items():
        if key == "upsampling.taps":
            value[: both - 1] = other[key][: both - 1]
        elif key in ("synthesis.hidden.weight", "synthesis.linear.weight"):
            value.zero_()[:, :both] = other[key][:, :both]
        else:
            value.copy_(other[key])
    return networks
