"""``litcodec compress`` and ``litcodec decompress``, for any number of files."""

import json
import math
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from litcodec.bitstream import read_header
from litcodec.codec_files import load_codec, load_with_synthesis
from litcodec.commands.effort_progress import showing_effort
from litcodec.commands.standard_streams import DASH, through_files
from litcodec.data import load_mask
from litcodec.data.formats import SUFFIXES
from litcodec.device import find_device
from litcodec.errors import CodecFileError, LitcodecError, reason_of
from litcodec.evaluation import (
    CompressedFile,
    DecompressedFile,
    RateTarget,
    check_target,
    compress_file,
    decompress_file,
    output_paths,
    refuse_inputs,
    refuse_original,
)
from litcodec.frozen import FrozenCodec
from litcodec.overfitted import FINGERPRINT, FrozenOverfitted
from litcodec.refinement import with_effort
from litcodec.zoo import codec_path, default_card, lossless_card, packaged_codec

OTHER_IMAGES = frozenset(SUFFIXES) - {".png", ".apng"}  # than what decompress writes

Result = TypeVar("Result", CompressedFile, DecompressedFile)


class Options(NamedTuple):
    """Of both commands; only ``compress`` has targets and measures."""

    images: Sequence[Path]
    codec: Path | None  # None for a packaged one
    output: str | None  # a folder if it ends in a slash
    max_pixels: int
    force: bool
    json: bool
    quality: float | None
    bpp: float | None
    max_bytes: int | None
    device: str
    lossless: bool
    measure: bool
    mask: Path | None  # an image, white where pixels are preserved
    realism: float  # of ``decompress``
    effort: int


def compress(options: Options) -> int:
    """Compress every image; returns 1 if any failed."""
    if options.codec is None:
        path = (lossless_card() if options.lossless else default_card()).file
    else:
        path = codec_path(options.codec)
    codec = load_codec(path).to(find_device(options.device))
    if options.lossless and not codec.lossless:
        raise CodecFileError(f"{options.codec} is a {codec.architecture.name}, which is not lossless.")
    if options.mask is not None:
        if not codec.takes_mask:
            raise CodecFileError(
                f"--mask needs a codec that takes one, as SelectiveGeneration does; "
                f"this one is a {codec.architecture.name}. Leave it out, or give another codec with -c."
            )
        codec = codec.with_mask(load_mask(options.mask, max_pixels=options.max_pixels))
    target = RateTarget(options.quality, options.bpp, options.max_bytes)
    check_target(codec, target)  # wrong for all images alike: said once
    with showing_effort() as progress:
        return _compress_each(options, with_effort(codec, options.effort, progress), target)


def _compress_each(options: Options, codec: FrozenCodec, target: RateTarget) -> int:
    def one(path: Path, output: Path) -> CompressedFile:
        return compress_file(
            path,
            output,
            codec,
            max_pixels=options.max_pixels,
            overwrite=options.force,
            target=target,
            measure=options.measure,
        )

    return each(options, ".litc", one, compressed_line)


def decompress(options: Options) -> int:
    """Decompress every file; returns 1 if any failed."""
    device = find_device(options.device)
    load_once = cache(lambda path: load_with_synthesis(path, options.realism).to(device))
    given = None if options.codec is None else load_once(codec_path(options.codec))

    def codec_for(data: bytes) -> FrozenCodec:
        fingerprint = read_header(data).fingerprint
        if given is None and fingerprint == FINGERPRINT:
            return FrozenOverfitted().to(device).at_realism(options.realism)
        return given or load_once(packaged_codec(fingerprint))

    def one(path: Path, output: Path) -> DecompressedFile:
        if output.suffix.lower() in OTHER_IMAGES:
            raise LitcodecError(f"{output} would hold a PNG: name it {output.with_suffix('.png')}.")
        if options.force and (options.output is None or Path(options.output) != output):
            refuse_original(output)
        return decompress_file(
            path, output, codec_for, max_pixels=options.max_pixels, overwrite=options.force
        )

    return each(options, ".png", one, _decompressed_line)


def each(
    options: Options, suffix: str, one: Callable[[Path, Path], Result], line: Callable[[Result], str]
) -> int:
    """Do ``one`` for every file; returns 1 if any failed."""
    failed = 0
    inputs = [*options.images, *([] if options.codec is None else [options.codec])]
    inputs += [] if options.mask is None else [options.mask]
    outputs = output_paths(options.images, options.output, suffix)
    for path, output in zip(options.images, outputs, strict=True):
        try:
            refuse_inputs(output, inputs)
            result = through_files(path, output, one, max_pixels=options.max_pixels)
            result = result._replace(file=str(path), output=str(output))
        except (LitcodecError, OSError, MemoryError, RuntimeError) as error:  # torch: out of memory
            failed += 1
            reason = reason_of(error)
            named = reason if str(path) in reason else f"{path}: {reason}"
            print(f"litcodec: {LitcodecError(named)}", file=sys.stderr)
            continue
        said = json.dumps(_finite(result._asdict())) if options.json else line(result)
        print(said, file=sys.stderr if output == DASH else sys.stdout, flush=True)
    if failed and len(options.images) > 1:
        print(f"litcodec: {failed} of {len(options.images)} files failed.", file=sys.stderr)
    return 1 if failed else 0


def _finite(values: dict[str, object]) -> dict[str, object]:
    # JSON knows neither inf nor nan.
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def compressed_line(result: CompressedFile) -> str:
    """What is printed about a file."""
    size = f"{result.width}x{result.height}"
    if result.resolution is not None:
        size += f" at {result.resolution} resolution"
    if result.q is not None:
        size += f", quality {result.q:g}"
    said = f"{result.output}: {size}, {result.bytes:,} bytes, {result.bpp:.4f} bpp"
    if result.psnr_rgb is not None and result.ms_ssim is not None:
        said += f", {_quality(result.bpp, result.psnr_rgb, result.ms_ssim)}"
    said += f", encoded in {result.encode_s:.2f} s"
    if result.decode_s is not None:
        said += f", decoded in {result.decode_s:.2f} s"
    return said + "".join(f"; dropped {what}" for what in result.dropped)


def _quality(bpp: float, psnr_rgb: float, ms_ssim: float) -> str:
    if math.isinf(psnr_rgb):
        return f"{bpp / 3:.4f} bits per sub-pixel, every pixel exact"
    similarity = "n/a" if math.isnan(ms_ssim) else f"{ms_ssim:.4f}"
    return f"PSNR {psnr_rgb:.2f} dB, MS-SSIM {similarity}"


def _decompressed_line(result: DecompressedFile) -> str:
    return (
        f"{result.output}: {result.width}x{result.height} from {result.bytes:,} bytes "
        f"({result.bpp:.4f} bpp), decoded in {result.decode_s:.2f} s"
    )
