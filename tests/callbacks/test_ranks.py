"""Two real processes: every image counted once, the same figures as one process finds."""

import csv
from pathlib import Path

import lightning as L
import pytest
from lightning.pytorch.loggers import CSVLogger
from tiny_run import TinyModule, as_loader, tiny_hybrid, validation_batches

from litcodec.callbacks import EntropyStatistics, RDCurve, RDPoints, Reconstructions

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*recommended to use `devices=1`"),
]


def _validated(folder: Path, module: TinyModule, image_folder: Path, **options: object) -> dict[str, float]:
    trainer = L.Trainer(
        accelerator="cpu",
        logger=CSVLogger(str(folder)),
        callbacks=[RDPoints(), Reconstructions(max_images=2), EntropyStatistics(), RDCurve(baselines=[])],
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        **options,
    )
    trainer.validate(module, as_loader(validation_batches(image_folder)), verbose=False)
    (path,) = folder.rglob("metrics.csv")
    with path.open(newline="") as file:
        return {name: float(value) for row in csv.DictReader(file) for name, value in row.items() if value}


@pytest.mark.slow
def test_two_processes_find_what_one_finds(tmp_path: Path, image_folder: Path) -> None:
    module = TinyModule(tiny_hybrid(2, native=True))  # of which all is logged that of other codecs is
    one = _validated(tmp_path / "one", module, image_folder, devices=1)
    # Three images for two processes: the sampler gives one of them twice.
    two = _validated(tmp_path / "two", module, image_folder, devices=2, strategy="ddp_spawn")
    assert {"val/psnr", "val/enhancer_gain", "val/half_share"} <= set(one)
    for name, value in one.items():
        if name.startswith(("val/", "val_images/")):
            assert two[name] == pytest.approx(value, rel=1e-5), name
    drawn = [
        sorted(path.name for path in (tmp_path / run / "reconstructions").iterdir()) for run in ("one", "two")
    ]
    assert drawn[0] == drawn[1] == ["step-0000000-first.jpg", "step-0000000-second.jpg"]
    assert two["entropy/y_bpp"] > 0
