"""Starting a run from weights that have been trained before."""

from pathlib import Path

from litcodec.architecture import Architecture
from litcodec.codec_files import load_codec, read_training_checkpoint, unfreeze
from litcodec.codecs import Codec
from litcodec.errors import CodecFileError

CODEC_SUFFIX = ".safetensors"


def load_weights(codec: Codec, checkpoint: Path) -> None:
    """Give ``codec`` the weights of a checkpoint (the averaged ones, where EMA was on), or of a codec file.

    A codec file lacks the factorized density, which trains anew, see ``unfreeze``.

    Raises:
        CodecFileError: if the file cannot be read or is of another codec.
    """
    if checkpoint.suffix == CODEC_SUFFIX:
        frozen = load_codec(checkpoint)
        _check(checkpoint, frozen.architecture, codec.architecture)
        unfreeze(codec, frozen)
    else:
        trained = read_training_checkpoint(checkpoint).codec
        _check(checkpoint, trained.architecture, codec.architecture)
        codec.load_state_dict(trained.state_dict())


def _check(checkpoint: Path, found: Architecture, wanted: Architecture) -> None:
    if found != wanted:
        raise CodecFileError(
            f"{checkpoint} holds a {found.name} {found.init_args}, the configuration says {wanted.name} "
            f"{wanted.init_args}. Start from a checkpoint of the same codec."
        )


def load_inner(codec: Codec, checkpoint: Path) -> None:
    """Give the inner codec of a hybrid the weights of a checkpoint (the averaged ones, where EMA was on).

    Args:
        codec: the hybrid.
        checkpoint: of ``litcodec fit``, of a codec built like the hybrid's inner one.

    Raises:
        CodecFileError: if the checkpoint cannot be read or is of another codec, or ``codec`` is no hybrid.
    """
    inner = codec.parts.get("inner")
    if not isinstance(inner, Codec):
        raise CodecFileError(
            f"model.inner_checkpoint is for a HybridCodec; a {type(codec).__name__} has no inner codec."
        )
    trained = read_training_checkpoint(checkpoint).codec
    found, wanted = trained.architecture, inner.architecture
    if found != wanted:
        raise CodecFileError(
            f"{checkpoint} holds a {found.name} {found.init_args}, the hybrid's inner codec is a "
            f"{wanted.name} {wanted.init_args}. Make the inner codec like the one in the checkpoint."
        )
    inner.load_state_dict(trained.state_dict())
