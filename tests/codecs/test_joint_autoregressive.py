"""The context model: causality, and that steps of many places, or one pass, are the places one by one."""

import time
from collections.abc import Iterator
from functools import partial

import pytest
import torch
from torch import Tensor

from litcodec.codecs import JointAutoregressive
from litcodec.coding import SYMBOL_MAX
from litcodec.entropy.fixed_point import ACTIVATION_MAX
from litcodec.errors import Corrupt
from litcodec.frozen import FrozenCodec
from litcodec.latent_coding.coding_order import CodingOrder, KnownValues, by_position, coding_order_of
from litcodec.latent_coding.context import ContextCoder
from litcodec.latent_coding.context_walk import ContextWalk
from litcodec.latent_coding.symbols import GRID, on_grid

pytestmark = pytest.mark.parametrize(
    "make_codec", [partial(JointAutoregressive, N=8, M=12)], ids=["autoregressive"], indirect=True
)
SIZES = [(64, 64), (130, 257), (257, 60)]


def _raster(y: Tensor) -> Iterator[Tensor]:
    """One place at a time, row by row."""
    B, _, h, w = y.shape
    yield from torch.arange(B * h * w)[:, None]


def _y_and_hyper(frozen: FrozenCodec, x: Tensor) -> tuple[Tensor, Tensor]:
    y = frozen.analyse(x).clone()
    coder = frozen.latent_coder
    return y, coder.hyper_params(coder.z_coder.encode_to_grid(coder.h_a(y))[1])


def _in_order(coder: ContextCoder, order) -> ContextCoder:
    walk = coder.walk
    walk = ContextWalk(walk.context, walk.parameters, walk.offsets, order=CodingOrder(order))
    return ContextCoder(walk, coder.scale_tables)


@pytest.mark.parametrize(("H", "W"), SIZES)
def test_raster_order_and_wavefront_give_the_same_latents_and_bits(
    frozen: FrozenCodec, H: int, W: int, image_like
):
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(H, W))
    raster = _in_order(coder, _raster)
    by_wavefront, y_hat = coder.encode(y, hyper)
    by_raster, one_by_one = raster.encode(y, hyper)
    assert torch.equal(one_by_one, y_hat)
    assert torch.equal(raster.decode(by_raster.data, hyper), coder.decode(by_wavefront.data, hyper))
    assert torch.equal(raster.bits(y, hyper), coder.bits(y, hyper))
    assert y_hat.round().unique().numel() > 8


@pytest.mark.parametrize(("H", "W"), SIZES)
def test_one_pass_over_what_was_decoded_gives_the_very_means_of_the_steps(
    frozen: FrozenCodec, H: int, W: int, image_like
):
    """Exact sums: all places at once, with all values known, see what they saw one by one."""
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(H, W))
    y_hat = coder.encode(y, hyper)[1]
    known = KnownValues(y.shape, coder.walk.offsets)
    everywhere = torch.arange(y.shape[2] * y.shape[3])
    known.put(everywhere, by_position(y_hat * GRID))
    seen = coder.walk.context(known.context(everywhere).double())
    _, means = coder.walk.parameters(torch.cat([by_position(hyper), seen], dim=1)).chunk(2, dim=1)
    symbols = ((on_grid(by_position(y)) - means) / GRID).round()
    assert torch.equal(((symbols * GRID + means) / GRID).float(), by_position(y_hat))


@torch.no_grad()
def test_a_later_latent_changes_no_earlier_mean_or_scale(codec: JointAutoregressive):
    h, w, at = 6, 7, 3 * 7 + 4
    hyper, y = torch.randn(1, 24, h, w), torch.randn(1, 12, h, w)
    before = codec.latent_model.y_model._gaussians(hyper, y)
    y[0, :, at // w, at % w] += 10
    for a, b in zip(before, codec.latent_model.y_model._gaussians(hyper, y), strict=True):
        changed = (a != b).any(dim=1).flatten()
        assert not changed[: at + 1].any()
        assert changed[at + 1 :].sum() == 12  # two to the right, and five in each of the next two rows


def test_a_later_latent_changes_no_earlier_symbol(frozen: FrozenCodec, image_like):
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(128, 128))
    y_hat = coder.encode(y, hyper)[1]
    at = 4 * y.shape[3] + 3
    changed = y.clone()
    changed[0, :, 4, 3] += 20
    other = coder.encode(changed, hyper)[1]
    differs = (other != y_hat).any(dim=1).flatten()
    assert not differs[:at].any()
    assert differs[at]
    assert differs[at + 1 :].any()


