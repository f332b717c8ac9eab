"""The numbers of RDPoints against files that were really written."""

import math
from collections.abc import Callable
from pathlib import Path

import lightning as L
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from PIL import Image
from tiny_run import TinyModule, as_loader, validation_batches

from litcodec.bitstream import pack, unpack
from litcodec.callbacks import EntropyStatistics, RDPoints, Reconstructions
from litcodec.codecs import FactorizedPrior
from litcodec.data import read_image, write_png
from litcodec.frozen import FrozenCodec, FrozenTransformCodec, to_stream
from litcodec.metrics import ms_ssim, ms_ssim_db, psnr, psnr_luma

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]
Fit = Callable[..., L.Trainer]


def _validate(
    module: L.LightningModule, callbacks: list[L.Callback], image_folder: Path, tmp_path: Path
) -> L.Trainer:
    trainer = L.Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        callbacks=callbacks,
        default_root_dir=tmp_path,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.validate(module, as_loader(validation_batches(image_folder)), verbose=False)
    return trainer


def test_points_are_those_of_files_on_disk(
    tmp_path: Path, fit: Fit, module: TinyModule, image_folder: Path
) -> None:
    callback = RDPoints()
    fit(module, [callback], False)
    frozen = module.codec.eval().freeze()
    for point in callback.points:
        x = read_image(image_folder / point.image)[None].float() / 255
        file = tmp_path / "coded.litc"
        file.write_bytes(pack(frozen.compress(x)[0], frozen.fingerprint))
        decoded = frozen.decompress(
            [unpack(file.read_bytes(), fingerprint=frozen.fingerprint, max_pixels=2**26)]
        )
        write_png(tmp_path / "decoded.png", (decoded[0] * 255).round().to(torch.uint8))

        with Image.open(image_folder / point.image) as a, Image.open(tmp_path / "decoded.png") as b:
            original, seen = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
        H, W = original.shape[:2]
        assert point.bytes == file.stat().st_size
        assert point.bpp == 8 * file.stat().st_size / (H * W)
        assert point.scores["psnr"] == pytest.approx(
            10 * np.log10(255**2 / np.mean((original - seen) ** 2)), rel=1e-9
        )
        luma = [0.299, 0.587, 0.114]
        error = np.mean((original @ luma - seen @ luma) ** 2)
        assert point.scores["psnr_luma"] == pytest.approx(10 * np.log10(255**2 / error), rel=1e-9)

        with torch.no_grad():
            likelihoods = module.codec(x).likelihoods
        bits = -sum(np.log2(likelihood.double().numpy()).sum() for likelihood in likelihoods)
        assert point.bpp_estimated == pytest.approx(bits / (H * W), rel=1e-5)
        assert 0 < point.bpp - point.bpp_estimated < (0.02 * bits + 8 * 80) / (H * W)


def test_ms_ssim_of_points_is_that_of_the_metric(
    tmp_path: Path, module: TinyModule, image_folder: Path
) -> None:
    callback = RDPoints()
    _validate(module, [callback], image_folder, tmp_path)
    frozen = module.codec.eval().freeze()
    for point in callback.points[:2]:
        x = read_image(image_folder / point.image)[None].float() / 255
        x_hat = frozen.decompress(frozen.compress(x))
        assert (point.scores["psnr"], point.scores["psnr_luma"]) == (psnr(x, x_hat), psnr_luma(x, x_hat))
        assert point.scores["ms_ssim"] == ms_ssim(x, x_hat)
        assert point.scores["ms_ssim_db"] == ms_ssim_db(point.scores["ms_ssim"])
    assert math.isnan(callback.points[2].scores["ms_ssim"])
    assert math.isnan(callback.points[2].scores["ms_ssim_db"])


def test_the_sanity_check_is_not_an_evaluation(fit: Fit, module: TinyModule) -> None:
    callback = RDPoints()
    trainer = fit(module, [callback], False, num_sanity_val_steps=2, limit_val_batches=0.0)
    assert callback.points == []
    assert "val/bpp" not in trainer.callback_metrics


