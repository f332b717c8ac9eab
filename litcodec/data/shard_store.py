"""The files of a set of shards: in a folder, or in an object store with a cache on disk."""

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import TYPE_CHECKING, Protocol

from litcodec.data.shard_index import MAX_INDEX_BYTES, Chunk, parse_index
from litcodec.errors import EmptyDataset, ShardError

if TYPE_CHECKING:
    from litcodec.data.litdata_access import Downloader

INDEX = "index.json"


class ShardStore(Protocol):
    """The chunks of a set of shards, and bytes out of them."""

    chunks: tuple[Chunk, ...]

    def read(self, chunk: Chunk, offset: int, length: int) -> bytes:
        """At most ``length`` bytes of a chunk.

        Raises:
            ShardError: the chunk is not there, or of another size than the index says.
        """
        ...


class FolderStore:
    """Shards in a local folder; every chunk's size is checked at once.

    Raises:
        EmptyDataset: no index there.
        ShardError: the index is not ours, or a chunk is missing or of another size.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        index = folder / INDEX
        if not index.is_file():
            raise EmptyDataset(
                f"No shards in {folder}. Write them with `litcodec prepare SOURCE_DIR {folder}`."
            )
        self.chunks = parse_index(_read_index(index), name=str(index))
        for chunk in self.chunks:
            _check_size(folder / chunk.filename, chunk)

    def read(self, chunk: Chunk, offset: int, length: int) -> bytes:
        """Read at most ``length`` bytes of a chunk, from ``offset`` on."""
        return _read(self.folder / chunk.filename, offset, length)


class RemoteStore:
    """Shards in an object store, fetched by litdata's downloaders; no other part of litdata is involved.

    The index is fetched and checked first. Chunks are kept in a folder named after the index's content.

    Args:
        url: s3://, gs://, r2://, azure:// ... or local:FOLDER.
        cache_dir: where fetched chunks are kept; None is litdata's default in the home folder.
        whole_chunks: fetch whole chunks and keep them; False fetches only the bytes that are read.

    Raises:
        ShardError: the index cannot be fetched or is not ours.
    """

    def __init__(self, url: str, *, cache_dir: str | None, whole_chunks: bool) -> None:
        from litcodec.data.litdata_access import get_default_cache_dir

        self.url = url.rstrip("/")
        self.whole_chunks = whole_chunks
        self._downloader: Downloader | None = None  # opened in the process that reads
        self._fetched: set[str] = set()  # chunks this process has seen on disk
        with TemporaryDirectory(prefix="litcodec-index-") as scratch:
            index = Path(scratch, INDEX)
            self._download(INDEX, index)
            data = _read_index(index)
        self.chunks = parse_index(data, name=f"{self.url}/{INDEX}")
        store = hashlib.sha256(self.url.encode()).hexdigest()[:32]
        self.cache = (
            Path(cache_dir or get_default_cache_dir()) / store / hashlib.sha256(data).hexdigest()[:32]
        )
        self._downloader = None

    def read(self, chunk: Chunk, offset: int, length: int) -> bytes:
        """Read at most ``length`` bytes of a chunk from ``offset`` on, of its cached copy if it is there."""
        path = self.cache / chunk.filename
        if not self.whole_chunks and not path.is_file():
            try:
                source = f"{self.url}/{chunk.filename}"
                with TemporaryDirectory(prefix="litcodec-tile-") as scratch:
                    kept = str(Path(scratch, chunk.filename))
                    return bytes(self._downloads().download_bytes(source, offset, length, kept))[:length]
            except Exception as error:  # each store's library has exceptions of its own
                raise _unfetched(source, error) from error
        if chunk.filename not in self._fetched:
            self._fetch(chunk, path)
        return _read(path, offset, length)

    def _fetch(self, chunk: Chunk, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size != chunk.bytes:
            path.unlink(missing_ok=True)  # left by a full disk; the size of a new one is checked below
        while not path.exists():
            # Returns without the file if another process is fetching it, and takes over if that one dies.
            self._download(chunk.filename, path)
            if not path.exists():
                sleep(0.05)
        _check_size(path, chunk)
        self._fetched.add(chunk.filename)

    def _download(self, filename: str, path: Path) -> None:
        source = f"{self.url}/{filename}"
        try:
            self._downloads().download_file(source, str(path))
        except Exception as error:  # each store's library has exceptions of its own
            raise _unfetched(source, error) from error

    def _downloads(self) -> "Downloader":
        from litcodec.data.litdata_access import get_downloader

        if self._downloader is None:
            self._downloader = get_downloader(self.url, str(Path(os.devnull).parent), [])
        return self._downloader


def open_store(url: str, *, cache_dir: str | None, whole_chunks: bool) -> ShardStore:
    """The store behind a folder or an address.

    Args:
        url: a local folder, or an address of an object store.
        cache_dir: see `RemoteStore`, as for ``whole_chunks``.
        whole_chunks: not used for a folder.
    """
    if "://" in url or url.startswith("local:"):
        return RemoteStore(url, cache_dir=cache_dir, whole_chunks=whole_chunks)
    return FolderStore(Path(url))


def _unfetched(source: str, error: Exception) -> ShardError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return ShardError(f"{source} cannot be fetched ({reason}). Check the address and your rights to it.")


def _check_size(path: Path, chunk: Chunk) -> None:
    size = path.stat().st_size if path.is_file() else None
    if size != chunk.bytes:
        what = "is not a file" if size is None else f"has {size:,} bytes"
        raise ShardError(
            f"{path} {what}; its index says {chunk.bytes:,} bytes. Copy the shards again, or write new ones."
        )


def _read(path: Path, offset: int, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except OSError as error:
        raise ShardError(f"{path} cannot be read: {error.strerror}.") from error


def _read_index(path: Path) -> bytes:
    return _read(path, 0, MAX_INDEX_BYTES + 1)
