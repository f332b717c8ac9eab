"""The callbacks over a fit of a codec of variable rate: one run is a curve."""

import csv
from pathlib import Path

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from tiny_run import Fit

from litcodec.callbacks import EntropyStatistics, RDCurve, RDPoints, Reconstructions, ReportPage
from litcodec.codec_files import load_codec
from litcodec.codecs import MeanScaleHyperprior, VariableRate
from litcodec.dashboard.further_rates import rate_curve
from litcodec.data import read_image
from litcodec.errors import ShapeError
from litcodec.evaluation import read_results
from litcodec.frozen import to_stream
from litcodec.frozen.rates import level_of
from litcodec.metrics import psnr


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning", "ignore:.*does not have many workers")
def test_a_run_logs_its_whole_curve(
    tmp_path: Path, image_folder: Path, run_folder: Path, fit_in_run_folder: Fit
) -> None:
    torch.manual_seed(0)
    inner = MeanScaleHyperprior(N=8, M=12)
    with torch.no_grad():
        inner.latent_model.h_s[-1].bias[:12].fill_(2)  # scales that fit the latents, as after training
    points, curve = RDPoints(qualities=(1, 75.5)), RDCurve(baselines=[])
    callbacks = [points, Reconstructions(), EntropyStatistics(), curve, ReportPage(images=1)]
    fit_in_run_folder(callbacks, CSVLogger(str(tmp_path)), codec=VariableRate(inner))

    (path,) = tmp_path.rglob("metrics.csv")
    with path.open(newline="") as file:
        found = {name: float(v) for row in csv.DictReader(file) for name, v in row.items() if v}
    assert found["val_q1/bpp"] < found["val/bpp"] < found["val_q75.5/bpp"]
    assert {name for name in found if name.startswith("val_q1/")} == {
        f"val_q1/{name}" for name in ("bpp", "psnr", "ms_ssim_db")
    }

    # The same from the codec file that the report has written.
    codec = load_codec(run_folder / "codec.safetensors")
    for quality in (1, 75.5):
        measured = []
        for point in (point for point in points.rates if point.quality == quality):
            x = read_image(image_folder / point.image)[None].float() / 255
            at = codec.at(level_of(quality))
            assert point.bytes == len(to_stream(at, x))
            assert point.lmbda == at.training.lmbda
            measured.append(psnr(x, at.decompress(at.compress(x))))
        assert len(measured) == 3
        assert found[f"val_q{quality:g}/psnr"] == pytest.approx(sum(measured) / 3, abs=1e-3)
    (low, high) = rate_curve(points.rates)
    assert (low.setting, high.setting, low.images) == ("q 1", "q 75.5", 3)
    assert low.bpp == pytest.approx(found["val_q1/bpp"])
    assert curve.own is not None
    assert curve.own.bpp == pytest.approx(found["val/bpp"])
    assert len(read_results(run_folder / "results.json").points) == 8


def test_a_quality_that_there_is_not_is_refused() -> None:
    with pytest.raises(ShapeError, match="a quality is 1 to 100; got 0"):
        RDPoints(qualities=[0, 50])
