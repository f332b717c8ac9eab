"""Codec files whose tensors are wrong are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from forged_codec_files import Tensors, metadata_of, refused, saved_codec_file, tensors_of, write_file

from litcodec.codec_files import load_codec

Change = Callable[[Tensors], None]


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    return saved_codec_file(tmp_path_factory.mktemp("codec"))


def test_a_forged_fingerprint_would_be_believed(saved: Path, tmp_path: Path):
    # Or the tests that forge one would prove nothing.
    tensors, about = tensors_of(saved), metadata_of(saved)
    tensors["g_a.0.weight"] += 1
    tensors["g_s.0.weight"] += 1
    load_codec(write_file(tmp_path / "codec", tensors, about, forge=True))


def test_every_missing_tensor_is_noticed(saved: Path, tmp_path: Path):
    tensors, about = tensors_of(saved), metadata_of(saved)
    for name in tensors:
        left = {other: tensor for other, tensor in tensors.items() if other != name}
        refused(write_file(tmp_path / "codec", left, about, forge=True), "is damaged")


def test_every_tensor_of_another_shape_is_noticed(saved: Path, tmp_path: Path):
    tensors, about = tensors_of(saved), metadata_of(saved)
    for name, tensor in tensors.items():
        longer = torch.cat([tensor.reshape(-1), tensor.reshape(-1)])
        refused(write_file(tmp_path / "codec", {**tensors, name: longer}, about, forge=True), "is damaged")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["g_a.0.weight", "h_a.4.bias", "g_s.3.gamma", "g_s.6.bias"])
def test_a_weight_that_is_not_finite_is_refused(saved: Path, tmp_path: Path, name: str, value: float):
    tensors = tensors_of(saved)
    tensors[name].flatten()[0] = value
    refused(write_file(tmp_path / "codec", tensors, metadata_of(saved), forge=True), "not finite")


@pytest.mark.parametrize(
    "name", ["h_s.0.weight", "h_s.1.bias", "h_s.2.shift", "z.medians", "y.tables.masses", "z.tables.offsets"]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bool])
def test_integers_of_another_type_are_refused(saved: Path, tmp_path: Path, name: str, dtype: torch.dtype):
    tensors = tensors_of(saved)
    tensors[name] = tensors[name].to(dtype)
    refused(write_file(tmp_path / "codec", tensors, metadata_of(saved), forge=True), "is damaged")


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
    tensors = tensors_of(saved)
    tensors[name] = tensors[name].to(dtype)
    refused(write_file(tmp_path / "codec", tensors, metadata_of(saved)), f"weight {name} is {dtype}, not")


def test_tables_changed_by_one_unit_do_not_match_the_fingerprint(saved: Path, tmp_path: Path):
    tensors = tensors_of(saved)
    _move_a_mass(tensors)
    refused(write_file(tmp_path / "codec", tensors, metadata_of(saved)), "does not match its fingerprint")


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
    tensors = tensors_of(saved)
    change(tensors)
    refused(write_file(tmp_path / "codec", tensors, metadata_of(saved), forge=True), "is damaged")
