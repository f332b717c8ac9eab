import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from litcodec.data import image_size, list_images, read_image, write_png
from litcodec.data.formats import SUFFIXES
from litcodec.errors import EmptyDataset, ImageError, ShapeError, TooLarge, TooSmallImage, UnreadableImage


def ramp(h: int = 24, w: int = 32) -> np.ndarray:
    """A smooth colour image, so that lossy formats stay close to it."""
    y, x = np.mgrid[0:h, 0:w]
    return np.stack([255 * x / (w - 1), 255 * y / (h - 1), 128 + 0 * x], axis=2).round().astype(np.uint8)


def pixels(path: Path) -> np.ndarray:
    return read_image(path).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp"])
def test_lossless_formats_give_back_the_very_pixels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(ramp()).save(path, **({"lossless": True} if suffix == "webp" else {}))
    assert np.array_equal(pixels(path), ramp())
    assert read_image(path).dtype == torch.uint8
    assert image_size(path) == (24, 32)


@pytest.mark.parametrize(("suffix", "worst"), [("jpg", 12), ("avif", 12), ("gif", 40)])
def test_lossy_formats_stay_close(tmp_path: Path, suffix: str, worst: int) -> None:
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(ramp()).save(path, quality=95)
    difference = np.abs(pixels(path).astype(int) - ramp())
    assert difference.mean() < worst / 3
    assert difference.max() <= worst


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    flat = np.zeros((16, 32, 3), dtype=np.uint8)
    flat[:8, :16] = 255  # a white block in the upper left of what the camera stored
    turned = {
        1: flat,
        2: flat[:, ::-1],
        3: flat[::-1, ::-1],
        4: flat[::-1],
        5: flat.transpose(1, 0, 2),
        6: np.rot90(flat, -1),
        7: np.rot90(flat, 2).transpose(1, 0, 2),
        8: np.rot90(flat),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(flat).save(path, exif=exif, quality=100)
    assert np.abs(pixels(path).astype(int) - turned).max() <= 4
    assert image_size(path) == turned.shape[:2]


def test_16_bit_grey_is_rounded_to_8_bit(tmp_path: Path) -> None:
    v = np.array([[0, 128, 129, 257, 385, 386, 32767, 32768, 65406, 65407, 65535]], dtype=np.uint16)
    want = np.rint(v / 257).astype(np.uint8)
    assert want.tolist() == [[0, 0, 1, 1, 1, 2, 127, 128, 254, 255, 255]]
    Image.fromarray(v).save(tmp_path / "x.png")
    Image.fromarray(v).save(tmp_path / "x.tiff")
    Image.fromarray(v.astype(np.int32)).save(tmp_path / "i.tiff")
    for name in ("x.png", "x.tiff", "i.tiff"):
        assert np.array_equal(pixels(tmp_path / name), np.stack([want] * 3, axis=2)), name


def test_16_bit_colour_png_keeps_the_upper_byte(tmp_path: Path) -> None:
    values = (0x0000, 0x80FF, 0xFFFF)
    path = tmp_path / "x.png"
    path.write_bytes(raw_png(1, 1, 16, 2, b"\0" + struct.pack(">3H", *values)))
    assert read_image(path).flatten().tolist() == [0x00, 0x80, 0xFF]


def test_grey_bilevel_palette_and_cmyk_become_rgb(tmp_path: Path) -> None:
    grey = ramp()[:, :, 0]
    Image.fromarray(grey).save(tmp_path / "l.png")
    assert np.array_equal(pixels(tmp_path / "l.png"), np.stack([grey] * 3, axis=2))
    Image.fromarray(grey > 127).save(tmp_path / "1.png")
    assert np.array_equal(pixels(tmp_path / "1.png"), np.stack([np.where(grey > 127, 255, 0)] * 3, axis=2))
    two = Image.fromarray(np.eye(4, dtype=np.uint8), mode=None).convert("P")
    two.putpalette([10, 20, 30, 40, 50, 60])
    two.save(tmp_path / "p.png")
    assert set(map(tuple, pixels(tmp_path / "p.png").reshape(-1, 3).tolist())) == {(10, 20, 30), (40, 50, 60)}
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "c.jpg", quality=100)
    assert np.abs(pixels(tmp_path / "c.jpg").astype(int) - (255, 0, 0)).max() <= 2


def test_transparency_is_composited_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (200, 100, 0, 51)).save(tmp_path / "rgba.png")
    Image.new("LA", (2, 2), (100, 0)).save(tmp_path / "la.png")
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([9, 9, 9])
    palette.save(tmp_path / "p.png", transparency=bytes([0]))
    assert pixels(tmp_path / "rgba.png")[0, 0].tolist() == [244, 224, 204]  # 0.2 * colour + 0.8 * 255
    assert pixels(tmp_path / "la.png")[0, 0].tolist() == [255, 255, 255]
    assert pixels(tmp_path / "p.png")[0, 0].tolist() == [255, 255, 255]


def test_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for suffix in ("gif", "webp", "png"):
        path = tmp_path / f"x.{suffix}"
        options = {"lossless": True} if suffix == "webp" else {}
        frames[0].save(path, save_all=True, append_images=frames[1:], **options)
        assert pixels(path)[0, 0].tolist() == [255, 0, 0], suffix


