"""Photographs to shards: ``litcodec prepare``."""

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, get_start_method, set_start_method
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import NamedTuple

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from litcodec.data.formats import list_images
from litcodec.data.images import read_image
from litcodec.data.windows import Skipped
from litcodec.errors import EmptyDataset, ImageError, OutputExists, ShapeError
from litcodec.limits import MAX_PIXELS

CHUNK_BYTES = "32MB"
"""Size of a chunk file: about 110 tiles of 512x512, fetched in one request."""

# Lossless WebP at this effort: 276 KB and 4.5 ms to decode for a 512x432 tile; more effort gains 2 % at most.
_WEBP_EFFORT = {"lossless": True, "method": 4, "quality": 0}


class PrepareReport(NamedTuple):
    """What was written."""

    photographs: int  # that gave tiles
    tiles: int
    bytes: int  # of the tiles, as stored
    skipped: tuple[Skipped, ...]  # sorted by name


class _Cut(NamedTuple):
    """What became of one photograph."""

    tiles: int
    bytes: int
    skipped: Skipped | None


def prepare(
    source_dir: str | Path,
    out: str | Path,
    *,
    tile_size: int = 512,
    min_size: int = 256,
    num_workers: int = 1,
    max_pixels: int = MAX_PIXELS,
    progress: bool = True,
) -> PrepareReport:
    """Cut photographs into tiles and store them losslessly in shards that stream.

    Photographs go in in a shuffled order, which depends on their number alone, so that every shard is a fair
    sample of all. Broken and too-small photographs are skipped and named in the report.

    Args:
        source_dir: a folder, searched recursively.
        out: a local folder, or s3://, gs://, r2:// ..., empty or not there yet.
        tile_size: side of a tile in pixels; what is left at an edge becomes a tile of its own or, if shorter
            than ``min_size``, part of its neighbour.
        min_size: shortest side of a tile, and of a photograph that is used.
        num_workers: processes that cut.
        max_pixels: limit of H * W for one photograph.
        progress: show a bar on stderr.

    Raises:
        EmptyDataset: no photograph in ``source_dir`` that can be used.
        OutputExists: ``out`` is not empty.
        ShapeError: an option is out of range.
    """
    if not 1 <= min_size <= tile_size:
        raise ShapeError(f"min_size must be in 1..tile_size={tile_size}; got {min_size}.")
    out = str(out)
    exists = f"{out} is not empty. Give another output, or delete it first."
    if "://" not in out and Path(out).exists() and (not Path(out).is_dir() or any(Path(out).iterdir())):
        raise OutputExists(exists)
    if "://" not in out and Path(out).is_symlink() and not Path(out).exists():
        raise OutputExists(f"{out} is a link to a folder that is not there. Give another output.")
    source_dir = Path(source_dir)
    paths = list_images(source_dir)
    from litcodec.data.litdata_access import optimize  # here, because litdata takes a second to import

    start_method = "fork" if sys.platform == "linux" else "spawn"
    cuts: list[_Cut] = []
    with get_context(start_method).Manager() as manager, _contained():
        done: Queue[_Cut | None] = manager.Queue()
        watcher = Thread(target=_collect, args=(done, len(paths), cuts, progress), daemon=True)
        watcher.start()
        cut = partial(_cut, paths, source_dir, tile_size, min_size, max_pixels, done)
        try:
            optimize(
                fn=cut,
                inputs=np.random.default_rng(0).permutation(len(paths)).tolist(),
                output_dir=out,
                chunk_bytes=CHUNK_BYTES,
                num_workers=max(1, min(num_workers, len(paths))),
                reorder_files=False,
                keep_data_ordered=True,
                start_method=start_method,
                verbose=False,
            )
        except RuntimeError as error:
            if "already contains" in str(error):  # an object store that was not empty
                raise OutputExists(exists) from None
            raise
        finally:
            done.put(None)
            watcher.join()
    skipped = tuple(sorted(cut.skipped for cut in cuts if cut.skipped))
    report = PrepareReport(
        len(cuts) - len(skipped), sum(cut.tiles for cut in cuts), sum(cut.bytes for cut in cuts), skipped
    )
    if report.tiles == 0:
        if "://" not in out:  # or the next try would find the output not empty
            Path(out, "index.json").unlink(missing_ok=True)
        raise EmptyDataset(
            f"None of the {len(paths)} photographs in {source_dir} can be used with min_size={min_size}"
            f" (first: {skipped[0].reason})"
        )
    return report


def tile_edges(length: int, tile_size: int, min_size: int) -> list[tuple[int, int]]:
    """Cut ``length`` pixels into tiles.

    Args:
        length: at least ``min_size``.
        tile_size: length of all tiles but the last.
        min_size: shortest last tile; a shorter one is merged with the tile before it.

    Returns:
        (begin, end) of each tile; together they cover 0..length.
    """
    begins = list(range(0, length, tile_size))
    if len(begins) > 1 and length - begins[-1] < min_size:
        begins.pop()
    return list(zip(begins, [*begins[1:], length], strict=True))


def _cut(
    paths: list[Path],
    source_dir: Path,
    tile_size: int,
    min_size: int,
    max_pixels: int,
    done: "Queue[_Cut | None]",
    index: int,
) -> Iterator[bytes]:
    """The tiles of one photograph as lossless WebP; runs in litdata's workers."""
    try:
        photograph = read_image(paths[index], max_pixels=max_pixels, min_side=min_size)
    except ImageError as error:
        done.put(_Cut(0, 0, Skipped(paths[index].relative_to(source_dir).as_posix(), str(error))))
        return
    pixels = photograph.permute(1, 2, 0).numpy()
    tiles = size = 0
    for top, bottom in tile_edges(pixels.shape[0], tile_size, min_size):
        for left, right in tile_edges(pixels.shape[1], tile_size, min_size):
            file = io.BytesIO()
            tile = np.ascontiguousarray(pixels[top:bottom, left:right])
            Image.fromarray(tile).save(file, "WEBP", **_WEBP_EFFORT)
            tiles, size = tiles + 1, size + file.tell()
            yield file.getvalue()
    done.put(_Cut(tiles, size, None))


def _collect(done: "Queue[_Cut | None]", total: int, cuts: list[_Cut], progress: bool) -> None:
    """Gather what the workers report until None comes."""
    reports = iter(done.get, None)
    console = Console(stderr=True)
    for cut in track(reports, "cutting photographs", total=total, console=console, disable=not progress):
        cuts.append(cut)


@contextmanager
def _contained() -> Iterator[None]:
    """Undo what litdata changes for the whole process, and keep its scratch files apart from other runs'."""
    method, on_interrupt = get_start_method(allow_none=True), signal.getsignal(signal.SIGINT)
    environment = dict(os.environ)
    with TemporaryDirectory(prefix="litcodec-prepare-") as scratch:
        for name in ("DATA_OPTIMIZER_CACHE_FOLDER", "DATA_OPTIMIZER_DATA_CACHE_FOLDER"):
            os.environ[name] = str(Path(scratch, name))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(environment)
            signal.signal(signal.SIGINT, on_interrupt)
            set_start_method(method, force=True)