def test_the_context_sees_values_no_larger_than_the_bound_of_the_sums(codec: JointAutoregressive, image_like):
    with torch.no_grad():
        codec.g_a[-1].weight.mul_(1e5)
    frozen = codec.freeze()
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(64, 64))
    encoded, y_hat = coder.encode(y, hyper)
    assert y_hat.abs().max() > 2 * ACTIVATION_MAX / GRID  # or nothing would have been cut
    assert y_hat.abs().max() <= SYMBOL_MAX + ACTIVATION_MAX / GRID
    assert encoded.clipped > 0
    assert torch.equal(coder.decode(encoded.data, hyper), y_hat)
    assert torch.equal(_in_order(coder, _raster).encode(y, hyper)[1], y_hat)


def test_damaged_strings_are_corrupt_or_decode_in_bounded_time(frozen: FrozenCodec, image_like):
    coder = frozen.latent_coder
    coded = frozen.encode(image_like(128, 128))
    y_string, z_string = coded.strings
    start = time.process_time()
    coder.decode(coded.strings, 8, 8)
    allowed = 3 * (time.process_time() - start) + 1
    caught, generator = 0, torch.Generator().manual_seed(0)
    for _ in range(20):
        at, flip = (int(torch.randint(n, (), generator=generator)) for n in (len(y_string), 255))
        damaged = bytearray(y_string)
        damaged[at] ^= flip + 1
        start = time.process_time()
        try:
            y_hat = coder.decode((bytes(damaged), z_string), 8, 8)
        except Corrupt:
            caught += 1
        else:
            assert y_hat.isfinite().all()
            assert not torch.equal(y_hat, coded.y_hat)
        assert time.process_time() - start < allowed
    assert caught > 0


def test_what_is_estimated_in_use_is_of_what_is_written(codec: JointAutoregressive, image_like):
    """The forward pass rounds about the means, in order; about 0 it would describe another codec."""
    x = image_like(128, 192, seed=5)
    with torch.no_grad():
        # Scales so large that hardly a symbol escapes.
        codec.latent_model.y_model.entropy_parameters[4].bias[:12] += 6
        y, _, means_hat = codec.latents(x)[:3]
        hyper_params = codec.latent_model.h_s(_z_hat(codec, y))
        off_grid = codec.latent_model.y_model._round_in_order(y, hyper_params) - means_hat
        bits = -float(codec(x).likelihoods[0].log2().sum())
    assert (off_grid - off_grid.round()).abs().max() < 1e-4
    frozen = codec.freeze()
    assert float(frozen.bits(x)[0].sum()) == pytest.approx(bits, rel=0.01)
    assert 8 * len(frozen.encode(x).strings[0]) == pytest.approx(bits, rel=0.01)


def _z_hat(codec: JointAutoregressive, y: Tensor) -> Tensor:
    medians = codec.latent_model.density.medians()
    return (codec.latent_model.h_a(y) - medians).round() + medians


def test_a_batch_is_rounded_as_its_images_are(codec: JointAutoregressive, image_like):
    x = image_like(70, 100, batch=3)
    with torch.no_grad():
        together = codec(x)
        apart = [codec(image[None]) for image in x]
    for k, alone in enumerate(apart):
        torch.testing.assert_close(together.x_hat[k], alone.x_hat[0], rtol=0, atol=1e-4)
        for a, b in zip(together.likelihoods, alone.likelihoods, strict=True):
            torch.testing.assert_close(a[k], b[0], rtol=0, atol=1e-3)
    order = coding_order_of(codec.latent_model.y_model.context_prediction.offsets())
    assert len(list(order.steps(together.likelihoods[0]))) == 8 + 3 * 7
