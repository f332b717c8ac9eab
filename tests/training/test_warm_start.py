from pathlib import Path

import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging

from litcodec.codec_files import save_codec
from litcodec.codecs import MeanScaleHyperprior, ScaleHyperprior
from litcodec.errors import CodecFileError
from litcodec.training import CodecModule
from tests.training.phased_runs import PHASES, Watch, hybrid, train


def test_an_inner_codec_starts_from_the_averaged_weights_of_its_checkpoint(
    photographs: Path, tmp_path: Path
) -> None:
    averaging = EMAWeightAveraging(decay=0.9, use_buffers=False)
    trained = train(
        MeanScaleHyperprior(N=8, M=12),
        photographs,
        averaging,
        Watch(checkpoints=tmp_path),
        phases=None,
        max_steps=3,
    )
    module = CodecModule(hybrid(2, native=True), phases=PHASES, inner_checkpoint=tmp_path / "3.ckpt")
    # At its end a run with EMA holds the averages.
    for name, value in trained.lightning_module.codec.state_dict().items():
        assert torch.equal(module.codec.state_dict()[f"inner.{name}"], value), name
    untrained = hybrid(2)
    for name, value in untrained.enhancer.state_dict().items():
        assert torch.equal(module.codec.state_dict()[f"enhancer.{name}"], value), name


def test_an_inner_checkpoint_of_something_else_is_refused(photographs: Path, tmp_path: Path) -> None:
    watch = Watch(checkpoints=tmp_path)
    train(ScaleHyperprior(N=4, M=6), photographs, watch, phases=None, max_steps=1)
    with pytest.raises(
        CodecFileError,
        match=r"holds a ScaleHyperprior .*'M': 6.* inner codec is a MeanScaleHyperprior .*'M': 12",
    ):
        CodecModule(hybrid(), inner_checkpoint=tmp_path / "1.ckpt")
    with pytest.raises(CodecFileError, match=r"a ScaleHyperprior has no inner codec"):
        CodecModule(ScaleHyperprior(N=4, M=6), inner_checkpoint=tmp_path / "1.ckpt")
    with pytest.raises(CodecFileError, match=r"missing\.ckpt cannot be read"):
        CodecModule(hybrid(), inner_checkpoint=tmp_path / "missing.ckpt")


def test_a_run_starts_from_weights_of_the_same_codec_alone(photographs: Path, tmp_path: Path) -> None:
    watch = Watch(checkpoints=tmp_path)
    trained = train(ScaleHyperprior(N=4, M=6), photographs, watch, phases=None, max_steps=2)
    module = CodecModule(ScaleHyperprior(N=4, M=6), start_checkpoint=tmp_path / "2.ckpt")
    for name, value in trained.lightning_module.codec.state_dict().items():
        assert torch.equal(module.codec.state_dict()[name], value), name
    with pytest.raises(
        CodecFileError, match=r"holds a ScaleHyperprior .*'M': 6.*says ScaleHyperprior .*'M': 8"
    ):
        CodecModule(ScaleHyperprior(N=4, M=8), start_checkpoint=tmp_path / "2.ckpt")


def test_a_run_starts_from_a_codec_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    codec = MeanScaleHyperprior(N=4, M=6)
    save_codec(codec.freeze(), tmp_path / "codec.safetensors")
    module = CodecModule(MeanScaleHyperprior(N=4, M=6), start_checkpoint=tmp_path / "codec.safetensors")
    for name, value in codec.state_dict().items():
        if not name.startswith("density."):
            torch.testing.assert_close(module.codec.state_dict()[name], value, rtol=0, atol=2**-20)
    with pytest.raises(
        CodecFileError, match=r"holds a MeanScaleHyperprior .*says MeanScaleHyperprior .*'M': 8"
    ):
        CodecModule(MeanScaleHyperprior(N=4, M=8), start_checkpoint=tmp_path / "codec.safetensors")
