"""Codec files: safetensors with JSON metadata.

Reading one runs no code and allocates no more than a small multiple of what the file holds.
"""

import inspect
import json
import math
import zlib
from pathlib import Path
from reprlib import repr as shortened
from types import NoneType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from litcodec.codecs.base import Codec
from litcodec.codecs.checkerboard import Checkerboard
from litcodec.codecs.factorized_prior import FactorizedPrior
from litcodec.codecs.frozen import FrozenCodec, Notes
from litcodec.codecs.hybrid import HybridCodec
from litcodec.codecs.joint_autoregressive import JointAutoregressive
from litcodec.codecs.learned_cosine import LearnedCosine
from litcodec.codecs.mean_scale_hyperprior import MeanScaleHyperprior
from litcodec.codecs.mixture_autoregressive import MixtureAutoregressive
from litcodec.codecs.scale_hyperprior import ScaleHyperprior
from litcodec.codecs.variable_rate import VariableRate
from litcodec.errors import CodecFileError, FreezeError, ShapeError
from litcodec.transforms import GRDN

FORMAT = "litcodec-codec"
FORMAT_VERSION = 2
FORMAT_VERSIONS = (1, 2)  # 1 had no tensors of 16 bits
# What a tensor is, and what keeps it in the file where that loses nothing.
NARROWER = {torch.float32: torch.float16, torch.int32: torch.int16}
DEPTHS = ("layers", "blocks", "groups")
MAX_ANCHORS = 1024
MAX_DEPTH = 1024  # convolutions in a row; the paper's enhancer has 128


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
    plain = {name: _narrowed(tensor.detach().cpu().contiguous()) for name, tensor in tensors.items()}
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
            tensors = {name: _widened(file.get_tensor(name)) for name in file.keys()}
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise CodecFileError(
            f"{path} is not a readable codec file ({reason}). Make one with: litcodec export."
        ) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise CodecFileError(
            f"{path} is a safetensors file but not a litcodec codec. Make one with: litcodec export."
        )
    if about.get("version") not in FORMAT_VERSIONS:
        raise CodecFileError(
            f"{path} has codec format version {shortened(about.get('version'))}; "
            f"this litcodec reads versions {' and '.join(map(str, FORMAT_VERSIONS))}."
        )
    try:
        with torch.device("meta"):  # no memory for weights that the file brings
            empty = build_codec(about.get("codec"), about.get("init_args"))
        codec = empty.restore(tensors)
        codec.notes = _notes(about.get("notes", {}))
    except (FreezeError, TypeError, CodecFileError) as error:
        raise CodecFileError(f"{path} is damaged: {error}") from error
    if codec.fingerprint.hex() != about.get("fingerprint"):
        raise CodecFileError(
            f"{path} is damaged: its content does not match its fingerprint {about.get('fingerprint')}."
        )
    if _encoder_checksum(codec) != about.get("encoder_checksum"):
        raise CodecFileError(f"{path} is damaged: the weights of its encoder do not match their checksum.")
    return codec


def _narrowed(tensor: Tensor) -> Tensor:
    """In 16 bits, if these tell all of it."""
    narrow = tensor.to(NARROWER.get(tensor.dtype, tensor.dtype))
    return narrow if torch.equal(narrow.to(tensor.dtype), tensor) else tensor


def _widened(tensor: Tensor) -> Tensor:
    """As it was before ``_narrowed``."""
    return tensor.to({narrow: wide for wide, narrow in NARROWER.items()}.get(tensor.dtype, tensor.dtype))


