from pathlib import Path

import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging

from litcodec.codec_files import load_codec, save_codec
from litcodec.codecs import Codec, Elic, LappedCosine, MeanScaleHyperprior, ScaleHyperprior, VariableRate
from litcodec.errors import CodecFileError
from litcodec.objectives import bits_per_pixel
from litcodec.training import CodecModule
from litcodec.zoo import codec_path
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
        match=r"holds a ScaleHyperprior .*'M': 6.* configuration says MeanScaleHyperprior .*'M': 12",
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


def inner() -> LappedCosine:
    return LappedCosine(analysis_blocks=5, synthesis_blocks=7)


def cosine_3(**changed: float) -> VariableRate:
    rates = {"lmbda_min": 0.0004, "lmbda_max": 0.15, "anchors": 7, **changed}
    return VariableRate(inner(), **rates)  # type: ignore[arg-type]


def _share_density(codec: Codec, other: Codec) -> None:
    """Which no codec file holds, so that each has another one."""
    assert codec.density is not None
    assert other.density is not None
    codec.density.load_state_dict(other.density.state_dict())


@pytest.fixture(scope="module")
def packaged() -> VariableRate:
    codec = CodecModule(cosine_3(), start_checkpoint=Path("cosine-3")).codec.eval()
    assert isinstance(codec, VariableRate)
    return codec


def test_a_run_starts_from_a_packaged_codec_by_name(packaged: VariableRate) -> None:
    frozen = load_codec(codec_path(Path("cosine-3")))
    gains = {**frozen.decoder_tensors(), **frozen.encoder_tensors()}
    for name, value in packaged.gains.state_dict().items():
        assert torch.equal(value, gains[f"gains.{name}"]), name
    with pytest.raises(CodecFileError, match=r"no packaged codec of that name; those are .*cosine-3"):
        CodecModule(cosine_3(), start_checkpoint=Path("cosine-9"))


@torch.no_grad()
def test_one_rate_of_a_packaged_codec_codes_as_that_does(packaged: VariableRate, image_like) -> None:
    x = image_like(64, 96)
    for lmbda in (0.0004, 0.0067, 0.15):
        module = CodecModule(inner(), lmbda=lmbda, start_checkpoint=Path("cosine-3"))
        codec = module.codec.eval()
        _share_density(codec, packaged)
        y = packaged.latents(x, torch.tensor([lmbda])).y
        torch.testing.assert_close(codec.latents(x).y, y, rtol=0, atol=1e-3)
        wanted, found = packaged(x, torch.tensor([lmbda])), codec(x)
        assert (found.x_hat - wanted.x_hat).abs().mean() < 1e-4
        rates = [float(bits_per_pixel(output)) for output in (wanted, found)]
        assert rates[1] == pytest.approx(rates[0], rel=0.01)
    with pytest.raises(CodecFileError, match=r"cosine-3 codes at lmbda 0\.0004 to 0\.15, not at 0\.2"):
        CodecModule(inner(), lmbda=0.2, start_checkpoint=Path("cosine-3"))
    other = LappedCosine(N=64, analysis_blocks=5, synthesis_blocks=7)
    with pytest.raises(CodecFileError, match=r"cosine-3 holds a VariableRate .* says LappedCosine .*'N': 64"):
        CodecModule(other, lmbda=0.01, start_checkpoint=Path("cosine-3"))


@torch.no_grad()
def test_a_narrower_range_starts_with_the_gains_of_its_rates(packaged: VariableRate, image_like) -> None:
    x = image_like(64, 96)
    narrow = cosine_3(lmbda_min=0.002, lmbda_max=0.02, anchors=2)
    codec = CodecModule(narrow, start_checkpoint=Path("cosine-3")).codec.eval()
    _share_density(codec, packaged)
    for lmbda in (0.002, 0.02):
        at = torch.tensor([lmbda])
        torch.testing.assert_close(codec.latents(x, at).y, packaged.latents(x, at).y, rtol=1e-4, atol=1e-3)
        assert (codec(x, at).x_hat - packaged(x, at).x_hat).abs().mean() < 1e-4
    with pytest.raises(CodecFileError, match=r"codes at lmbda 0\.0004 to 0\.15, .* says 0\.0004 to 0\.2\."):
        CodecModule(cosine_3(lmbda_max=0.2), start_checkpoint=Path("cosine-3"))


def test_gains_that_no_convolution_can_take_are_refused(tmp_path: Path) -> None:
    inner = Elic(N=4, M=8, groups=[1, 1, 2], context=[8, 8])
    save_codec(VariableRate(inner).freeze(), tmp_path / "codec.safetensors")
    with pytest.raises(CodecFileError, match=r"Elic whose transforms have no convolution next to y"):
        CodecModule(inner, lmbda=0.01, start_checkpoint=tmp_path / "codec.safetensors")
