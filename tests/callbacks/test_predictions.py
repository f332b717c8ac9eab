"""PNGs of predictions: right pixels, right places."""

from pathlib import Path
from types import SimpleNamespace

import lightning as L
import pytest
import torch
from tiny_run import as_loader, validation_batches

from litcodec.callbacks import WritePredictions
from litcodec.codecs import FactorizedPrior
from litcodec.data import read_image
from litcodec.training import CodecModule, Prediction


def _written(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _write(callback: WritePredictions, names: list[str], *, world_size: int = 1) -> None:
    for k, name in enumerate(names):
        prediction = Prediction(name, torch.full((3, 4, 5), k, dtype=torch.uint8), 1.0, 30.0)
        callback.on_predict_batch_end(SimpleNamespace(world_size=world_size), None, [prediction], None, k)


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning", "ignore:.*does not have many workers")
def test_predict_writes_what_the_bytes_decode_to(tmp_path: Path, image_folder: Path) -> None:
    torch.manual_seed(0)
    module = CodecModule(FactorizedPrior(N=8, M=12))
    trainer = L.Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        callbacks=[WritePredictions(tmp_path / "out")],
        default_root_dir=tmp_path,
        enable_progress_bar=False,
    )
    trainer.predict(module, as_loader(validation_batches(image_folder)), return_predictions=False)
    assert _written(tmp_path / "out") == ["a/first.png", "b/second.png", "b/tiny.png"]
    frozen = module.codec.eval().freeze()
    x = read_image(image_folder / "b/second.png")[None].float() / 255
    expected = (frozen.decompress(frozen.compress(x))[0] * 255).round().to(torch.uint8)
    assert torch.equal(read_image(tmp_path / "out" / "b/second.png"), expected)


def test_names_are_made_unique(tmp_path: Path) -> None:
    _write(WritePredictions(tmp_path), ["1.jpg", "1.png", "a/1.jpg", "1.png"])
    assert _written(tmp_path) == ["1.png", "1.png-2.png", "1.png.png", "a/1.png"]
    assert read_image(tmp_path / "1.png").max() == 0
    assert read_image(tmp_path / "1.png.png").max() == 1


def test_processes_keep_out_of_each_others_way(tmp_path: Path) -> None:
    _write(WritePredictions(tmp_path), ["1.jpg"], world_size=2)
    _write(WritePredictions(tmp_path), ["1.png"], world_size=2)
    assert _written(tmp_path) == ["1.jpg.png", "1.png.png"]


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    callback = WritePredictions(tmp_path)
    _write(callback, ["0.png", "1.png"])
    callback.on_predict_start(None, None)
    _write(callback, ["1.png"])
    assert _written(tmp_path) == ["0.png", "1.png"]
    assert read_image(tmp_path / "1.png").max() == 0


@pytest.mark.parametrize("name", ["../../out.jpg", "/out.jpg", "./out.jpg", "out"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    _write(WritePredictions(tmp_path / "in"), [name])
    assert _written(tmp_path) == ["in/out.png"]
