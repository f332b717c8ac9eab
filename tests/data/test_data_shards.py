import os
import signal
import socket
import sys
from collections.abc import Callable
from itertools import islice
from multiprocessing import get_start_method
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from litcodec.data import PatchLoader, PatchWindows, ShardTiles, prepare, read_image
from litcodec.data.prepare import tile_edges
from litcodec.errors import EmptyDataset, OutputExists, ShapeError

MakeFolder = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def only_local(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"connects to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_local)


@pytest.fixture
def shards(make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nine photographs in tiles of 20 to 36 pixels, in several chunks."""
    monkeypatch.setattr(sys.modules[prepare.__module__], "CHUNK_BYTES", "16KB")
    out = tmp_path / "shards"
    prepare(make_folder(9, size=(72, 40)), out, tile_size=20, min_size=16, progress=False)
    assert len(list(out.glob("*.bin"))) > 4
    return out


def loader(url: str, num_workers: int = 0, cache: Path | None = None, **options: int) -> PatchLoader:
    tiles = ShardTiles(url, cache_dir=None if cache is None else str(cache))
    windows = PatchWindows(tiles, patch_size=16, **({"batch_size": 2, "crops_per_image": 3} | options))
    return PatchLoader(windows, steps_per_epoch=6, num_workers=num_workers)


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("length", "edges"),
    [
        (16, [(0, 16)]),
        (20, [(0, 20)]),
        (35, [(0, 35)]),
        (36, [(0, 20), (20, 36)]),
        (55, [(0, 20), (20, 55)]),
        (60, [(0, 20), (20, 40), (40, 60)]),
    ],
)
def test_edges_shorter_than_the_minimum_are_merged(length: int, edges: list[tuple[int, int]]) -> None:
    assert tile_edges(length, 20, 16) == edges


def test_prepare_stores_every_pixel_losslessly_and_reports(
    make_folder: MakeFolder, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = make_folder(6, size=(75, 40))
    (source / "broken.jpg").write_bytes(b"broken")
    Image.new("RGB", (90, 15)).save(source / "small.png")
    state = (get_start_method(allow_none=True), signal.getsignal(signal.SIGINT), dict(os.environ))
    report = prepare(source, tmp_path / "out", tile_size=20, min_size=16, num_workers=2)
    assert (get_start_method(allow_none=True), signal.getsignal(signal.SIGINT), dict(os.environ)) == state
    assert report.photographs == 6
    assert report.tiles == 6 * 2 * 3
    assert [s.name for s in report.skipped] == ["broken.jpg", "small.png"]
    assert "not an image" in report.skipped[0].reason
    assert "90x15 is smaller than 16x16" in report.skipped[1].reason
    tiles = ShardTiles(str(tmp_path / "out"))
    assert len(tiles) == report.tiles
    got = {tiles.read(i, min_side=16).contiguous().numpy().tobytes() for i in range(len(tiles))}
    want = {
        read_image(source / f"{i}.png")[:, y:y2, x:x2].contiguous().numpy().tobytes()
        for i in range(6)
        for y, y2 in ((0, 20), (20, 40))
        for x, x2 in ((0, 20), (20, 40), (40, 75))
    }
    assert got == want
    assert report.bytes < sum(path.stat().st_size for path in (tmp_path / "out").glob("*.bin"))
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "cutting photographs" in printed.err
    assert "lightning" not in printed.err.lower()


def test_prepare_refuses_what_it_cannot_do(make_folder: MakeFolder, tmp_path: Path) -> None:
    source, out = make_folder(2), tmp_path / "out"
    with pytest.raises(ShapeError, match=r"min_size must be in 1..tile_size=20; got 21"):
        prepare(source, out, tile_size=20, min_size=21)
    with pytest.raises(EmptyDataset, match=r"None of the 2 photographs .* min_size=64 .*smaller than 64x64"):
        prepare(source, out, tile_size=64, min_size=64, progress=False)
    prepare(source, out, tile_size=20, min_size=16, progress=False)  # the failure left nothing in its way
    with pytest.raises(OutputExists, match="out is not empty"):
        prepare(source, out)


def test_no_shards_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(EmptyDataset, match="litcodec prepare SOURCE_DIR"):
        ShardTiles(str(tmp_path))


def test_order_is_a_permutation_that_walks_through_the_chunks(shards: Path) -> None:
    tiles = ShardTiles(str(shards))
    order = tiles.order(np.random.default_rng(0))
    assert sorted(order) == list(range(len(tiles)))
    chunk = np.searchsorted(tiles.first_tiles, order, side="right") - 1
    last_seen = [
        int(np.flatnonzero(chunk == c)[-1] - np.flatnonzero(chunk == c)[0]) for c in range(chunk.max())
    ]
    largest = sorted(np.diff(tiles.first_tiles))[-4:]
    assert max(last_seen) < sum(largest)  # a chunk is needed only while four of them are
    assert not np.array_equal(order, tiles.order(np.random.default_rng(1)))


@pytest.mark.parametrize("store", ["", "local:"])  # litdata treats local: as an object store
def test_streamed_order_depends_on_neither_workers_nor_store(
    shards: Path, tmp_path: Path, store: str
) -> None:
    batches = [b for epoch in range(3) for b in list(loader(str(shards)))]
    assert len({b.numpy().tobytes() for b in batches[:6]}) == 6
    for num_workers in (0, 2):
        stream = loader(f"{store}{shards}", num_workers, tmp_path / f"cache{num_workers}")
        assert same([b for epoch in range(3) for b in list(stream)], [*batches[:6], *stream_rest(shards)])


def stream_rest(shards: Path) -> list[Tensor]:
    stream = loader(str(shards))
    stream.load_state_dict({"step": 6})
    return [*stream, *stream]


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("k", [1, 5, 6, 8, 13])
def test_stream_resumes_with_the_very_next_batch(shards: Path, k: int, num_workers: int) -> None:
    uninterrupted = loader(str(shards))
    batches = [b for epoch in range(4) for b in uninterrupted]
    first = loader(str(shards), num_workers)
    while first.step < k:
        for _ in islice(first, min(6, k - first.step)):
            pass
    second = loader(str(shards), num_workers)
    second.load_state_dict(first.state_dict())
    assert same(list(second), batches[k : k + 6])


def test_two_ranks_stream_what_one_process_with_twice_the_batch_does(shards: Path) -> None:
    whole = loader(str(shards), batch_size=4)
    ranks = [loader(str(shards), batch_size=2, rank=r, world_size=2) for r in (0, 1)]
    for a, b, both in zip(*ranks, whole, strict=True):
        assert torch.equal(torch.cat([a, b]), both)
