"""Files that may hold anything are read, or refused in one line; nothing in them is run."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from litcodec.errors import CodecFileError
from litcodec.interchange import read_checkpoint

WEIGHTS = {f"g_a.{k}.weight": torch.arange(12.0).reshape(3, 4) + k for k in range(4)}
Writer = Callable[[object, Path], None]


def zipped(content: object, path: Path) -> None:
    torch.save(content, path)


def legacy(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def rejection(path: Path) -> str:
    """The message of the refusal, which must be one line."""
    with pytest.raises(CodecFileError) as caught:
        read_checkpoint(path)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert len(message.splitlines()) == 1
    return message.removeprefix(f"{path} ")


@pytest.mark.parametrize("write", [zipped, legacy])
@pytest.mark.parametrize("content", [WEIGHTS, {"state_dict": WEIGHTS, "epoch": 3, "loss": 0.5}])
def test_state_dicts_and_training_checkpoints_of_torch_are_read(
    write: Writer, content: dict[str, object], tmp_path: Path
) -> None:
    write(content, tmp_path / "weights.pth.tar")
    found = read_checkpoint(tmp_path / "weights.pth.tar")
    assert list(found) == list(WEIGHTS)
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "weights.safetensors")
    found = read_checkpoint(tmp_path / "weights.safetensors")
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "holds a list, not a state dict."),
        ({}, "has no weights in its state dict."),
        ({"state_dict": 3}, "has no weights in its state dict."),
        ({"epoch": 3, "model": WEIGHTS}, "holds an int under 'epoch': not a state dict."),
        (
            {"g_a.0.weight": torch.zeros(1).expand(60000, 60000, 5, 5)},
            "does not hold every element of 'g_a.0.weight'.",
        ),
        (
            {"g_a.0.weight": torch.eye(9).to_sparse()},
            "does not hold every element of 'g_a.0.weight'.",
        ),
        (
            {"g_a.0.weight": torch.zeros(9, device="meta")},
            "does not hold every element of 'g_a.0.weight'.",
        ),
        ({7: torch.zeros(1)}, "holds a Tensor under 7: not a state dict."),
        ({"litcodec": {}, "state_dict": WEIGHTS}, "is a checkpoint of litcodec fit. Use litcodec export."),
    ],
)
def test_what_is_no_state_dict_is_named(content: object, words: str, tmp_path: Path) -> None:
    zipped(content, tmp_path / "weights.pth")
    assert rejection(tmp_path / "weights.pth") == words


def test_missing_files_folders_and_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("not weights")
    (tmp_path / "empty.pth").write_bytes(b"")
    (tmp_path / "text.safetensors").write_text("not weights")
    (tmp_path / "folder.pth").mkdir()
    assert "No such file" in rejection(tmp_path / "missing.pth")
    assert "No such file" in rejection(tmp_path / "missing.safetensors")
    assert "it is a folder" in rejection(tmp_path / "folder.pth")
    assert "not a file that torch.save wrote" in rejection(tmp_path / "text.pth")
    assert "not a file that torch.save wrote" in rejection(tmp_path / "empty.pth")
    assert "cannot be read" in rejection(tmp_path / "text.safetensors")


class Trap:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("write", [zipped, legacy])
def test_code_in_a_file_is_not_run(write: Writer, tmp_path: Path) -> None:
    write({"state_dict": WEIGHTS, "trap": Trap(tmp_path / "sprung")}, tmp_path / "weights.pth")
    assert "could run code" in rejection(tmp_path / "weights.pth")
    assert not (tmp_path / "sprung").exists()


def test_what_else_than_weights_a_file_holds_is_named(tmp_path: Path) -> None:
    zipped({"state_dict": WEIGHTS, "best": np.float64(31.5)}, tmp_path / "weights.pth")
    message = rejection(tmp_path / "weights.pth")
    assert "multiarray.scalar" in message
    assert "state_dict() alone" in message


@pytest.mark.parametrize("write", [zipped, legacy])
def test_damage_is_refused_or_harmless(write: Writer, tmp_path: Path) -> None:
    write({"state_dict": WEIGHTS, "epoch": 3}, tmp_path / "whole.pth")
    whole = (tmp_path / "whole.pth").read_bytes()
    path = tmp_path / "damaged.pth"
    generator = random.Random(0)
    messages = []
    for trial in range(150):
        data = bytearray(whole)
        if trial % 3 == 0:
            del data[generator.randrange(len(data)) :]
        for _ in range(trial % 3 * 4):
            data[generator.randrange(len(data))] = generator.randrange(256)
        path.write_bytes(data)
        try:
            read_checkpoint(path)
        except CodecFileError as error:
            messages.append(str(error))
    assert len(messages) >= 75  # every truncated one, and many others
    assert not [message for message in messages if "\n" in message]
