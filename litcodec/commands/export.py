"""``litcodec export``: a training checkpoint becomes a codec file."""

from pathlib import Path

from litcodec.codecs import Notes, build_codec, codec_bytes
from litcodec.errors import CodecFileError
from litcodec.evaluation import atomic_output
from litcodec.interchange import load_torch_file


def export(checkpoint: Path, output: Path, *, overwrite: bool) -> int:
    """Freeze the codec of a checkpoint of ``litcodec fit`` (its averaged weights, where EMA was on).

    Raises:
        CodecFileError: if the checkpoint is missing, damaged, or not one of ours.
        FreezeError: if the weights have diverged.
        OutputExists: if ``output`` is there and ``overwrite`` is not set.
    """
    found = load_torch_file(checkpoint)
    found = found if isinstance(found, dict) else {}
    about = found.get("litcodec")
    if not isinstance(about, dict) or not {"codec", "init_args", "notes"} <= set(about):
        raise CodecFileError(f"{checkpoint} is not a checkpoint of litcodec fit.")
    codec = build_codec(about["codec"], about["init_args"])
    weights = {name.removeprefix("codec."): tensor for name, tensor in found["state_dict"].items()}
    try:
        codec.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CodecFileError(f"{checkpoint} does not fit a {about['codec']}: {reason}") from error
    frozen = codec.eval().freeze()
    frozen.notes = Notes(**about["notes"])
    with atomic_output(output, overwrite=overwrite) as file:
        file.write(codec_bytes(frozen))
    size = output.stat().st_size
    print(f"{output}: {about['codec']}, fingerprint {frozen.fingerprint.hex()}, {size / 1e6:.1f} MB")
    return 0
