"""Training checkpoints, and whatever else ``torch.save`` wrote, read without running anything."""

import pickle
import re
import warnings
from pathlib import Path
from typing import NamedTuple

import torch

from litcodec.codecs.base import Codec
from litcodec.codecs.file import build_codec
from litcodec.codecs.frozen import Notes
from litcodec.errors import CodecFileError

ZIP_MAGIC = b"PK\x03\x04"
# Of what torch wrote before, as the oldest published checkpoints are.
LEGACY_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)


class TrainedCodec(NamedTuple):
    """What a checkpoint of ``litcodec fit`` holds."""

    codec: Codec
    notes: Notes


def read_training_checkpoint(path: Path) -> TrainedCodec:
    """The codec of a checkpoint of ``litcodec fit``, with its averaged weights where EMA was on.

    Raises:
        CodecFileError: if the checkpoint is missing, damaged, or not one of ours.
    """
    found = load_torch_file(path)
    found = found if isinstance(found, dict) else {}
    about = found.get("litcodec")
    if not isinstance(about, dict) or not {"codec", "init_args", "notes"} <= set(about):
        raise CodecFileError(f"{path} is not a checkpoint of litcodec fit.")
    codec = build_codec(about["codec"], about["init_args"])
    weights = {name.removeprefix("codec."): tensor for name, tensor in found["state_dict"].items()}
    try:
        codec.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CodecFileError(f"{path} does not fit a {about['codec']}: {reason}") from error
    return TrainedCodec(codec, Notes(**about["notes"]))


def load_torch_file(path: Path) -> object:
    """What ``torch.save`` wrote, weights and plain values only.

    Raises:
        CodecFileError: if the file is missing, damaged, not torch's, or holds what could run code.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(LEGACY_MAGIC))
    except OSError as error:
        raise CodecFileError(f"{path} cannot be read: {error.strerror}.") from error
    if start != LEGACY_MAGIC and not start.startswith(ZIP_MAGIC):
        raise CodecFileError(f"{path} is not a file that torch.save wrote.")
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
        ) from error
