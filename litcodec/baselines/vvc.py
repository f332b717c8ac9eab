"""VVC intra by VVenC, Fraunhofer's encoder."""

import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from litcodec.baselines.pillow import pillow_image, whole_quality
from litcodec.baselines.vvc_programs import PRESET, find_programs
from litcodec.baselines.yuv420 import frame_bytes, from_yuv420, to_yuv420
from litcodec.errors import BaselineFailed

_SIZE = struct.Struct("<HH")  # H, W of the image
_UNIT = 8  # sides of the coded frame are multiples of it, VVC's smallest coding unit
_LEAST = 32  # sides are at least that: VVenC 1.15 refuses frames of fewer than 512 pixels


class Vvc:
    """VVC intra by VVenC: one frame, 4:2:0, 10 bits, preset medium, on one thread.

    VVenC knows 4:2:0 alone, so that at high rates PSNR in RGB saturates for its chroma; published VTM curves
    are 4:4:4. Colours are converted as ``yuv420`` says. Its adaptation to the eye is off, for PSNR. The
    frame is padded to multiples of 8, and to 32 at least, by repeating its edges; our file is the true height
    and width, two bytes each, followed by the VVC stream. See ``vvc_programs`` for the programs.

    Raises:
        BaselineMissing: if neither imageio-ffmpeg is installed nor ``vvencapp`` and ``vvdecapp`` are on the
            PATH, or one does not start.
    """

    name = "VVenC 4:2:0 10 bit"
    key = "vvc"
    suffix = ".vvc"
    qualities: tuple[float, ...] = (47, 42, 37, 32, 27, 22, 17)

    def __init__(self) -> None:
        self._programs = find_programs()
        self.source = f"{self._programs.source}: preset {PRESET}"

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words."""
        return f"QP {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """Code ``x``, (3, H, W) uint8 RGB, at ``quality``: the quantisation parameter, 63 (coarsest) to 0."""
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
            self._run(self._programs.encoding(frame, stream, (rows, columns), qp), makes=stream)
            return _SIZE.pack(H, W) + stream.read_bytes()

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB."""
        if len(data) <= _SIZE.size:
            raise BaselineFailed(f"{self.name}: {len(data)} bytes are not a file of this baseline.")
        H, W = _SIZE.unpack_from(data)
        if not H or not W:
            raise BaselineFailed(f"{self.name}: an image of {W}x{H} pixels is not a file of this baseline.")
        size = _padded((H, W))
        with tempfile.TemporaryDirectory(prefix="litcodec-") as folder:
            stream, frame = Path(folder, "stream.266"), Path(folder, "frame.yuv")
            stream.write_bytes(data[_SIZE.size :])
            self._run(self._programs.decoding(stream, frame), makes=frame)
            samples = frame.read_bytes()
        if len(samples) != frame_bytes(size):
            raise BaselineFailed(
                f"{self.name}: the decoder gave {len(samples)} bytes; a 10-bit 4:2:0 frame of "
                f"{size[1]}x{size[0]} has {frame_bytes(size)}."
            )
        return from_yuv420(samples, size)[:, :H, :W]

    def _run(self, command: tuple[str, ...], *, makes: Path) -> None:
        program = Path(command[0]).name
        try:
            done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        except OSError as error:
            raise BaselineFailed(f"{self.name}: {program} does not start: {error}") from error
        if done.returncode:
            words = _last_words((done.stderr, done.stdout))
            raise BaselineFailed(f"{self.name}: {program} ended with {done.returncode}: {words}")
        if not makes.exists() or not makes.stat().st_size:
            raise BaselineFailed(f"{self.name}: {program} said all was well but wrote nothing.")


def _padded(size: tuple[int, int]) -> tuple[int, int]:
    rows, columns = (max(-(-side // _UNIT) * _UNIT, _LEAST) for side in size)
    return rows, columns


def _last_words(outputs: Sequence[bytes]) -> str:
    """The first line that names an error, or else the last one: the programs write to either output."""
    lines = [line.strip() for output in outputs for line in output.decode(errors="replace").splitlines()]
    printed = [line for line in lines if line]
    errors = [line for line in printed if "error" in line.lower()]
    return [*errors[:1], *reversed(printed), "without a word"][0]
