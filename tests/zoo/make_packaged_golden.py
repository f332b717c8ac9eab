"""Make golden streams and expected scores of a packaged codec: ``make packaged-golden``.

They say that streams of today can be read tomorrow, and that what the codec is worth does not change.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from litcodec.codec_files import load_codec
from litcodec.data import bundled_photographs, list_images, read_image
from litcodec.frozen import FrozenVariableRate, to_stream
from litcodec.frozen.rates import level_of
from litcodec.frozen.streams import through_bytes
from litcodec.metrics import psnr
from litcodec.zoo import default_card

HERE = Path(__file__).parent
QUALITIES = (1, 50, 100)
SIZES = {1: (64, 96), 50: (37, 53), 100: (70, 41)}  # of the golden images


def heldback() -> list[Path]:
    """Photographs that no packaged codec was trained on; lossless-1, and lossless-2 through its
    weights, have seen all but the second."""
    return list_images(bundled_photographs() / "heldback")


def golden_image(quality: int) -> Tensor:
    """(1, 3, H, W): out of the middle of a photograph."""
    H, W = SIZES[quality]
    return read_image(heldback()[0])[None, :, 200 : 200 + H, 300 : 300 + W].float() / 255


def score(codec: FrozenVariableRate, path: Path, quality: int) -> tuple[int, float]:
    """Bytes, and PSNR in dB, of a whole photograph."""
    x = read_image(path)[None].float() / 255
    data, x_hat = through_bytes(codec.at(level_of(quality)), x)
    return len(data), psnr(x, x_hat)


@torch.no_grad()
def main() -> int:
    """Write those of the default codec; refuse where they are there."""
    card = default_card()
    if (HERE / f"{card.name}.json").exists():
        print(
            f"golden files of {card.name} are there; a packaged codec never changes. Give the new one a name."
        )
        return 1
    codec = load_codec(card.file)
    assert isinstance(codec, FrozenVariableRate)
    expected = {}
    for quality in QUALITIES:
        at, x = codec.at(level_of(quality)), golden_image(quality)
        coded = at.encode(x)
        (HERE / f"{card.name}_q{quality}.litc").write_bytes(to_stream(at, x))
        expected[f"q{quality}.y_hat"] = coded.y_hat
        pixels = at.decode(coded.strings, SIZES[quality])
        expected[f"q{quality}.pixels"] = (pixels[0] * 255).round().to(torch.uint8)
    save_file(expected, HERE / f"{card.name}_expected.safetensors")
    scores = {path.name: {q: score(codec, path, q) for q in QUALITIES} for path in heldback()}
    (HERE / f"{card.name}.json").write_text(f"{json.dumps(scores, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
