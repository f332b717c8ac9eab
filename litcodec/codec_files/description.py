"""What codec files and checkpoints say about their codec, parsed and range-checked in one place.

Today: ``{"class_path": …, "init_args": …, "training": …}``. Codec files of versions 1 and 2, and checkpoints
of that time, have ``{"codec": NAME, "init_args": …, "notes": …}`` instead, NAME a class of litcodec's.
"""

import math
from collections.abc import Mapping
from reprlib import repr as shortened
from typing import Any, NamedTuple

import litcodec.codecs
from litcodec.architecture import Architecture, build
from litcodec.errors import ArchitectureError, CodecFileError
from litcodec.frozen import TrainingInfo
from litcodec.plugins import load_plugins

NAME_MAX = 1000
IDENTITY_MAX = 100_000  # characters


class Description(NamedTuple):
    """What is known of a codec without its weights."""

    architecture: dict[str, Any]  # untrusted: for ``build_codec``
    identity: str | None  # what the fingerprint names it by, where that is not the architecture's own
    training: TrainingInfo


def build_codec(architecture: object, roots: tuple[str, ...] | None = None) -> litcodec.codecs.Codec:
    """A codec by the class path and arguments that an untrusted file gives.

    Args:
        architecture: {"class_path": …, "init_args": …}.
        roots: packages whose classes may be built; those that ``load_plugins`` finds if not given.

    Raises:
        CodecFileError: if the class or an argument is unknown; one line.
    """
    try:
        roots = load_plugins() if roots is None else roots
        # mypy would have the abstract class only where it can be made.
        return build(architecture, expected=litcodec.codecs.Codec, roots=roots)  # type: ignore[type-abstract]
    except ArchitectureError as error:
        raise CodecFileError(str(error)) from error


def describe(architecture: Architecture, training: TrainingInfo) -> dict[str, Any]:
    """What a file says of a codec; ``parse`` reads it."""
    known = {name: value for name, value in training._asdict().items() if name != "objective" or value}
    return {**architecture._asdict(), "training": known}


def check_same_codec(about: object, codec: litcodec.codecs.Codec) -> None:
    """Check that what a checkpoint says of its codec is true of ``codec``.

    Raises:
        CodecFileError: if it is of another codec; both are named.
    """
    if not isinstance(about, dict):
        raise CodecFileError("this is not a checkpoint of litcodec fit.")
    found, wanted = parse(about).architecture, codec.architecture
    if found != dict(wanted._asdict()):
        raise CodecFileError(
            f"the checkpoint holds a {found['class_path']} {found['init_args']}, the configuration says "
            f"{wanted.class_path} {wanted.init_args}. Use the configuration it was trained with."
        )


def parse(about: Mapping[str, Any]) -> Description:
    """What a file says of its codec.

    Raises:
        CodecFileError: if it does not say what it should.
    """
    if "codec" in about:
        return Description(
            codec_architecture(about["codec"], about.get("init_args")),
            repr((about["codec"], sorted(about["init_args"].items()))),
            _training(about.get("notes", {})),
        )
    identity = about.get("identity")
    if identity is not None and not (
        isinstance(identity, str) and len(identity) <= IDENTITY_MAX and identity.isprintable()
    ):
        raise CodecFileError(f"identity is {shortened(identity)}.")
    architecture = {key: about.get(key) for key in ("class_path", "init_args")}
    return Description(architecture, identity, _training(about.get("training", {})))


def codec_architecture(name: object, init_args: object) -> dict[str, Any]:
    """A class name and arguments of codec files of versions 1 and 2, as they are written today.

    Raises:
        CodecFileError: if the class is none of theirs.
    """
    names = sorted(litcodec.codecs.__all__, key=str.casefold)
    known = [word for word in names if word not in ("Codec", "TransformCodec")]
    if not isinstance(name, str) or name not in known:
        raise CodecFileError(f"codec {shortened(name)} is unknown; known are {', '.join(known)}.")
    if not isinstance(init_args, dict) or not all(isinstance(key, str) for key in init_args):
        raise CodecFileError(f"{name} takes arguments by name, not {shortened(init_args)}.")
    found = dict(init_args)
    inner, enhancer = found.get("inner"), found.get("enhancer")
    if isinstance(inner, dict):
        # No deeper: that was never written.
        if set(inner) > {"codec", "init_args"} or inner.get("codec") in ("HybridCodec", "VariableRate"):
            raise CodecFileError(f"{name} cannot be built with {shortened(init_args)}.")
        found["inner"] = codec_architecture(inner.get("codec"), inner.get("init_args"))
    if isinstance(enhancer, dict):
        if "scale" in enhancer:
            raise CodecFileError(f"{name} cannot be built with {shortened(init_args)}.")
        sizes = {**enhancer, "scale": found.get("scale", 1)}
        found["enhancer"] = {"class_path": "litcodec.transforms.GRDN", "init_args": sizes}
    return {"class_path": f"litcodec.codecs.{name}", "init_args": found}


def _training(found: Any) -> TrainingInfo:
    if not isinstance(found, dict) or not set(found) <= set(TrainingInfo._fields):
        raise CodecFileError(f"training is {shortened(found)}, not {', '.join(TrainingInfo._fields)}.")
    info = TrainingInfo(**found)
    lmbda, distortion, step, objective = info
    if lmbda is not None and not (type(lmbda) in (int, float) and _is_positive(lmbda)):
        raise CodecFileError(f"lmbda is {shortened(lmbda)}.")
    if distortion is not None and not (
        isinstance(distortion, str) and len(distortion) <= NAME_MAX and distortion.isprintable()
    ):
        raise CodecFileError(f"distortion is {shortened(distortion)}, step {shortened(step)}.")
    if step is not None and not (type(step) is int and 0 <= step < 2**63):
        raise CodecFileError(f"distortion is {shortened(distortion)}, step {shortened(step)}.")
    if objective is not None and not isinstance(objective, dict):
        raise CodecFileError(f"objective is {shortened(objective)}.")
    return info


def _is_positive(value: float) -> bool:
    try:
        return 0 <= float(value) < math.inf
    except OverflowError:
        return False
