"""Formats that keep every pixel do, and the slower setting is the smaller one."""

import pytest
import torch
from torch import Tensor

from litcodec.baselines import BASELINE_KEYS, LOSSLESS_KEYS, baseline_keys, open_baselines
from litcodec.errors import BaselineFailed


@pytest.mark.parametrize("key", LOSSLESS_KEYS)
def test_every_pixel_comes_back(key: str, photograph: Tensor):
    found, missing = open_baselines([key])
    if missing:
        pytest.skip(missing[0])
    (baseline,) = found
    noise = torch.randint(0, 256, (3, 17, 9), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    sizes = []
    for quality in baseline.qualities:
        data = baseline.compress(photograph, quality)
        assert torch.equal(baseline.decompress(data), photograph)
        assert torch.equal(baseline.decompress(baseline.compress(noise, quality)), noise)
        sizes.append(len(data))
    assert sizes[-1] <= sizes[0] < photograph.numel()
    assert len({baseline.setting(quality) for quality in baseline.qualities}) == len(sizes)
    with pytest.raises(BaselineFailed, match="has the settings"):
        baseline.compress(photograph, 17)


def test_groups_of_baselines_have_names():
    assert baseline_keys(["all"]) == BASELINE_KEYS
    assert baseline_keys(["png", "lossless", "jpeg"]) == (*LOSSLESS_KEYS, "jpeg")