def test_every_second_validation(fit: Fit, module: TinyModule, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []

    class Watched(RDPoints):
        def finish(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
            steps.append(trainer.global_step)
            super().finish(trainer, pl_module)

    fit(module, [Watched(every_n_validations=2)], False, max_epochs=3)
    assert steps == [3, 9]


def test_a_checkpoint_can_watch_the_psnr_of_real_bytes(tmp_path: Path, fit: Fit, module: TinyModule) -> None:
    checkpoint = ModelCheckpoint(tmp_path / "best", monitor="val/psnr", mode="max")
    callback = RDPoints()
    fit(module, [callback, checkpoint], False, enable_checkpointing=True)
    assert checkpoint.best_model_score.item() == pytest.approx(
        np.mean([p.scores["psnr"] for p in callback.points]), rel=1e-6
    )


def test_one_validation_freezes_once(
    tmp_path: Path, module: TinyModule, image_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[FrozenCodec] = []
    freeze = module.codec.freeze
    monkeypatch.setattr(module.codec, "freeze", lambda: made.append(freeze()) or made[-1])
    callbacks = [Reconstructions(), EntropyStatistics(), RDPoints()]
    _validate(module, callbacks, image_folder, tmp_path)
    assert len(made) == 1
    assert [callback.frozen for callback in callbacks] == [None, None, None]


def test_each_image_is_coded_and_decoded_once_whichever_callbacks_are_on(
    tmp_path: Path, module: TinyModule, image_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {"encode": 0, "decode": 0}
    for name in calls:
        method = getattr(FrozenTransformCodec, name)

        def counted(*arguments: object, name: str = name, method: Callable[..., object] = method) -> object:
            calls[name] += 1
            return method(*arguments)

        monkeypatch.setattr(FrozenTransformCodec, name, counted)
    points = RDPoints()
    _validate(module, [Reconstructions(), EntropyStatistics(), points], image_folder, tmp_path)
    assert calls == {"encode": 3, "decode": 3}
    _validate(module, [EntropyStatistics()], image_folder, tmp_path)
    assert calls == {"encode": 6, "decode": 3}  # nobody looked at the reconstructions
    _validate(module, [Reconstructions(every_n_validations=2), RDPoints()], image_folder, tmp_path)
    assert calls == {"encode": 9, "decode": 6}

    x = read_image(image_folder / "a/first.png")[None].float() / 255
    assert points.points[0].bytes == len(to_stream(module.codec.eval().freeze(), x))


def test_a_codec_that_cannot_be_frozen_does_not_end_the_run(
    tmp_path: Path, module: TinyModule, image_folder: Path
) -> None:
    next(module.codec.g_s.parameters()).data[0] = math.nan
    callback = RDPoints()
    with pytest.warns(UserWarning, match="RDPoints skips this validation: .*not finite"):
        trainer = _validate(module, [callback], image_folder, tmp_path)
    assert callback.points == []
    assert math.isnan(trainer.callback_metrics["val/psnr"].item())


def test_callbacks_leave_training_as_it_was(fit: Fit, image_folder: Path) -> None:
    def trained(callbacks: list[L.Callback]) -> torch.Tensor:
        torch.manual_seed(0)
        module = TinyModule(FactorizedPrior(N=8, M=12))
        fit(module, callbacks, False, max_epochs=2)
        return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])

    watched = trained([RDPoints(), Reconstructions(), EntropyStatistics()])
    assert torch.equal(watched, trained([]))


def test_a_module_without_a_codec_is_named(tmp_path: Path, image_folder: Path) -> None:
    class Other(L.LightningModule):
        def validation_step(self, batch: object, batch_idx: int) -> None:
            return None

    with pytest.raises(TypeError, match="litcodec codec"):
        _validate(Other(), [RDPoints()], image_folder, tmp_path)


def test_options_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="every_n_validations is 1 or more; got 0"):
        RDPoints(every_n_validations=0)
