from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.codecs import Codec, HybridCodec, MeanScaleHyperprior, ScaleHyperprior
from litcodec.data import read_image
from litcodec.training import CodecModule
from litcodec.transforms import GRDN
from tests.training.runs import TINY, write_photographs


def hybrid() -> HybridCodec:
    enhancer = GRDN(C=4, growth=2, layers=1, blocks=1, groups=1)
    return HybridCodec(ScaleHyperprior(N=4, M=6), enhancer)


@pytest.mark.parametrize("build", [lambda: ScaleHyperprior(N=4, M=6), hybrid])
def test_compiling_keeps_the_names_of_weights(
    build: Callable[[], Codec], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[nn.Module] = []
    really_compile = nn.Module.compile

    def compile_and_note(part: nn.Module) -> None:
        compiled.append(part)
        really_compile(part)

    monkeypatch.setattr(nn.Module, "compile", compile_and_note)
    plain = CodecModule(build()).state_dict()
    module = CodecModule(build(), compile_transforms=True)
    assert list(plain) == list(module.state_dict())
    transforms = {p for part in compiled for p in part.parameters()}
    rest = {name for name, p in module.codec.named_parameters() if p not in transforms}
    assert rest
    assert all(name.split(".")[-3] == "density" for name in rest), rest


def test_one_optimiser_holds_every_parameter() -> None:
    module = CodecModule(MeanScaleHyperprior(N=4, M=6), learning_rate=0.5)
    optimizer = module.configure_optimizers()
    assert isinstance(optimizer, torch.optim.Adam)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in module.parameters()}
    assert optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.filterwarnings("default")
def test_fit_export_validate_test_predict_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photographs = write_photographs(tmp_path / "photographs", count=4)
    config = tmp_path / "tiny.yaml"
    config.write_text(TINY)
    shared = ["--config", str(config), "--run_root", str(tmp_path / "runs"), "--trainer.max_steps", "6"]
    shared += ["--data.train_dir", str(photographs), "--data.val_dir", str(photographs)]
    shared += ["--trainer.limit_val_batches", "2"]
    monkeypatch.setattr("sys.argv", ["litcodec"])

    def lightning(*arguments: str) -> None:
        assert main([arguments[0], *shared, *arguments[1:]]) == 0

    lightning("fit", "--trainer.precision", "bf16-mixed")
    checkpoint = str(tmp_path / "runs" / "tiny" / "latest" / "checkpoints" / "last.ckpt")
    codec_file = tmp_path / "codec.safetensors"
    assert main(["export", checkpoint, str(codec_file)]) == 0
    small = tmp_path / "small.safetensors"
    assert main(["export", checkpoint, str(small), "--half", "--error-bits", "18"]) == 0
    assert small.stat().st_size < 0.95 * codec_file.stat().st_size
    rounding = load_codec(small).latent_coder.y_coder.scale_tables.rdoq
    assert rounding.rdoq_lambda == 18
    assert load_codec(codec_file).training[:3] == (0.0130, "mse", 6)

    lightning("validate", "--ckpt_path", checkpoint)
    capsys.readouterr()
    lightning("test", "--ckpt_path", checkpoint)
    table = capsys.readouterr().out
    assert "test/bpp" in table
    assert "test/ms_ssim" not in table  # 80 pixels are too few for it
    decoded = tmp_path / "images"
    writer = [
        "--trainer.callbacks+=litcodec.callbacks.WritePredictions",
        f"--trainer.callbacks.output_dir={decoded}",
    ]
    lightning("predict", "--ckpt_path", checkpoint, *writer, "--return_predictions", "false")

    inputs = [str(path) for path in sorted(photographs.iterdir())]
    assert main(["compress", *inputs, "-c", str(codec_file), "-o", str(tmp_path / "streams")]) == 0
    streams = [str(path) for path in sorted((tmp_path / "streams").iterdir())]
    assert main(["decompress", *streams, "-c", str(codec_file), "-o", str(tmp_path / "decoded")]) == 0
    for name in ("0.png", "1.png", "2.png", "3.png"):
        assert torch.equal(read_image(decoded / name), read_image(tmp_path / "decoded" / name))
