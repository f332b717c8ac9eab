"""Hostile indexes and chunks: nothing is unpickled, nothing outside is read, one typed error comes out."""

import copy
import json
import os
import pickle
import random
import shutil
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litcodec.data import PatchLoader, PatchWindows, ShardTiles, prepare
from litcodec.data.shard_index import MAX_CHUNK_BYTES, parse_index
from litcodec.errors import EmptyDataset, LitcodecError, ShardError, TooLarge, UnreadableImage

MakeFolder = Callable[..., Path]
SPEC = '[1, {"type": null, "context": null, "children_spec": []}]'
INDEX: dict[str, Any] = {
    "chunks": [
        {"chunk_bytes": 200, "chunk_size": 3, "dim": None, "filename": "chunk-0-0.bin"},
        {"chunk_bytes": 90, "chunk_size": 1, "dim": None, "filename": "chunk-0-1.bin"},
    ],
    "config": {
        "chunk_bytes": 16000,
        "chunk_size": None,
        "compression": None,
        "data_format": ["bytes"],
        "data_spec": SPEC,
        "encryption": None,
        "item_loader": "PyTreeLoader",
        "types": "bytes",
    },
    "updated_at": "1795641455.3",
}
FIRST, CONFIG = ("chunks", 0), ("config",)
HOSTILE: list[tuple[tuple[str | int, ...], Any]] = [
    (("config", "data_format"), ["pickle"]),
    (("config", "data_format"), ["graph:pickle"]),
    (("config", "data_format"), ["bytes", "pickle"]),
    (("config", "data_format"), [["bytes"]]),
    (("config", "data_format"), "bytes"),
    (("config", "data_format"), []),
    (("config", "data_format"), None),
    (("config", "data_spec"), None),
    (("config", "data_spec"), SPEC.replace("null", '"builtins.dict"', 1)),
    (("config", "data_spec"), "[" * 5000),
    (("config", "compression"), "zstd"),
    (("config", "compression"), ""),
    (("config", "compression_level"), "batch"),
    (("config", "encryption"), {"algorithm": "fernet"}),
    (("config", "item_loader"), "ParquetLoader"),
    (("config", "types"), "pickle"),
    (("config", "something_new"), "on"),
    (("config", "chunk_bytes"), -1),
    (("config", "chunk_size"), True),
    (("config",), []),
    (("config",), None),
    (("chunks",), None),
    (("chunks",), {"0": {}}),
    (("chunks",), [[]]),
    (("chunks",), ["chunk-0-0.bin"]),
    ((*FIRST, "filename"), "../chunk-0-0.bin"),
    ((*FIRST, "filename"), "/etc/passwd"),
    ((*FIRST, "filename"), "a/chunk-0-0.bin"),
    ((*FIRST, "filename"), "a\\chunk-0-0.bin"),
    ((*FIRST, "filename"), "local:chunk-0-0.bin"),
    ((*FIRST, "filename"), "s3://bucket/chunk-0-0.bin"),
    ((*FIRST, "filename"), "..bin"),
    ((*FIRST, "filename"), ".bin"),
    ((*FIRST, "filename"), "chunk-0-0.bin\n"),
    ((*FIRST, "filename"), "chunk\0.bin"),
    ((*FIRST, "filename"), "\ud800.bin"),
    ((*FIRST, "filename"), "\x1b[2J" + "x" * 10**6),
    ((*FIRST, "filename"), "chunk-0-1.bin"),  # twice
    ((*FIRST, "filename"), 7),
    ((*FIRST, "filename"), None),
    ((*FIRST, "chunk_size"), 0),
    ((*FIRST, "chunk_size"), -3),
    ((*FIRST, "chunk_size"), 3.0),
    ((*FIRST, "chunk_size"), True),
    ((*FIRST, "chunk_size"), "3"),
    ((*FIRST, "chunk_size"), 2**63),
    ((*FIRST, "chunk_size"), 10**4000),
    ((*FIRST, "chunk_bytes"), 0),
    ((*FIRST, "chunk_bytes"), -200),
    ((*FIRST, "chunk_bytes"), 200.0),
    ((*FIRST, "chunk_bytes"), MAX_CHUNK_BYTES + 1),
    ((*FIRST, "chunk_bytes"), float("nan")),
    ((*FIRST, "dim"), 5),
    (("more",), 1),
]
TEXTS = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe{}",
    b"[" * 10**5,
    b'{"config": 1, "config": 1}',
    b"1" * 10**5,
]


