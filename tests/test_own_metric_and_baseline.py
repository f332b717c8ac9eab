"""Own metric, baseline and codec from a package outside the repository, from validation to the report."""

import csv
import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from litcodec.import_path import search_current_folder
from tests.in_process import as_a_process, litcodec
from tests.mylab_package import write_mylab

MAKE_AND_VALIDATE = """
from pathlib import Path

import lightning as L
import torch
from torch.utils.data import DataLoader

from litcodec.callbacks import RDCurve, RDPoints
from litcodec.codec_files import save_codec
from litcodec.data import ImageBatch, read_image, write_png
from mylab.plain import Plain

folder = Path()
torch.manual_seed(0)
(folder / "images").mkdir()
names = ("a.png", "b.png")
for name in names:
    smooth = torch.nn.functional.interpolate(torch.rand(1, 3, 6, 8), size=(96, 128), mode="bilinear")[0]
    write_png(folder / "images" / name, (smooth * 255).byte())
codec = Plain(N=8, M=12)
save_codec(codec.eval().freeze(), folder / "plain.safetensors")


class Module(L.LightningModule):
    lmbda, distortion = 0.013, "mse"

    def __init__(self):
        super().__init__()
        self.codec = codec

    def validation_step(self, batch, batch_idx):
        return None


batches = [ImageBatch(read_image(folder / "images" / name)[None].float() / 255, (name,)) for name in names]
points = RDPoints(metrics=["psnr", "mylab.metrics.WORST"])
trainer = L.Trainer(
    accelerator="cpu", devices=1, logger=False, callbacks=[points, RDCurve(baselines=["mylab.Gif"])],
    default_root_dir=folder, enable_progress_bar=False, enable_checkpointing=False,
)
trainer.validate(Module(), DataLoader(batches, batch_size=None), verbose=False)
print({key: float(value) for key, value in trainer.callback_metrics.items()})
print([dict(point.scores) for point in points.points])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("user")


def _make_and_validate(folder: Path) -> str:
    """Run the script as a user's; what it printed."""
    said = StringIO()
    with as_a_process(folder, LITCODEC_PLUGINS="mylab"), redirect_stdout(said):
        search_current_folder()  # as ``python script.py`` does
        exec(MAKE_AND_VALIDATE, {})
    return said.getvalue()


def _run(folder: Path, *arguments: str) -> str:
    done = litcodec(folder, *arguments, LITCODEC_PLUGINS="mylab")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_own_metric_baseline_and_codec_from_validation_to_the_report(folder: Path):
    write_mylab(folder)
    logged = _make_and_validate(folder)
    assert "'val/worst': " in logged
    assert "'val/psnr': " in logged
    assert "ms_ssim" not in logged

    evaluated = _run(
        folder, "evaluate", "plain.safetensors", "--images", "images",
        "--baselines", "jpeg,mylab.Gif", "--metrics", "psnr,mylab.metrics.WORST,mylab.metrics.COLOURS",
    )  # fmt: skip
    assert "Largest error" in evaluated
    assert "GIF" in evaluated
    results = json.loads((folder / "results.json").read_text())
    assert results["metrics"][1] == {
        "name": "worst", "label": "Largest error", "unit": "levels", "higher_is_better": False, "digits": 1
    }  # fmt: skip
    assert [metric["name"] for metric in results["set_metrics"]] == ["colours"]
    assert {d["patches"] for point in results["points"] for d in point["divergences"]} == {24}
    curves = {point["curve"]: point["kind"] for point in results["points"]}
    assert curves == {"Plain (14k)": "codec", "JPEG": "baseline", "GIF": "baseline"}
    for point in results["points"]:
        for score in point["scores"]:
            assert set(score["values"]) == {"psnr", "worst"}
            assert 0 <= score["values"]["worst"] <= 255

    for output in ("report.html", "report.csv", "report.md", "report.svg"):
        _run(folder, "report", "results.json", "-o", output)
    page = (folder / "report.html").read_text()
    assert '"label":"Largest error"' in page
    assert "Largest error, levels" in page  # the axis of its chart
    with (folder / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["curve"] for row in rows} == set(curves)
    assert all(float(row["worst"]) >= 0 and row["worst_images"] == "2" for row in rows)
    with (folder / "report.bd.csv").open(newline="") as file:
        compared = {(row["metric"], row["test"], row["anchor"]): row for row in csv.DictReader(file)}
    assert ("worst", "GIF", "JPEG") in compared
    assert float(compared["psnr", "GIF", "JPEG"]["bd_rate_images"]) > 0  # GIF needs more bits
    text = (folder / "report.md").read_text()
    assert "| Largest error, levels |" in text
    assert "## Mean of per-image BD-rates, PSNR RGB" in text


def test_a_run_continues_with_the_metrics_that_are_missing(folder: Path):
    if not (folder / "results.json").exists():
        pytest.skip("the test before failed")
    arguments = ("evaluate", "plain.safetensors", "--images", "images", "--metrics", "psnr_luma")
    _run(folder, *arguments)
    results = json.loads((folder / "results.json").read_text())
    assert [metric["name"] for metric in results["metrics"]] == ["psnr", "worst", "psnr_luma"]
    (codec,) = (point for point in results["points"] if point["kind"] == "codec")
    assert all(set(score["values"]) == {"psnr", "worst", "psnr_luma"} for score in codec["scores"])


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--metrics", "beauty", "there is no metric 'beauty'; there are psnr,"),
        ("--metrics", "nolab.VMAF", "no metric nolab.VMAF: nolab cannot be imported"),
        ("--baselines", "nolab.Cjxl", "no baseline nolab.Cjxl: nolab cannot be imported"),
        ("--anchors", "mpeg", "there is no baseline 'mpeg'; there are jpeg,"),
    ],
)
def test_what_is_not_there_is_one_line(
    option: str, value: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from litcodec.cli import main

    arguments = ["evaluate", "--images", str(tmp_path), "--baselines", "jpeg", option, value]
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
