"""What several rooms' tests need."""

from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

ImageLike = Callable[..., Tensor]


def _image_like(H: int, W: int, *, batch: int = 1, seed: int = 0) -> Tensor:
    """Smooth random fields with sharp edges, (batch, 3, H, W) in [0, 1]: compressible, unlike noise."""
    generator = torch.Generator().manual_seed(seed)
    field = torch.zeros(batch, 3, H, W)
    for octave in range(1, 5):
        coarse = torch.randn(batch, 3, 2**octave, 2**octave, generator=generator)
        field += F.interpolate(coarse, (H, W), mode="bicubic", align_corners=True) / octave
    rows = torch.linspace(-1, 1, H)[:, None]
    columns = torch.linspace(-1, 1, W)[None, :]
    for _ in range(4):
        across, down, where = torch.randn(3, batch, 1, 1, 1, generator=generator)
        colour = torch.randn(batch, 3, 1, 1, generator=generator)
        field += colour * (across * columns + down * rows > 0.5 * where)
    return (0.5 + 0.18 * field).clamp(0, 1)


@pytest.fixture(scope="session")
def image_like() -> ImageLike:
    """``image_like(H, W, batch=1, seed=0)``: small images for tests."""
    return _image_like


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """``threads(n)`` sets torch's number of threads; undone after the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
