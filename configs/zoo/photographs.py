"""Photographs in memory, and crops of them, for the training scripts of this folder."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

HELD_BACK = ("db6db408", "78fd95cf", "d60acb20", "9af68c1b")  # litcodec/photographs/heldback


def photographs_in(folder: Path) -> list[Path]:
    """Its JPEGs, without those that litcodec holds back."""
    return sorted(p for p in folder.rglob("*.jp*g") if not any(name in p.name for name in HELD_BACK))


class Photographs(NamedTuple):
    """Images one after the other in one uint8 tensor."""

    flat: Tensor
    starts: np.ndarray  # of each image
    shapes: np.ndarray  # (n, 2), H and W

    @classmethod
    def read(cls, folder: Path, device: torch.device, side: int) -> "Photographs":
        """Decode a folder; an image and its downscaled copy each need sides of ``side``."""
        files = photographs_in(folder)
        scales = random.Random(0)
        with ThreadPoolExecutor() as pool:
            pairs = pool.map(_with_copy, files, [scales.uniform(0.5, 0.9) for _ in files])
            images = [image for pair in pairs for image in pair if min(image.shape[:2]) >= side]
        shapes = np.array([image.shape[:2] for image in images])
        starts = np.concatenate([[0], np.cumsum(3 * shapes.prod(axis=1).astype(np.int64))])
        flat = torch.from_numpy(np.concatenate([image.reshape(-1) for image in images]))
        print(f"{len(files)} photographs, {len(images)} images, {len(flat) / 3e6:.0f} megapixels", flush=True)
        return cls(flat.to(device), starts, shapes)

    def crops(self, step: int, count: int, side: int) -> Tensor:
        """(count, 3, side, side) in [0, 1], flipped and transposed at random; a function of the step."""
        rng = np.random.default_rng((7, step))
        room = (self.shapes - side + 32).prod(axis=1)
        which = rng.choice(len(self.shapes), count, p=room / room.sum())
        top, left = (rng.integers(self.shapes[which, k] - side + 1) for k in (0, 1))
        width, flips = self.shapes[which, 1], rng.random((3, count)) < 0.5
        i = np.arange(side)
        rows = np.where(flips[0, :, None], side - 1 - i, i) + top[:, None]
        columns = np.where(flips[1, :, None], side - 1 - i, i) + left[:, None]
        device = self.flat.device
        rows_t = torch.from_numpy(3 * rows * width[:, None] + self.starts[which, None]).to(device)
        places = rows_t[:, :, None] + torch.from_numpy(3 * columns).to(device)[:, None]
        turned = torch.from_numpy(flips[2]).to(device)[:, None, None]
        places = torch.where(turned, places.transpose(1, 2), places)
        found = self.flat[(places[:, None] + torch.arange(3, device=device)[:, None, None])]
        return found.float().div_(255).contiguous(memory_format=torch.channels_last)


def _with_copy(file: Path, scale: float) -> tuple[np.ndarray, np.ndarray]:
    with Image.open(file) as opened:
        image = opened.convert("RGB")
    size = round(image.width * scale), round(image.height * scale)
    return np.asarray(image), np.asarray(image.resize(size, Image.Resampling.LANCZOS))
