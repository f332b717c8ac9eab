"""Reads other packages' weight files without running any code from them."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from litcodec.codec_files import load_torch_file
from litcodec.errors import CodecFileError
from litcodec.regular_file import regular_file


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name.

    Args:
        path: a ``.safetensors`` file, or what ``torch.save`` wrote of a state dict or of a training
            checkpoint with one under "state_dict".

    Raises:
        CodecFileError: if the file is missing, damaged, or holds something else.
    """
    found = _load_safetensors(path) if path.suffix == ".safetensors" else load_torch_file(path)
    if not isinstance(found, Mapping):
        raise CodecFileError(f"{path} holds {_kind(found)}, not a state dict.")
    if "litcodec" in found:
        raise CodecFileError(f"{path} is a checkpoint of litcodec fit. Use litcodec export.")
    state = found.get("state_dict", found)
    if not isinstance(state, Mapping) or not state:
        raise CodecFileError(f"{path} has no weights in its state dict.")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CodecFileError(f"{path} holds {_kind(value)} under {name!r}: not a state dict.")
        if not _is_whole(value):
            raise CodecFileError(f"{path} does not hold every element of {name!r}.")
    return dict(state)


def _is_whole(tensor: Tensor) -> bool:
    """Not sparse, not on the meta device, not a small value expanded to a size no memory has."""
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _load_safetensors(path: Path) -> object:
    try:
        return load_file(regular_file(path, CodecFileError))
    except (OSError, SafetensorError) as error:
        raise CodecFileError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
