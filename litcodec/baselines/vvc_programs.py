"""Programs that encode and decode VVC: FFmpeg as imageio-ffmpeg brings it, or Fraunhofer's own.

All take and give one raw frame, ``yuv420p10le``, so that no program converts colours.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple, Protocol

from litcodec.errors import BaselineMissing

PRESET = "medium"


class VvcPrograms(Protocol):
    """Command lines of an encoder and a decoder, program first."""

    @property
    def source(self) -> str:
        """Who they are, with versions."""

    def encoding(self, frame: Path, stream: Path, size: tuple[int, int], qp: int) -> tuple[str, ...]:
        """Code the raw ``frame`` of ``size`` (H, W) as ``stream``."""

    def decoding(self, stream: Path, frame: Path) -> tuple[str, ...]:
        """Decode ``stream`` to a raw ``frame``."""


class Ffmpeg(NamedTuple):
    """``VvcPrograms``: one program with VVenC and a decoder of its own."""

    program: Path
    source: str

    def encoding(self, frame: Path, stream: Path, size: tuple[int, int], qp: int) -> tuple[str, ...]:
        """The command that codes the raw ``frame`` of ``size`` (H, W) as ``stream``."""
        H, W = size
        source = (*_RAW, "-video_size", f"{W}x{H}", "-framerate", "30", "-i", str(frame))
        effort = ("-threads", "1", "-preset", PRESET, "-qp", str(qp), "-qpa", "0")
        return (
            *self._quietly(),
            *source,
            "-frames:v",
            "1",
            "-c:v",
            "libvvenc",
            *effort,
            "-f",
            "vvc",
            str(stream),
        )

    def decoding(self, stream: Path, frame: Path) -> tuple[str, ...]:
        """The command that decodes ``stream`` to a raw ``frame``."""
        source = ("-xerror", "-threads", "1", "-f", "vvc", "-i", str(stream))
        return (
            *self._quietly(),
            *source,
            "-frames:v",
            "1",
            "-pix_fmt",
            "yuv420p10le",
            "-f",
            "rawvideo",
            str(frame),
        )

    def _quietly(self) -> tuple[str, ...]:
        return (
            str(self.program),
            "-hide_banner",
            "-nostdin",
            "-y",
            "-loglevel",
            "error",
            "-filter_threads",
            "1",
        )


class FraunhoferPrograms(NamedTuple):
    """``VvcPrograms``: ``vvencapp`` and ``vvdecapp``."""

    encoder: Path
    decoder: Path
    source: str

    def encoding(self, frame: Path, stream: Path, size: tuple[int, int], qp: int) -> tuple[str, ...]:
        """The command that codes the raw ``frame`` of ``size`` (H, W) as ``stream``."""
        H, W = size
        source = ("--input", str(frame), "--size", f"{W}x{H}", "--format", "yuv420_10")
        extent = ("--frames", "1", "--framerate", "30", "--threads", "1")
        effort = ("--preset", PRESET, "--qp", str(qp), "--qpa", "0")
        return (str(self.encoder), *source, *extent, *effort, "--output", str(stream))

    def decoding(self, stream: Path, frame: Path) -> tuple[str, ...]:
        """The command that decodes ``stream`` to a raw ``frame``."""
        return (str(self.decoder), "--bitstream", str(stream), "--output", str(frame), "--threads", "1")


_RAW = ("-f", "rawvideo", "-pixel_format", "yuv420p10le", "-color_range", "pc", "-colorspace", "bt709")


def find_programs() -> VvcPrograms:
    """FFmpeg, if imageio-ffmpeg is installed and its FFmpeg has VVenC; else Fraunhofer's programs.

    Raises:
        BaselineMissing: if there is neither.
    """
    ffmpeg = _imageio_ffmpeg()
    if ffmpeg is not None:
        return ffmpeg
    encoder, decoder = _on_path("vvencapp"), _on_path("vvdecapp")
    versions = f"VVenC {_version(encoder)}, VVdeC {_version(decoder)}"
    return FraunhoferPrograms(encoder, decoder, versions)


def _imageio_ffmpeg() -> Ffmpeg | None:
    """None if it is not installed, or knows no VVenC."""
    try:
        import imageio_ffmpeg

        program = Path(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None
    # One grey frame: VVenC prints its version when it starts.
    grey = ("-f", "lavfi", "-i", "color=gray:size=32x32:rate=30,format=yuv420p10le", "-frames:v", "1")
    printed = _output(program, "-nostdin", *grey, "-c:v", "libvvenc", "-threads", "1", "-f", "null", "-")
    vvenc = re.search(rb"libvvenc version: (\S+)", printed)
    if vvenc is None:
        return None
    ffmpeg = re.search(rb"ffmpeg version n?(\d+(\.\d+)+)", printed)
    known = ffmpeg[1].decode() if ffmpeg else "of unknown version"
    return Ffmpeg(program, f"VVenC {vvenc[1].decode()} in FFmpeg {known}")


def _on_path(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise BaselineMissing(
            f"{name} is not on the PATH: pip install imageio-ffmpeg, or build it from "
            f"github.com/fraunhoferhhi/{name.removesuffix('app')}"
        )
    return Path(found)


def _version(program: Path) -> str:
    found = re.search(rb"\d+(\.\d+)+", _output(program, "--version"))
    return found[0].decode() if found else "of unknown version"


def _output(program: Path, *arguments: str) -> bytes:
    """All that it prints."""
    try:
        done = subprocess.run(
            (program, *arguments), capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
    except OSError as error:
        raise BaselineMissing(f"{program} does not start: {error}") from error
    return done.stdout + done.stderr
