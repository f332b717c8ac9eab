"""Starting a run from weights that have been trained before."""

from pathlib import Path

from litcodec.codecs import (
    Codec,
    FrozenCodec,
    HybridCodec,
    load_codec,
    read_training_checkpoint,
    thaw,
)
from litcodec.errors import CodecFileError

CODEC_SUFFIX = ".safetensors"


def load_weights(codec: Codec, checkpoint: Path) -> None:
    """Give ``codec`` the weights of a checkpoint (the averaged ones, where EMA was on), or of a codec file.

    A codec file lacks the factorized density, which trains anew, see ``thaw``.

    Raises:
        CodecFileError: if the file cannot be read or is of another codec.
    """
    frozen = load_codec(checkpoint) if checkpoint.suffix == CODEC_SUFFIX else None
    trained = frozen or read_training_checkpoint(checkpoint).codec
    found, wanted = trained.architecture, codec.architecture
    if found != wanted:
        raise CodecFileError(
            f"{checkpoint} holds a {found.name} {found.init_args}, the configuration says {wanted.name} "
            f"{wanted.init_args}. Start from a checkpoint of the same codec."
        )
    if isinstance(trained, FrozenCodec):
        thaw(codec, trained)
    else:
        codec.load_state_dict(trained.state_dict())


def load_inner(codec: Codec, checkpoint: Path) -> None:
    """Give the inner codec of a hybrid the weights of a checkpoint (the averaged ones, where EMA was on).

    Args:
        codec: the hybrid.
        checkpoint: of ``litcodec fit``, of a codec built like the hybrid's inner one.

    Raises:
        CodecFileError: if the checkpoint cannot be read or is of another codec, or ``codec`` is no hybrid.
    """
    if not isinstance(codec, HybridCodec):
        raise CodecFileError(
            f"model.inner_checkpoint is for a HybridCodec; a {type(codec).__name__} has no inner codec."
        )
    trained = read_training_checkpoint(checkpoint).codec
    found, wanted = trained.architecture, codec.inner.architecture
    if found != wanted:
        raise CodecFileError(
            f"{checkpoint} holds a {found.name} {found.init_args}, the hybrid's inner codec is a "
            f"{wanted.name} {wanted.init_args}. Make the inner codec like the one in the checkpoint."
        )
    codec.inner.load_state_dict(trained.state_dict())
