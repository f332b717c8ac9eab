import math

import pytest
import torch

from litcodec.layers import GainUnit


@pytest.fixture
def unit() -> GainUnit:
    torch.manual_seed(0)
    unit = GainUnit(5, anchors=4, log_span=math.log(50))
    for parameter in unit.parameters():
        parameter.data.normal_()
    return unit


@torch.no_grad()
def test_gains_at_anchors_are_those_learned_and_between_them_their_geometric_means(unit: GainUnit) -> None:
    at = unit(torch.arange(4) / 3)
    torch.testing.assert_close(at.gain[:, :, 0, 0], unit.log_gains.exp())
    torch.testing.assert_close(at.inverse[:, :, 0, 0], unit.log_inverse_gains.exp())
    between = unit(torch.tensor([0.5, 1.5, 2.25]) / 3)
    for k, (low, t) in enumerate([(0, 0.5), (1, 0.5), (2, 0.25)]):
        for found, anchors in zip(between, at, strict=True):
            torch.testing.assert_close(found[k], anchors[low] ** (1 - t) * anchors[low + 1] ** t)


@torch.no_grad()
def test_places_outside_count_as_the_nearer_end(unit: GainUnit) -> None:
    for outside, end in ((-0.5, 0.0), (7.0, 1.0)):
        for a, b in zip(unit(torch.tensor([outside])), unit(torch.tensor([end])), strict=True):
            assert torch.equal(a, b)


def test_a_place_moves_the_two_anchors_about_it_alone(unit: GainUnit) -> None:
    gains = unit(torch.tensor([1.5]) / 3)
    (gains.gain.sum() + gains.inverse.sum()).backward()
    for parameter in unit.parameters():
        assert (parameter.grad.abs().sum(dim=1) > 0).tolist() == [False, True, True, False]


@torch.no_grad()
def test_gains_start_as_the_square_root_of_lmbda_and_undo_each_other() -> None:
    gains = GainUnit(3, anchors=6, log_span=math.log(64))(torch.tensor([0.0, 0.5, 1.0]))
    expected = torch.tensor([1 / 64**0.25, 1.0, 64**0.25])[:, None, None, None].expand(3, 3, 1, 1)
    torch.testing.assert_close(gains.gain, expected)
    torch.testing.assert_close(gains.gain * gains.inverse, torch.ones(3, 3, 1, 1))
