"""Mixtures: what encoder and decoder make of them, in whatever order and however many at once."""

import time
from collections.abc import Iterator
from functools import partial

import pytest
import torch
from torch import Tensor

from litcodec.codec_files import build_codec
from litcodec.codecs import MixtureAutoregressive
from litcodec.coding import MixtureBlockCoder, StringEncoder
from litcodec.errors import CodecFileError, Corrupt, FreezeError, ShapeError
from litcodec.frozen import FrozenCodec
from litcodec.latent_coding.coding_order import CodingOrder, by_position
from litcodec.latent_coding.context_walk import ContextWalk
from litcodec.latent_coding.mixture import MixtureCoder, _indexes
from litcodec.latent_coding.symbols import GRID

pytestmark = pytest.mark.parametrize(
    "make_codec",
    [partial(MixtureAutoregressive, N=8, M=12, K=K) for K in (1, 2, 3)],
    ids=["K=1", "K=2", "K=3"],
    indirect=True,
)


def _raster(y: Tensor) -> Iterator[Tensor]:
    """One place at a time, row by row."""
    yield from torch.arange(y.shape[2] * y.shape[3])[:, None]


def _y_and_hyper(frozen: FrozenCodec, x: Tensor) -> tuple[Tensor, Tensor]:
    y = frozen.analyse(x).clone()
    coder = frozen.latent_coder
    return y, coder.hyper_params(coder.z_coder.encode_to_grid(coder.h_a(y))[1])


def _in_raster_order(coder: MixtureCoder) -> MixtureCoder:
    walk = coder.walk
    return MixtureCoder(
        ContextWalk(walk.context, walk.parameters, walk.offsets, order=CodingOrder(_raster)), coder.tables
    )


def test_raster_order_and_wavefront_give_the_same_latents_and_bits(frozen: FrozenCodec, image_like):
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(70, 130))
    raster = _in_raster_order(coder)
    by_wavefront, y_hat = coder.encode(y, hyper)
    by_raster, one_by_one = raster.encode(y, hyper)
    assert torch.equal(one_by_one, y_hat)
    assert torch.equal(coder.decode(by_wavefront.data, hyper), y_hat)
    assert torch.equal(raster.decode(by_raster.data, hyper), y_hat)
    assert torch.equal(raster.bits(y, hyper), coder.bits(y, hyper))
    assert torch.equal(y_hat, y.round())
    assert y_hat.unique().numel() > 8


def test_one_pass_writes_what_an_encoder_would_that_walks_like_the_decoder(frozen: FrozenCodec, image_like):
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(70, 130))
    walking, values = StringEncoder(MixtureBlockCoder(coder.tables)), by_position(y.round())

    def write(places: Tensor, parameters: Tensor) -> Tensor:
        walking.encode(values[places].to(torch.int32).flatten().numpy(), _indexes(parameters, 12))
        return values[places].double() * GRID

    assert torch.equal(coder.walk(hyper, write) / GRID, y.round().double())
    assert walking.finish() == coder.encode(y, hyper)[0]


@pytest.mark.parametrize("at_once", [1, 30, 10_000])
def test_how_many_places_are_taken_at_once_bounds_memory_and_changes_nothing(
    frozen: FrozenCodec, at_once: int, image_like, monkeypatch
):
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(128, 256))
    expected = coder.encode(y, hyper)[0], coder.bits(y, hyper)
    monkeypatch.setattr("litcodec.latent_coding.mixture.AT_ONCE", at_once)
    rows, network = [], type(coder.walk.context).__call__

    def watched(net, x: Tensor) -> Tensor:
        rows.append(len(x))
        return network(net, x)

    monkeypatch.setattr(type(coder.walk.context), "__call__", watched)
    assert coder.encode(y, hyper)[0] == expected[0]
    assert torch.equal(coder.bits(y, hyper), expected[1])
    assert sum(rows) == 2 * 2 * 8 * 16
    assert max(rows) == {1: 6, 30: 30, 10_000: 8 * 16}[at_once]  # the longest step has 6 places


