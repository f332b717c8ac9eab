"""The codec that starts as a DCT. What holds for every codec is tested with the others, as one of KINDS."""

import pytest
import torch

from litcodec.codec_files import build_codec, codec_architecture
from litcodec.codecs import LearnedCosine, MeanScaleHyperprior, VariableRate
from litcodec.data import bundled_photographs, list_images, read_image
from litcodec.errors import CodecFileError, ShapeError
from litcodec.objectives import mse


@pytest.fixture(scope="module")
def photograph() -> torch.Tensor:
    x = read_image(list_images(bundled_photographs() / "heldback")[0])
    return x[None, :, 128:384, 128:384].float() / 255


@torch.no_grad()
def test_untrained_it_codes_a_photograph_as_a_dct_does(photograph: torch.Tensor) -> None:
    torch.manual_seed(0)
    qualities = []
    for lmbda in (0.0035, 0.0122, 0.0483):
        x_hat = LearnedCosine(lmbda=lmbda).eval()(photograph).x_hat
        qualities.append(-10 * float((x_hat - photograph).square().mean().log10()))
    assert qualities == sorted(qualities)
    assert qualities[1] > 29
    grey = MeanScaleHyperprior(N=32, M=48).eval()(photograph).x_hat
    assert -10 * float((grey - photograph).square().mean().log10()) < 15  # where others start


@torch.no_grad()
def test_its_estimate_is_what_its_bytes_cost(photograph: torch.Tensor) -> None:
    torch.manual_seed(0)
    codec = LearnedCosine(N=32, M=96, context=16).eval()
    codec.latent_model.y_model.entropy_parameters[-1].weight.normal_(std=0.02)
    loss = mse().loss(codec(photograph), photograph, lmbda=0.0122)
    coded = codec.freeze().encode(photograph)
    bits = float(loss.rate) * photograph[0, 0].numel()
    assert 8 * sum(map(len, coded.strings)) == pytest.approx(bits, rel=0.02, abs=8 * 40 + 30 * coded.escapes)


def test_where_training_starts_is_no_matter_of_its_file() -> None:
    codec = LearnedCosine(N=8, M=12, context=6, lmbda=0.05)
    assert codec.architecture == LearnedCosine(N=8, M=12, context=6).architecture
    with torch.device("meta"):
        built = build_codec(codec.architecture._asdict())
        assert {n: p.shape for n, p in built.named_parameters()} == {
            n: p.shape for n, p in codec.named_parameters()
        }
        with pytest.raises(CodecFileError, match="takes"):
            build_codec(codec_architecture("LearnedCosine", {"N": 8, "lmbda": 1}))


@pytest.mark.parametrize("arguments", [{"M": 769}, {"M": 0}, {"lmbda": 0.0}])
def test_what_makes_no_dct_is_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ShapeError, match=r"M is 1 to 768, lmbda above 0; got"):
        LearnedCosine(N=8, context=6, **arguments)
    if arguments.get("M") == 769:
        with pytest.raises(CodecFileError, match="cannot be built"):
            build_codec(codec_architecture("LearnedCosine", {"N": 8, "context": 6, **arguments}))


def test_all_rates_start_about_the_middle() -> None:
    codec = VariableRate(LearnedCosine(N=8, M=12, context=6), lmbda_min=0.001, lmbda_max=0.15)
    torch.manual_seed(0)
    of_default = LearnedCosine(N=8, M=12, context=6).g_a[-1].weight
    of_middle = LearnedCosine(N=8, M=12, context=6, lmbda=codec.middle_lmbda).g_a[-1].weight
    torch.testing.assert_close(of_default, of_middle, rtol=0.01, atol=0)
    gains = codec.gains(torch.tensor([0.0, 0.5, 1.0])).gain[:, 0, 0, 0]
    assert gains.tolist() == pytest.approx([150**-0.25, 1.0, 150**0.25], rel=1e-5)
