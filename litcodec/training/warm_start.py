"""Starts a run from pretrained weights."""

from pathlib import Path

from litcodec.codec_files import build_codec, load_codec, read_training_checkpoint, unfreeze
from litcodec.codecs import Codec
from litcodec.errors import ArchitectureError, CodecFileError
from litcodec.zoo import codec_path, packaged_cards

CODEC_SUFFIX = ".safetensors"


def load_weights(codec: Codec, checkpoint: Path, lmbda: float) -> None:
    """Give ``codec`` the weights of a checkpoint (the averaged ones, where EMA was on), or of a codec file.

    Of a factorized density a codec file holds tables alone, to which it is fitted, see ``unfreeze``.

    Args:
        codec: to be trained.
        checkpoint: of ``litcodec fit``, a codec file, or the name of a packaged codec. What it holds is built
            like ``codec``, or is a codec of variable rate with a wider range, or with ``codec`` inside.
        lmbda: which of its rates, in the latter case.

    Raises:
        CodecFileError: if the file cannot be read or is of another codec.
    """
    try:
        codec.start_from(_trained(checkpoint), lmbda)
    except ArchitectureError as error:
        raise CodecFileError(f"{checkpoint} {error}") from error


def load_inner(codec: Codec, checkpoint: Path, lmbda: float) -> None:
    """Give the inner codec of a hybrid the weights of a checkpoint (the averaged ones, where EMA was on).

    Args:
        codec: the hybrid.
        checkpoint: as for ``load_weights``, of a codec built like the hybrid's inner one.
        lmbda: as for ``load_weights``.

    Raises:
        CodecFileError: if the checkpoint cannot be read or is of another codec, or ``codec`` is not a hybrid.
    """
    inner = codec.parts.get("inner")
    if not isinstance(inner, Codec):
        raise CodecFileError(
            f"model.inner_checkpoint is for a HybridCodec; a {type(codec).__name__} has no inner codec."
        )
    load_weights(inner, checkpoint, lmbda)


def _trained(checkpoint: Path) -> Codec:
    path = codec_path(checkpoint)
    if not path.suffix and not path.exists():
        names = ", ".join(card.name for card in packaged_cards())
        raise CodecFileError(
            f"there is no file {path}, and no packaged codec of that name; those are {names}."
        )
    if path.suffix != CODEC_SUFFIX:
        return read_training_checkpoint(path).codec
    frozen = load_codec(path)
    codec = build_codec(frozen.architecture._asdict())
    unfreeze(codec, frozen)
    return codec
