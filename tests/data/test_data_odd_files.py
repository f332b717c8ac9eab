"""JPEGs of many scans, metadata of any size, deep TIFFs, sizes that are claimed."""

import io
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import litcodec.data.opening
from litcodec.data import image_size, read_image
from litcodec.data.opening import MAX_SCANS
from litcodec.errors import TooLarge, UnreadableImage


def ramp(h: int = 24, w: int = 32) -> np.ndarray:
    y, x = np.mgrid[0:h, 0:w]
    return np.stack([255 * x / (w - 1), 255 * y / (h - 1), 128 + 0 * x], axis=2).round().astype(np.uint8)


def pixels(path: Path) -> np.ndarray:
    return read_image(path).permute(1, 2, 0).numpy()


def with_scans(path: Path, n: int, size: tuple[int, int] = (32, 24)) -> Path:
    """A progressive JPEG whose last scan is repeated to n scans."""
    file = io.BytesIO()
    Image.fromarray(ramp(size[1], size[0])).save(file, "JPEG", progressive=True, quality=90)
    data = file.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    path.write_bytes(data[:-2] + last * (n - data.count(b"\xff\xda")) + b"\xff\xd9")
    return path


def test_scans_of_a_jpeg_are_counted_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_image(with_scans(tmp_path / "most.jpg", MAX_SCANS)).shape == (3, 24, 32)
    path = with_scans(tmp_path / "x.jpg", 20_000)
    start = time.perf_counter()
    with pytest.raises(UnreadableImage, match=r"x.jpg: a JPEG of more than 100 scans"):
        read_image(path)
    assert time.perf_counter() - start < 1
    monkeypatch.setattr(litcodec.data.opening, "MAX_SCAN_PIXELS", 24 * 32 * 33)
    assert read_image(with_scans(tmp_path / "x.jpg", 33)).shape == (3, 24, 32)
    with pytest.raises(UnreadableImage, match="more than 33 scans, the most that are read at its size"):
        read_image(with_scans(tmp_path / "x.jpg", 34))


def test_scans_of_a_thumbnail_do_not_count(tmp_path: Path) -> None:
    file = io.BytesIO()
    exif = b"Exif\0\0" + b"\xff\xda\0\x02" * 5000
    Image.fromarray(ramp()).save(file, "JPEG", exif=exif)
    (tmp_path / "x.jpg").write_bytes(file.getvalue())
    assert read_image(tmp_path / "x.jpg").shape == (3, 24, 32)


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "many", "bomb", "broken"])
def test_text_of_any_size_is_no_damage_to_a_png(tmp_path: Path, kind: str) -> None:
    info = PngImagePlugin.PngInfo()
    text = "".join(map(chr, np.random.default_rng(0).integers(32, 127, 2**21)))
    if kind == "iTXt":
        info.add_itxt("Comment", text, zip=True)
    elif kind == "many":
        for i in range(70):
            info.add_text(f"Comment {i}", text[: 2**20 - 1], zip=True)
    elif kind == "bomb":
        info.add(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(bytes(2**26)))
    elif kind == "broken":
        info.add(b"zTXt", b"XML:com.adobe.xmp\0\0no zlib")
        info.add(b"iTXt", b"XML:com.adobe.xmp\0\1")
    else:
        info.add_text("Comment", text, zip=kind == "zTXt")
    Image.fromarray(ramp()).save(tmp_path / "x.png", pnginfo=info)
    assert np.array_equal(pixels(tmp_path / "x.png"), ramp())
    assert image_size(tmp_path / "x.png") == (24, 32)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_profiles_and_exif_of_any_size_are_no_damage(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x9286] = "c" * 60_000
    noise = np.random.default_rng(0).bytes(2**21)
    Image.fromarray(ramp()).save(path, exif=exif, icc_profile=noise, quality=95)
    assert read_image(path).shape == (3, 32, 24)


def test_orientation_in_xmp_survives_other_text(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 2**21)
    info.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta xmlns:tiff="t" tiff:Orientation="6"/>')
    Image.fromarray(ramp()).save(tmp_path / "x.png", pnginfo=info)
    assert read_image(tmp_path / "x.png").shape == (3, 32, 24)