@torch.no_grad()
def test_a_later_latent_changes_no_earlier_mixture(codec: MixtureAutoregressive):
    h, w, at = 6, 7, 3 * 7 + 4
    hyper, y = torch.randn(1, 24, h, w), torch.randn(1, 12, h, w)
    before = codec.latent_model.y_model._mixture(hyper, y)
    y[0, :, at // w, at % w] += 10
    for a, b in zip(before, codec.latent_model.y_model._mixture(hyper, y), strict=True):
        changed = (a != b).any(dim=2).any(dim=1).flatten()
        assert not changed[: at + 1].any()
        assert changed[at + 1 :].sum() == 12  # two to the right, and five in each of the next two rows


@torch.no_grad()
@pytest.mark.parametrize(
    "biases",
    [(0.0, 1e4, 2.0), (0.0, -1e4, -1e4), (1e4, 0.0, 1e4), (-1e4, 1e4, 1e4), (0.0, 0.0, 0.11)],
    ids=["means at the end", "means and scales at the end", "wide", "all at the end", "narrow"],
)
def test_mixtures_at_the_ends_of_the_range_round_trip(
    codec: MixtureAutoregressive, biases: tuple[float, float, float], image_like
):
    """The first component's logits, means and scales, of half of the channels."""
    K = codec.architecture.init_args["K"]
    last = codec.latent_model.y_model.entropy_parameters[4].bias.reshape(3, K, 12)
    last[:, 0, :6] = torch.tensor(biases)[:, None]
    frozen, x = codec.freeze(), image_like(64, 64)
    coded = frozen.encode(x)
    assert torch.equal(frozen.decode_latents(coded.strings, (64, 64)), coded.y_hat)
    information = float(frozen.bits(x)[0].double().sum()) / 8
    assert information - 1 <= len(coded.strings[0]) <= 1.005 * information + 40


def test_what_is_estimated_is_what_is_written(codec: MixtureAutoregressive, image_like):
    """The float mixture and the one of integers."""
    K = codec.architecture.init_args["K"]
    x = image_like(128, 192, seed=5)
    with torch.no_grad():
        # Scales so large that hardly a symbol escapes.
        codec.latent_model.y_model.entropy_parameters[4].bias[2 * K * 12 :] += 6
        bits = -float(codec(x).likelihoods[0].log2().sum())
    frozen = codec.freeze()
    assert float(frozen.bits(x)[0].sum()) == pytest.approx(bits, rel=0.003)
    assert 0.997 * bits <= 8 * len(frozen.encode(x).strings[0]) <= 1.003 * bits + 64


def test_damaged_strings_are_corrupt_or_decode_in_bounded_time(frozen: FrozenCodec, image_like):
    coded = frozen.encode(image_like(128, 128))
    y_string, z_string = coded.strings
    start = time.process_time()
    frozen.decode_latents(coded.strings, (128, 128))
    allowed = 3 * (time.process_time() - start) + 1
    caught, generator = 0, torch.Generator().manual_seed(0)
    for _ in range(12):
        at, flip = (int(torch.randint(n, (), generator=generator)) for n in (len(y_string), 255))
        damaged = bytearray(y_string)
        damaged[at] ^= flip + 1
        start = time.process_time()
        try:
            y_hat = frozen.decode_latents((bytes(damaged), z_string), (128, 128))
        except Corrupt:
            caught += 1
        else:
            assert y_hat.isfinite().all()
            assert not torch.equal(y_hat, coded.y_hat)
        assert time.process_time() - start < allowed
    assert caught > 0


def test_tables_of_a_codec_file_that_are_missing_or_unusable_are_refused(codec: MixtureAutoregressive):
    frozen = codec.freeze()
    tensors = {**frozen.decoder_tensors(), **frozen.encoder_tensors()}
    assert codec.restore(tensors).fingerprint == frozen.fingerprint
    for field in ("cdf", "exponentials", "thresholds", "reciprocals"):
        name = f"y.mixtures.{field}"
        kept = tensors.pop(name)
        with pytest.raises(FreezeError, match=rf"{name}' is missing"):
            codec.restore(tensors)
        for other in (kept.float(), kept.long(), kept[None], -kept):
            with pytest.raises((FreezeError, CodecFileError)):
                codec.restore({**tensors, name: other})
        tensors[name] = kept


@pytest.mark.parametrize("wrong", [0, -1, 17])
def test_a_number_of_components_that_cannot_be_is_named(codec: MixtureAutoregressive, wrong: int):
    with pytest.raises(ShapeError, match=rf"1\.\.16 components; got K={wrong}"):
        MixtureAutoregressive(N=8, M=12, K=wrong)
    wrongly = {**codec.architecture._asdict(), "init_args": {**codec.architecture.init_args, "K": wrong}}
    with pytest.raises(CodecFileError, match="cannot be built"):
        build_codec(wrongly)
