"""Original, reconstruction, error and bits side by side, as one image."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from litcodec.report.bits_maps import bits_colours, bits_scale

ERROR_GAIN = 8
GAP = 4  # pixels between tiles
LABEL_HEIGHT = 18

FloatPixels = NDArray[np.floating]
BytePixels = NDArray[np.uint8]


class Stage(NamedTuple):
    """The image and its title after a step of decoding."""

    label: str
    image: Tensor  # (1, 3, H, W) in [0, 1]


class Panel(NamedTuple):
    """Tiles in a row."""

    row: Image.Image
    bits_scale: float  # bits per pixel that the brightest colour stands for


def panel(x: Tensor, stages: Sequence[Stage], bits: Tensor, *, max_side: int) -> Panel:
    """Original | stages | error | bits, each cropped at its centre to ``max_side``, never resampled.

    Args:
        x: (1, 3, H, W) in [0, 1].
        stages: one or more, each image shaped like ``x``; the error is the last one's.
        bits: (H, W), bits per pixel, see ``litcodec.metrics.bits_per_place``.
        max_side: pixels.
    """
    x_hat = stages[-1].image
    error = (ERROR_GAIN * (x - x_hat).abs().mean(dim=1, keepdim=True)).expand(-1, 3, -1, -1)
    scale = bits_scale(float(bits.max()))
    colours = bits_colours(bits, scale).permute(1, 2, 0).numpy()
    images = (x, *(stage.image for stage in stages), error)
    pixels = [image[0].permute(1, 2, 0).cpu().numpy() for image in images]
    tiles = [_centre(tile, max_side) for tile in (*map(_eight_bit, pixels), colours)]
    labels = [stage.label for stage in stages]
    labels = ["original", *labels, f"error x{ERROR_GAIN}", f"bits per pixel, 0 to {scale:g}"]
    return Panel(_row(tiles, labels), scale)


def on_one_canvas(images: Sequence[Image.Image]) -> list[Image.Image]:
    """All images at the size of the largest, padded with white at the bottom and the right."""
    size = max(image.width for image in images), max(image.height for image in images)
    canvases = [Image.new("RGB", size, "white") for _ in images]
    for canvas, image in zip(canvases, images, strict=True):
        canvas.paste(image)
    return canvases


def _eight_bit(pixels: FloatPixels) -> BytePixels:
    # A diverged codec gives NaN, which has no 8-bit value: show it black.
    levels: BytePixels = np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * 255).astype(np.uint8)
    return levels


def _centre(tile: BytePixels, max_side: int) -> Image.Image:
    H, W = tile.shape[:2]
    h, w = min(H, max_side), min(W, max_side)
    top, left = (H - h) // 2, (W - w) // 2
    return Image.fromarray(tile[top : top + h, left : left + w])


def _row(tiles: Sequence[Image.Image], labels: Sequence[str]) -> Image.Image:
    w, h = tiles[0].size
    sheet = Image.new("RGB", (len(tiles) * (w + GAP) - GAP, h + LABEL_HEIGHT), "white")
    for k, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
        left = k * (w + GAP)
        strip = Image.new("RGB", (w, LABEL_HEIGHT), "white")  # a long label ends where its tile does
        ImageDraw.Draw(strip).text((2, 2), label, fill="black", font=ImageFont.load_default(12))
        sheet.paste(strip, (left, 0))
        sheet.paste(tile, (left, LABEL_HEIGHT))
    return sheet
