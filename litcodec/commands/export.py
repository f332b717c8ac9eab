"""``litcodec export``: a training checkpoint becomes a codec file."""

from pathlib import Path

import litcodec.overfitted  # noqa: F401  # a checkpoint may hold its codec
from litcodec.codec_files import codec_bytes, read_training_checkpoint, round_to_half_precision
from litcodec.evaluation import atomic_output, check_output


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
