"""Anchors depend on side information alone, the other places on anchors too, and on nothing else."""

from functools import partial

import pytest
import torch
from torch import Tensor

from litcodec.codecs import Checkerboard
from litcodec.frozen import FrozenCodec
from litcodec.latent_coding.coding_order import by_position
from litcodec.latent_coding.coding_order import checkerboard_anchors as anchors
from litcodec.latent_coding.symbols import GRID

pytestmark = pytest.mark.parametrize(
    "make_codec", [partial(Checkerboard, N=8, M=12)], ids=["checkerboard"], indirect=True
)


def _y_and_hyper(frozen: FrozenCodec, x: Tensor) -> tuple[Tensor, Tensor]:
    y = frozen.analyse(x).clone()
    coder = frozen.latent_coder
    return y, coder.hyper_params(coder.z_coder.encode_to_grid(coder.h_a(y))[1])


def _parameters(frozen: FrozenCodec, y: Tensor, hyper: Tensor) -> Tensor:
    """What the walk tells at each place, (n, C), when ``y`` is found."""
    walk, values = frozen.latent_coder.y_coder.walk, by_position(y.round().double() * GRID)
    told = torch.empty(len(values), 24, dtype=torch.float64)

    def look(places: Tensor, parameters: Tensor) -> Tensor:
        told[places] = parameters
        return values[places]

    walk(hyper, look)
    return told


def test_changing_a_place_that_is_no_anchor_changes_no_parameters(frozen: FrozenCodec, image_like):
    y, hyper = _y_and_hyper(frozen, image_like(128, 128))
    before = _parameters(frozen, y, hyper)
    y[0, :, 3, 4] += 9
    assert torch.equal(_parameters(frozen, y, hyper), before)


def test_changing_an_anchor_changes_the_parameters_of_its_12_neighbours_alone(frozen, image_like):
    y, hyper = _y_and_hyper(frozen, image_like(128, 128))
    before = _parameters(frozen, y, hyper)
    y[0, :, 3, 3] += 9
    changed = (_parameters(frozen, y, hyper) != before).any(dim=1).reshape(8, 8)
    assert changed.sum() == 12
    assert not changed[anchors(y)].any()
    assert changed[1:6, 1:6].sum() == 12


def test_changing_a_place_that_is_no_anchor_changes_no_other_symbol(frozen: FrozenCodec, image_like):
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(128, 128))
    y_hat = coder.encode(y, hyper)[1]
    y[0, :, 3, 4] += 9
    differs = (coder.encode(y, hyper)[1] != y_hat).any(dim=1)[0]
    assert differs.nonzero().tolist() == [[3, 4]]


@torch.no_grad()
def test_one_pass_in_training_tells_what_two_steps_tell_in_use(codec: Checkerboard):
    hyper, y = torch.randn(1, 24, 6, 7), 5 * torch.randn(1, 12, 6, 7)
    one_pass = codec.latent_model.y_model._gaussians(hyper, y)
    of_anchors = codec.latent_model.y_model._gaussians(hyper, torch.zeros_like(y))
    others = y * anchors(y)  # what is known when their turn comes
    for once, first, second in zip(
        one_pass, of_anchors, codec.latent_model.y_model._gaussians(hyper, others), strict=True
    ):
        expected = torch.where(anchors(y), first, second)
        torch.testing.assert_close(once, expected, rtol=0, atol=1e-5)
        assert (first != second).any(dim=1)[0, ~anchors(y)].all()


@pytest.mark.parametrize("places", [1, 7, 32])
def test_how_steps_are_cut_changes_no_latent_and_no_probability(
    frozen: FrozenCodec, places: int, image_like, monkeypatch
):
    coder = frozen.latent_coder.y_coder
    y, hyper = _y_and_hyper(frozen, image_like(128, 128))
    encoded, y_hat = coder.encode(y, hyper)
    bits = coder.bits(y, hyper)
    monkeypatch.setattr("litcodec.latent_coding.coding_order.CHECKERBOARD_POSITIONS", places)
    cut, cut_y_hat = coder.encode(y, hyper)
    assert torch.equal(cut_y_hat, y_hat)
    assert torch.equal(coder.bits(y, hyper), bits)
    assert torch.equal(coder.decode(cut.data, hyper), y_hat)
    assert (cut.data == encoded.data) == (places == 32)  # its parts are part of the format
