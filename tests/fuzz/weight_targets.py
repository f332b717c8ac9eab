"""Targets that read files of weights: codec files and checkpoints."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch

from litcodec.codec_files import codec_bytes, load_codec
from litcodec.codecs import MeanScaleHyperprior
from litcodec.frozen import from_stream, to_stream
from tests.fuzz.cases import Target
from tests.fuzz.mutate import mutate_bytes, mutate_value, odd_value
from tests.fuzz.seed_files import codec_files


def codec_file_target(forge: Callable[[bytes], bytes]) -> Target:
    """Codec files of every class. ``forge`` makes fingerprint and checksum right, where it can."""
    golden = [path for name, path in codec_files().items() if name != "packaged"]
    seeds = [path.read_bytes() for path in golden] + [codec_bytes(load_codec(path)) for path in golden]
    return Target(".safetensors", partial(_codec_file, seeds, forge), _load_and_use)


def _codec_file(seeds: list[bytes], forge: Callable[[bytes], bytes], rng: Random) -> bytes:
    data = rng.choice(seeds)
    kind = rng.randrange(10)
    if kind == 0:
        return mutate_bytes(rng, data)
    start = 8 + int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8:start]), data[start:]
    about = json.loads(header["__metadata__"]["litcodec"])
    if kind < 5:
        about = mutate_value(rng, about)
    elif kind < 6:
        header = mutate_value(rng, header)
    else:
        name = rng.choice([key for key in header if key != "__metadata__"])
        begin, end = header[name]["data_offsets"]
        body = body[:begin] + _tensor_bytes(rng, body[begin:end]) + body[end:]
        if rng.random() < 0.2:
            header[name]["dtype"] = rng.choice(
                ("F32", "F16", "BF16", "I32", "I16", "I64", "BOOL", "F64", "C64")
            )
        if rng.random() < 0.2:
            header[name]["shape"] = rng.choice(([], [end - begin], *_shapes(rng, header[name]["shape"])))
    if isinstance(header, dict) and isinstance(header.get("__metadata__"), dict):
        header["__metadata__"]["litcodec"] = json.dumps(about)
    text = json.dumps(header, default=str).encode()
    made = len(text).to_bytes(8, "little") + text + body
    return forge(made) if rng.random() < 0.8 else made


def _tensor_bytes(rng: Random, data: bytes) -> bytes:
    """As many bytes as before, some of them NaN, infinite, huge, or of another sign."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 64))):
        if len(changed) < 4:
            break
        at = rng.randrange(len(changed) // 4) * 4
        changed[at : at + 4] = rng.choice(
            (
                *(struct.pack("<f", v) for v in (float("nan"), float("inf"), 3e38, -1e30, 0.0)),
                rng.randbytes(4),
            )
        )
    return bytes(changed)


def _shapes(rng: Random, shape: list[int]) -> list[list[int]]:
    return [shape[::-1], [*shape, 1], [1, *shape], shape[1:], [2**40, *shape], [0, *shape]]


def _load_and_use(path: Path) -> None:
    codec = load_codec(path)
    again = path.with_suffix(".again")
    again.write_bytes(codec_bytes(codec))
    assert load_codec(again).fingerprint == codec.fingerprint, "what was loaded cannot be saved and loaded"
    x = torch.linspace(0, 1, 3 * 24 * 40).reshape(1, 3, 24, 40)
    x_hat = from_stream(codec, to_stream(codec, x))
    assert bool(((x_hat >= 0) & (x_hat <= 1)).all()), "pixels outside of 0..1"


def checkpoint_bytes() -> bytes:
    """A checkpoint of a tiny codec, with what Lightning and our module write into it."""
    from litcodec.training.module import CodecModule

    torch.manual_seed(0)
    module = CodecModule(MeanScaleHyperprior(N=4, M=4))
    checkpoint: dict[str, Any] = {"epoch": 0, "global_step": 3, "state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    file = io.BytesIO()
    torch.save(checkpoint, file)
    return file.getvalue()


def checkpoint_target(use: Callable[[Path], None]) -> Target:
    """Training checkpoints: values, tensors, pickles and the zip around them."""
    return Target(".ckpt", partial(_checkpoint, checkpoint_bytes()), use)


def _checkpoint(data: bytes, rng: Random) -> bytes:
    kind = rng.randrange(10)
    if kind == 0:
        return mutate_bytes(rng, data)
    if kind < 4:
        return _other_pickle(rng, data)
    found = torch.load(io.BytesIO(data), weights_only=True)
    if kind < 8:
        tensors = found.pop("state_dict")
        found = mutate_value(rng, found)
        if isinstance(found, dict) and rng.random() < 0.9:
            found["state_dict"] = tensors if rng.random() < 0.8 else odd_value(rng, tensors)
    else:
        name = rng.choice(list(found["state_dict"]))
        found["state_dict"][name] = _odd_tensor(rng, found["state_dict"][name])
    file = io.BytesIO()
    try:
        torch.save(found, file)
    except (RecursionError, UnicodeEncodeError):  # nested too deeply for pickle, or a lone surrogate
        return mutate_bytes(rng, data)
    return file.getvalue()


def _odd_tensor(rng: Random, tensor: torch.Tensor) -> object:
    wide = torch.zeros(1).expand(2**34)
    return rng.choice(
        (
            *(
                tensor.double(),
                tensor.half(),
                tensor.to(torch.int64),
                tensor.to(torch.complex64),
                tensor.flatten(),
            ),
            *(
                tensor * float("nan"),
                tensor * 1e38,
                tensor.to_sparse(),
                tensor.to("meta"),
                tensor[None],
                wide,
            ),
            *(torch.empty(0), torch.tensor(3.0), 0, None, "x", [1.0], torch.full_like(tensor, float("inf"))),
        )
    )


def _other_pickle(rng: Random, data: bytes) -> bytes:
    """The same zip with one changed member, its CRC right."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        chosen = rng.choice([*["/data.pkl"] * 6, rng.choice(old.namelist())])
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, mutate_bytes(rng, content) if name.endswith(chosen) else content)
    return made.getvalue()
