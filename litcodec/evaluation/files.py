"""Compress one image file to a ``.litc`` file, decompress one to a PNG."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.bitstream import read_header, read_stream, unpack
from litcodec.data import load_exact_image, load_image, write_png
from litcodec.errors import BitstreamError, OutputExists
from litcodec.evaluation.outputs import atomic_output
from litcodec.evaluation.target import NO_TARGET, RateTarget, check_target, stream_for
from litcodec.frozen import FrozenCodec, Resolution, from_stream
from litcodec.metrics import bpp, ms_ssim, psnr


class CompressedFile(NamedTuple):
    """What compressing a file gave. What is measured comes from decoding the bytes that were written."""

    file: str
    output: str
    width: int
    height: int
    bytes: int
    bpp: float
    psnr_rgb: float | None  # dB; infinite if nothing was lost; None if not measured
    ms_ssim: float | None  # nan if a side is under 161; None if not measured
    encode_s: float
    decode_s: float | None  # None if not measured
    resolution: Resolution | None  # that the encoder chose; None if the codec has but one
    q: float | None  # 1 to 100, that the file was coded at; None if the codec has but one rate
    dropped: tuple[str, ...]  # of what the file holds, such as "transparency, composited on white"


class _Measured(NamedTuple):
    """The measured fields of a ``CompressedFile``; each None if not measured."""

    psnr_rgb: float | None
    ms_ssim: float | None
    decode_s: float | None


class DecompressedFile(NamedTuple):
    """What decompressing a file gave."""

    file: str
    output: str
    width: int
    height: int
    bytes: int
    bpp: float
    decode_s: float


def compress_file(
    path: Path,
    output: Path,
    codec: FrozenCodec,
    *,
    max_pixels: int,
    overwrite: bool,
    target: RateTarget = NO_TARGET,
    measure: bool = False,
) -> CompressedFile:
    """Compress an image file.

    Args:
        path: the image.
        output: the ``.litc`` file to write.
        codec: with what.
        max_pixels: refuse larger images.
        overwrite: replace ``output`` if it is there.
        target: the rate, where the codec has several.
        measure: decode the bytes too, before they are written, and compare the result with the image.

    Raises:
        ImageError: if the image cannot be read or is too large, or is not 8-bit RGB and the codec
            lossless.
        RateError: if the codec has but one rate, or none that is low enough; nothing is written.
        OutputExists: if ``output`` is the input, or is there and ``overwrite`` is not set.
    """
    check_target(codec, target)
    with atomic_output(output, overwrite=overwrite, inputs=[path]) as file:
        load = load_exact_image if codec.lossless else load_image
        loaded = load(path, max_pixels=max_pixels)
        x = loaded.x[None].float() / 255
        start = time.perf_counter()
        data = stream_for(codec, x, target)
        encode_s = time.perf_counter() - start
        measured = _measured(codec, x, data, max_pixels) if measure else _Measured(None, None, None)
        file.write(data)
    H, W = x.shape[2:]
    strings = unpack(data, fingerprint=codec.fingerprint, max_pixels=max_pixels).strings
    resolution, q = codec.resolution(strings), codec.quality_of(strings)
    return CompressedFile(
        file=str(path),
        output=str(output),
        width=W,
        height=H,
        bytes=len(data),
        bpp=bpp(len(data), (H, W)),
        psnr_rgb=measured.psnr_rgb,
        ms_ssim=measured.ms_ssim,
        encode_s=encode_s,
        decode_s=measured.decode_s,
        resolution=resolution,
        q=q,
        dropped=loaded.dropped,
    )


def _measured(codec: FrozenCodec, x: Tensor, data: bytes, max_pixels: int) -> _Measured:
    """What ``data`` decodes to, compared with ``x`` (1, 3, H, W)."""
    start = time.perf_counter()
    x_hat = from_stream(codec, data, max_pixels=max_pixels)
    decode_s = time.perf_counter() - start
    return _Measured(psnr(x, x_hat), ms_ssim(x, x_hat), decode_s)


def decompress_file(
    path: Path,
    output: Path,
    codec: FrozenCodec | Callable[[bytes], FrozenCodec],
    *,
    max_pixels: int,
    overwrite: bool,
) -> DecompressedFile:
    """Decompress a ``.litc`` file to an 8-bit PNG.

    Args:
        path: the ``.litc`` file.
        output: the PNG to write.
        codec: the codec it was made with, or what finds that by the file's bytes.
        max_pixels: refuse larger images, before anything is allocated for them.
        overwrite: replace ``output`` if it is there.

    Raises:
        BitstreamError: if the file is missing, damaged, too large, or of another codec.
        CodecFileError: if ``codec`` finds a codec file that is damaged.
        OutputExists: if ``output`` is the input, or is there and ``overwrite`` is not set.
    """
    with atomic_output(output, overwrite=overwrite, inputs=[path]) as file:
        data = _stream_in(path, max_pixels)
        made_with = codec if isinstance(codec, FrozenCodec) else codec(data)
        start = time.perf_counter()
        x_hat = from_stream(made_with, data, max_pixels=max_pixels)
        decode_s = time.perf_counter() - start
        write_png(file, (x_hat[0] * 255).round().to(torch.uint8))
    H, W = read_header(data).size
    return DecompressedFile(str(path), str(output), W, H, len(data), bpp(len(data), (H, W)), decode_s)


def refuse_original(output: Path) -> None:
    """Check that what is at ``output`` is not an image but one that ``write_png`` wrote.

    Raises:
        OutputExists: if it is, perhaps what the stream was made of.
    """
    if not output.is_file():
        return
    with output.open("rb") as file:
        if b"tEXtSoftware\0litcodec" not in file.read(256):
            raise OutputExists(
                f"{output} was not written by litcodec decompress: it may be the original. "
                f"To replace it, name it: -o {output} --force."
            )


def _stream_in(path: Path, max_pixels: int) -> bytes:
    """The stream in a file, read no further than its header says.

    Raises:
        BitstreamError: if there is none.
    """
    if path.exists() and not (
        path.is_file() or path.is_dir()
    ):  # a pipe without a writer would block for ever
        raise BitstreamError(f"{path} is not a regular file; copy it into one first.")
    try:
        with path.open("rb") as file:
            return read_stream(file, max_pixels=max_pixels)
    except OSError as error:
        raise BitstreamError(f"{path} cannot be read: {error.strerror}.") from error
