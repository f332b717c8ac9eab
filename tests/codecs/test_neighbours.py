"""Sums over neighbours are those of a convolution, bit for bit."""

import pytest
import torch
import torch.nn.functional as F

from litcodec.entropy.fixed_point import ACTIVATION_MAX
from litcodec.latent_coding.neighbours import AT_ONCE, Neighbourhood, NeighbourSums


@pytest.mark.parametrize(("h", "w"), [(1, 1), (1, 7), (9, 1), (33, 50), (3, AT_ONCE + 5), (400, 41)])
def test_sums_are_those_of_a_convolution(h: int, w: int) -> None:
    generator = torch.Generator().manual_seed(h)
    weight = torch.randint(-(2**19), 2**19, (5, 3, 3, 3), generator=generator).double()
    values = torch.randint(-(2**25), 2**25, (4, h * w), generator=generator).double()
    bias = torch.arange(5.0, dtype=torch.float64)
    seen = Neighbourhood(4, h, w)
    seen.put(0, values[:1])
    seen.put(1, values[1:])
    bounded = values[:3].clamp(-ACTIVATION_MAX, ACTIVATION_MAX).reshape(1, 3, h, w)
    expected = F.conv2d(bounded, weight, bias, padding=1)[0].flatten(1).T
    assert torch.equal(NeighbourSums(weight)(seen, bias), expected)
    more = expected.clone()
    assert torch.equal(NeighbourSums(weight)(seen, more), 2 * expected - bias)
    assert torch.equal(more, 2 * expected - bias)
