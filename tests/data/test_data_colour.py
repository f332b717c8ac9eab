"""Colours come out as the file describes them, or the file is refused."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from litcodec.data import load_image, read_image
from litcodec.errors import UnreadableImage

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Display P3 to sRGB, CSS Color 4 (https://www.w3.org/TR/css-color-4/#color-conversion-code)
P3_TO_SRGB = np.array([[1.22494, -0.22494, 0], [-0.042057, 1.042057, 0], [-0.019638, -0.078636, 1.098274]])


def colours() -> np.ndarray:
    levels = np.arange(40, 216, 25, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(16, -1, 3)


def decoded(v: np.ndarray) -> np.ndarray:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def encoded(v: np.ndarray) -> np.ndarray:
    v = v.clip(0, 1)
    return 255 * np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)


def from_p3(pixels: np.ndarray) -> np.ndarray:
    return encoded(decoded(pixels / 255) @ P3_TO_SRGB.T)


def png(path: Path, *chunks: tuple[bytes, bytes], pixels: np.ndarray | None = None) -> Path:
    """A PNG with some chunks before its pixels."""
    file = io.BytesIO()
    Image.fromarray(colours() if pixels is None else pixels).save(file, "PNG")
    data = file.getvalue()
    extra = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    path.write_bytes(data[:33] + extra + data[33:])
    return path


def pixels(path: Path) -> np.ndarray:
    return read_image(path).permute(1, 2, 0).numpy().astype(float)


def linear_profile(name: str) -> bytes:
    """The built-in profile with a linear curve and another name."""
    data = SRGB.replace("sRGB built-in".encode("utf-16-be"), name.ljust(13).encode("utf-16-be"))
    tags = {
        data[at : at + 4]: struct.unpack_from(">II", data, at + 4)
        for at in range(132, 132 + 12 * int.from_bytes(data[128:132], "big"), 12)
    }
    begin, size = tags[b"rTRC"]
    curve = b"para" + bytes(4) + struct.pack(">HHI", 0, 0, 1 << 16)  # y = x^1.0
    return data[:begin] + curve.ljust(size, b"\0") + data[begin + size :]


@pytest.mark.parametrize("name", ["sRGB linear", "anything"])
@pytest.mark.parametrize("suffix", ["png", "tiff", "webp"])
def test_a_profile_counts_by_its_content(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(colours()).save(path, icc_profile=linear_profile(name), **options)
    assert np.abs(pixels(path) - encoded(colours() / 255)).max() <= 1.5


def test_srgb_under_any_name_is_taken_as_stored(tmp_path: Path) -> None:
    renamed = SRGB.replace("sRGB built-in".encode("utf-16-be"), "Adobe RGB    ".encode("utf-16-be"))
    for profile in (SRGB, renamed):
        Image.fromarray(colours()).save(tmp_path / "x.png", icc_profile=profile)
        assert np.array_equal(pixels(tmp_path / "x.png"), colours())


def test_png_cicp_display_p3_is_converted_and_counts_before_a_profile(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", (b"cICP", bytes([12, 13, 0, 1])))
    assert np.abs(pixels(path) - from_p3(colours())).max() <= 1
    profile = b"x\0\0" + zlib.compress(linear_profile("linear"))
    path = png(tmp_path / "y.png", (b"cICP", bytes([1, 13, 0, 1])), (b"iCCP", profile))
    assert np.array_equal(pixels(path), colours())


@pytest.mark.parametrize(("transfer", "curve"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused(tmp_path: Path, transfer: int, curve: str) -> None:
    path = png(tmp_path / "x.png", (b"cICP", bytes([9, transfer, 0, 1])))
    with pytest.raises(UnreadableImage, match=rf"x.png: high dynamic range \({curve}\). Tone-map it"):
        read_image(path)
    tag = b"cicp" + bytes(4) + bytes([9, transfer, 0, 1])  # of ICC version 4.4
    tags = int.from_bytes(SRGB[128:132], "big")
    moved = bytearray(SRGB[132 : 132 + 12 * tags])
    for at in range(4, len(moved), 12):
        struct.pack_into(">I", moved, at, struct.unpack_from(">I", moved, at)[0] + 12)
    entry = b"cicp" + struct.pack(">II", len(SRGB) + 12, len(tag))
    profile = SRGB[:128] + struct.pack(">I", tags + 1) + moved + entry + SRGB[132 + 12 * tags :] + tag
    Image.fromarray(colours()).save(tmp_path / "y.jpg", icc_profile=profile)
    with pytest.raises(UnreadableImage, match="high dynamic range"):
        read_image(tmp_path / "y.jpg")


@pytest.mark.parametrize("code", [(3, 13, 1), (1, 17, 1), (255, 255, 1), (1, 13, 0)])
def test_unknown_code_points_are_refused(tmp_path: Path, code: tuple[int, int, int]) -> None:
    path = png(tmp_path / "x.png", (b"cICP", bytes([code[0], code[1], 0, code[2]])))
    with pytest.raises(UnreadableImage, match=f"primaries {code[0]}, transfer {code[1]}"):
        read_image(path)


@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_nclx_display_p3_is_converted(tmp_path: Path, suffix: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    flat = np.zeros((64, 64, 3), dtype=np.uint8) + np.array([90, 160, 70], dtype=np.uint8)
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(flat).save(path, quality=95)
    data = path.read_bytes()
    at = data.index(b"colrnclx") + 8
    stored = pixels(path)[32, 32]
    path.write_bytes(data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :])
    assert np.abs(pixels(path)[32, 32] - from_p3(stored)).max() <= 1
    assert np.abs(pixels(path)[32, 32] - stored).max() > 10
    path.write_bytes(data[:at] + struct.pack(">HH", 9, 16) + data[at + 4 :])
    with pytest.raises(UnreadableImage, match=r"high dynamic range \(PQ\)"):
        read_image(path)


def test_png_gamma_and_chromaticities_are_converted(tmp_path: Path) -> None:
    path = png(tmp_path / "linear.png", (b"gAMA", struct.pack(">I", 100000)))
    assert np.abs(pixels(path) - encoded(colours() / 255)).max() <= 1
    p3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    chunks = (b"gAMA", struct.pack(">I", 45455)), (b"cHRM", struct.pack(">8I", *p3))
    assert np.abs(pixels(png(tmp_path / "p3.png", *chunks)) - from_p3(colours())).max() <= 1
    srgb = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    chunks = (b"gAMA", struct.pack(">I", 45455)), (b"cHRM", struct.pack(">8I", *srgb))
    assert np.array_equal(pixels(png(tmp_path / "srgb.png", *chunks)), colours())
    sure = png(tmp_path / "sure.png", (b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100000)))
    assert np.array_equal(pixels(sure), colours())


@pytest.mark.parametrize("values", [(0,) * 8, (2**32 - 1,) * 8, (31270, 32900, *(30000, 30000) * 3)])
@pytest.mark.parametrize("gamma", [0, 1, 45455, 2**32 - 1])
def test_senseless_gamma_and_chromaticities_are_ignored(
    tmp_path: Path, values: tuple[int, ...], gamma: int
) -> None:
    chunks = (b"gAMA", struct.pack(">I", gamma)), (b"cHRM", struct.pack(">8I", *values))
    assert np.array_equal(pixels(png(tmp_path / "x.png", *chunks)), colours())


def test_grey_with_a_grey_profile_and_transparency_with_a_profile(tmp_path: Path) -> None:
    rgba = Image.fromarray(colours()).convert("RGBA")
    rgba.save(tmp_path / "x.png", icc_profile=linear_profile("linear"))
    assert np.abs(pixels(tmp_path / "x.png") - encoded(colours() / 255)).max() <= 1.5


def test_what_is_dropped_is_said(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (1, 2, 3, 4)).save(tmp_path / "a.png", icc_profile=b"no profile")
    Image.fromarray(np.full((4, 4), 1000, dtype=np.uint16)).save(tmp_path / "b.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "c.png")
    assert load_image(tmp_path / "a.png").dropped == (
        "transparency, composited on white",
        "a colour profile that cannot be used",
    )
    assert load_image(tmp_path / "b.png").dropped == ("the bits beyond 8 of 16-bit samples",)
    assert load_image(tmp_path / "c.png").dropped == ()
