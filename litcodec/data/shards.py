"""Shards written by ``litcodec prepare``, streamed from a folder or an object store through litdata.

litdata's own loader can resume, but its order depends on the number of workers and ranks. Here tiles are read
by number instead, so the very windows that folders use give the same guarantees. What is left to arrange is
locality: `ShardTiles.order` shuffles the chunks, then the tiles within `MIXED_CHUNKS` chunks at a time, so an
epoch walks through the store chunk by chunk.
"""

import os
from pathlib import Path
from time import sleep
from typing import Any

# litdata may ask the package index whether a newer version exists; nothing here should touch the network on
# its own. Read when litdata is imported, hence set first. Every other module imports litdata through this
# one.
os.environ.setdefault("LITDATA_DISABLE_VERSION_CHECK", "1")

import numpy as np
from litdata import StreamingDataset, optimize
from litdata.streaming.sampler import ChunkedIndex
from torch import Tensor

from litcodec.data.images import decode_image
from litcodec.errors import EmptyDataset, TooSmallImage

__all__ = ["MIXED_CHUNKS", "ShardTiles", "optimize"]

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

    Raises:
        EmptyDataset: no shards there.
    """

    def __init__(self, url: str, *, cache_dir: str | None = None, cache_chunks: bool = True) -> None:
        self.url = url
        self.remote = "://" in url or url.startswith("local:")
        self.cache_chunks = cache_chunks
        if not self.remote and not (Path(url) / "index.json").is_file():
            raise EmptyDataset(f"No shards in {url}. Write them with `litcodec prepare SOURCE_DIR {url}`.")
        # batch_decode=0: litdata would otherwise copy up to 256 neighbours of each tile it reads.
        self.dataset = StreamingDataset(url, cache_dir=cache_dir, batch_decode=0)
        tiles_in_chunk = [end - begin for begin, end in self.dataset.region_of_interest]
        self.first_tiles = np.cumsum([0, *tiles_in_chunk])
        self.config: Any = None  # litdata's map from chunks to files, opened in the process that reads
        self.fetched: set[int] = set()  # chunks this process has seen on disk
        if len(self) == 0:
            raise EmptyDataset(f"The shards in {url} hold no tile.")

    def __len__(self) -> int:
        return int(self.first_tiles[-1])

    def name(self, index: int) -> str:
        """The tile's number."""
        return f"tile {index} of {self.url}"

    def read(self, index: int, *, min_side: int) -> Tensor:
        """Fetch and decode one tile."""
        if self.remote and self.cache_chunks:
            self._fetch(int(np.searchsorted(self.first_tiles, index, side="right")) - 1)
        tile = decode_image(bytes(self.dataset[index]), name=self.name(index))
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

    def _fetch(self, chunk: int) -> None:
        """Bring a chunk into the cache; litdata then reads its tiles from there."""
        if chunk in self.fetched:
            return
        if self.config is None:
            len(self.dataset)  # litdata has no call for fetching one chunk; this makes it open what has
            self.config = self.dataset.shuffler.cache._reader.config
        config = self.config
        path = config[ChunkedIndex(index=-1, chunk_index=chunk)][0]
        while not os.path.exists(path):
            # Returns without the file if another process is fetching it, and takes over if that one dies.
            config.download_chunk_from_index(chunk, skip_lock=True)
            if not os.path.exists(path):
                sleep(0.05)
        self.fetched.add(chunk)
