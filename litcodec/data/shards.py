"""Shards written by ``litcodec prepare``, streamed from a folder or an object store.

litdata's own loader can resume, but its order depends on the number of workers and ranks. Here tiles are read
by number instead, so the same windows that folders use give the same guarantees. What is left to arrange is
locality: `ShardTiles.order` shuffles the chunks, then the tiles within `MIXED_CHUNKS` chunks at a time, so an
epoch walks through the store chunk by chunk.

A chunk is, in little-endian uint32: the number n of tiles, n + 1 offsets, and at each of the first n offsets
a tile: its length and a WebP file. Nothing else is ever deserialised.
"""

import numpy as np
from torch import Tensor

from litcodec.data.images import decode_image
from litcodec.data.shard_index import Chunk
from litcodec.data.shard_store import open_store
from litcodec.errors import EmptyDataset, TooSmallImage, UnreadableImage
from litcodec.limits import MAX_PIXELS

MIXED_CHUNKS = 4
"""Chunks whose tiles are shuffled together."""


class ShardTiles:
    """The tiles of a set of shards, as `Photographs`.

    Args:
        url: a local folder, or s3://, gs://, r2://, azure:// ... as litdata takes them.
        cache_dir: where chunks from a store are kept; None is litdata's default in the home folder.
        cache_chunks: fetch whole chunks and keep them: one request per chunk, the next epochs read from disk,
            and the cache grows to the size of the shards. False fetches each tile by itself and keeps
            nothing.
        max_pixels: limit of H * W for one tile.

    Raises:
        EmptyDataset: no shards there.
        ShardError: the index is not one of ``litcodec prepare``, or a chunk is missing or of another size.
    """

    def __init__(
        self,
        url: str,
        *,
        cache_dir: str | None = None,
        cache_chunks: bool = True,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.url = url
        self.max_pixels = max_pixels
        self.store = open_store(url, cache_dir=cache_dir, whole_chunks=cache_chunks)
        self.first_tiles = np.cumsum([0, *(chunk.tiles for chunk in self.store.chunks)])
        self._offsets: dict[int, np.ndarray] = {}  # by chunk, of the chunks read so far
        if len(self) == 0:
            raise EmptyDataset(f"The shards in {url} hold no tile.")

    def __len__(self) -> int:
        return int(self.first_tiles[-1])

    def name(self, index: int) -> str:
        """The tile's number."""
        return f"tile {index} of {self.url}"

    def read(self, index: int, *, min_side: int) -> Tensor:
        """Fetch and decode one tile, (3, H, W) uint8.

        Raises:
            ImageError: the tile or its chunk is damaged, or the tile is too large or too small.
            ShardError: the chunk cannot be fetched.
        """
        number = int(np.searchsorted(self.first_tiles, index, side="right")) - 1
        data = self._tile(number, index - int(self.first_tiles[number]), self.name(index))
        tile = decode_image(data, name=self.name(index), max_pixels=self.max_pixels)
        _, H, W = tile.shape
        if min(H, W) < min_side:
            raise TooSmallImage(f"{self.name(index)}: {W}x{H} is smaller than {min_side}x{min_side}.")
        return tile

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """A permutation of chunks and, `MIXED_CHUNKS` at a time, of the tiles in them."""
        tiles = [np.arange(a, b) for a, b in zip(self.first_tiles[:-1], self.first_tiles[1:], strict=True)]
        chunks = rng.permutation(len(tiles))
        groups = [chunks[i : i + MIXED_CHUNKS] for i in range(0, len(chunks), MIXED_CHUNKS)]
        return np.concatenate(
            [rng.permutation(np.concatenate([tiles[c] for c in group])) for group in groups]
        )

    def _tile(self, number: int, position: int, name: str) -> bytes:
        """The bytes of the tile at a position of a chunk."""
        chunk = self.store.chunks[number]
        offsets = self._offsets.get(number)
        if offsets is None:
            offsets = self._offsets[number] = _offsets(
                self.store.read(chunk, 0, 4 * (chunk.tiles + 2)), chunk
            )
        begin, end = offsets[position : position + 2].tolist()
        data = b""
        if 4 * (chunk.tiles + 2) <= begin <= end - 4 and end <= chunk.bytes:
            data = self.store.read(chunk, begin, end - begin)
        if len(data) < 4 or len(data) != end - begin or int.from_bytes(data[:4], "little") != len(data) - 4:
            raise UnreadableImage(f"{name}: {chunk.filename} is damaged there.")
        return data[4:]


def _offsets(header: bytes, chunk: Chunk) -> np.ndarray:
    """Where the tiles of a chunk begin, and where the last one ends; zeros, which no tile has, if damaged."""
    if len(header) != 4 * (chunk.tiles + 2) or int.from_bytes(header[:4], "little") != chunk.tiles:
        return np.zeros(chunk.tiles + 1, dtype=np.int64)
    return np.frombuffer(header, dtype="<u4", offset=4).astype(np.int64)
