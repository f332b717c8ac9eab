"""Codec files: saved, loaded, damaged."""

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from litcodec.codec_files import build_codec, codec_architecture, load_codec, save_codec
from litcodec.codec_files.safetensors_file import _widened
from litcodec.codecs import Codec, MeanScaleHyperprior
from litcodec.errors import CodecFileError
from litcodec.frozen import TrainingInfo
from litcodec.frozen.base import _fingerprint

Tensors = dict[str, torch.Tensor]
Change = Callable[[Tensors], None]


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


# --- damage ---


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("codec") / "codec.safetensors"
    save_codec(MeanScaleHyperprior(N=8, M=12).freeze(), path)
    return path


def _lapped(**init_args: Any) -> dict[str, Any]:
    return {"class_path": "litcodec.codecs.LappedCosine", "init_args": init_args}


def _load(path: Path) -> Tensors:
    return {name: _widened(tensor) for name, tensor in load_file(path).items()}


def _refused(path: Path, message: str) -> None:
    with pytest.raises(CodecFileError, match=message) as caught:
        load_codec(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def _about(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        about: dict[str, Any] = json.loads(file.metadata()["litcodec"])
    return about


def _write(path: Path, tensors: Tensors, about: dict[str, Any], *, forge: bool = False) -> Path:
    """A codec file with this content; ``forge`` makes its sums right, so that other checks must notice."""
    if forge:
        architecture = MeanScaleHyperprior(N=8, M=12).architecture
        decoder = {n: t for n, t in tensors.items() if not n.startswith(("g_a.", "h_a."))}
        checksum = 0
        for name in sorted(tensors.keys() - decoder.keys()):
            checksum = zlib.crc32(tensors[name].numpy().tobytes(), checksum)
        fingerprint = _fingerprint(architecture.identity, decoder).hex()
        about = {**about, "fingerprint": fingerprint, "encoder_checksum": checksum}
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        path,
        metadata={"litcodec": json.dumps(about)},
    )
    return path


def test_a_forged_fingerprint_would_be_believed(saved: Path, tmp_path: Path):
    # Or the tests that forge one would prove nothing.
    tensors, about = _load(saved), _about(saved)
    tensors["g_a.0.weight"] += 1
    tensors["g_s.0.weight"] += 1
    load_codec(_write(tmp_path / "codec", tensors, about, forge=True))


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.9, 0.99999])
def test_a_truncated_file_is_refused(saved: Path, tmp_path: Path, part: float):
    data = saved.read_bytes()
    path = tmp_path / "codec"
    path.write_bytes(data[: int(len(data) * part)])
    _refused(path, "not a readable codec file")


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
        _refused(path, "is damaged")
        data[at] ^= 0x10


def test_a_missing_file_is_named(tmp_path: Path):
    _refused(tmp_path / "none.safetensors", "not a readable codec file")
    _refused(tmp_path, "not a readable codec file")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n", b"x" * 1000, b"\xff" * 8 + b"{}"])
def test_what_is_not_safetensors_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "codec"
    path.write_bytes(content)
    _refused(path, "litcodec export")


def test_a_pickle_is_not_opened(tmp_path: Path):
    path = tmp_path / "codec"
    torch.save({"weight": torch.zeros(3)}, path)
    _refused(path, "not a readable codec file")


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"litcodec": "3"}, {"litcodec": "[]"}])
def test_other_safetensors_files_are_refused(saved: Path, tmp_path: Path, metadata):
    path = tmp_path / "codec"
    save_file(_load(saved), path, metadata=metadata)
    _refused(path, "not a litcodec codec")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"format": '])
def test_metadata_that_is_not_json_is_refused(saved: Path, tmp_path: Path, text: str):
    path = tmp_path / "codec"
    save_file(_load(saved), path, metadata={"litcodec": text})
    _refused(path, "not a readable codec file")


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
        ({"class_path": 3}, "no class path"),
        ({"class_path": "litcodec.transforms.GRDN", "init_args": {}}, "a GRDN is no Codec"),
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
    _refused(_write(tmp_path / "codec", _load(saved), {**_about(saved), **change}), message)


def test_every_missing_tensor_is_noticed(saved: Path, tmp_path: Path):
    tensors, about = _load(saved), _about(saved)
    for name in tensors:
        left = {other: tensor for other, tensor in tensors.items() if other != name}
        _refused(_write(tmp_path / "codec", left, about, forge=True), "is damaged")


