"""With CompressAI's weights, our codecs compute what CompressAI computes."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from litcodec.codecs import Codec, FactorizedPrior, MeanScaleHyperprior, ScaleHyperprior

HERE = Path(__file__).parent
CASES = [
    ("bmshj2018_factorized", FactorizedPrior),
    ("bmshj2018_hyperprior", ScaleHyperprior),
    ("mbt2018_mean", MeanScaleHyperprior),
]


@pytest.fixture(params=CASES, ids=[name for name, _ in CASES])
def case(request) -> tuple[Codec, dict[str, torch.Tensor]]:
    name, kind = request.param
    vectors = load_file(HERE / f"compressai_{name}.safetensors")
    codec = kind(N=8, M=12)
    expected = codec.state_dict().keys()
    weights = {key.replace("entropy_bottleneck.", "density."): tensor for key, tensor in vectors.items()}
    codec.load_state_dict({key: tensor for key, tensor in weights.items() if key in expected})  # strict
    return codec.eval(), vectors


@torch.no_grad()
def test_reconstructions_are_the_same(case: tuple[Codec, dict[str, torch.Tensor]]):
    codec, vectors = case
    x_hat = codec(vectors["x"]).x_hat
    assert vectors["x_hat"].std() > 0.1  # there is something to compare
    torch.testing.assert_close(x_hat, vectors["x_hat"], rtol=0, atol=1e-5)


@torch.no_grad()
def test_likelihoods_are_the_same(case: tuple[Codec, dict[str, torch.Tensor]]):
    codec, vectors = case
    likelihoods = codec(vectors["x"]).likelihoods
    names = [key for key in vectors if key.startswith("likelihoods.")]
    assert len(names) == len(likelihoods)
    for name, found in zip(sorted(names), likelihoods, strict=True):
        assert vectors[name].std() > 0.003
        torch.testing.assert_close(found, vectors[name], rtol=0, atol=1e-5)


def test_every_weight_is_used(case: tuple[Codec, dict[str, torch.Tensor]]):
    codec, vectors = case
    outputs = {"x", "x_hat", "likelihoods.y", "likelihoods.z"}
    assert len(vectors.keys() - outputs) == len(codec.state_dict())


@torch.no_grad()
def test_bytes_of_a_foreign_codec_decode(case: tuple[Codec, dict[str, torch.Tensor]]):
    codec, vectors = case
    frozen = codec.freeze()
    packed = frozen.compress(vectors["x"])
    expected = vectors["x_hat"].clamp(0, 1).mul(255).round()
    assert (frozen.decompress(packed).mul(255).round() - expected).abs().max() <= 1
    bits = -sum(float(t.log2().sum()) for key, t in vectors.items() if key.startswith("likelihoods."))
    assert sum(8 * len(s) for compressed in packed for s in compressed.strings) < 1.02 * bits + 2 * 8 * 40
