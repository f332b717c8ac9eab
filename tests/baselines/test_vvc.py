"""Programs that only copy show the wiring; then FFmpeg's VVenC. See test_baselines.py, too."""

import os
import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from litcodec.baselines import open_baselines
from litcodec.baselines.vvc import Vvc
from litcodec.baselines.yuv420 import frame_bytes, from_yuv420, to_yuv420
from litcodec.errors import BaselineFailed
from litcodec.metrics import psnr

# What follows --input or --bitstream goes to what follows --output.
COPY = """
while [ $# -gt 0 ]; do
  case "$1" in --input|--bitstream) from=$2;; --output) to=$2;; esac
  shift
done
/bin/cp "$from" "$to"
"""


@pytest.fixture
def programs(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on the PATH, without imageio-ffmpeg."""
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    return programs


def _install(folder: Path, name: str, body: str) -> None:
    path = folder / name
    version = f'[ "$1" = --version ] && echo "{name} version 1.13.1" && exit 0'
    path.write_text(f'#!/bin/sh\n{version}\necho "$@" >> "{folder}/log"\n{body}\n')
    path.chmod(0o755)


@pytest.fixture
def vvc(programs: Path) -> Vvc:
    """Made of two programs that copy."""
    _install(programs, "vvencapp", COPY)
    _install(programs, "vvdecapp", COPY)
    return Vvc()


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (64, 48)])
def test_padding_and_cropping_undo_each_other(vvc: Vvc, photograph: Tensor, size: tuple[int, int]):
    H, W = size
    grey = photograph[:1, :H, :W].expand(3, H, W)
    data = vvc.compress(grey, 32)
    assert len(data) == 4 + frame_bytes((max(-(-H // 8) * 8, 32), max(-(-W // 8) * 8, 32)))
    assert torch.equal(vvc.decompress(data), grey)


def test_the_encoder_is_told_size_format_and_parameter(vvc: Vvc, photograph: Tensor, programs: Path):
    vvc.decompress(vvc.compress(photograph[:, :17, :33], 37))
    encoder, decoder = (programs / "log").read_text().splitlines()
    for words in ("--size 40x32", "--format yuv420_10", "--frames 1", "--qp 37", "--qpa 0", "--threads 1"):
        assert words in encoder
    assert "--threads 1" in decoder
    folder = Path(encoder.split("--input ")[1].split()[0]).parent
    assert not folder.exists()  # nothing is left behind


def test_the_source_names_both_versions(vvc: Vvc):
    assert vvc.source.startswith("VVenC 1.13.1, VVdeC 1.13.1")
    assert vvc.setting(37) == "QP 37"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            'echo "vvencapp [error]: no such preset"; echo bye; exit 3',
            r"ended with 3: vvencapp \[error\]: no such preset",
        ),
        (
            "echo 'Error submitting a frame'; echo 'Task finished with error code'; exit 1",
            "with 1: Error submitting",
        ),
        ("echo last >&2; exit 1", "ended with 1: last"),
        ("exit 1", "ended with 1: without a word"),
        ("kill -9 $$", "ended with -9"),
        ("exit 0", "wrote nothing"),
    ],
)
def test_an_encoder_that_fails_is_quoted(vvc: Vvc, photograph: Tensor, programs: Path, body: str, words: str):
    _install(programs, "vvencapp", body)
    with pytest.raises(BaselineFailed, match=f"VVenC 4:2:0 10 bit: vvencapp .*{words}"):
        vvc.compress(photograph, 32)


def test_a_decoder_that_gives_another_frame_is_not_believed(vvc: Vvc, photograph: Tensor, programs: Path):
    data = vvc.compress(photograph[:, :32, :32], 32)
    _install(programs, "vvdecapp", f'{COPY} printf x >> "$to"')
    with pytest.raises(BaselineFailed, match="gave 3073 bytes; a 10-bit 4:2:0 frame of 32x32 has 3072"):
        vvc.decompress(data)


@pytest.mark.parametrize("data", [b"", b"\x10\x00\x10\x00", b"\x00\x00\x10\x00rest"])
def test_what_is_no_file_of_ours_never_reaches_the_decoder(vvc: Vvc, data: bytes, programs: Path):
    with pytest.raises(BaselineFailed, match="not a file of this baseline"):
        vvc.decompress(data)
    assert not (programs / "log").exists()


def test_programs_that_are_not_there_or_do_not_start_are_named(programs: Path):
    assert "vvencapp is not on the PATH" in open_baselines(["vvc"]).missing[0]
    _install(programs, "vvencapp", COPY)
    assert "vvdecapp is not on the PATH" in open_baselines(["vvc"]).missing[0]
    (programs / "vvdecapp").write_bytes(b"\x7fELF nonsense")
    os.chmod(programs / "vvdecapp", 0o755)
    assert "vvdecapp does not start" in open_baselines(["vvc"]).missing[0]


def test_imageio_ffmpegs_vvenc_comes_before_the_path():
    pytest.importorskip("imageio_ffmpeg")
    source = Vvc().source
    assert re.fullmatch(r"VVenC \d\S+ in FFmpeg \d\S+: preset medium", source)


@pytest.mark.parametrize("answer", ["ffmpeg version 7.1 Copyright", "Unknown encoder 'libvvenc'"])
def test_an_ffmpeg_without_vvenc_is_passed_over(
    vvc: Vvc, programs: Path, monkeypatch: pytest.MonkeyPatch, answer: str
):
    _install(programs, "ffmpeg", f"echo {shlex.quote(answer)}")
    module = SimpleNamespace(get_ffmpeg_exe=lambda: str(programs / "ffmpeg"))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", module)
    assert Vvc().source.startswith("VVenC 1.13.1, VVdeC 1.13.1")


def test_a_photograph_comes_back_4_db_better_than_jpegs_of_equal_size(photograph: Tensor):
    pytest.importorskip("imageio_ffmpeg")
    jpeg = open_baselines(["jpeg"]).found[0]
    ours, theirs = Vvc().compress(photograph, 32), jpeg.compress(photograph, 30)
    assert len(ours) <= len(theirs)
    assert psnr(photograph, Vvc().decompress(ours)) > psnr(photograph, jpeg.decompress(theirs)) + 4


def test_at_a_fine_quality_the_decoder_gives_about_the_frame_that_went_in(photograph: Tensor):
    """Whoever mixed up ranges, matrices or planes would be far off."""
    pytest.importorskip("imageio_ffmpeg")
    halved = from_yuv420(to_yuv420(photograph), (128, 128))  # what 4:2:0 leaves of it
    assert psnr(halved, Vvc().decompress(Vvc().compress(photograph, 17))) > 45


def test_greys_survive_the_colour_conversion_exactly():
    grey = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).expand(3, 16, 16)
    assert torch.equal(from_yuv420(to_yuv420(grey), (16, 16)), grey)


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (30, 200, 90)])
def test_plain_colours_survive_the_colour_conversion(colour: tuple[int, int, int]):
    x = torch.tensor(colour, dtype=torch.uint8)[:, None, None].expand(3, 8, 8)
    assert (from_yuv420(to_yuv420(x), (8, 8)).int() - x.int()).abs().max() <= 1


def test_samples_are_those_of_bt709_in_full_range():
    red = torch.tensor((255, 0, 0), dtype=torch.uint8)[:, None, None].expand(3, 2, 2)
    samples = memoryview(to_yuv420(red)).cast("H").tolist()  # little-endian machines
    # 1023 * 0.2126; 512 - 1023 * 0.2126 / 1.8556; 512 + 1023 / 2, which is clipped
    assert samples == [217, 217, 217, 217, 395, 1023]


def test_halving_the_chroma_costs_little_on_a_photograph(photograph: Tensor):
    assert psnr(photograph, from_yuv420(to_yuv420(photograph), (128, 128))) > 30
