"""With CompressAI's weights, our codecs compute what CompressAI computes."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from litcodec.bitstream import pack, unpack
from litcodec.codecs import Codec
from litcodec.compressai_models import COMPRESSAI_MODELS
from litcodec.data import read_image
from litcodec.interchange import import_compressai

HERE = Path(__file__).parent / "compressai"
PHOTOGRAPH = HERE.parents[2] / "litcodec" / "photographs" / "heldback" / "canal-houses-d60acb20.jpg"


class Case(NamedTuple):
    codec: Codec
    vectors: dict[str, Tensor]
    x: Tensor  # (1, 3, 64, 128)


@pytest.fixture(scope="module", params=COMPRESSAI_MODELS)
def case(request) -> Case:
    codec = import_compressai(HERE / f"{request.param}.pth.tar", request.param).codec
    vectors = load_file(HERE / f"{request.param}.safetensors")
    return Case(codec, vectors, vectors["x"].float() / 255)


@torch.no_grad()
def test_reconstructions_are_the_same(case: Case):
    x_hat = case.codec(case.x).x_hat
    assert case.vectors["x_hat"].std() > 0.05  # there is something to compare
    torch.testing.assert_close(x_hat, case.vectors["x_hat"], rtol=0, atol=1e-5)


@torch.no_grad()
def test_likelihoods_are_the_same(case: Case):
    likelihoods = case.codec(case.x).likelihoods
    names = [key for key in case.vectors if key.startswith("likelihoods.")]
    assert len(names) == len(likelihoods)
    for name, found in zip(sorted(names), likelihoods, strict=True):
        assert case.vectors[name].std() > 0.003
        torch.testing.assert_close(found, case.vectors[name], rtol=0, atol=1e-5)


@torch.no_grad()
def test_bytes_of_a_foreign_codec_decode_to_its_pixels(case: Case):
    frozen = case.codec.freeze()
    expected = case.vectors["x_hat"].clamp(0, 1).mul(255).round()
    x_hat = frozen.decompress(frozen.compress(case.x))
    assert (x_hat.mul(255).round() - expected).abs().max() <= 1


def test_a_photograph_takes_the_bytes_that_the_foreign_codec_estimates(case: Case):
    frozen = case.codec.freeze()
    x = read_image(PHOTOGRAPH)[None, :, :512, :512].float() / 255
    stream = pack(frozen.compress(x)[0], frozen.fingerprint)
    estimate = float(case.vectors["bits"]) / 8
    assert estimate > 5_000 * case.codec.latent_model.channels / 12
    assert abs(len(stream) - estimate) < 0.01 * estimate
    decoded = frozen.decompress([unpack(stream, fingerprint=frozen.fingerprint, max_pixels=2**20)])
    assert decoded.shape == x.shape
    assert decoded.std() > 0.1


def test_vectors_are_small():
    sizes = {path.name: path.stat().st_size for path in HERE.iterdir()}
    assert max(sizes.values()) < 250_000, sizes
