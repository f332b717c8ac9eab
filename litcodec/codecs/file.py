"""Codec files: safetensors with JSON metadata.

Reading one runs no code and allocates no more than the file holds.
"""

import inspect
import json
import zlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from litcodec.codecs.base import Codec
from litcodec.codecs.factorized_prior import FactorizedPrior
from litcodec.codecs.frozen import FrozenCodec, Notes
from litcodec.codecs.joint_autoregressive import JointAutoregressive
from litcodec.codecs.mean_scale_hyperprior import MeanScaleHyperprior
from litcodec.codecs.scale_hyperprior import ScaleHyperprior
from litcodec.errors import CodecFileError, FreezeError

FORMAT = "litcodec-codec"
FORMAT_VERSION = 1


def save_codec(codec: FrozenCodec, path: str | Path) -> None:
    """Write a codec file, replacing what was at ``path``."""
    Path(path).write_bytes(codec_bytes(codec))


def codec_bytes(codec: FrozenCodec) -> bytes:
    """The content of a codec file."""
    about = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "codec": codec.architecture.name,
        "init_args": codec.architecture.init_args,
        "fingerprint": codec.fingerprint.hex(),
        "encoder_checksum": _encoder_checksum(codec),
        "notes": codec.notes._asdict(),
    }
    tensors = {**codec.decoder_tensors(), **codec.encoder_tensors()}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(plain, metadata={"litcodec": json.dumps(about)})


def load_codec(path: str | Path) -> FrozenCodec:
    """Read a codec file.

    Args:
        path: written by ``save_codec`` or ``litcodec export``.

    Returns:
        A codec with the fingerprint it was saved with, on the CPU.

    Raises:
        CodecFileError: if the file is missing, damaged, of another format, or does not hold what it says.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("litcodec", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise CodecFileError(
            f"{path} is not a readable codec file ({reason}). Make one with: litcodec export."
        ) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise CodecFileError(
            f"{path} is a safetensors file but not a litcodec codec. Make one with: litcodec export."
        )
    if about.get("version") != FORMAT_VERSION:
        raise CodecFileError(
            f"{path} has codec format version {about.get('version')!r}; "
            f"this litcodec reads version {FORMAT_VERSION}."
        )
    try:
        with torch.device("meta"):  # no memory for weights that the file brings
            empty = build_codec(about.get("codec"), about.get("init_args"))
        codec = empty.restore(tensors)
        codec.notes = Notes(**about.get("notes", {}))
    except (FreezeError, TypeError, CodecFileError) as error:
        raise CodecFileError(f"{path} is damaged: {error}") from error
    if codec.fingerprint.hex() != about.get("fingerprint"):
        raise CodecFileError(
            f"{path} is damaged: its content does not match its fingerprint {about.get('fingerprint')}."
        )
    if _encoder_checksum(codec) != about.get("encoder_checksum"):
        raise CodecFileError(f"{path} is damaged: the weights of its encoder do not match their checksum.")
    return codec


def _encoder_checksum(codec: FrozenCodec) -> int:
    """CRC-32 of what only compressing depends on, which the fingerprint leaves out."""
    crc = 0
    for _, tensor in sorted(codec.encoder_tensors().items()):
        crc = zlib.crc32(tensor.detach().cpu().contiguous().numpy().tobytes(), crc)
    return crc


def build_codec(name: object, init_args: object) -> Codec:
    """A codec by the names that an untrusted file gives: only litcodec's own classes, only sane sizes.

    Raises:
        CodecFileError: if the class or an argument is unknown.
    """
    known: dict[str, type[Codec]] = {
        cls.__name__: cls
        for cls in (FactorizedPrior, ScaleHyperprior, MeanScaleHyperprior, JointAutoregressive)
    }
    if not isinstance(name, str) or name not in known:
        raise CodecFileError(f"codec {name!r} is unknown; known are {', '.join(known)}.")
    allowed = set(inspect.signature(known[name]).parameters) - {"quantiser"}
    if not isinstance(init_args, dict) or not set(init_args) <= allowed:
        raise CodecFileError(f"{name} takes {sorted(allowed)}, not {init_args!r}.")
    sane = all(isinstance(v, str) or (isinstance(v, int) and 0 < v < 2**16) for v in init_args.values())
    try:
        if sane:
            return known[name](**init_args)
    except (KeyError, TypeError) as error:
        raise CodecFileError(f"{name} cannot be built with {init_args!r}.") from error
    raise CodecFileError(f"{name} cannot be built with {init_args!r}.")
