"""No block grid: steps across the borders of 16x16 pixels are no larger than those beside them."""

import pytest
import torch
import torch.nn.functional as F
from make_packaged_golden import heldback
from torch import Tensor

from litcodec.codec_files import load_codec
from litcodec.data import read_image
from litcodec.frozen import FrozenVariableRate
from litcodec.zoo import default_card

SHIFT = 4  # pixels, so that borders of the photographs' own JPEG blocks lie elsewhere
SIDE = 16
SMOOTH = 0.3  # of all places: those with the smallest differences in the original


@pytest.fixture(scope="module")
def photographs() -> list[Tensor]:
    """(3, H, W), levels."""
    return [read_image(path)[:, SHIFT : SHIFT + 496, SHIFT : SHIFT + 496].float() for path in heldback()]


@pytest.fixture(scope="module")
def codec() -> FrozenVariableRate:
    loaded = load_codec(default_card().file)
    assert isinstance(loaded, FrozenVariableRate)
    return loaded


def steps(x: Tensor, original: Tensor) -> tuple[float, float]:
    """Sums of absolute steps of luma in smooth places: across block borders, and one pixel beside them."""
    across = beside = 0.0
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    luma, of_original = (x * weights).sum(0), (original * weights).sum(0)
    for a, b in ((luma, of_original), (luma.T, of_original.T)):
        differences = F.pad((b.diff(dim=1)).abs(), (0, 1)) + F.pad(b.diff(dim=0).abs(), (0, 0, 0, 1))
        about = F.avg_pool2d(differences[None, None], 17, stride=1, padding=8)[0, 0]
        smooth = about < about.flatten().kthvalue(int(SMOOTH * about.numel())).values
        border = torch.arange(SIDE, a.shape[1] - 2, SIDE)
        step = a.diff(dim=1).abs()  # step k leads from column k to column k + 1
        kept = smooth[:, border]
        across += float((step[:, border - 1] * kept).sum())
        beside += float(((step[:, border - 2] + step[:, border]) / 2 * kept).sum())
    return across, beside


def blocking(x_hats: list[Tensor], originals: list[Tensor]) -> float:
    """The ratio of the two, over all images; 1 without a grid."""
    found = [steps(x_hat, x) for x_hat, x in zip(x_hats, originals, strict=True)]
    return sum(across for across, _ in found) / sum(beside for _, beside in found)


def test_photographs_have_no_grid_and_a_block_transform_has_one(photographs: list[Tensor]) -> None:
    assert blocking(photographs, photographs) == pytest.approx(1.0, abs=0.04)
    means = [F.interpolate(F.avg_pool2d(x[None], SIDE), scale_factor=SIDE)[0] for x in photographs]
    mixed = [0.5 * (mean + x) for mean, x in zip(means, photographs, strict=True)]
    assert blocking(mixed, photographs) > 2


@pytest.mark.parametrize("bpp", [0.15, 0.3])
def test_the_default_codec_shows_no_grid(
    codec: FrozenVariableRate, photographs: list[Tensor], bpp: float
) -> None:
    decoded = []
    for x in photographs:
        coded = codec.largest_within(x[None] / 255, int(bpp * x.shape[1] * x.shape[2] / 8))
        decoded.append((codec.decompress([coded])[0] * 255).round())
    assert blocking(decoded, photographs) <= 1.08  # cosine-2's is 7
