from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """A folder of n small noisy photographs, every one different."""

    def make(n: int = 7, *, size: tuple[int, int] = (48, 40), name: str = "photographs") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for i in range(n):
            pixels = np.random.default_rng(i).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")
        return folder

    return make
