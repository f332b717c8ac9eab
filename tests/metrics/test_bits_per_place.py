"""Bits land where they were spent, and none is lost."""

import pytest
import torch

from litcodec.metrics import bits_per_place


def test_bits_land_on_the_pixels_of_their_place() -> None:
    y = torch.ones(1, 2, 4, 4)
    y[0, 0, 1, 2] = 0.25  # 2 bits
    y[0, 1, 1, 2] = 0.5  # 1 bit
    z = torch.full((1, 1, 1, 1), 2.0**-64)
    bits = bits_per_place((-y.log2(), -z.log2()), (50, 60), factor=64)
    assert bits.shape == (50, 60)
    assert bits[0, 0] == 64 / 64**2
    assert bits[16, 32] == bits[31, 47] == pytest.approx(64 / 64**2 + 3 / 16**2)
    assert bits[15, 32] == bits[16, 31] == 64 / 64**2


def test_a_map_over_whole_latents_holds_all_bits() -> None:
    bits = torch.rand(1, 12, 4, 8), torch.rand(1, 8, 1, 2)
    found = bits_per_place(bits, (64, 128), factor=64)
    assert found.sum().item() == pytest.approx(sum(latent.sum().item() for latent in bits), rel=1e-5)
