"""Makes the initial networks of fits: ``python -m litcodec.overfitted.make_starts [PRESET ...]``.

A fit to a mosaic of four of the bundled training photographs, the best of three random beginnings.
"""

import sys
from pathlib import Path

import torch
from torch import Tensor

from litcodec.data import load_image
from litcodec.overfitted.codec import write
from litcodec.overfitted.presets import PRESETS
from litcodec.overfitted.starting import start_file
from litcodec.overfitted.trainer import Overfitter, Settings

PHOTOGRAPHS = ("butterfly", "harbour-night", "lockers", "robin")
SIDE = 256
ITERATIONS = 500
TRIED = 60  # iterations of each random beginning


def mosaic() -> Tensor:
    """(1, 3, 512, 512), in [0, 1]."""
    folder = Path(__file__).parent.parent / "photographs" / "train"
    parts = [_middle(load_image(next(folder.glob(f"{name}-*")), max_pixels=2**22).x) for name in PHOTOGRAPHS]
    rows = [torch.cat(parts[k : k + 2], 2) for k in (0, 2)]
    return torch.cat(rows, 1)[None].float() / 255


def _middle(x: Tensor) -> Tensor:
    top, left = ((side - SIDE) // 2 for side in x.shape[1:])
    return x[:, top : top + SIDE, left : left + SIDE]


def main(names: list[str]) -> None:
    """Write the files of the presets."""
    for name in names or list(PRESETS):
        start_file(name).unlink(missing_ok=True)
        fits = [Overfitter(mosaic(), Settings(name, iterations=ITERATIONS, seed=seed)) for seed in range(3)]
        losses = [[fit.step().loss for _ in range(TRIED)][-1] for fit in fits]
        fit = fits[losses.index(min(losses))]
        while fit.fraction < 1:
            loss = fit.step().loss
        start_file(name).write_bytes(write(fit).strings[0])
        print(
            f"{name}: begun {losses}, ended {loss:.6f}, {start_file(name).stat().st_size} bytes", flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])