def test_every_tensor_of_another_shape_is_noticed(saved: Path, tmp_path: Path):
    tensors, about = _load(saved), _about(saved)
    for name, tensor in tensors.items():
        longer = torch.cat([tensor.reshape(-1), tensor.reshape(-1)])
        _refused(_write(tmp_path / "codec", {**tensors, name: longer}, about, forge=True), "is damaged")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["g_a.0.weight", "h_a.4.bias", "g_s.3.gamma", "g_s.6.bias"])
def test_a_weight_that_is_not_finite_is_refused(saved: Path, tmp_path: Path, name: str, value: float):
    tensors = _load(saved)
    tensors[name].flatten()[0] = value
    _refused(_write(tmp_path / "codec", tensors, _about(saved), forge=True), "not finite")


@pytest.mark.parametrize(
    "name", ["h_s.0.weight", "h_s.1.bias", "h_s.2.shift", "z.medians", "y.tables.masses", "z.tables.offsets"]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bool])
def test_integers_of_another_type_are_refused(saved: Path, tmp_path: Path, name: str, dtype: torch.dtype):
    tensors = _load(saved)
    tensors[name] = tensors[name].to(dtype)
    _refused(_write(tmp_path / "codec", tensors, _about(saved), forge=True), "is damaged")


def _move_a_mass(tensors: Tensors) -> None:
    tensors["y.tables.masses"][:2] += torch.tensor([1, -1], dtype=torch.int32)


def _add_mass(tensors: Tensors) -> None:
    tensors["y.tables.masses"][7] += 1


def _remove_a_symbol(tensors: Tensors) -> None:
    tensors["z.tables.masses"][0] = 0


def _shift_an_offset(tensors: Tensors) -> None:
    tensors["z.tables.offsets"][3] = -40_000


def _drop_a_row(tensors: Tensors) -> None:
    length = int(tensors["y.tables.lengths"][-1])
    tensors["y.tables.masses"] = tensors["y.tables.masses"][:-length]
    tensors["y.tables.lengths"] = tensors["y.tables.lengths"][:-1]
    tensors["y.tables.offsets"] = tensors["y.tables.offsets"][:-1]


def _drop_a_channel(tensors: Tensors) -> None:
    length = int(tensors["z.tables.lengths"][-1])
    tensors["z.tables.masses"] = tensors["z.tables.masses"][:-length]
    for name in ("z.tables.lengths", "z.tables.offsets", "z.medians"):
        tensors[name] = tensors[name][:-1]


def _blow_up_a_weight(tensors: Tensors) -> None:
    tensors["h_s.1.weight"].flatten()[5] = 2**31 - 1


def _coarsen(tensors: Tensors) -> None:
    tensors["h_s.0.shift"].fill_(40)


@pytest.mark.parametrize("name", ["g_a.0.weight", "h_a.4.bias", "g_s.3.gamma"])
@pytest.mark.parametrize("dtype", [torch.complex64, torch.float64, torch.bfloat16, torch.int64, torch.bool])
def test_weights_of_another_type_are_refused(saved: Path, tmp_path: Path, name: str, dtype: torch.dtype):
    tensors = _load(saved)
    tensors[name] = tensors[name].to(dtype)
    _refused(_write(tmp_path / "codec", tensors, _about(saved)), f"weight {name} is {dtype}, not")


def test_tables_changed_by_one_unit_do_not_match_the_fingerprint(saved: Path, tmp_path: Path):
    tensors = _load(saved)
    _move_a_mass(tensors)
    _refused(_write(tmp_path / "codec", tensors, _about(saved)), "does not match its fingerprint")


@pytest.mark.parametrize(
    "change",
    [
        _add_mass,
        _remove_a_symbol,
        _shift_an_offset,
        _drop_a_row,
        _drop_a_channel,
        _blow_up_a_weight,
        _coarsen,
    ],
)
def test_content_that_cannot_be_coded_with_is_refused(saved: Path, tmp_path: Path, change: Change):
    tensors = _load(saved)
    change(tensors)
    _refused(_write(tmp_path / "codec", tensors, _about(saved), forge=True), "is damaged")


@pytest.mark.parametrize(
    ("name", "init_args"), [("MeanScaleHyperprior", {"N": 8}), ("FactorizedPrior", {"transform": "9x9"})]
)
def test_codecs_are_built_by_class_path(name: str, init_args: dict[str, Any]):
    architecture = codec_architecture(name, init_args)
    assert architecture == {"class_path": f"litcodec.codecs.{name}", "init_args": init_args}
    with torch.device("meta"):
        assert type(build_codec(architecture)).__name__ == name
