import logging
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor

from litcodec.data import FolderPhotographs, PatchLoader, PatchWindows
from litcodec.errors import EmptyDataset, ShapeError

MakeFolder = Callable[..., Path]


def loader(folder: Path, *, patch_size: int = 16, batch_size: int = 2, **options: int) -> PatchLoader:
    windows = PatchWindows(
        FolderPhotographs(folder), patch_size=patch_size, batch_size=batch_size, crops_per_image=3
    )
    return PatchLoader(windows, **options)


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_an_epoch_shows_each_photograph_about_once(make_folder: MakeFolder) -> None:
    folder = make_folder(7)
    assert len(loader(folder)) == 7 * 3 // 2
    assert len(loader(folder, batch_size=64)) == 1
    assert len(loader(folder, steps_per_epoch=5)) == 5
    batches = list(loader(folder))
    assert len(batches) == 10
    assert batches[0].shape == (2, 3, 16, 16)
    assert batches[0].dtype == torch.uint8


def test_order_does_not_depend_on_the_number_of_workers(make_folder: MakeFolder) -> None:
    folder = make_folder()
    alone, one, two = (loader(folder, num_workers=n) for n in (0, 1, 2))
    for _ in range(2):
        batches = list(alone)
        assert same(list(one), batches)
        assert same(list(two), batches)


def test_epochs_go_on_with_the_stream(make_folder: MakeFolder) -> None:
    folder = make_folder()
    short, long = loader(folder, steps_per_epoch=4), loader(folder, steps_per_epoch=12)
    assert same([batch for _ in range(3) for batch in short], list(long))
    assert len({batch.numpy().tobytes() for batch in loader(folder, steps_per_epoch=40)}) == 40


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("k", [1, 3, 4, 5, 7, 11])
def test_resuming_at_step_k_gives_the_very_next_batches(
    make_folder: MakeFolder, k: int, num_workers: int
) -> None:
    folder = make_folder()
    uninterrupted = loader(folder, steps_per_epoch=5)
    batches = [batch for _ in range(4) for batch in uninterrupted]
    first = loader(folder, steps_per_epoch=5, num_workers=num_workers)
    while first.step < k:
        for _ in islice(first, min(5, k - first.step)):
            pass
    state = first.state_dict()
    assert state == {"step": k}
    second = loader(folder, steps_per_epoch=5, num_workers=num_workers)
    next(iter(second))  # Lightning, too, has a loader running before it loads a state
    second.load_state_dict(state)
    assert same(list(second), batches[k : k + 5])


def test_a_shut_down_iterator_starts_anew_in_the_middle_of_a_window(make_folder: MakeFolder) -> None:
    folder = make_folder()
    batches = list(loader(folder, steps_per_epoch=9))
    stopped = loader(folder, steps_per_epoch=9)
    first = list(islice(stopped, 4))
    stopped._iterator = None  # what Lightning's teardown does
    assert same(first + list(islice(stopped, 5)), batches)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_skipped_photograph_is_counted_and_named_once(
    make_folder: MakeFolder, caplog: pytest.LogCaptureFixture, num_workers: int
) -> None:
    folder = make_folder(4)
    (folder / "2.png").write_bytes(b"broken")
    patches = loader(folder, num_workers=num_workers, steps_per_epoch=40)
    with caplog.at_level(logging.WARNING, logger="litcodec.data"):
        list(patches)
    assert list(patches.skipped) == ["2.png"]
    assert [record.getMessage() for record in caplog.records] == [
        f"skipped photograph 1: {folder / '2.png'}: not an image in a format litcodec reads."
    ]


@pytest.mark.parametrize("num_workers", [0, 1])
def test_nothing_usable_is_one_line_from_workers_too(make_folder: MakeFolder, num_workers: int) -> None:
    with pytest.raises(EmptyDataset, match=r"^None of the 3 photographs can be used: 3 smaller") as caught:
        list(loader(make_folder(3), patch_size=64, num_workers=num_workers))
    assert "\n" not in str(caught.value)


def test_an_epoch_has_at_least_one_step(make_folder: MakeFolder) -> None:
    with pytest.raises(ShapeError, match="steps_per_epoch must be at least 1; got 0"):
        loader(make_folder(1), steps_per_epoch=0)
