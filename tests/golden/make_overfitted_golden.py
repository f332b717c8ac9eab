"""Make the golden overfitted stream, if it is missing. Run it through ``make golden``.

As in ``make_golden.py``: a new one gives up on the old.
"""

from pathlib import Path

import torch
from make_lossless_golden import golden_image

import litcodec
from litcodec.data import write_png
from litcodec.frozen import from_stream
from litcodec.overfitted import FrozenOverfitted

HERE = Path(__file__).parent
STREAM, PIXELS = HERE / "overfitted_37x53.litc", HERE / "overfitted_37x53.png"


def main() -> None:
    """Write the two files."""
    if STREAM.exists():
        print(f"{STREAM} is there; delete it to make another.")
        return
    torch.manual_seed(3)
    x = golden_image(37, 53)[None].float() / 255
    STREAM.write_bytes(litcodec.overfit(x, iterations=150, preset="mop", lmbda=0.05))
    decoded = from_stream(FrozenOverfitted(), STREAM.read_bytes())
    write_png(PIXELS, (decoded[0] * 255).round().to(torch.uint8))


if __name__ == "__main__":
    main()