def test_icc_profile_is_converted_and_an_unusable_one_is_ignored(tmp_path: Path) -> None:
    colour = (200, 100, 50)
    image = Image.new("RGB", (4, 4), colour)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(tmp_path / "srgb.png", icc_profile=srgb)
    image.save(tmp_path / "broken.png", icc_profile=b"not a profile")
    assert pixels(tmp_path / "srgb.png")[0, 0].tolist() == list(colour)
    assert pixels(tmp_path / "broken.png")[0, 0].tolist() == list(colour)
    # A profile whose red and blue primaries have changed places: sRGB sees the channels swapped.
    image.save(tmp_path / "swapped.png", icc_profile=with_red_and_blue_swapped(srgb))
    assert np.abs(pixels(tmp_path / "swapped.png")[0, 0].astype(int) - colour[::-1]).max() <= 2


def with_red_and_blue_swapped(profile: bytes) -> bytes:
    data = profile.replace(b"rXYZ", b"tmp_").replace(b"bXYZ", b"rXYZ").replace(b"tmp_", b"bXYZ")
    name = "sRGB built-in".encode("utf-16-be")
    assert name in data
    return data.replace(name, "test built-in".encode("utf-16-be")[: len(name)])


def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(raw_png(60000, 60000, 8, 2, b""))  # 3.6 gigapixels in 69 bytes
    with pytest.raises(TooLarge, match=r"60000x60000 pixels.*67108864.*--max-pixels 3600000000"):
        read_image(bomb)
    path = tmp_path / "x.png"
    Image.fromarray(ramp()).save(path)
    with pytest.raises(TooLarge, match="32x24 pixels are too many for the limit of 767"):
        read_image(path, max_pixels=767)
    with pytest.raises(TooLarge):
        image_size(path, max_pixels=767)
    assert read_image(path, max_pixels=768).shape == (3, 24, 32)


def test_pillows_own_limit_neither_speaks_nor_stands_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(ramp()).save(path)
    for limit in (600, 300):  # Pillow would warn, then raise
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        assert read_image(path).shape == (3, 24, 32)
        assert limit == Image.MAX_IMAGE_PIXELS


def test_too_small_is_its_own_error(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(ramp()).save(path)
    assert read_image(path, min_side=24).shape == (3, 24, 32)
    with pytest.raises(TooSmallImage, match="32x24 is smaller than 25x25"):
        read_image(path, min_side=25)


def test_missing_folders_and_non_images_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.fromarray(np.zeros((4, 4), dtype=np.float32)).save(tmp_path / "float.tiff")
    for name, reason in {
        "none.png": "no such file",
        ".": "a folder, not an image",
        "text.png": "not an image",
        "empty.png": "not an image",
        "float.tiff": "floating-point",
    }.items():
        with pytest.raises(UnreadableImage, match=reason) as caught:
            read_image(tmp_path / name)
        assert str(tmp_path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "suffix", ["png", "jpg", "webp", "avif", "tiff", "bmp", "gif", "ppm", "jp2", "heic", "jxl"]
)
def test_truncated_and_damaged_files_raise_image_errors_only(tmp_path: Path, suffix: str) -> None:
    import pillow_heif
    import pillow_jxl  # noqa: F401

    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(
        file, {"jpg": "JPEG", "jp2": "JPEG2000", "heic": "HEIF"}.get(suffix, suffix.upper())
    )
    data, path = file.getvalue(), tmp_path / f"x.{suffix}"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableImage):
        read_image(path)
    rng = np.random.default_rng(1)
    for _ in range(60):
        damaged = bytearray(data)
        for at in rng.integers(0, len(data), 3):
            damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged[: rng.integers(1, len(data) + 1)])
        with suppress(ImageError):
            read_image(path, max_pixels=2**20)


def test_damaged_png_checksum_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(ramp()).save(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 20] ^= 1
    path.write_bytes(data)
    with pytest.raises(UnreadableImage):
        read_image(path)


def test_write_png_round_trips_to_path_and_file(tmp_path: Path) -> None:
    x = torch.randint(0, 256, (3, 5, 7), dtype=torch.uint8)
    write_png(tmp_path / "x.png", x)
    file = io.BytesIO()
    write_png(file, x)
    (tmp_path / "y.png").write_bytes(file.getvalue())
    assert torch.equal(read_image(tmp_path / "x.png"), x)
    assert torch.equal(read_image(tmp_path / "y.png"), x)


@pytest.mark.parametrize("x", [torch.zeros(3, 4, 4), torch.zeros(1, 3, 4, 4, dtype=torch.uint8)])
def test_write_png_wants_8_bit_and_three_dimensions(x: torch.Tensor) -> None:
    with pytest.raises(ShapeError, match=r"uint8 \(3, H, W\)"):
        write_png(io.BytesIO(), x)


def test_list_images_is_recursive_sorted_and_by_suffix(tmp_path: Path) -> None:
    for name in ("b.png", "a/c.JPG", "a/notes.txt", "._b.png", "z.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [p.relative_to(tmp_path).as_posix() for p in list_images(tmp_path)] == [
        "a/c.JPG",
        "b.png",
        "z.webp",
    ]


def test_a_folder_without_photographs_is_named_with_the_suffixes(tmp_path: Path) -> None:
    with pytest.raises(EmptyDataset) as caught:
        list_images(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert all(suffix in str(caught.value) for suffix in SUFFIXES)
    with pytest.raises(EmptyDataset, match="not a folder"):
        list_images(tmp_path / "none")


def raw_png(w: int, h: int, bits: int, colour: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
