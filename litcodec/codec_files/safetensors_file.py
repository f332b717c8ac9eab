"""Codec files: safetensors with JSON metadata.

Reading one runs no code and allocates no more than a small multiple of what the file holds.
"""

import json
import math
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from reprlib import repr as shortened

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from litcodec.codec_files.description import build_codec, describe, parse
from litcodec.errors import CodecFileError, FreezeError, ShapeError
from litcodec.frozen import FrozenCodec
from litcodec.regular_file import regular_file
from litcodec.zoo import packaged_cards

FORMAT = "litcodec-codec"
# 1 had no tensors of 16 bits; 1 and 2 named classes of litcodec without their packages; a file of version 4
# lacks its encoder.
FORMAT_VERSIONS = (1, 2, 3, 4)
LEFT_OUT_MAX = 8  # times the numbers that the file holds
# The type of a tensor, and the type that keeps it in the file where that loses nothing.
NARROWER = {torch.float32: torch.float16, torch.int32: torch.int16}


def save_codec(codec: FrozenCodec, path: str | Path) -> None:
    """Write a codec file, replacing what was at ``path``."""
    Path(path).write_bytes(codec_bytes(codec))


def codec_bytes(codec: FrozenCodec, *, decoder_only: bool = False) -> bytes:
    """The content of a codec file.

    Args:
        codec: to be kept.
        decoder_only: leave out the weights that only compressing needs. The fingerprint stays what it is, so
            old streams decode; whoever compresses gets a ``FreezeError``.
    """
    encoder = codec.encoder_tensors()
    weights = {n: list(t.shape) for n, t in encoder.items() if t.is_floating_point() and t.dim() > 0}
    left_out = weights if decoder_only or codec.decoder_only else {}
    about = {
        "format": FORMAT,
        "version": 4 if left_out else 3,
        **describe(codec.architecture, codec.training),
        "fingerprint": codec.fingerprint.hex(),
        **({"left_out": left_out} if left_out else {"encoder_checksum": _encoder_checksum(codec)}),
    }
    if codec.identity != codec.architecture.identity:  # of an older file; its streams know it by that
        about["identity"] = codec.identity
    tensors = {**codec.decoder_tensors(), **encoder}
    plain = {n: narrowed(t.detach().cpu().contiguous()) for n, t in tensors.items() if n not in left_out}
    return save(plain, metadata={"litcodec": json.dumps(about)})


def load_codec(path: str | Path, roots: tuple[str, ...] | None = None) -> FrozenCodec:
    """Read a codec file.

    Args:
        path: written by ``save_codec`` or ``litcodec export``.
        roots: as ``build_codec`` takes them.

    Returns:
        A codec with the fingerprint it was saved with, on the CPU.

    Raises:
        CodecFileError: if the file is missing, damaged, of another format, or does not hold what it says.
    """
    if not Path(path).exists():
        names = [card.name for card in packaged_cards()]
        if str(path) in names:  # the command line has made a path of a name by now
            raise CodecFileError(
                f'there is no codec file {path}; for the packaged codec: litcodec.load("{path}").frozen.'
            )
        raise CodecFileError(
            f"there is no codec file {path}, and no packaged codec of that name: {', '.join(names)}."
        )
    about, tensors = read_safetensors(path)
    if about.get("format") != FORMAT:
        raise CodecFileError(
            f"{path} is a safetensors file but not a litcodec codec. Make one with: litcodec export."
        )
    version = about.get("version")
    if type(version) is not int or version not in FORMAT_VERSIONS:
        raise CodecFileError(
            f"{path} has codec format version {shortened(version)}; "
            f"this litcodec reads versions {', '.join(map(str, FORMAT_VERSIONS))}."
        )
    try:
        description = parse(about)
        with torch.device("meta"):  # no memory for weights that the file brings
            empty = build_codec(description.architecture, roots)
    except CodecFileError as error:
        raise CodecFileError(f"{path} cannot be used: {error}") from error
    try:
        left_out = _left_out(about, tensors)
        codec = empty.restore({**tensors, **left_out})
        _forget_encoder(codec, left_out)
    except (FreezeError, ShapeError, CodecFileError) as error:
        raise CodecFileError(f"{path} is damaged: {error}") from error
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise CodecFileError(f"{path} is damaged: {str(error).partition(chr(10))[0][:200]}") from error
    codec.training, codec.decoder_only = description.training, bool(left_out)
    codec.identity = description.identity or codec.identity
    if codec.fingerprint.hex() != about.get("fingerprint"):
        raise CodecFileError(
            f"{path} is damaged: its content does not match its fingerprint {about.get('fingerprint')}."
        )
    if not left_out and _encoder_checksum(codec) != about.get("encoder_checksum"):
        raise CodecFileError(f"{path} is damaged: the weights of its encoder do not match their checksum.")
    return codec


def read_safetensors(path: str | Path) -> tuple[dict[str, object], dict[str, Tensor]]:
    """What a file of litcodec says of itself, {} if nothing, and its tensors in 32 bits or as they are.

    Raises:
        CodecFileError: if the file is missing or damaged.
    """
    try:
        with safe_open(regular_file(path, CodecFileError), framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("litcodec", "{}"))
            tensors = {name: widened(file.get_tensor(name)) for name in file.keys()}
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise CodecFileError(
            f"{path} is not a readable codec file ({reason}). Make one with: litcodec export."
        ) from error
    return about if isinstance(about, dict) else {}, tensors


def _left_out(about: Mapping[str, object], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Zeros for the weights of a file's missing encoder."""
    shapes = about.get("left_out", {})
    if not isinstance(shapes, dict) or set(shapes) & set(tensors):
        raise CodecFileError(f"left_out names tensors and their shapes; got {shortened(shapes)}.")
    for shape in shapes.values():
        if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
            raise CodecFileError(f"a shape is a list of numbers; got {shortened(shape)}.")
    if sum(map(math.prod, shapes.values())) > LEFT_OUT_MAX * sum(t.numel() for t in tensors.values()):
        raise CodecFileError(f"it leaves out more than {LEFT_OUT_MAX} times what it holds.")
    return {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}


def _forget_encoder(codec: FrozenCodec, names: Iterable[str]) -> None:
    """Leave no numbers where weights are missing, so that nothing can be coded by any way."""
    encoder = codec.encoder_tensors()
    for name in names:
        if name not in encoder or not encoder[name].is_floating_point():
            raise CodecFileError(f"it leaves out {shortened(name)}, which is not a weight of its encoder.")
        encoder[name].fill_(math.nan)


def narrowed(tensor: Tensor) -> Tensor:
    """In 16 bits, if that loses nothing."""
    narrow = tensor.to(NARROWER.get(tensor.dtype, tensor.dtype))
    return narrow if torch.equal(narrow.to(tensor.dtype), tensor) else tensor


def widened(tensor: Tensor) -> Tensor:
    """As it was before ``narrowed``."""
    return tensor.to({narrow: wide for wide, narrow in NARROWER.items()}.get(tensor.dtype, tensor.dtype))


def _encoder_checksum(codec: FrozenCodec) -> int:
    """CRC-32 of what only compressing depends on, which the fingerprint leaves out."""
    crc = 0
    for _, tensor in sorted(codec.encoder_tensors().items()):
        crc = zlib.crc32(tensor.detach().cpu().contiguous().numpy().tobytes(), crc)
    return crc
