"""What several rooms' tests need."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from litcodec.evaluation import Machine, Point, Results, Score
from litcodec.metrics import SHIPPED, infos

ImageLike = Callable[..., Tensor]
Measurement = tuple[str, int, float]  # an image's name, bytes, PSNR in dB


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


@pytest.fixture(autouse=True)
def _wandb_session_ends() -> Iterator[None]:
    """W&B reads WANDB_MODE once a session: none is left to the next test."""
    yield
    wandb = sys.modules.get("wandb")
    if wandb is not None:
        wandb.finish()  # a disabled run is not ended by what follows
        wandb.teardown()


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """``threads(n)`` sets torch's number of threads; undone after the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def _make_results(
    curves: Mapping[str, Mapping[str, Sequence[Measurement]]], *, size: tuple[int, int] = (100, 80)
) -> Results:
    """Results made up: {curve: {setting: measurements}}. Curves called "Codec…" are litcodec's own."""
    points = tuple(
        Point(
            curve=curve,
            kind="codec" if curve.startswith("Codec") else "baseline",
            setting=setting,
            source=f"source of {curve}",
            lmbda=float(setting.removeprefix("lmbda ")) if setting.startswith("lmbda") else None,
            fingerprint="00ff" if curve.startswith("Codec") else None,
            scores=tuple(_score(measurement, size) for measurement in sorted(measurements)),
            failures=(),
        )
        for curve, settings in curves.items()
        for setting, measurements in settings.items()
    )
    machine = Machine("a processor", 2, 1, "cpu", "Linux", "3.11", "2.11", "0.1")
    return Results("images", "2026-01-01T00:00:00+00:00", machine, infos(SHIPPED), points)


def _score(measurement: Measurement, size: tuple[int, int]) -> Score:
    image, count, psnr = measurement
    W, H = size
    return Score(
        image=image,
        sha256=hashlib.sha256(image.encode()).hexdigest(),
        width=W,
        height=H,
        bytes=count,
        bpp=8 * count / (W * H),
        values={
            "psnr": psnr,
            "psnr_luma": psnr + 1,
            "ms_ssim": 1 - 10 ** (-psnr / 20),
            "ms_ssim_db": psnr / 2,
        },
        encode_s=0.25,
        decode_s=0.5,
        file="",
    )


@pytest.fixture(scope="session")
def make_results() -> Callable[..., Results]:
    """``make_results({"JPEG": {"quality 40": [("a.png", 1000, 30.0)]}})``: an evaluation made up."""
    return _make_results
