from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from torch import Tensor, nn

import litcodec.data
from litcodec.data import FolderDataModule, ImageBatch, StreamDataModule, prepare
from litcodec.errors import EmptyDataset, OptionError

MakeFolder = Callable[..., Path]

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec.:FutureWarning"),  # Lightning 2.6.6
]


class Recorder(L.LightningModule):
    """Trains one number and remembers every batch."""

    def __init__(self, *, asks_for_length: bool = False, saves: tuple[int, Path] | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.asks_for_length = asks_for_length
        self.saves = saves
        self.seen: list[Tensor] = []
        self.validated: list[ImageBatch] = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.seen.append(batch.clone())
        return (batch.mean() - self.weight) ** 2

    def on_train_batch_end(self, outputs: Any, batch: Tensor, batch_idx: int) -> None:
        if self.saves is not None and len(self.seen) == self.saves[0]:
            self.trainer.save_checkpoint(self.saves[1])

    def validation_step(self, batch: ImageBatch, batch_idx: int) -> None:
        self.validated.append(batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        if self.asks_for_length:
            assert self.trainer.estimated_stepping_batches > 0
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(
    module: Recorder, data: L.LightningDataModule, steps: int, checkpoint: Path | None = None
) -> Recorder:
    trainer = L.Trainer(
        max_epochs=3,  # or asking for the length would not need the loader
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(module, data, ckpt_path=checkpoint, weights_only=True)
    return module


def folder_data(train: Path, val: Path, num_workers: int = 0) -> FolderDataModule:
    return FolderDataModule(
        train_dir=str(train),
        val_dir=str(val),
        patch_size=16,
        batch_size=2,
        crops_per_image=3,
        steps_per_epoch=5,
        num_workers=num_workers,
    )


@pytest.mark.parametrize("asks_for_length", [False, True])  # PL#20550: asking loses the loader's own state
@pytest.mark.parametrize("k", [3, 5, 7])  # in the first epoch, at its end, in the second one
def test_fit_resumes_with_the_very_next_batch(
    make_folder: MakeFolder, tmp_path: Path, k: int, asks_for_length: bool
) -> None:
    train, checkpoint = make_folder(), tmp_path / "k.ckpt"
    module = Recorder(asks_for_length=asks_for_length, saves=(k, checkpoint))
    whole = fit(module, folder_data(train, train), 12)
    rest = fit(Recorder(asks_for_length=asks_for_length), folder_data(train, train), 12, checkpoint)
    assert len(whole.seen) == 12
    assert len(rest.seen) == 12 - k
    assert all(torch.equal(a, b) for a, b in zip(whole.seen[k:], rest.seen, strict=True))
    assert torch.equal(whole.weight, rest.weight)


def test_fit_streams_and_resumes_with_workers(make_folder: MakeFolder, tmp_path: Path) -> None:
    source, out, checkpoint = make_folder(), tmp_path / "shards", tmp_path / "k.ckpt"
    prepare(source, out, tile_size=20, min_size=16, progress=False)

    def data(num_workers: int) -> StreamDataModule:
        return StreamDataModule(
            train_url=str(out),
            val_dir=str(source),
            patch_size=16,
            batch_size=2,
            crops_per_image=3,
            steps_per_epoch=5,
            num_workers=num_workers,
        )

    whole = fit(Recorder(saves=(4, checkpoint)), data(0), 8)
    rest = fit(Recorder(), data(2), 8, checkpoint)
    assert len(rest.seen) == 4
    assert all(torch.equal(a, b) for a, b in zip(whole.seen[4:], rest.seen, strict=True))


def test_training_batches_arrive_as_channels_last_floats_in_0_to_1(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (batch,) = fit(Recorder(), folder_data(folder, folder), 1).seen
    assert batch.shape == (2, 3, 16, 16)
    assert batch.dtype == torch.float32
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert 0 <= batch.min() < 0.1
    assert 0.9 < batch.max() <= 1


def test_validation_shows_every_readable_image_once_by_name(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture
) -> None:
    train, val = make_folder(), make_folder(3, size=(21, 17), name="val")
    (val / "1.png").write_bytes(b"broken")
    module = fit(Recorder(), folder_data(train, val, num_workers=1), 5)
    assert [batch.names for batch in module.validated] == [("0.png",), ("2.png",)]
    assert module.validated[0].x.shape == (1, 3, 17, 21)
    want = litcodec.data.read_image(val / "2.png")[None] / 255
    assert torch.equal(module.validated[1].x, want)
    assert [r.getMessage() for r in caplog.records if r.name == "litcodec.data"] == [
        f"left out image 1: {val / '1.png'}: not an image in a format litcodec reads."
    ]


def test_val_limit_counts_readable_images(make_folder: MakeFolder) -> None:
    val = make_folder(5)
    (val / "0.png").write_bytes(b"broken")
    data = FolderDataModule(val_dir=str(val), val_limit=2, num_workers=0)
    assert [batch.names for batch in data.val_dataloader()] == [("1.png",), ("2.png",)]


def test_no_usable_image_is_an_error_at_setup(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"broken")
    with pytest.raises(EmptyDataset, match=r"No usable image in .*1 unreadable \(first: .*x.png"):
        FolderDataModule(val_dir=str(tmp_path)).setup("validate")


def test_bundled_photographs_are_the_default() -> None:
    data = FolderDataModule(num_workers=0)
    loader = data.train_dataloader()
    assert len(loader) == 32  # 32 photographs, 8 crops each, 8 in a batch
    assert next(iter(loader)).shape == (8, 3, 256, 256)
    assert len(data.val_dataloader()) == 4


def test_every_exported_name_is_there() -> None:
    for name in litcodec.data.__all__:
        assert hasattr(litcodec.data, name), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patch_size", 0),
        ("batch_size", -3),
        ("crops_per_image", 0),
        ("steps_per_epoch", 0),
        ("num_workers", -1),
        ("cache_mb", -1),
        ("seed", -1),
        ("val_limit", 0),
        ("max_pixels", 0),
    ],
)
def test_what_is_out_of_range_is_said_before_there_is_a_run(name: str, value: int) -> None:
    with pytest.raises(OptionError, match=rf"data\.{name} must be at least [01]; got {value}"):
        FolderDataModule(**{name: value})
