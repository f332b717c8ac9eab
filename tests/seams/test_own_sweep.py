"""A stranger's codec class is swept from the file to the report."""

import re
from pathlib import Path

import yaml
from stranger import litcodec, write_package


def test_a_sweep_of_a_strangers_codec_ends_in_a_report(tmp_path: Path, image_like):
    folder = write_package(tmp_path / "lab", image_like)
    fit = yaml.safe_load((folder / "fit.yaml").read_text())
    del fit["trainer"]["callbacks"]
    (folder / "fit.yaml").write_text(yaml.safe_dump(fit))
    sweep = {
        "method": "grid",
        "parameters": {
            "model.lmbda": {"values": [0.01, 0.05]},
            "model.codec.init_args.M": {"value": 4},
            "trainer.limit_val_batches": {"value": 0},
        },
        "command": ["litcodec", "fit", "--config", "fit.yaml", "${args}"],
    }
    (folder / "sweep.yaml").write_text(yaml.safe_dump(sweep))
    done = litcodec(
        folder, "sweep", "sweep.yaml", "--images", "photographs", "--anchors", "jpeg", "--devices", "2"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    root = folder / "runs" / "sweeps" / "sweep"
    assert len(list(root.glob("lmbda-*/codec.safetensors"))) == 2
    assert re.search(r"ElicLite with Width \(\d+k\), MSE", (root / "report.html").read_text())
