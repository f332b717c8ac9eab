"""A codec of a stranger's package goes all the way, and litcodec is not touched."""

import json
import re
import shutil
from pathlib import Path

import pytest
from stranger import litcodec, litcodec_process, write_package

CHECKPOINT = "runs/lite/latest/checkpoints/last.ckpt"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, image_like) -> Path:
    folder = write_package(tmp_path_factory.mktemp("lab"), image_like)
    done = litcodec(folder, "fit", "--config", "fit.yaml", plugin=False)  # the current folder is importable
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    page = (
        folder / "runs/lite/latest/report.html"
    ).read_text()  # of ReportPage, which reads the codec's file
    assert "ElicLite" in page
    return folder


@pytest.fixture(scope="module")
def codec(lab: Path) -> Path:
    done = litcodec(lab, "export", CHECKPOINT, "lite.safetensors")
    assert done.returncode == 0, done.stderr
    assert "ElicLite, fingerprint" in done.stdout
    return lab / "lite.safetensors"


def test_it_validates_and_its_report_is_made(lab: Path):
    done = litcodec(lab, "validate", "--config", "fit.yaml", "--ckpt_path", CHECKPOINT, plugin=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_its_file_compresses_and_decompresses(lab: Path, codec: Path):
    done = litcodec(lab, "compress", "photographs/0.png", "-c", codec.name, "-o", "a.litc", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["bytes"] == (lab / "a.litc").stat().st_size
    done = litcodec(lab, "decompress", "a.litc", "-c", codec.name, "-o", "a.png")
    assert done.returncode == 0, done.stderr
    assert "120x96" in done.stdout


def test_it_is_evaluated_and_reported(lab: Path, codec: Path):
    done = litcodec(
        lab, "evaluate", codec.name, "--images", "photographs", "--anchors", "jpeg", "-o", "r.json"
    )
    assert done.returncode == 0, done.stderr
    done = litcodec(lab, "report", "r.json", "-o", "r.html")
    assert done.returncode == 0, done.stderr
    page = (lab / "r.html").read_text()
    assert re.search(r"ElicLite with Width \(\d+k\), MSE", page)
    assert "JPEG" in page


def test_without_the_plugin_one_line_says_which_is_missing(lab: Path, codec: Path):
    done = litcodec_process(lab, "compress", "photographs/0.png", "-c", codec.name, "-o", "b.litc")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "mylab.codecs.ElicLite belongs to the package 'mylab', which is not loaded" in line
    assert "--plugin mylab" in line
    assert not (lab / "b.litc").exists()


def test_a_plugin_that_cannot_be_imported_is_one_line(lab: Path, codec: Path):
    done = litcodec(lab, "compress", "photographs/0.png", "--plugin", "yourlab", "-o", "b.litc", plugin=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "litcodec: plugin 'yourlab' cannot be loaded: No module named 'yourlab'"


def test_an_installed_package_with_an_entry_point_needs_no_option(lab: Path, codec: Path):
    about = lab / "mylab-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mylab\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[litcodec.plugins]\nmylab = mylab\n")
    words = ("compress", "photographs/0.png", "-c", codec.name, "-o", "c.litc")
    done = litcodec_process(lab, *words)
    shutil.rmtree(about)
    assert done.returncode == 0, done.stderr
    assert (lab / "c.litc").stat().st_size > 26
