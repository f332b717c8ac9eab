"""A baseline: the two verbs of any codec, and the qualities at which it is measured."""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor


class Gif:
    """GIF of a fixed number of colours."""

    name, key, suffix, source = "GIF", "gif", ".gif", "Pillow"
    qualities = (4.0, 16.0, 32.0, 64.0, 128.0)

    def setting(self, quality: float) -> str:
        """What a quality is called in tables."""
        return f"{quality:.0f} colours"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """(3, H, W) uint8 -> a whole file."""
        file = io.BytesIO()
        Image.fromarray(x.permute(1, 2, 0).numpy()).quantize(int(quality)).save(file, "GIF")
        return file.getvalue()

    def decompress(self, data: bytes) -> Tensor:
        """A whole file -> (3, H, W) uint8."""
        with Image.open(io.BytesIO(data)) as image:
            return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
