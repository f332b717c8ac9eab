"""VVC intra, through Fraunhofer's programs."""

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from litcodec.baselines.pillow import pillow_image, whole_quality
from litcodec.baselines.yuv420 import frame_bytes, from_yuv420, to_yuv420
from litcodec.errors import BaselineFailed, BaselineMissing

PRESET = "slow"
_SIZE = struct.Struct("<HH")  # H, W of the image
_UNIT = 8  # sides of the coded frame are multiples of it, VVC's smallest coding unit


class Vvc:
    """VVC intra by VVenC, read by VVdeC: one frame, 10 bits, preset slow, on one thread.

    VVenC knows 4:2:0 alone, so that at high rates PSNR in RGB saturates for its chroma; published VTM curves
    are 4:4:4. Colours are converted as ``yuv420`` says. Its adaptation to the eye is off, for PSNR. The
    frame is padded to multiples of 8 by repeating its edges; our file is the true height and width, two
    bytes each, followed by the VVC stream.

    Raises:
        BaselineMissing: if ``vvencapp`` or ``vvdecapp`` is not on the PATH, or does not start.
    """

    name = "VVC intra 4:2:0"
    key = "vvc"
    suffix = ".vvc"
    qualities: tuple[float, ...] = (47, 42, 37, 32, 27, 22, 17)

    def __init__(self) -> None:
        self._encoder, self._decoder = _program("vvencapp"), _program("vvdecapp")
        versions = f"VVenC {_version(self._encoder)}, VVdeC {_version(self._decoder)}"
        self.source = f"{versions}: 10 bits, preset {PRESET}"

    def setting(self, quality: float) -> str:
        """See ``Baseline.setting``."""
        return f"QP {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """See ``Baseline.compress``; ``quality`` is the quantisation parameter, 63 (coarsest) to 0."""
        qp = whole_quality(quality, 0, 63, name=self.name)
        pillow_image(x)  # of the right type and shape
        H, W = x.shape[1:]
        if max(H, W) > 65535:
            raise BaselineFailed(f"{self.name}: sides go up to 65535 pixels; got {W}x{H}.")
        rows, columns = _padded((H, W))
        padded = F.pad(x.cpu().double(), (0, columns - W, 0, rows - H), mode="replicate").to(x.dtype)
        with tempfile.TemporaryDirectory(prefix="litcodec-") as folder:
            frame, stream = Path(folder, "frame.yuv"), Path(folder, "stream.266")
            frame.write_bytes(to_yuv420(padded))
            source = ("--input", str(frame), "--size", f"{columns}x{rows}", "--format", "yuv420_10")
            extent = ("--frames", "1", "--framerate", "30", "--threads", "1")
            effort = ("--preset", PRESET, "--qp", str(qp), "--qpa", "0")
            self._run(self._encoder, *source, *extent, *effort, "--output", str(stream))
            return _SIZE.pack(H, W) + self._result(self._encoder, stream)

    def decompress(self, data: bytes) -> Tensor:
        """See ``Baseline.decompress``."""
        if len(data) <= _SIZE.size:
            raise BaselineFailed(f"{self.name}: {len(data)} bytes are no file of this baseline.")
        H, W = _SIZE.unpack_from(data)
        if not H or not W:
            raise BaselineFailed(f"{self.name}: an image of {W}x{H} pixels is no file of this baseline.")
        size = _padded((H, W))
        with tempfile.TemporaryDirectory(prefix="litcodec-") as folder:
            stream, frame = Path(folder, "stream.266"), Path(folder, "frame.yuv")
            stream.write_bytes(data[_SIZE.size :])
            self._run(self._decoder, "--bitstream", str(stream), "--output", str(frame), "--threads", "1")
            samples = self._result(self._decoder, frame)
        if len(samples) != frame_bytes(size):
            raise BaselineFailed(
                f"{self.name}: {self._decoder.name} gave {len(samples)} bytes; a 10-bit 4:2:0 frame of "
                f"{size[1]}x{size[0]} has {frame_bytes(size)}."
            )
        return from_yuv420(samples, size)[:, :H, :W]

    def _run(self, program: Path, *arguments: str) -> None:
        try:
            done = subprocess.run(
                (program, *arguments), capture_output=True, stdin=subprocess.DEVNULL, check=False
            )
        except OSError as error:
            raise BaselineFailed(f"{self.name}: {program.name} does not start: {error}") from error
        if done.returncode:
            words = _last_words((done.stderr, done.stdout))
            raise BaselineFailed(f"{self.name}: {program.name} ended with {done.returncode}: {words}")

    def _result(self, program: Path, path: Path) -> bytes:
        data = path.read_bytes() if path.exists() else b""
        if not data:
            raise BaselineFailed(f"{self.name}: {program.name} said all was well but wrote nothing.")
        return data


def _padded(size: tuple[int, int]) -> tuple[int, int]:
    H, W = size
    return -(-H // _UNIT) * _UNIT, -(-W // _UNIT) * _UNIT


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise BaselineMissing(
            f"{name} is not on the PATH: build it from github.com/fraunhoferhhi/{name.removesuffix('app')}"
        )
    return Path(found)


def _version(program: Path) -> str:
    try:
        done = subprocess.run(
            (program, "--version"), capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
    except OSError as error:
        raise BaselineMissing(f"{program} does not start: {error}") from error
    found = re.search(rb"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0].decode() if found else "of unknown version"


def _last_words(outputs: Sequence[bytes]) -> str:
    """The line that names an error, or else the last one: the programs write to either output."""
    lines = [line.strip() for output in outputs for line in output.decode(errors="replace").splitlines()]
    said = [line for line in lines if line]
    errors = [line for line in said if "error" in line.lower()]
    return (errors or said or ["without a word"])[-1]
