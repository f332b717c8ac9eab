"""Training checkpoints, and whatever else ``torch.save`` wrote, read without running anything."""

import os
import pickle
import re
import warnings
import zipfile
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.codec_files.description import build_codec, parse
from litcodec.codecs import Codec
from litcodec.errors import CodecFileError
from litcodec.frozen import TrainingInfo
from litcodec.regular_file import regular_file

PREVIOUS = "previous.ckpt"  # beside a run's last.ckpt: what that was before
ZIP_MAGIC = b"PK\x03\x04"
# Of what torch wrote before, as the oldest published checkpoints are.
LEGACY_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)


class TrainedCodec(NamedTuple):
    """What a checkpoint of ``litcodec fit`` holds."""

    codec: Codec
    training: TrainingInfo


def read_training_checkpoint(path: Path, roots: tuple[str, ...] | None = None) -> TrainedCodec:
    """The codec of a checkpoint of ``litcodec fit``, with its averaged weights where EMA was on.

    Args:
        path: the checkpoint.
        roots: as ``build_codec`` takes them.

    Raises:
        CodecFileError: if the checkpoint is missing, damaged, or not litcodec's.
    """
    found = load_torch_file(path)
    found = found if isinstance(found, dict) else {}
    about, state = found.get("litcodec"), found.get("state_dict")
    if not isinstance(about, dict) or not isinstance(state, dict):
        raise CodecFileError(f"{path} is not a checkpoint of litcodec fit.")
    try:
        description = parse(about)
        with torch.device("meta"):  # compared before memory is taken
            expected = build_codec(description.architecture, roots).state_dict()
        weights = _weights_of_codec(state, expected)
        codec = build_codec(description.architecture, roots)
        codec.load_state_dict(weights)
    except (CodecFileError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise CodecFileError(f"{path} cannot be used: {reason}") from error
    return TrainedCodec(codec, description.training)


def check_finished(path: Path) -> None:
    """Check that a checkpoint is the end of its run, as far as it says.

    Raises:
        CodecFileError: if it is not, or cannot be read.
    """
    found = load_torch_file(path)
    run = found.get("litcodec_run") if isinstance(found, dict) else None
    if isinstance(run, dict) and run.get("finished") is not True:
        raise CodecFileError(
            f"{path} is of step {run.get('step')} of {run.get('steps')}: training has not ended."
        )


def _weights_of_codec(state: dict[object, object], expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """The codec's weights of a LightningModule's, which may have others besides (a discriminator's, say)."""
    prefix = "codec."
    found = {
        name.removeprefix(prefix): value
        for name, value in state.items()
        if isinstance(name, str) and name.startswith(prefix) and isinstance(value, Tensor)
    }
    for name in sorted(found.keys() ^ expected.keys()):
        raise CodecFileError(f"weight {name!r} is {'missing' if name in expected else 'unknown'}.")
    for name, value in found.items():
        if value.shape != expected[name].shape or value.is_complex() != expected[name].is_complex():
            raise CodecFileError(
                f"weight {name} is {value.dtype} {tuple(value.shape)}, not {tuple(expected[name].shape)}."
            )
    return found


def offer_before(path: str | os.PathLike[str]) -> str:
    """The end of an error about a run's checkpoint: which one to take instead; empty if there is none."""
    before = Path(path).with_name(PREVIOUS)
    return f" Take the one before: {before}" if before != Path(path) and zipfile.is_zipfile(before) else ""


def load_torch_file(path: Path) -> object:
    """What ``torch.save`` wrote, weights and plain values only.

    Raises:
        CodecFileError: if the file is missing, damaged, not torch's, or holds what could run code.
    """
    try:
        with regular_file(path, CodecFileError).open("rb") as file:
            start = file.read(len(LEGACY_MAGIC))
    except OSError as error:
        raise CodecFileError(f"{path} cannot be read: {error.strerror}.{offer_before(path)}") from error
    if start != LEGACY_MAGIC and not start.startswith(ZIP_MAGIC):
        raise CodecFileError(f"{path} is not a file that torch.save wrote.{offer_before(path)}")
    try:
        # torch warns of what it finds odd in a damaged file before it fails on it.
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle makes torch raise nearly anything
        foreign = re.search(r"GLOBAL (\S+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and foreign:
            raise CodecFileError(
                f"{path} holds more than weights ({foreign[1]}), which is not loaded: it could run code. "
                "Save its state_dict() alone."
            ) from error
        raise CodecFileError(
            f"{path} is damaged or incomplete: torch.load fails on it ({type(error).__name__})."
            f"{offer_before(path)}"
        ) from error