def tiff(
    path: Path,
    samples: np.ndarray,
    *,
    photometric: int,
    planar: int = 1,
    bits: int = 16,
    sample_format: int = 1,
    order: str = "<",
) -> Path:
    """An uncompressed TIFF of one strip, or one per plane."""
    h, w = samples.shape[:2]
    n = samples.shape[2] if samples.ndim == 3 else 1
    planes = [samples[..., i] for i in range(n)] if planar == 2 else [samples]
    strips = [plane.astype(samples.dtype.newbyteorder(order)).tobytes() for plane in planes]
    body, begins = b"", []
    for strip in strips:
        begins.append(8 + len(body))
        body += strip
    tags: list[tuple[int, str, list[int]]] = [
        (256, "I", [w]),
        (257, "I", [h]),
        (258, "H", [bits] * n),
        (259, "H", [1]),
        (262, "H", [photometric]),
        (273, "I", begins),
        (277, "H", [n]),
        (278, "I", [h]),
        (279, "I", [len(strip) for strip in strips]),
        (284, "H", [planar]),
        (339, "H", [sample_format] * n),
    ]
    directory, extra = struct.pack(f"{order}H", len(tags)), b""
    end = 8 + len(body) + 2 + 12 * len(tags) + 4
    for tag, kind, values in tags:
        data = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(data) > 4:
            extra, data = extra + data, struct.pack(f"{order}I", end + len(extra))
        directory += struct.pack(f"{order}HHI", tag, 3 if kind == "H" else 4, len(values)) + data.ljust(
            4, b"\0"
        )
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(body))
    path.write_bytes(start + body + directory + bytes(4) + extra)
    return path


def deep(seed: int = 0, channels: int = 3) -> np.ndarray:
    shape = (13, 17, channels) if channels > 1 else (13, 17)
    return np.random.default_rng(seed).integers(0, 2**16, shape, dtype=np.uint16)


@pytest.mark.parametrize("order", "<>")
def test_deep_tiffs_are_right_or_refused(tmp_path: Path, order: str) -> None:
    grey, rgb = deep(channels=1), deep()
    path = tiff(tmp_path / "black.tif", grey, photometric=1, order=order)
    assert np.array_equal(pixels(path)[..., 0], np.rint(grey / 257))
    path = tiff(tmp_path / "rgb.tif", rgb, photometric=2, order=order)
    assert np.array_equal(pixels(path), rgb >> 8)
    if order == "<":  # Pillow knows no other
        path = tiff(tmp_path / "white.tif", grey, photometric=0)
        assert np.array_equal(pixels(path)[..., 0], np.rint((65535 - grey) / 257))
    for name, options in {
        "planar": {"photometric": 2, "planar": 2},
        "signed": {"photometric": 2, "sample_format": 2},
        "photometric 8": {"photometric": 8},
    }.items():
        with pytest.raises(UnreadableImage):
            read_image(tiff(tmp_path / f"{name}.tif", rgb, order=order, **options))
    with pytest.raises(UnreadableImage, match=r"planar RGB samples is not read. Save it with"):
        read_image(tmp_path / "planar.tif")
    with pytest.raises(UnreadableImage, match="signed grey samples is not read"):
        read_image(tiff(tmp_path / "s.tif", grey, photometric=1, sample_format=2, order=order))


def test_8_bit_tiffs_planar_and_white_is_zero(tmp_path: Path) -> None:
    rgb = ramp()
    assert np.array_equal(pixels(tiff(tmp_path / "p.tif", rgb, photometric=2, planar=2, bits=8)), rgb)
    path = tiff(tmp_path / "w.tif", rgb[..., 0], photometric=0, bits=8)
    assert np.array_equal(pixels(path)[..., 0], 255 - rgb[..., 0])


@pytest.mark.parametrize("value", [-1, 65536, 2**31 - 1])
def test_samples_without_a_meaning_are_refused(tmp_path: Path, value: int) -> None:
    Image.fromarray(np.array([[0, value]], dtype=np.int32)).save(tmp_path / "x.tif")
    with pytest.raises(UnreadableImage, match=f"{value}; only 0 to 65535|{value} to 0; only"):
        read_image(tmp_path / "x.tif")


def test_transparent_grey_of_16_bits_is_white(tmp_path: Path) -> None:
    Image.fromarray(np.array([[7, 65535 // 3]], dtype=np.uint16)).save(tmp_path / "x.png", transparency=7)
    assert pixels(tmp_path / "x.png")[0, :, 0].tolist() == [255, 85]


def test_a_jpeg_xl_is_measured_before_it_is_decoded(tmp_path: Path) -> None:
    import pillow_jxl  # noqa: F401

    for size in ((8, 8), (256, 256), (300, 200), (5000, 3), (640, 480), (1000, 999)):
        path = tmp_path / "x.jxl"
        Image.new("RGB", size).save(path, "JXL")
        assert image_size(path) == (size[1], size[0])
        with pytest.raises(TooLarge, match=rf"x.jxl: {size[0]}x{size[1]} pixels are too many"):
            read_image(path, max_pixels=size[0] * size[1] - 1)
