"""What the callbacks find of codecs with an enhancer, against figures that were got without them."""

import json
from pathlib import Path
from statistics import fmean

import lightning as L
import pytest
import torch
from lightning.pytorch.loggers import WandbLogger
from PIL import Image
from tiny_run import SIZES, TinyModule, as_loader, tiny_hybrid, validation_batches
from wandb_file import read_offline_run

from litcodec.callbacks import EntropyStatistics, RDPoints, Reconstructions
from litcodec.codecs import FactorizedPrior, HybridCodec
from litcodec.dashboard.validation import ObservedImage
from litcodec.data import read_image
from litcodec.frozen import FrozenHybrid, FrozenTransformCodec, TrainingInfo
from litcodec.metrics import bits_per_place, psnr
from litcodec.training import CodecModule
from litcodec.transforms import GRDN

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]

RATE_ALONE, DISTORTION_ALONE = 1e-9, 1e9  # values of lambda


def _trainer(tmp_path: Path, callbacks: list[L.Callback], logger: object = False) -> L.Trainer:
    return L.Trainer(
        accelerator="cpu",
        devices=1,
        logger=logger,
        callbacks=callbacks,
        default_root_dir=tmp_path,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _validate(
    codec: HybridCodec, callbacks: list[L.Callback], image_folder: Path, tmp_path: Path, **other
) -> dict:
    module = TinyModule(codec, lmbda=other.pop("lmbda", 0.013))
    trainer = _trainer(tmp_path, callbacks, **other)
    trainer.validate(module, as_loader(validation_batches(image_folder)), verbose=False)
    return {name: value.item() for name, value in trainer.callback_metrics.items()}


def _brightening(codec: HybridCodec, by: float) -> HybridCodec:
    """An enhancer that adds a constant."""
    torch.nn.init.zeros_(codec.enhancer.tail.weight)
    torch.nn.init.constant_(codec.enhancer.tail.bias, by)
    return codec


@pytest.mark.parametrize("scale", [1, 2])
def test_the_gain_is_the_psnr_of_all_less_that_of_the_inner_codec(
    scale: int, image_folder: Path, tmp_path: Path
) -> None:
    codec = _brightening(tiny_hybrid(scale), 0.2).eval()
    points = RDPoints()
    metrics = _validate(codec, [points], image_folder, tmp_path)
    for point in points.points:
        x = read_image(image_folder / point.image)[None].float() / 255
        with torch.no_grad():
            before, after = (psnr(x, codec(x, part=part).x_hat.clamp(0, 1)) for part in ("inner", "all"))
        assert point.enhancement.psnr_inner == pytest.approx(before, abs=0.01)
        assert point.enhancement.enhancer_gain == pytest.approx(after - before, abs=0.01)
        assert point.enhancement.enhancer_gain > 0.5
        assert point.scores["psnr"] == pytest.approx(
            point.enhancement.psnr_inner + point.enhancement.enhancer_gain
        )
    gains = [point.enhancement.enhancer_gain for point in points.points]
    assert metrics["val/enhancer_gain"] == pytest.approx(fmean(gains), rel=1e-5)
    assert "val/half_share" not in metrics  # there is no choice


@pytest.mark.parametrize(("lmbda", "half_share"), [(RATE_ALONE, 1.0), (DISTORTION_ALONE, 0.0)])
def test_an_encoder_that_chooses_knows_the_modules_lambda(
    lmbda: float, half_share: float, image_folder: Path, tmp_path: Path
) -> None:
    codec = _brightening(tiny_hybrid(2, native=True), 5.0)  # white images: worse than any other
    points = RDPoints()
    metrics = _validate(codec, [points], image_folder, tmp_path, lmbda=lmbda)
    assert metrics["val/half_share"] == half_share
    for point in points.points:
        assert point.enhancement.resolution == ("half" if half_share else "native")
        assert (point.enhancement.enhancer_gain < 0) == bool(half_share)
        assert (point.enhancement.enhancer_gain == 0) == (half_share == 0)
        H, W = SIZES[point.image]
        # The estimate is of the size that was chosen: the other has about four times the bits, or a fourth.
        assert 0 < point.bpp - point.bpp_estimated < 0.03 * point.bpp_estimated + 8 * 80 / (H * W)

    predictions = _trainer(tmp_path, []).predict(
        CodecModule(codec, lmbda=lmbda), as_loader(validation_batches(image_folder))
    )
    assert [p.bpp for found in predictions for p in found] == [point.bpp for point in points.points]


def test_each_image_is_coded_and_decoded_once(
    image_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for cls, name in (
        (FrozenTransformCodec, "encode"),
        (FrozenHybrid, "decode_stages"),
        (FrozenHybrid, "decode"),
    ):
        method = getattr(cls, name)
        monkeypatch.setattr(
            cls, name, lambda *args, name=name, method=method: calls.append(name) or method(*args)
        )
    callbacks = [Reconstructions(), EntropyStatistics(), RDPoints()]
    _validate(tiny_hybrid(2, native=True), callbacks, image_folder, tmp_path)
    # Three images, coded at both sizes to choose one of them.
    assert sorted(calls) == ["decode_stages"] * 3 + ["encode"] * 6


def test_a_wandb_run_shows_and_tells_what_the_enhancer_does(image_folder: Path, tmp_path: Path) -> None:
    import wandb

    codec = _brightening(tiny_hybrid(2, native=True), 0.2)
    points = RDPoints()
    logger = WandbLogger(project="litcodec", offline=True, save_dir=str(tmp_path))
    metrics = _validate(codec, [points, Reconstructions(max_images=1)], image_folder, tmp_path, logger=logger)
    wandb.finish()
    wandb.teardown()
    run = read_offline_run(tmp_path)

    (row,) = [row for row in run.history if "rd_points" in row]
    table = json.loads((run.folder / row["rd_points"]["path"]).read_text())
    assert table["columns"][-4:] == ["ms_ssim_db", "psnr_inner", "enhancer_gain", "resolution"]
    assert [line[-3:] for line in table["data"]] == [list(point.enhancement) for point in points.points]
    for name in ("enhancer_gain", "half_share"):
        assert run.summary[name] == pytest.approx(metrics[f"val/{name}"], rel=1e-6)
    (row,) = [row for row in run.history if "val_images/first/enhancer_gain" in row]
    first = points.points[0]
    assert row["val_images/first/enhancer_gain"] == first.enhancement.enhancer_gain

    (row,) = [row for row in run.history if "reconstructions" in row]
    (caption,) = row["reconstructions"]["captions"]
    before, gain, size = first.enhancement
    assert caption.startswith(
        f"a/first.png: {first.bpp:.4f} bpp, {first.scores['psnr']:.2f} dB; "
        f"inner codec {before:.2f} dB at {size} size, enhancer {gain:+.2f} dB (error: "
    )
    with Image.open(run.folder / row["reconstructions"]["filenames"][0]) as tiles:
        assert tiles.size == (5 * 192 + 4 * 4, 192 + 18)


@pytest.mark.parametrize(
    ("lmbda", "words"),
    [
        (RATE_ALONE, " dB at half size, enhancer -"),
        (DISTORTION_ALONE, " dB; coded at native size, not enhanced ("),
    ],
)
def test_a_caption_tells_what_was_chosen(lmbda: float, words: str) -> None:
    frozen = _brightening(tiny_hybrid(2, native=True), 5.0).eval().freeze()
    frozen.training = TrainingInfo(lmbda, "mse")
    image = ObservedImage(torch.rand(1, 3, 64, 80), "one.png", lambda: frozen)
    assert words in Reconstructions()._draw(image).caption


@pytest.mark.parametrize("lmbda", [RATE_ALONE, DISTORTION_ALONE])
@pytest.mark.parametrize("corner", [(0, 1), (1, 1)])
def test_bits_lie_where_the_image_is_not_flat_at_both_sizes(corner: tuple[int, int], lmbda: float) -> None:
    torch.manual_seed(0)
    inner = FactorizedPrior(N=8, M=12)
    for layer in inner.g_a:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.zeros_(layer.bias)  # black gives zeros, which cost least
    inner.g_a[-1].weight.data *= 300
    enhancer = GRDN(C=4, growth=2, layers=1, blocks=1, groups=1, scale=2)
    frozen = _brightening(HybridCodec(inner, enhancer, scale=2, native=True), 5.0).eval().freeze()
    frozen.training = TrainingInfo(lmbda, "mse")

    # 200 and 232 are 8 more than multiples of 32, and of 16: both sizes are padded, by different amounts.
    H, W, side = 200, 232, 32
    x = torch.zeros(1, 3, H, W)
    top, left = corner[0] * (H - side), corner[1] * (W - side)
    x[..., top : top + side, left : left + side] = torch.rand(3, side, side)
    assert frozen.resolution(frozen.encode(x).strings) == ("half" if lmbda == RATE_ALONE else "native")
    per_place = [
        bits_per_place(frozen.bits(image), (H, W), factor=frozen.downsampling_factor)
        for image in (x, torch.zeros_like(x))
    ]
    spent = (per_place[0] - per_place[1]).abs()
    reach = 32 if lmbda == DISTORTION_ALONE else 64  # about as far as a latent place sees
    near = spent[max(0, top - reach) : top + side + reach, max(0, left - reach) : left + side + reach]
    assert near.sum() > 0.95 * spent.sum() > 100
    assert spent[top : top + side, left : left + side].sum() > 0.2 * spent.sum()
