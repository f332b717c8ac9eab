"""Codec files: saved, loaded, damaged."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from forged_codec_files import metadata_of, refused, saved_codec_file, tensors_of, write_file
from safetensors.torch import save_file

from litcodec.codec_files import build_codec, codec_architecture, load_codec, save_codec
from litcodec.codecs import Codec
from litcodec.frozen import TrainingInfo


def test_a_loaded_codec_is_the_saved_one(codec: Codec, tmp_path: Path, image_like):
    saved = codec.freeze()
    saved.training = TrainingInfo(lmbda=0.013, distortion="mse", step=1234)
    path = tmp_path / "codec.safetensors"
    save_codec(saved, path)
    loaded = load_codec(path)
    assert loaded.fingerprint == saved.fingerprint
    assert loaded.training == saved.training
    assert loaded.architecture == saved.architecture
    assert loaded.downsampling_factor == saved.downsampling_factor
    x = image_like(70, 90)
    packed = saved.compress(x)
    assert loaded.compress(x) == packed
    assert torch.equal(loaded.decompress(packed), saved.decompress(packed))


def test_saving_a_loaded_codec_gives_the_same_bytes(codec: Codec, tmp_path: Path):
    first, second = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    save_codec(codec.freeze(), first)
    save_codec(load_codec(first), second)
    assert first.read_bytes() == second.read_bytes()


def test_loading_leaves_the_random_state_alone(codec: Codec, tmp_path: Path):
    save_codec(codec.freeze(), tmp_path / "codec.safetensors")
    before = torch.get_rng_state()
    load_codec(tmp_path / "codec.safetensors")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("name", "init_args"), [("MeanScaleHyperprior", {"N": 8}), ("FactorizedPrior", {"transform": "9x9"})]
)
def test_codecs_are_built_by_class_path(name: str, init_args: dict[str, Any]):
    architecture = codec_architecture(name, init_args)
    assert architecture == {"class_path": f"litcodec.codecs.{name}", "init_args": init_args}
    with torch.device("meta"):
        assert type(build_codec(architecture)).__name__ == name


# --- damage ---


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    return saved_codec_file(tmp_path_factory.mktemp("codec"))


def _lapped(**init_args: Any) -> dict[str, Any]:
    return {"class_path": "litcodec.codecs.LappedCosine", "init_args": init_args}


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.9, 0.99999])
def test_a_truncated_file_is_refused(saved: Path, tmp_path: Path, part: float):
    data = saved.read_bytes()
    path = tmp_path / "codec"
    path.write_bytes(data[: int(len(data) * part)])
    refused(path, "not a readable codec file")


def test_a_flipped_byte_in_any_tensor_is_noticed(saved: Path, tmp_path: Path):
    data = bytearray(saved.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    path = tmp_path / "codec"
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        at = start + sum(entry["data_offsets"]) // 2
        data[at] ^= 0x10
        path.write_bytes(data)
        refused(path, "is damaged")
        data[at] ^= 0x10


def test_a_missing_file_is_named(tmp_path: Path):
    refused(
        tmp_path / "none.safetensors",
        "there is no codec file .*none.safetensors, and no packaged codec of that name: cosine-3",
    )
    refused(Path("cosine-3"), r'no codec file cosine-3; for the packaged codec: litcodec.load\("cosine-3"\)')
    refused(tmp_path, "not a readable codec file")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n", b"x" * 1000, b"\xff" * 8 + b"{}"])
def test_what_is_not_safetensors_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "codec"
    path.write_bytes(content)
    refused(path, "litcodec export")


def test_a_pickle_is_not_opened(tmp_path: Path):
    path = tmp_path / "codec"
    torch.save({"weight": torch.zeros(3)}, path)
    refused(path, "not a readable codec file")


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"litcodec": "3"}, {"litcodec": "[]"}])
def test_other_safetensors_files_are_refused(saved: Path, tmp_path: Path, metadata):
    path = tmp_path / "codec"
    save_file(tensors_of(saved), path, metadata=metadata)
    refused(path, "not a litcodec codec")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"format": '])
def test_metadata_that_is_not_json_is_refused(saved: Path, tmp_path: Path, text: str):
    path = tmp_path / "codec"
    save_file(tensors_of(saved), path, metadata={"litcodec": text})
    refused(path, "not a readable codec file")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "not a litcodec codec"),
        ({"version": 5}, "version 5; this litcodec reads versions 1, 2, 3, 4"),
        ({"version": "1"}, "version '1'"),
        ({"version": True}, "version True"),
        ({"identity": "\ud800"}, "identity is"),
        ({"identity": "x" * 10**6}, "identity is"),
        (_lapped(analysis_blocks=10**9), "blocks are 0 to 64"),
        (_lapped(synthesis_blocks=10**5), "blocks are 0 to 64"),
        (_lapped(groups=[1] * 10**6), "groups hold 1 to 768"),
        (_lapped(N=10**9), "cannot be built"),
        ({"codec": "Codec"}, "codec 'Codec' is unknown; known are Checkerboard"),
        ({"codec": "os.system"}, "unknown"),
        ({"codec": None}, "unknown"),
        ({"codec": "ScaleHyperprior"}, "is damaged"),
        ({"codec": "FactorizedPrior"}, "is damaged"),
        ({"init_args": None}, "takes"),
        ({"init_args": {"N": 8, "M": 12, "width": 3}}, "width"),
        ({"init_args": {"N": 8, "M": 12, "quantiser": "x"}}, "quantiser"),
        ({"init_args": {"N": 0, "M": 12}}, "cannot be built"),
        ({"init_args": {"N": 8.5, "M": 12}}, "cannot be built"),
        ({"init_args": {"N": "8", "M": 12}}, "cannot be built"),
        ({"init_args": {"N": 8, "M": 12, "gdn": "none"}}, "cannot be built"),
        ({"init_args": {"N": 10**9, "M": 12}}, "cannot be built"),
        ({"init_args": {"N": 65535, "M": 65535}}, "do not fit"),  # and takes no memory
        ({"init_args": {"N": 8, "M": 13}}, "do not fit"),
        ({"init_args": {"N": 8, "M": 12, "gdn": "simplified"}}, "does not match its fingerprint"),
        ({"training": [1]}, r"training is \[1\]"),
        ({"training": {"author": "me"}}, "training is .*author"),
        ({"class_path": "litcodec.codecs.Codec"}, "unknown to this version"),
        ({"class_path": "os.system"}, "--plugin os"),
        ({"class_path": "litcodec.commands.export.export"}, "unknown to this version"),
        ({"class_path": 3}, "is not a class path"),
        ({"class_path": "litcodec.transforms.GRDN", "init_args": {}}, "a GRDN is not an instance of Codec"),
        ({"training": {"lmbda": "0.01"}}, "lmbda is '0.01'"),
        ({"training": {"lmbda": -1}}, "lmbda is -1"),
        ({"training": {"lmbda": float("nan")}}, "lmbda is nan"),
        ({"training": {"distortion": 3}}, "distortion is 3"),
        ({"training": {"step": [1]}}, r"step \[1\]"),
        ({"fingerprint": "00" * 8}, "does not match its fingerprint"),
        ({"fingerprint": None}, "does not match its fingerprint"),
        ({"encoder_checksum": 5}, "weights of its encoder"),
        ({"encoder_checksum": None}, "weights of its encoder"),
    ],
)
def test_wrong_metadata_is_refused(saved: Path, tmp_path: Path, change: dict[str, Any], message: str):
    refused(write_file(tmp_path / "codec", tensors_of(saved), {**metadata_of(saved), **change}), message)
