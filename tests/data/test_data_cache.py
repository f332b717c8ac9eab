"""Decoded photographs kept in memory change what is decoded, never what comes out."""

import numpy as np
import pytest
import torch

from litcodec.data import CachedPhotographs, FolderPhotographs, PatchWindows, bundled_photographs
from litcodec.errors import ShapeError, TooSmallImage


class Counting(FolderPhotographs):
    reads = 0

    def read(self, index: int, *, min_side: int) -> torch.Tensor:
        self.reads += 1
        return super().read(index, min_side=min_side)


@pytest.fixture
def photographs() -> Counting:
    return Counting(bundled_photographs() / "heldback")  # 4


@pytest.mark.parametrize(("megabytes", "reads"), [(0, 12), (1000, 4)])
def test_each_photograph_is_decoded_once_if_there_is_room(photographs, megabytes: int, reads: int):
    cached = CachedPhotographs(photographs, megabytes)
    for _ in range(3):
        for index in range(4):
            cached.read(index, min_side=1)
    assert photographs.reads == reads


def test_no_more_is_kept_than_allowed(photographs):
    sizes = [photographs.read(index, min_side=1).nbytes for index in range(4)]
    cached = CachedPhotographs(photographs, (sizes[0] + sizes[1]) // 10**6 + 1)
    photographs.reads = 0
    for _ in range(2):
        for index in range(4):
            cached.read(index, min_side=1)
    assert photographs.reads == 4 + 2


def test_windows_are_the_same_with_and_without(photographs):
    options = {"patch_size": 64, "batch_size": 3, "crops_per_image": 2}
    plain, cached = (PatchWindows(p, **options) for p in (photographs, CachedPhotographs(photographs, 100)))
    for index in (0, 1, 2, 1):
        assert torch.equal(plain[index].patches, cached[index].patches)


def test_it_is_the_same_set(photographs):
    cached = CachedPhotographs(photographs, 1)
    assert (len(cached), cached.name(2)) == (4, photographs.name(2))
    orders = [p.order(np.random.default_rng(0)).tolist() for p in (cached, photographs)]
    assert orders[0] == orders[1]


def test_what_is_kept_is_still_checked_for_size(photographs):
    cached = CachedPhotographs(photographs, 100)
    cached.read(0, min_side=1)
    with pytest.raises(TooSmallImage):
        cached.read(0, min_side=10_000)


def test_a_negative_size_is_refused(photographs):
    with pytest.raises(ShapeError, match="cache_mb must be at least 0; got -1"):
        CachedPhotographs(photographs, -1)
