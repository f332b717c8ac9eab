"""Write the corpus of past trouble beside this file: ``python -m tests.fuzz.corpus.make_corpus``.

Each file is the smallest known of its kind; all must be refused by a typed error of one line. Files of
folders that are not named here were found by the fuzzer and kept as they were.
"""

import io
import json
from pathlib import Path

import torch
import yaml

from litcodec.bitstream import pack, unpack
from litcodec.types import Compressed
from tests.fuzz.seed_files import GOLDEN, codec_files
from tests.fuzz.text_targets import ROOT, results_bytes
from tests.fuzz.weight_targets import checkpoint_bytes

HERE = Path(__file__).parent


def main() -> None:
    """Write every file."""
    for folder, files in {
        "card": _cards(),
        "results": _results(),
        "checkpoint": _checkpoints(),
        "foreign-checkpoint": {"control_characters.ckpt": _saved({"a\x1b[31m\n": 3})},
        "sweep": _sweeps(),
        "shard-index": _indexes(),
        "codec-file": _codec_files(),
        "stream-factorized_prior": _streams(),
    }.items():
        for name, content in files.items():
            (HERE / folder).mkdir(exist_ok=True)
            (HERE / folder / name).write_bytes(content)


def _cards() -> dict[str, bytes]:
    card = json.loads((ROOT / "litcodec" / "zoo" / "cosine-2.json").read_bytes())
    changes = {
        "missing_key": {key: value for key, value in card.items() if key != "codec"},
        "another_key": {**card, "author": "me"},
        "lmbda_nan": {**card, "lmbda": [float("nan"), 1.0]},
        "lmbda_huge": {**card, "lmbda": [10**400, 1]},
        "three_rates": {**card, "lmbda": [1, 2, 3]},
        "megabyte_name": {**card, "codec": "x" * 10_000},
        "escape_in_name": {**card, "codec": "\x1b[31m"},
        "list": [],
    }
    texts = {f"{name}.json": json.dumps(value).encode() for name, value in changes.items()}
    return {**texts, "utf16.json": json.dumps(card).encode("utf-16")[:-1], "deep.json": b"[" * 100_000}


def _results() -> dict[str, bytes]:
    text = results_bytes().decode()
    return {
        "lone_surrogate.json": text.replace('"Linux"', r'"\ud800"').encode(),
        "long_version.json": text.replace('"version": 1', '"version": "' + "x" * 10_000 + '"').encode(),
    }


def _saved(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def _checkpoints() -> dict[str, bytes]:
    found = torch.load(io.BytesIO(checkpoint_bytes()), weights_only=True)
    key = "training"
    return {
        "no_state_dict.ckpt": _saved({k: v for k, v in found.items() if k != "state_dict"}),
        "state_dict_is_text.ckpt": _saved({**found, "state_dict": "x"}),
        "odd_notes.ckpt": _saved({**found, "litcodec": {**found["litcodec"], key: 3}}),
    }


def _sweeps() -> dict[str, bytes]:
    sweep = yaml.safe_load((ROOT / "sweeps" / "lambda.yaml").read_text())
    million = {f"model.k{k}": {"values": list(range(1000))} for k in range(4)}
    return {
        "run_cap_0.yaml": yaml.safe_dump({**sweep, "run_cap": 0}).encode(),
        "trillion_points.yaml": yaml.safe_dump({**sweep, "parameters": million}).encode(),
        "recursive.yaml": b"method: grid\nparameters: &a {x: *a}\n",
        "utf16.yaml": yaml.safe_dump(sweep).encode("utf-16"),
    }


def _indexes() -> dict[str, bytes]:
    config = {"data_format": ["bytes"], "compression": None, "encryption": None, "chunk_size": None}
    chunk = {"chunk_bytes": 100, "chunk_size": 1, "dim": None, "filename": "chunk-0-0.bin"}
    changes = {
        "pickle": {"config": {**config, "data_format": ["pickle"]}, "chunks": [chunk]},
        "path_outside": {"config": config, "chunks": [{**chunk, "filename": "../../etc/passwd"}]},
        "no_config": {"chunks": [chunk]},
        "no_chunks": {"config": config, "chunks": []},
        "huge_chunk": {"config": config, "chunks": [{**chunk, "chunk_size": 10**30}]},
        "list": [],
    }
    return {f"{name}.json": json.dumps(value).encode() for name, value in changes.items()}


def _codec_files() -> dict[str, bytes]:
    data = codec_files()["factorized_prior"].read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = json.loads(header["__metadata__"]["litcodec"])
    files = {}
    for name, change in {
        "escape_in_name": {"codec": "\x1b[31m"},
        "N_is_a_format": {"init_args": {"N": "%d", "M": 12}},
        "lmbda_huge": {"notes": {"lmbda": 10**400}, "training": {"lmbda": 10**400}},
    }.items():
        header["__metadata__"]["litcodec"] = json.dumps({**about, **change})
        text = json.dumps(header).encode()
        files[f"{name}.safetensors"] = len(text).to_bytes(8, "little") + text + data[start:]
    return files


def _streams() -> dict[str, bytes]:
    data = (GOLDEN / "factorized_prior_17x33.litc").read_bytes()
    strings, size = unpack(data, fingerprint=None)
    fingerprint = data[5:13]
    return {
        "two_strings.litc": pack(Compressed(strings * 2, size), fingerprint),
        "odd_length.litc": pack(Compressed((strings[0][:-1],), size), fingerprint),
        "too_many_pixels.litc": pack(Compressed(strings, (2**31 - 1, 2**31 - 1)), fingerprint),
    }


if __name__ == "__main__":
    main()
