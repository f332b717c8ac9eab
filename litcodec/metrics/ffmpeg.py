"""Metrics of video, of a single frame: VMAF and XPSNR, by the FFmpeg of the package ``imageio-ffmpeg``.

VMAF: https://github.com/Netflix/vmaf, the model built in, vmaf_v0.6.1. XPSNR: Helmrich et al. 2020,
doi:10.1109/ICASSP40776.2020.9054089. Both see BT.709 limited-range luma of 8 bits.
"""

import json
import math
import re
import subprocess
import tempfile
from pathlib import Path

from torch import Tensor

from litcodec.errors import ShapeError
from litcodec.metrics.eight_bit import eight_bit_pair
from litcodec.metrics.packages import missing, package

PACKAGE = "imageio_ffmpeg"
VMAF_MIN_SIDE = 32  # libvmaf ends with a segmentation fault at 16 pixels and below
_LUMA = "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p"
_XPSNR = re.compile(r"XPSNR +y: *([\d.]+|inf)")


def vmaf(x: Tensor, x_hat: Tensor) -> float:
    """VMAF, 0 to 100; equal images have about 97, as a still has no motion.

    Args:
        x: (3, H, W) or (1, 3, H, W), float in [0, 1] or uint8.
        x_hat: the same shape.

    Returns:
        nan if a side is below 32 pixels.

    Raises:
        ShapeError: if these are not two RGB images of one shape, the package is missing, or FFmpeg fails.
    """
    levels, levels_hat = eight_bit_pair(x, x_hat)
    if min(levels.shape[-2:]) < VMAF_MIN_SIDE:
        return float("nan")
    with tempfile.TemporaryDirectory(prefix="litcodec-") as folder:
        _run(levels, levels_hat, "libvmaf=log_fmt=json:log_path=vmaf.json:n_threads=1", Path(folder))
        found = json.loads(Path(folder, "vmaf.json").read_text())
    return float(found["pooled_metrics"]["vmaf"]["mean"])


def xpsnr(x: Tensor, x_hat: Tensor) -> float:
    """XPSNR of luma: PSNR in dB, errors weighted by visibility; inf for equal images. As ``vmaf``."""
    levels, levels_hat = eight_bit_pair(x, x_hat)
    with tempfile.TemporaryDirectory(prefix="litcodec-") as folder:
        said = _run(levels, levels_hat, "xpsnr", Path(folder))
    found = _XPSNR.search(said)
    if found is None:
        raise ShapeError(f"FFmpeg printed no XPSNR: {said[-200:]!r}.")
    return math.inf if found[1] == "inf" else float(found[1])


def _run(levels: Tensor, levels_hat: Tensor, measure: str, folder: Path) -> str:
    """What FFmpeg prints when it compares two images, run in ``folder``."""
    H, W = levels.shape[-2:]
    raw = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{W}x{H}"]
    for name, image in (("original", levels), ("decoded", levels_hat)):
        Path(folder, name).write_bytes(image[0].permute(1, 2, 0).byte().cpu().numpy().tobytes())
    inputs = [*raw, "-i", "decoded", *raw, "-i", "original"]
    graph = f"[0:v]{_LUMA}[a];[1:v]{_LUMA}[b];[a][b]{measure}"
    command = [_program(), "-hide_banner", "-nostdin", "-threads", "1", *inputs]
    command += ["-filter_complex", graph, "-f", "null", "-"]
    done = subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    said = done.stderr.decode(errors="replace")
    if done.returncode:
        raise ShapeError(f"FFmpeg ended with {done.returncode}: {said.strip().splitlines()[-1:]}")
    return said


def _program() -> str:
    try:
        return str(package(PACKAGE).get_ffmpeg_exe())
    except RuntimeError as error:  # installed, but without a program for this machine
        raise missing(PACKAGE) from error
