"""Targets whose files are text: results, cards, sweep files, the index of shards; and shards' chunks."""

import json
import shutil
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
import yaml

from litcodec.data import ShardTiles, prepare, write_png
from litcodec.evaluation import read_results, write_results
from litcodec.report import csv_table, markdown, page, plot, report_data
from litcodec.sweeps import read_sweep
from litcodec.zoo import default_card, packaged_cards
from tests.conftest import _make_results
from tests.fuzz.cases import Target
from tests.fuzz.mutate import json_bytes, mutate_bytes, mutate_value

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PLOTTED = 25  # one of this number of results is drawn too: that takes half a second
YAML_PIECES = (
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!python/object:os.system ",
    b"${",
    b"}",
    b": ",
    b"- ",
    b"\t",
    b"? ",
    b"|\n",
    b"[[",
    b"---\n",
)


def results_target() -> Target:
    """Results files, read, written again and made a report of."""
    return Target(".json", partial(_json_mutant, json.loads(results_bytes())), _report)


def results_bytes() -> bytes:
    """A results file of two curves on three images."""
    settings = {
        f"quality {k}": [(f"{name}.png", 100 * k + 7 * j, 25.0 + 3 * k) for j, name in enumerate("abc")]
        for k in range(1, 5)
    }
    with tempfile.TemporaryDirectory() as folder:
        write_results(Path(folder, "r.json"), _make_results({"Codec": settings, "JPEG": settings}))
        return Path(folder, "r.json").read_bytes()


def _json_mutant(value: Any, rng: Random) -> bytes:
    return json_bytes(rng, mutate_value(rng, value))


def _report(path: Path) -> None:
    results = read_results(path)
    again = path.with_suffix(".again")
    write_results(again, results)
    assert repr(read_results(again)) == repr(results), "what was read is not what is written"
    data = report_data([path], images=1)
    csv_table(data), markdown(data), page(data)
    if zlib.crc32(path.read_bytes()) % PLOTTED == 0:
        plot(data.curves, "svg")


def card_target() -> Target:
    """Cards of packaged codecs."""
    card = json.loads((ROOT / "litcodec" / "zoo" / "cosine-2.json").read_bytes())
    return Target(".json", partial(_json_mutant, card), _read_card)


def _read_card(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, Path(folder, "mutant.json"))
        Path(folder, "retired.json").write_text("[]")
        (card,) = packaged_cards(Path(folder))
        assert card.file == Path(folder, "mutant.safetensors")
        default_card(Path(folder))


def sweep_target() -> Target:
    """Sweep files: YAML with odd values, odd YAML."""
    seeds = [path.read_bytes() for path in sorted((ROOT / "sweeps").glob("*.yaml"))]
    return Target(".yaml", partial(_sweep, seeds), _read_sweep)


def _sweep(seeds: list[bytes], rng: Random) -> bytes:
    data = rng.choice(seeds)
    match rng.randrange(6):
        case 0:
            return mutate_bytes(rng, data)
        case 1:
            at = rng.randrange(len(data))
            return data[:at] + rng.choice(YAML_PIECES) + data[at:]
        case 2:
            content = yaml.safe_load(data)
            grid = {
                f"model.k{k}": {"values": list(range(rng.choice((2, 30, 3000))))}
                for k in range(rng.randrange(1, 6))
            }
            content["parameters"] = grid
            content |= {"run_cap": rng.choice((1, 5, -1, 0, True, 2.5, "3"))} if rng.random() < 0.5 else {}
            return yaml.safe_dump(content).encode()
        case _:
            text: str = yaml.safe_dump(mutate_value(rng, yaml.safe_load(data)), allow_unicode=False)
            return text.encode(rng.choice(("utf-8",) * 9 + ("utf-16",)), "surrogatepass")


def _read_sweep(path: Path) -> None:
    sweep = read_sweep(path)
    assert sweep.points, "a sweep without a point"
    assert all(point.command and "/" not in point.slug for point in sweep.points)


@dataclass(frozen=True)
class Shards:
    """A small set of shards."""

    index: bytes
    chunks: dict[str, bytes]


def make_shards() -> Shards:
    """Six tiles in one or more chunks."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "images"), Path(folder, "shards")
        source.mkdir()
        for k in range(3):
            x = torch.randint(
                0, 256, (3, 20, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(k)
            )
            write_png(source / f"{k}.png", x)
        prepare(source, out, tile_size=20, min_size=16, progress=False)
        chunks = {path.name: path.read_bytes() for path in sorted(out.glob("*.bin"))}
        return Shards((out / "index.json").read_bytes(), chunks)


def shard_index_target() -> Target:
    """The index of a set of shards; its chunks are whole."""
    shards = make_shards()
    mutant = partial(_json_mutant, json.loads(shards.index))
    return Target(
        ".json", mutant, lambda path: _read_shards({**shards.chunks, "index.json": path.read_bytes()})
    )


def shard_chunk_target() -> Target:
    """The first chunk of a set of shards; its index is whole."""
    shards = make_shards()
    first = next(iter(shards.chunks))
    whole = {**shards.chunks, "index.json": shards.index}
    return Target(
        ".bin",
        lambda rng: mutate_bytes(rng, shards.chunks[first]),
        lambda path: _read_shards({**whole, first: path.read_bytes()}),
    )


def _read_shards(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        tiles = ShardTiles(folder)
        for index in range(min(len(tiles), 8)):
            tile = tiles.read(index, min_side=1)
            assert tile.dtype == torch.uint8


TEXT_TARGETS: dict[str, Callable[[], Target]] = {
    "results": results_target,
    "card": card_target,
    "sweep": sweep_target,
    "shard-index": shard_index_target,
    "shard-chunk": shard_chunk_target,
}
