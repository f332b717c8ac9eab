"""Make a contact sheet: crops at pixel size of photographs, of codecs, and of other formats at equal bytes.

    python tests/zoo/make_contact_sheet.py docs/crops.jpg --codecs cosine-3 kodim19.png:100,0 ...
    python tests/zoo/make_contact_sheet.py sheet.jpg --codecs FILE,FILE@1 --baselines hevc,avif ...

One row for each photograph and rate. Everything gets its finest setting within the rate, or its coarsest if
that takes more; what it took and its PSNR, of the whole image, stand above its crop.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from litcodec.baselines import open_baselines
from litcodec.bitstream import pack
from litcodec.codec_files import load_codec, with_synthesis_beside
from litcodec.data import read_image
from litcodec.frozen import FrozenVariableRate, from_stream
from litcodec.frozen.rates import LEVELS
from litcodec.metrics import psnr
from litcodec.zoo import codec_path

LINE = 14  # pixels of a line of text


class Way(NamedTuple):
    """A codec or a baseline: (3, H, W) uint8 and a setting -> bytes; bytes -> (3, H, W) uint8."""

    name: str
    settings: int  # 0 .. settings - 1, by rising rate
    compress: Callable[[Tensor, int], bytes]
    decompress: Callable[[bytes], Tensor]


def codec_way(name: str) -> Way:
    """A packaged codec or a codec file, with ``@0.5`` at that realism."""
    file, _, realism = name.partition("@")
    path = codec_path(Path(file))
    codec = load_codec(path)
    assert isinstance(codec, FrozenVariableRate)
    decoder = with_synthesis_beside(codec, path).at_realism(float(realism)) if realism else codec

    def compress(x: Tensor, level: int) -> bytes:
        at = codec.at(level)
        return pack(at.compress(x[None].float() / 255)[0], at.fingerprint)

    def decompress(data: bytes) -> Tensor:
        return (from_stream(decoder, data)[0] * 255).round().byte()

    title = f"{path.stem}, realism {realism}," if realism else path.stem
    return Way(title, LEVELS, compress, decompress)


def baseline_way(key: str) -> Way:
    """A baseline with whole qualities."""
    found, missing = open_baselines([key])
    if missing:
        raise SystemExit(missing[0])
    return Way(found[0].name, 101, found[0].compress, found[0].decompress)


def finest_within(way: Way, x: Tensor, most: float) -> bytes:
    """The file of the highest setting within ``most`` bytes, by bisection; of the lowest if none is."""
    low, high, kept = 0, way.settings, way.compress(x, 0)
    while high - low > 1:
        middle = (low + high) // 2
        data = way.compress(x, middle)
        if len(data) <= most:
            low, kept = middle, data
        else:
            high = middle
    return kept


def row(ways: list[Way], x: Tensor, bpp: float, corner: tuple[int, int], side: int) -> Image.Image:
    """The original and every way beside one another, (side + LINE) pixels high."""
    pixels = x.shape[1] * x.shape[2]
    left, top = corner
    shown = [("original", x)]
    for way in ways:
        data = finest_within(way, x, bpp * pixels / 8)
        x_hat = way.decompress(data)
        db = psnr(x[None].float() / 255, x_hat[None].float() / 255)
        shown.append((f"{way.name} {8 * len(data) / pixels:.3f} bpp {db:.1f} dB", x_hat))
        print(f"{bpp:g} bpp: {shown[-1][0]}, {len(data)} bytes", flush=True)
    drawn = Image.new("RGB", (side * len(shown), side + LINE), "white")
    draw = ImageDraw.Draw(drawn)
    for i, (text, image) in enumerate(shown):
        crop = image[:, top : top + side, left : left + side].permute(1, 2, 0).contiguous()
        drawn.paste(Image.fromarray(crop.numpy()), (i * side, LINE))
        draw.text((i * side + 2, 1), text, fill="black")
    return drawn


@torch.inference_mode()
def main() -> None:
    """Draw the sheet that the module's docstring describes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("photographs", nargs="+", help="FILE:LEFT,TOP of the crop")
    parser.add_argument("--codecs", default="cosine-3")
    parser.add_argument("--baselines", default="webp,avif")
    parser.add_argument("--bpp", default="0.15,0.3")
    parser.add_argument("--side", type=int, default=224, help="of a crop, in pixels")
    parser.add_argument("--jpeg-quality", type=int, default=90)
    options = parser.parse_args()
    ways = [codec_way(name) for name in options.codecs.split(",")]
    ways += [baseline_way(key) for key in options.baselines.split(",") if key]
    rows = []
    for photograph in options.photographs:
        path, corner = photograph.rsplit(":", 1)
        left, top = map(int, corner.split(","))
        print(path)
        for bpp in map(float, options.bpp.split(",")):
            rows.append(row(ways, read_image(Path(path)), bpp, (left, top), options.side))
    sheet = Image.new("RGB", (rows[0].width, sum(r.height for r in rows)))
    for i, each in enumerate(rows):
        sheet.paste(each, (0, i * each.height))
    sheet.save(options.output, quality=options.jpeg_quality, subsampling=0)


if __name__ == "__main__":
    main()
