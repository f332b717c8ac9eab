"""A codec file is a place to train on from."""

import copy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import pytest
import torch
from tiny_hybrids import inner_of
from torch import Tensor

from litcodec.codec_files import unfreeze
from litcodec.codecs import L3C, Codec, PixelAutoregressive, ScaleHyperprior, TransformCodec
from litcodec.errors import FreezeError
from litcodec.latent_coding import LatentCoder
from litcodec.latent_models import CodedLatents, FactorizedModel, LatentModel, Latents
from litcodec.layers import gdn_layer
from litcodec.transforms import analysis, synthesis


def test_what_is_thawed_freezes_to_the_same(codec: Codec, make_codec) -> None:
    frozen = codec.freeze()
    torch.manual_seed(1)
    other = make_codec()
    unfreeze(other, frozen)
    # The density is not in the file, and fitted nearly; with it nothing is missing.
    inner_of(other).latent_model.density.load_state_dict(inner_of(codec).latent_model.density.state_dict())
    again = other.freeze()
    assert again.fingerprint == frozen.fingerprint
    for name, tensor in frozen.encoder_tensors().items():
        assert torch.equal(again.encoder_tensors()[name], tensor), name


def test_a_thawed_codec_estimates_the_rate_of_what_a_file_has_tables_for(
    codec: Codec, make_codec, image_like
):
    """With the density of a new codec 15 % are missing here, and 0.025 bpp are too many for cosine-3."""
    x, density = image_like(64, 96), inner_of(codec).latent_model.density
    with torch.no_grad():
        density.biases[-1].add_(torch.linspace(-3, 3, density.channels)[:, None, None])
    torch.manual_seed(1)
    other = make_codec().eval()
    unfreeze(other, codec.freeze())
    with torch.no_grad():
        bits, found = (float(-each(x).likelihoods[-1].log2().sum()) for each in (codec, other))
    assert found == pytest.approx(bits, rel=0.04)


def test_a_thawed_codec_trains_every_weight(codec: Codec, make_codec, image_like) -> None:
    other = make_codec().train()
    unfreeze(other, codec.freeze())
    before = copy.deepcopy(other.state_dict())
    optimiser = torch.optim.Adam(other.parameters(), lr=1e-3)
    output = other(image_like(64, 64, batch=2))
    (output.x_hat.square().mean() - sum(p.log().mean() for p in output.likelihoods)).backward()
    optimiser.step()
    moved = {name for name, value in other.state_dict().items() if not torch.equal(value, before[name])}
    parameters = {id(parameter) for parameter in other.parameters()}
    assert moved == {name for name, v in other.state_dict(keep_vars=True).items() if id(v) in parameters}


class Wrapped(LatentModel):
    """A model of a user's own about another one; it says nothing of tables."""

    stride = 1

    def __init__(self) -> None:
        super().__init__()
        self.channels, self.inner = 12, FactorizedModel(12)

    def forward(self, y: Tensor) -> CodedLatents:
        return self.inner(y)

    def latents(self, y: Tensor) -> Latents:
        return self.inner.latents(y)

    def freeze(self) -> LatentCoder:
        return self.inner.freeze()

    def restore(self, tensors: Mapping[str, Tensor]) -> LatentCoder:
        return self.inner.restore(tensors)


class WrappedPrior(TransformCodec):
    def __init__(self) -> None:
        gdn = gdn_layer("exact")
        g_a, g_s = analysis(N=8, M=12, gdn=gdn), synthesis(N=8, M=12, gdn=gdn)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=Wrapped())


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_a_model_about_another_is_thawed_in_any_mode(
    mode: Callable[[], AbstractContextManager[None]],
) -> None:
    torch.manual_seed(0)
    frozen = WrappedPrior().eval().freeze()
    other = WrappedPrior().eval()
    with mode():
        unfreeze(other, frozen)
    for name, tensor in frozen.encoder_tensors().items():
        assert torch.equal(other.state_dict()[name], tensor)


LOSSLESS: dict[str, Callable[[], Codec]] = {
    "med": lambda: PixelAutoregressive(N=6, M=4, blocks=1, K=2),
    "linear": lambda: PixelAutoregressive(N=6, M=4, blocks=1, K=2, prediction="linear"),
    "l3c": lambda: L3C(N=4, C=2, levels=5, scales=2, blocks=1, K=2),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_lossless_codec_is_thawed_too(name: str) -> None:
    torch.manual_seed(0)
    frozen = LOSSLESS[name]().freeze()
    other = LOSSLESS[name]()
    assert other.freeze().fingerprint != frozen.fingerprint
    unfreeze(other, frozen)
    assert other.freeze().fingerprint == frozen.fingerprint


def test_another_codec_is_not_thawed() -> None:
    with pytest.raises(FreezeError, match=r"'M': 12.* is not the codec to train, .*'M': 16"):
        unfreeze(ScaleHyperprior(N=8, M=16), ScaleHyperprior(N=8, M=12).freeze())
