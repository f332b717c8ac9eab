from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import litcodec.data.photographs
from litcodec.data import FolderPhotographs, PatchWindows, read_image
from litcodec.errors import EmptyDataset, ShapeError

MakeFolder = Callable[..., Path]


def windows(folder: Path, **options: int) -> PatchWindows:
    options = {"patch_size": 16, "batch_size": 3, "crops_per_image": 4, "seed": 5} | options
    return PatchWindows(FolderPhotographs(folder), **options)


def test_a_window_is_k_channels_last_batches_of_8_bit_patches(make_folder: MakeFolder) -> None:
    patches = windows(make_folder())[0].patches
    assert patches.shape == (4, 3, 3, 16, 16)
    assert patches.dtype == torch.uint8
    assert patches[2].is_contiguous(memory_format=torch.channels_last)


def test_every_patch_lies_in_its_photograph_as_it_is_or_mirrored(make_folder: MakeFolder) -> None:
    folder = make_folder(3)
    photographs = [read_image(path).numpy() for path in sorted(folder.iterdir())]
    views = {
        np.ascontiguousarray(turned[:, y : y + 16, x : x + 16]).tobytes(): mirrored
        for photograph in photographs
        for mirrored, turned in enumerate((photograph, photograph[:, :, ::-1]))
        for y in range(40 - 15)
        for x in range(48 - 15)
    }
    mirrored = [
        views[patch.numpy().tobytes()]
        for j in range(20)
        for patch in windows(folder)[j].patches.flatten(0, 1).contiguous()
    ]
    assert len(mirrored) == 240
    assert 90 < sum(mirrored) < 150  # 120 expected, 30 is 3.9 standard deviations


def test_windows_are_functions_of_seed_and_position(make_folder: MakeFolder) -> None:
    folder = make_folder()
    one, two = windows(folder), windows(folder)
    forward = [one[j].patches for j in range(6)]
    backward = [two[j].patches for j in reversed(range(6))][::-1]
    assert all(torch.equal(a, b) for a, b in zip(forward, backward, strict=True))
    assert not torch.equal(windows(folder, seed=6)[0].patches, forward[0])


def test_two_ranks_side_by_side_are_one_process_with_twice_the_batch(make_folder: MakeFolder) -> None:
    folder = make_folder(7)
    whole = windows(folder, batch_size=6)
    ranks = [windows(folder, batch_size=3, rank=r, world_size=2) for r in (0, 1)]
    for j in range(8):  # 48 positions, almost seven epochs
        assert torch.equal(torch.cat([rank[j].patches for rank in ranks], dim=1), whole[j].patches)


def test_every_epoch_shows_every_photograph_once_in_another_order(make_folder: MakeFolder) -> None:
    folder = make_folder(6, size=(16, 16))  # the only patch of a photograph is all of it
    name_of = {read_image(p).numpy().tobytes(): p.name for p in folder.iterdir()}
    name_of |= {read_image(p).flip(2).contiguous().numpy().tobytes(): p.name for p in folder.iterdir()}
    stream = windows(folder, batch_size=2, crops_per_image=1)
    names = [name_of[p.contiguous().numpy().tobytes()] for j in range(12) for p in stream[j].patches[0]]
    epochs = [names[i : i + 6] for i in range(0, 24, 6)]
    assert all(sorted(epoch) == [f"{i}.png" for i in range(6)] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_a_photograph_is_decoded_once_for_its_k_crops(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []

    def counting(path: object, **options: int) -> torch.Tensor:
        decoded.append(path)
        return read_image(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(litcodec.data.photographs, "read_image", counting)
    stream = windows(make_folder(), batch_size=3, crops_per_image=8)
    patches = sum(stream[j].patches.flatten(0, 1).shape[0] for j in range(5))
    assert (patches, len(decoded)) == (120, 15)


def test_bad_photographs_are_replaced_named_and_read_only_once(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(5)
    (folder / "1.png").write_bytes(b"broken")
    Image.new("RGB", (48, 15)).save(folder / "3.png")
    stream = windows(folder)
    seen = [stream[j] for j in range(10)]
    skipped = {s for window in seen for s in window.skipped}
    assert {s.name for s in skipped} == {"1.png", "3.png"}
    assert {s.name: s.reason for s in skipped}["3.png"].endswith("48x15 is smaller than 16x16.")
    again = windows(folder)
    assert all(torch.equal(again[j].patches, seen[j].patches) for j in reversed(range(10)))
    monkeypatch.setattr(
        litcodec.data.photographs, "read_image", lambda path, **_: read_image(folder / "0.png")
    )
    assert {stream[j].skipped for j in range(10)} == {window.skipped for window in seen}


def test_a_folder_without_a_usable_photograph_says_how_many_are_what(make_folder: MakeFolder) -> None:
    folder = make_folder(4)
    (folder / "2.png").write_bytes(b"broken")
    with pytest.raises(EmptyDataset, match=r"None of the 4 .*: 3 smaller than patch_size=64, 1 unreadable"):
        windows(folder, patch_size=64)[0]


@pytest.mark.parametrize(
    ("option", "value"),
    [("patch_size", 0), ("batch_size", 0), ("crops_per_image", 0), ("seed", -1), ("rank", 1)],
)
def test_options_out_of_range_are_refused(make_folder: MakeFolder, option: str, value: int) -> None:
    with pytest.raises(ShapeError, match=f"{option} must be .*{value}"):
        windows(make_folder(1), **{option: value})
