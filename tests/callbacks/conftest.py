"""A tiny real run: a codec of N=8, M=12, three small images, a Trainer on the CPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pytest
import torch
from known_points import known_point
from PIL import Image
from tiny_run import LADDER, SIZES, Fit, TinyModule, as_loader, make_run_folder, validation_batches
from torch.utils.data import DataLoader

from litcodec.codecs import Codec, FactorizedPrior, MeanScaleHyperprior
from litcodec.dashboard.run_points import RunPoint, terms_of, write_point
from litcodec.dashboard.validation_images import ValidationImages
from litcodec.data import FolderDataModule


@pytest.fixture(autouse=True)
def _wandb_stays_in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIR", "CACHE_DIR", "CONFIG_DIR", "DATA_DIR", "ARTIFACT_DIR"):
        monkeypatch.setenv(f"WANDB_{name}", str(tmp_path / "wandb-home" / name))
    monkeypatch.setenv("WANDB_MODE", "offline")  # whatever a test forgets, nothing goes out
    monkeypatch.setenv("WANDB_SILENT", "true")


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """A folder of smooth images with some noise, one of them too small for MS-SSIM."""
    random = np.random.default_rng(0)
    for k, (name, (H, W)) in enumerate(SIZES.items()):
        rows, columns = np.mgrid[:H, :W] / 20
        waves = np.stack([np.sin(rows * (c + 1) + columns * k) for c in range(3)], axis=-1)
        pixels = 128 + 90 * waves + random.normal(0, 8, (H, W, 3))
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return tmp_path / "images"


@pytest.fixture
def module() -> TinyModule:
    torch.manual_seed(0)
    codec = MeanScaleHyperprior(N=8, M=12)
    with torch.no_grad():
        codec.latent_model.h_s[-1].bias[:12].fill_(2)  # scales that fit the latents, as after training
    return TinyModule(codec)


@pytest.fixture
def fit(tmp_path: Path, image_folder: Path) -> Callable[..., L.Trainer]:
    """Fit a module for three steps with a validation after each epoch."""

    def run(module: L.LightningModule, callbacks: list[L.Callback], logger: Any, **options: Any) -> L.Trainer:
        torch.manual_seed(1)
        patches = [torch.rand(64, 1, 1).expand(64, 64, 64)[:3] for _ in range(6)]
        trainer = L.Trainer(
            accelerator="cpu",
            devices=1,
            logger=logger,
            callbacks=callbacks,
            default_root_dir=tmp_path / "root",
            log_every_n_steps=1,
            enable_progress_bar=False,
            enable_model_summary=False,
            **{"max_epochs": 1, "enable_checkpointing": False, **options},
        )
        trainer.fit(module, DataLoader(patches, batch_size=2), as_loader(validation_batches(image_folder)))
        return trainer

    return run


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """As ``litcodec fit`` makes one."""
    return make_run_folder(tmp_path / "runs" / "sweep" / "001", LADDER[3])


@pytest.fixture
def fit_in_run_folder(run_folder: Path, image_folder: Path) -> Fit:
    """Fit for one step, in a run folder, with images that are files."""

    def run(
        callbacks: list[L.Callback], logger: Any = False, *, codec: Codec | None = None, **options: Any
    ) -> L.Trainer:
        torch.manual_seed(0)
        data = FolderDataModule(
            train_dir=str(image_folder), val_dir=str(image_folder), patch_size=64, batch_size=1, num_workers=0
        )
        trainer = L.Trainer(
            accelerator="cpu",
            devices=1,
            logger=logger,
            callbacks=callbacks,
            default_root_dir=run_folder,
            max_steps=1,
            val_check_interval=1,
            check_val_every_n_epoch=None,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            **options,
        )
        trainer.fit(TinyModule(codec or FactorizedPrior(N=8, M=12), lmbda=LADDER[3]), datamodule=data)
        return trainer

    return run


@pytest.fixture
def siblings(run_folder: Path, image_folder: Path) -> list[RunPoint]:
    """The other four of ``LADDER``, in run folders beside, two of them under other names."""
    digest = ValidationImages(image_folder, ("a/first.png", "b/second.png", "b/tiny.png")).digest()
    points = [known_point(k, terms=terms_of(run_folder), images_digest=digest) for k in (0, 1, 2, 4)]
    for k, point in enumerate(points):
        name = "sweep" if k < 2 else f"by-hand-{k}"
        folder = make_run_folder(run_folder.parent.parent / name / f"{k + 2:03d}", point.lmbda)
        write_point(folder, point)
    return points