def _notes(found: Any) -> Notes:
    """Raises ``TypeError`` if ``found`` holds something else."""
    notes = Notes(**found)
    lmbda, distortion, step = notes
    if lmbda is not None and not (isinstance(lmbda, (int, float)) and 0 <= lmbda < math.inf):
        raise TypeError(f"lmbda is {shortened(lmbda)}.")
    if not isinstance(distortion, (str, NoneType)) or not isinstance(step, (int, NoneType)):
        raise TypeError(f"distortion is {shortened(distortion)}, step {shortened(step)}.")
    return notes


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
    composed = {HybridCodec.__name__: _build_hybrid, VariableRate.__name__: _build_variable_rate}
    if isinstance(name, str) and name in composed:
        return composed[name](init_args)
    known: dict[str, type[Codec]] = {
        cls.__name__: cls
        for cls in (
            FactorizedPrior,
            ScaleHyperprior,
            MeanScaleHyperprior,
            JointAutoregressive,
            MixtureAutoregressive,
            Checkerboard,
            LearnedCosine,
        )
    }
    if not isinstance(name, str) or name not in known:
        raise CodecFileError(
            f"codec {shortened(name)} is unknown; known are {', '.join([*known, *composed])}."
        )
    # Of a file those that shape it; the rest is for training.
    allowed = set(inspect.signature(known[name]).parameters) - {"quantiser", "lmbda"}
    arguments = _arguments(name, init_args, allowed)
    sane = all(isinstance(v, str) or (isinstance(v, int) and 0 < v < 2**16) for v in arguments.values())
    try:
        if sane:
            return known[name](**arguments)
    except (KeyError, TypeError, ShapeError) as error:
        raise CodecFileError(f"{name} cannot be built with {shortened(init_args)}.") from error
    raise CodecFileError(f"{name} cannot be built with {shortened(init_args)}.")


def _build_hybrid(init_args: object) -> Codec:
    """As ``build_codec``."""
    name = HybridCodec.__name__
    arguments = _arguments(name, init_args, {"inner", "enhancer", "scale", "native"})
    sizes = _arguments("enhancer", arguments.get("enhancer"), {"C", "growth", *DEPTHS})
    scale, native = arguments.get("scale", 1), arguments.get("native", False)
    sane = all(type(v) is int and 0 < v < 2**16 for v in (*sizes.values(), scale)) and type(native) is bool
    if not sane or math.prod(sizes.get(k, 1) for k in DEPTHS) > MAX_DEPTH:
        raise CodecFileError(f"{name} cannot be built with {shortened(init_args)}.")
    inner = _build_inner(name, arguments)
    try:
        return HybridCodec(inner, GRDN(**sizes, scale=scale), scale=scale, native=native)
    except ShapeError as error:
        raise CodecFileError(f"{name} cannot be built with {shortened(init_args)}: {error}") from error


def _build_variable_rate(init_args: object) -> Codec:
    """As ``build_codec``."""
    name = VariableRate.__name__
    arguments = _arguments(name, init_args, {"inner", "lmbda_min", "lmbda_max", "anchors"})
    weights = {key: value for key, value in arguments.items() if key.startswith("lmbda")}
    anchors = arguments.get("anchors", 2)
    sane = type(anchors) is int and anchors <= MAX_ANCHORS and all(type(v) is float for v in weights.values())
    if not sane:
        raise CodecFileError(f"{name} cannot be built with {shortened(init_args)}.")
    try:
        return VariableRate(_build_inner(name, arguments), **weights, anchors=anchors)
    except ShapeError as error:
        raise CodecFileError(f"{name} cannot be built with {shortened(init_args)}: {error}") from error


def _build_inner(name: str, arguments: dict[str, Any]) -> Codec:
    """As ``build_codec``. What has a codec inside is inside of nothing, so a file cannot nest for ever."""
    inner = _arguments("inner", arguments.get("inner"), {"codec", "init_args"})
    if inner.get("codec") in (HybridCodec.__name__, VariableRate.__name__):
        raise CodecFileError(f"{name} cannot be built with {shortened(arguments)}.")
    return build_codec(inner.get("codec"), inner.get("init_args"))


def _arguments(name: str, found: object, allowed: set[str]) -> dict[str, Any]:
    if not isinstance(found, dict) or not set(found) <= allowed:
        raise CodecFileError(f"{name} takes {sorted(allowed)}, not {shortened(found)}.")
    return found
