"""``litcodec export``: a training checkpoint becomes a codec file."""

from pathlib import Path

from litcodec.codecs import codec_bytes, read_training_checkpoint
from litcodec.evaluation import atomic_output


def export(checkpoint: Path, output: Path, *, overwrite: bool) -> int:
    """Freeze the codec of a checkpoint of ``litcodec fit`` (its averaged weights, where EMA was on).

    Raises:
        CodecFileError: if the checkpoint is missing, damaged, or not one of ours.
        FreezeError: if the weights have diverged.
        OutputExists: if ``output`` is there and ``overwrite`` is not set.
    """
    trained = read_training_checkpoint(checkpoint)
    frozen = trained.codec.eval().freeze()
    frozen.notes = trained.notes
    with atomic_output(output, overwrite=overwrite) as file:
        file.write(codec_bytes(frozen))
    name, size = frozen.architecture.name, output.stat().st_size
    print(f"{output}: {name}, fingerprint {frozen.fingerprint.hex()}, {size / 1e6:.1f} MB")
    return 0
