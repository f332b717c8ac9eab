"""Reads the ``.wandb`` file of an offline run: W&B's protobuf records in LevelDB's log format."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from wandb.proto import wandb_internal_pb2

FILE_HEADER = 7
BLOCK = 32768
CHUNK_HEADER = struct.Struct("<IHB")  # checksum, length, kind
WHOLE, LAST = 1, 4


class OfflineRun(NamedTuple):
    folder: Path  # "files", where media lie
    history: list[dict[str, Any]]  # one dict per logged row
    summary: dict[str, Any]  # last value of each key
    axes: dict[str, str]  # defined metric -> its x axis, "" for none; globs in brackets
    config: dict[str, Any]
    artifacts: list[tuple[str, list[str]]]  # type and files of each but tables


def read_offline_run(root: Path) -> OfflineRun:
    """The one offline run below ``root``."""
    (path,) = root.rglob("*.wandb")
    history: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    axes: dict[str, str] = {}
    config: dict[str, Any] = {}
    artifacts: list[tuple[str, list[str]]] = []
    complete = False
    for record in _records(path.read_bytes()):
        kind = record.WhichOneof("record_type")
        if kind == "history":
            history.append(_items(record.history.item))
        elif kind == "summary":
            summary.update(_items(record.summary.update))
        elif kind == "metric":
            axes[record.metric.name or f"[{record.metric.glob_name}]"] = record.metric.step_metric
        elif kind == "config":
            config.update(_items(record.config.update))
        elif kind == "artifact" and record.artifact.type != "run_table":
            files = [entry.path for entry in record.artifact.manifest.contents]
            artifacts.append((record.artifact.type, files))
        complete = complete or kind == "exit"
    assert complete, f"{path} was read before W&B had written all of it"
    return OfflineRun(path.parent / "files", history, summary, axes, config, artifacts)


def _records(data: bytes) -> Iterator[Any]:
    assert data[:4] == b":W&B"
    at, payload = FILE_HEADER, b""
    while at + CHUNK_HEADER.size <= len(data):
        room = BLOCK - at % BLOCK
        if room < CHUNK_HEADER.size:  # too little left in this block for a chunk
            at += room
            continue
        _, length, kind = CHUNK_HEADER.unpack_from(data, at)
        at += CHUNK_HEADER.size
        payload += data[at : at + length]
        at += length
        if kind in (WHOLE, LAST):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(payload)
            yield record
            payload = b""


def _items(items: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        *path, last = list(item.nested_key) or [item.key]
        place = found
        for key in path:
            place = place.setdefault(key, {})
        place[last] = json.loads(item.value_json)
    return found
