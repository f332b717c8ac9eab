"""The index of a set of shards, ``index.json``, parsed strictly.

litdata's index can name a deserialiser (pickle among them), a compression, an encryption and files anywhere.
Only what ``litcodec prepare`` writes is accepted: tiles as plain bytes in chunk files beside the index. Every
value that could mean something else is refused, also in keys that a later litdata may add.
"""

import json
import re
from collections.abc import Iterator
from reprlib import repr as shortened
from typing import Any, NamedTuple, NoReturn

from litcodec.errors import ShardError

MAX_INDEX_BYTES = 2**26  # of index.json: about 600,000 chunks
MAX_TILES = 2**27  # of a set of shards
MAX_CHUNK_BYTES = 2**32 - 1  # offsets in a chunk are 32 bits wide

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}\.bin")
_OURS = {  # key of "config" -> the values that mean: one item is the bytes of one tile
    "data_format": (["bytes"],),
    "data_spec": ('[1, {"type": null, "context": null, "children_spec": []}]',),
    "compression": (None,),
    "encryption": (None,),
    "item_loader": ("PyTreeLoader",),
    "types": ("bytes",),
}
_KEYS = {"chunks", "config", "updated_at"}
_REQUIRED = ("data_format", "data_spec", "compression", "encryption")
_SIZES = ("chunk_bytes", "chunk_size")  # keys of "config": what the writer aimed at


class Chunk(NamedTuple):
    """One chunk file."""

    filename: str  # plain: no folder, ASCII
    tiles: int
    bytes: int


def parse_index(data: bytes, *, name: str) -> tuple[Chunk, ...]:
    """The chunks that an index lists.

    Args:
        data: the content of ``index.json``.
        name: what to call it in an error.

    Raises:
        ShardError: it is damaged, or lists anything but tiles as ``litcodec prepare`` writes them.
    """
    if len(data) > MAX_INDEX_BYTES:
        _refuse(name, f"{len(data):,} bytes are more than {MAX_INDEX_BYTES:,}")
    try:
        index = json.loads(data.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        _refuse(name, f"no JSON: {' '.join(str(error).split())[:80]}")
    if type(index) is not dict or not {"chunks", "config"} <= set(index) <= _KEYS:
        _refuse(name, f"its keys are {shortened(list(index) if type(index) is dict else index)}")
    _check_config(index["config"], name)
    if type(index["chunks"]) is not list:
        _refuse(name, f"chunks is {shortened(index['chunks'])}")
    chunks = tuple(_chunks(index["chunks"], name))
    if len({chunk.filename for chunk in chunks}) < len(chunks):
        _refuse(name, "two chunks have one file name")
    if sum(chunk.tiles for chunk in chunks) > MAX_TILES:
        _refuse(name, f"more than {MAX_TILES:,} tiles")
    return chunks


def _check_config(config: Any, name: str) -> None:
    if type(config) is not dict:
        _refuse(name, f"config is {shortened(config)}")
    for key in _REQUIRED:
        if key not in config:
            _refuse(name, f"config has no {key}")
    for key, value in config.items():
        if key in _SIZES and type(value) is int and 0 <= value <= MAX_CHUNK_BYTES:
            continue
        allowed = _OURS.get(key, (None,))
        if not any(type(value) is type(ours) and value == ours for ours in allowed):
            _refuse(name, f"{shortened(key)} is {shortened(value)}")


def _chunks(entries: list[Any], name: str) -> Iterator[Chunk]:
    for number, entry in enumerate(entries):
        if type(entry) is not dict or not {"filename", "chunk_size", "chunk_bytes"} <= set(entry):
            _refuse(name, f"chunk {number} is {shortened(entry)}")
        chunk = Chunk(entry.pop("filename"), entry.pop("chunk_size"), entry.pop("chunk_bytes"))
        if type(chunk.filename) is not str or not _FILE_NAME.fullmatch(chunk.filename):
            _refuse(name, f"the file name of chunk {number} is {shortened(chunk.filename)}")
        if type(chunk.bytes) is not int or not 0 <= chunk.bytes <= MAX_CHUNK_BYTES:
            _refuse(name, f"{chunk.filename} has {shortened(chunk.bytes)} bytes")
        # A tile takes at least an offset and its size, 4 bytes each.
        if type(chunk.tiles) is not int or not 1 <= chunk.tiles <= (chunk.bytes - 8) // 8:
            _refuse(name, f"{chunk.filename} has {shortened(chunk.tiles)} tiles in {chunk.bytes} bytes")
        if any(value is not None for value in entry.values()):
            _refuse(name, f"{chunk.filename} has {shortened(entry)}")
        yield chunk


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _refuse(name: str, reason: str) -> NoReturn:
    raise ShardError(f"{name} is not an index of `litcodec prepare`: {reason}. Write the shards again.")