def with_value(path: tuple[str | int, ...], value: Any) -> bytes:
    index = copy.deepcopy(INDEX)
    target: Any = index
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return json.dumps(index).encode()


@pytest.fixture
def shards(make_folder: MakeFolder, tmp_path: Path) -> Path:
    prepare(make_folder(3, size=(40, 20)), tmp_path / "shards", tile_size=20, min_size=16, progress=False)
    return tmp_path / "shards"


def test_what_prepare_writes_is_accepted(shards: Path) -> None:
    (chunk,) = parse_index((shards / "index.json").read_bytes(), name="i")
    assert (chunk.filename, chunk.tiles) == ("chunk-0-0.bin", 6)
    assert chunk.bytes == (shards / chunk.filename).stat().st_size
    assert [c.tiles for c in parse_index(json.dumps(INDEX).encode(), name="i")] == [3, 1]


@pytest.mark.parametrize(("path", "value"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_index_is_one_short_line(path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(ShardError, match=r"^i is not an index of `litcodec prepare`") as caught:
        parse_index(with_value(path, value), name="i")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("data", TEXTS, ids=range(len(TEXTS)))
def test_no_json_is_one_short_line(data: bytes) -> None:
    with pytest.raises(ShardError) as caught:
        parse_index(data, name="i")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("chunk-0-1.bin"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from([path for path, _ in HOSTILE]), value=JSON, cut=st.none() | st.integers(0, 500))
def test_any_index_gives_chunks_or_one_line(path: tuple[str | int, ...], value: Any, cut: int | None) -> None:
    try:
        chunks = parse_index(with_value(path, value)[:cut], name="i")
    except LitcodecError as error:
        said, chunks = str(error), ()
    else:
        said = ""
    assert said.isprintable()
    assert all("/" not in chunk.filename and chunk.tiles >= 1 for chunk in chunks)


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("store", ["", "local:"])
@pytest.mark.parametrize("data_format", [["pickle"], ["graph:pickle"], ["bytes", "pickle"]])
def test_a_pickle_in_a_chunk_is_never_executed(tmp_path: Path, store: str, data_format: list[str]) -> None:
    marker, folder = tmp_path / "marker", tmp_path / "shards"
    folder.mkdir()
    item = pickle.dumps(Bomb(marker))
    item = struct.pack("<I", len(item)) + item
    chunk = struct.pack("<III", 1, 12, 12 + len(item)) + item
    (folder / "chunk-0-0.bin").write_bytes(chunk)
    entry = {"chunk_bytes": len(chunk), "chunk_size": 1, "dim": None, "filename": "chunk-0-0.bin"}
    index = INDEX | {"chunks": [entry], "config": INDEX["config"] | {"data_format": data_format}}
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(ShardError, match=r"'data_format' is \["):
        ShardTiles(f"{store}{folder}", cache_dir=str(tmp_path / "cache"))
    index["config"] = INDEX["config"]  # now the index is ours and only the tile is a pickle
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(UnreadableImage, match=r"tile 0 of .*not an image"):
        ShardTiles(f"{store}{folder}", cache_dir=str(tmp_path / "cache")).read(0, min_side=1)
    assert not marker.exists()
    pickle.loads(item[4:])
    assert marker.exists()  # it would have worked


@pytest.mark.parametrize("damage", ["missing", "short", "long"])
def test_a_chunk_of_another_size_is_one_line(shards: Path, tmp_path: Path, damage: str) -> None:
    chunk = shards / "chunk-0-0.bin"
    data = chunk.read_bytes()
    chunk.unlink()
    if damage != "missing":
        chunk.write_bytes(data[:-1] if damage == "short" else data + b"x")
    with pytest.raises(ShardError, match=r"chunk-0-0.bin (has|is not a file).*its index says"):
        ShardTiles(str(shards))
    with pytest.raises(ShardError, match=r"chunk-0-0.bin (has|cannot be fetched)"):
        ShardTiles(f"local:{shards}", cache_dir=str(tmp_path / "cache")).read(0, min_side=1)


def test_a_store_without_shards_is_one_line(tmp_path: Path) -> None:
    for url in (f"local:{tmp_path}", "nowhere://bucket"):
        with pytest.raises(ShardError, match=r"index.json cannot be fetched \(FileNotFoundError") as caught:
            ShardTiles(url, cache_dir=str(tmp_path / "cache"))
        assert str(caught.value).isprintable()
    with pytest.raises(EmptyDataset, match="No shards in"):
        ShardTiles(str(tmp_path))


@pytest.mark.parametrize("num_workers", [0, 1])
def test_damaged_tiles_are_skipped_and_named(shards: Path, num_workers: int) -> None:
    chunk = shards / "chunk-0-0.bin"
    data = bytearray(chunk.read_bytes())
    begins = struct.unpack_from("<7I", data, 4)
    data[begins[1]] ^= 1  # the length of tile 1
    data[begins[2] + 8 : begins[3]] = bytes(begins[3] - begins[2] - 8)  # what was the image of tile 2
    struct.pack_into("<I", data, 4 + 4 * 5, 2**32 - 1)  # where tile 4 ends and tile 5 begins
    chunk.write_bytes(data)
    windows = PatchWindows(ShardTiles(str(shards)), patch_size=16, batch_size=1, crops_per_image=1)
    loader = PatchLoader(windows, steps_per_epoch=12, num_workers=num_workers)
    assert len(list(loader)) == 12
    assert sorted(name.split()[1] for name in loader.skipped) == ["1", "2", "4", "5"]
    assert "chunk-0-0.bin is damaged there" in "".join(loader.skipped.values())


def test_every_damaged_chunk_gives_tiles_or_image_errors(shards: Path) -> None:
    chunk = shards / "chunk-0-0.bin"
    whole, rng = chunk.read_bytes(), random.Random(0)
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(3):
            data[rng.randrange(rng.choice([32, len(data)]))] = rng.randrange(256)
        chunk.write_bytes(data)
        tiles = ShardTiles(str(shards), max_pixels=2**16)
        for index in range(len(tiles)):
            with suppress(UnreadableImage, TooLarge):
                tiles.read(index, min_side=1)


def test_tiles_obey_the_pixel_limit(shards: Path) -> None:
    with pytest.raises(TooLarge, match=r"tile 0 of .*20x20 pixels are too many for the limit of 399"):
        ShardTiles(str(shards), max_pixels=399).read(0, min_side=1)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_chunk_that_vanishes_ends_the_run_in_one_line(
    shards: Path, tmp_path: Path, num_workers: int
) -> None:
    tiles = ShardTiles(f"local:{shards}", cache_dir=str(tmp_path / "cache"))
    shutil.rmtree(shards)
    windows = PatchWindows(tiles, patch_size=16, batch_size=1)
    with pytest.raises(ShardError, match=r"^local:.*chunk-0-0.bin cannot be fetched") as caught:
        list(PatchLoader(windows, num_workers=num_workers))
    assert "\n" not in str(caught.value)


def test_tiles_can_be_fetched_one_by_one_and_nothing_is_kept(shards: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    one_by_one = ShardTiles(f"local:{shards}", cache_dir=str(cache), cache_chunks=False)
    whole = ShardTiles(str(shards))
    for index in range(len(whole)):
        assert one_by_one.read(index, min_side=1).equal(whole.read(index, min_side=1))
    assert not [path for path in cache.rglob("*") if path.is_file()]
