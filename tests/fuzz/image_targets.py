"""Targets that read images, in Pillow's formats."""

import io
import zlib
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image

from litcodec.data import image_size, read_image
from tests.fuzz.cases import Target
from tests.fuzz.mutate import mutate_bytes
from tests.fuzz.seed_files import MAX_PIXELS, SMALL


def image_target(form: str) -> Target:
    """Small images in one of Pillow's formats, PNG with right checksums."""
    return Target(f".{form.lower()}", partial(_image, _images(form), form), _read)


def _images(form: str) -> list[bytes]:
    H, W = SMALL
    rows, columns = np.mgrid[0:H, 0:W]
    rgb = np.stack([rows * 5, columns * 7, (rows * columns) % 256], axis=2).astype(np.uint8)
    colour, grey = Image.fromarray(rgb), Image.fromarray(rgb[:, :, 2])
    exif = Image.Exif()
    exif[0x0112] = 6
    choices: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "JPEG": [
            (colour, {}),
            (colour, {"progressive": True, "exif": exif}),
            (grey, {}),
            (colour.convert("CMYK"), {}),
        ],
        "PNG": [
            *((colour, {"exif": exif}), (grey, {}), (colour.convert("P"), {}), (colour.convert("RGBA"), {})),
            (Image.fromarray(rgb[:, :, 2].astype(np.uint16) * 257), {}),
        ],
        "WEBP": [(colour, {"lossless": True}), (colour, {}), (colour.convert("RGBA"), {"exif": exif})],
        "TIFF": [
            *(
                (colour, {}),
                (colour, {"compression": "tiff_lzw"}),
                (grey, {"compression": "tiff_adobe_deflate"}),
            ),
            *((colour.convert("1"), {"compression": "group4"}), (colour.convert("CMYK"), {})),
            (colour, {"compression": "jpeg"}),
        ],
        "GIF": [(colour.convert("P"), {}), (grey, {})],
        "BMP": [(colour, {}), (grey, {}), (colour.convert("RGBA"), {})],
        "AVIF": [(colour, {}), (colour.convert("RGBA"), {})],
    }
    made = []
    for image, options in choices[form]:
        file = io.BytesIO()
        image.save(file, format=form, **options)
        made.append(file.getvalue())
    return made


def _image(seeds: list[bytes], form: str, rng: Random) -> bytes:
    data = mutate_bytes(rng, rng.choice(seeds))
    return _png_with_sums(data) if form == "PNG" and rng.random() < 0.9 else data


def _png_with_sums(data: bytes) -> bytes:
    made, at = bytearray(data), 8
    while at + 12 <= len(made):
        length = int.from_bytes(made[at : at + 4], "big")
        if at + 12 + length > len(made):
            break
        made[at + 8 + length : at + 12 + length] = zlib.crc32(made[at + 4 : at + 8 + length]).to_bytes(
            4, "big"
        )
        at += 12 + length
    return bytes(made)


def _read(path: Path) -> None:
    x = read_image(path, max_pixels=MAX_PIXELS)
    assert x.dtype == torch.uint8
    assert x.ndim == 3
    assert x.shape[0] == 3
    assert x.numel() <= 3 * MAX_PIXELS
    assert image_size(path, max_pixels=MAX_PIXELS) == x.shape[1:], "image_size is another than read_image's"
