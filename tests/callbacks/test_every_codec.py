"""All callbacks over a fit of the codecs with a context, each inside of another kind of hybrid."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from PIL import Image
from tiny_run import Fit

from litcodec.callbacks import (
    EntropyStatistics,
    PatchThroughput,
    RDCurve,
    RDPoints,
    Reconstructions,
    ReportPage,
)
from litcodec.codecs import Checkerboard, Codec, HybridCodec, JointAutoregressive, MixtureAutoregressive
from litcodec.evaluation import read_results
from litcodec.transforms import GRDN


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """A folder of one small image."""
    (tmp_path / "images").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (72, 88, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "images" / "one.png")
    return tmp_path / "images"


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning", "ignore:.*does not have many workers")
@pytest.mark.parametrize(
    ("kind", "scale", "native"),
    [
        (Checkerboard, None, False),
        (JointAutoregressive, 1, False),
        (Checkerboard, 2, False),
        (MixtureAutoregressive, 2, True),
    ],
)
def test_all_callbacks_agree_about_a_codec(
    kind: type[Codec],
    scale: int | None,
    native: bool,
    tmp_path: Path,
    run_folder: Path,
    fit_in_run_folder: Fit,
) -> None:
    torch.manual_seed(0)
    codec = kind(N=8, M=12)
    if scale is not None:
        enhancer = GRDN(C=4, growth=2, layers=1, blocks=1, groups=1, scale=scale)
        codec = HybridCodec(codec, enhancer, scale=scale, native=native)
    points = RDPoints()
    callbacks = [
        points,
        Reconstructions(),
        EntropyStatistics(),
        PatchThroughput(window=1),
        RDCurve(baselines=[]),
        ReportPage(images=1),
    ]
    fit_in_run_folder(callbacks, CSVLogger(str(tmp_path)), codec=codec)

    (path,) = tmp_path.rglob("metrics.csv")
    with path.open(newline="") as file:
        found = {name: float(v) for row in csv.DictReader(file) for name, v in row.items() if v}
    assert all(math.isfinite(v) for name, v in found.items() if name.startswith(("entropy/", "val/")))
    (point,) = points.points
    assert found["entropy/y_bpp"] + found["entropy/z_bpp"] == pytest.approx(point.bpp_estimated, rel=1e-4)
    assert ("val/enhancer_gain" in found) == (scale is not None)
    assert ("val/half_share" in found) == native

    # Coded again by the report, from the codec file, it is what it was in the validation.
    (measured,) = read_results(run_folder / "results.json").points
    (score,) = measured.scores
    assert (score.bytes, score.values["psnr"]) == (point.bytes, pytest.approx(point.scores["psnr"], abs=1e-3))
    html = (run_folder / "report.html").read_text()
    assert f'"{measured.curve}"' in html
    assert html.count("data:image/webp") == 3  # the original, what it decodes to, where its bits lie
