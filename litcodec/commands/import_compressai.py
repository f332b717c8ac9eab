"""``litcodec import-compressai``: a checkpoint of CompressAI becomes a codec file."""

import sys
from pathlib import Path
from typing import NamedTuple

from litcodec.codec_files import codec_bytes
from litcodec.errors import FreezeError
from litcodec.evaluation import atomic_output, check_output
from litcodec.frozen import TrainingInfo
from litcodec.interchange import import_compressai
from litcodec.types import Distortion

# Medians closer than this change neither rate nor quality by a hundredth of a percent or of a dB.
SMALL_SHIFT = 0.005


class Options(NamedTuple):
    """The command's options."""

    weights: Path
    arch: str
    output: Path
    lmbda: float | None
    distortion: Distortion | None
    force: bool


def run_import(options: Options) -> int:
    """Freeze the checkpoint's codec, write it, and say how its medians differ.

    Raises:
        CodecFileError: if the checkpoint is missing, damaged, or of another architecture.
        FreezeError: if its weights have diverged.
        OutputExists: if the output is there and ``force`` is not set.
    """
    output = options.output
    check_output(output, overwrite=options.force, inputs=[options.weights])  # before the work, not after it
    imported = import_compressai(options.weights, options.arch)
    try:
        frozen = imported.codec.freeze()
    except FreezeError as error:
        raise FreezeError(f"{options.weights} cannot be made a codec: {error}") from error
    frozen.training = TrainingInfo(options.lmbda, options.distortion)
    with atomic_output(output, overwrite=options.force, inputs=[options.weights]) as file:
        file.write(codec_bytes(frozen))
    about = frozen.architecture
    sizes = ", ".join(f"{name}={about.init_args[name]}" for name in ("N", "M") if name in about.init_args)
    print(
        f"{output}: {about.name}, {sizes}, "
        f"fingerprint {frozen.fingerprint.hex()}, {output.stat().st_size / 1e6:.1f} MB"
    )
    shift = imported.median_shift
    if shift is not None and shift > SMALL_SHIFT:
        print(
            f"litcodec: it rounds about its densities' medians, up to {shift:.2g} from those that "
            f"{options.weights} learned: single pixels differ from CompressAI's, rate and quality hardly.",
            file=sys.stderr,
        )
    return 0
