"""``litcodec export``: a training checkpoint becomes a codec file, or a second synthesis for one."""

from pathlib import Path

import litcodec.overfitted  # noqa: F401  # a checkpoint may hold its codec
from litcodec.codec_files import (
    check_synthesis_alone_trained,
    codec_bytes,
    load_codec,
    read_training_checkpoint,
    round_to_half_precision,
    synthesis_beside,
    synthesis_bytes,
)
from litcodec.errors import CodecFileError
from litcodec.evaluation import atomic_output, check_output
from litcodec.zoo import codec_path


def export(
    checkpoint: Path, output: Path, *, overwrite: bool, half: bool = False, rdoq_lambda: float | None = None
) -> int:
    """Freeze the codec of a checkpoint of ``litcodec fit`` (its averaged weights, where EMA was on).

    Args:
        checkpoint: a .ckpt file.
        output: the codec file.
        overwrite: replace ``output`` if it is there.
        half: round weights to 16 bits first.
        rdoq_lambda: as ``FrozenCodec.with_rdoq`` takes it; None rounds to the nearest.

    Raises:
        CodecFileError: if the checkpoint is missing, damaged, or not litcodec's.
        FreezeError: if the weights have diverged, or ``rdoq_lambda`` means nothing to the codec.
        OutputExists: if ``output`` is there and ``overwrite`` is not set.
    """
    check_output(output, overwrite=overwrite, inputs=[checkpoint])  # before the work, not after it
    trained = read_training_checkpoint(checkpoint)
    if half:
        round_to_half_precision(trained.codec)
    frozen = trained.codec.eval().freeze()
    frozen.training = trained.training
    if rdoq_lambda is not None:
        frozen = frozen.with_rdoq(rdoq_lambda)
    with atomic_output(output, overwrite=overwrite, inputs=[checkpoint]) as file:
        file.write(codec_bytes(frozen))
    name, size = frozen.architecture.name, output.stat().st_size
    print(f"{output}: {name}, fingerprint {frozen.fingerprint.hex()}, {size / 1e6:.1f} MB")
    return 0


def export_synthesis(
    checkpoint: Path, output: Path, codec: Path, *, overwrite: bool, half: bool = False
) -> int:
    """Write the synthesis of a checkpoint alone, which decodes the streams of a codec with more realism.

    Args:
        checkpoint: a .ckpt file of a run that started from ``codec`` and trained g_s alone.
        output: the file of the second synthesis.
        codec: a codec file, or the name of a packaged codec.
        overwrite: replace ``output`` if it is there.
        half: round weights to 16 bits first.

    Raises:
        CodecFileError: if either file cannot be read, or the run changed more than the synthesis.
        FreezeError: if the weights have diverged, or ``codec`` lacks its encoder.
        OutputExists: if ``output`` is there and ``overwrite`` is not set.
    """
    path = codec_path(codec)
    check_output(output, overwrite=overwrite, inputs=[checkpoint, path])
    trained, decoded = read_training_checkpoint(checkpoint).codec, load_codec(path)
    try:
        check_synthesis_alone_trained(trained, decoded)
    except CodecFileError as error:
        raise CodecFileError(f"{checkpoint} {error}") from error
    if half:
        round_to_half_precision(trained)
    with atomic_output(output, overwrite=overwrite, inputs=[checkpoint, path]) as file:
        file.write(synthesis_bytes(decoded, trained.eval().freeze()))
    size = output.stat().st_size
    print(f"{output}: second synthesis of codec {decoded.fingerprint.hex()}, {size / 1e6:.1f} MB")
    beside = synthesis_beside(path)
    if output.absolute() != beside.absolute():
        print(f"{codec} finds it as {beside}")
    return 0
