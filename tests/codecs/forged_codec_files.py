"""A small codec file, and the same with changed content whose sums may be right."""

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from litcodec.codec_files import load_codec, save_codec
from litcodec.codec_files.safetensors_file import widened
from litcodec.codecs import MeanScaleHyperprior
from litcodec.errors import CodecFileError
from litcodec.frozen.base import fingerprint_of

Tensors = dict[str, torch.Tensor]


def saved_codec_file(folder: Path) -> Path:
    torch.manual_seed(0)
    path = folder / "codec.safetensors"
    save_codec(MeanScaleHyperprior(N=8, M=12).freeze(), path)
    return path


def tensors_of(path: Path) -> Tensors:
    return {name: widened(tensor) for name, tensor in load_file(path).items()}


def refused(path: Path, message: str) -> None:
    with pytest.raises(CodecFileError, match=message) as caught:
        load_codec(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def metadata_of(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        about: dict[str, Any] = json.loads(file.metadata()["litcodec"])
    return about


def write_file(path: Path, tensors: Tensors, about: dict[str, Any], *, forge: bool = False) -> Path:
    """A codec file with this content; ``forge`` makes its sums right, so that other checks must notice."""
    if forge:
        architecture = MeanScaleHyperprior(N=8, M=12).architecture
        decoder = {n: t for n, t in tensors.items() if not n.startswith(("g_a.", "h_a."))}
        checksum = 0
        for name in sorted(tensors.keys() - decoder.keys()):
            checksum = zlib.crc32(tensors[name].numpy().tobytes(), checksum)
        fingerprint = fingerprint_of(architecture.identity, decoder).hex()
        about = {**about, "fingerprint": fingerprint, "encoder_checksum": checksum}
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        path,
        metadata={"litcodec": json.dumps(about)},
    )
    return path
