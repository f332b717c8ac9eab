import logging
import os
from pathlib import Path

import pytest
from PIL import Image

from litcodec.data import find_images, list_images, read_image
from litcodec.data.formats import SUFFIXES
from litcodec.errors import EmptyDataset, UnreadableImage


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def names(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in list_images(root)]


def test_usual_suffixes_are_image_files() -> None:
    usual = ".jpg .jpeg .jpe .jfif .png .webp .avif .tif .tiff .bmp .ppm .pgm .gif .jp2 .heic .jxl"
    assert set(usual.split()) <= set(SUFFIXES)  # the plugins are development dependencies


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s not in (".avifs", ".pbm", ".pgm", ".pnm")])
def test_every_suffix_is_read(tmp_path: Path, suffix: str) -> None:
    import pillow_heif
    import pillow_jxl  # noqa: F401

    pillow_heif.register_heif_opener()
    formats = {".apng": "PNG", ".jif": "JPEG", ".jxl": "JXL"} | dict.fromkeys((".hif", ".heif"), "HEIF")
    Image.new("RGB", (48, 40), (200, 100, 50)).save(tmp_path / f"x{suffix}", formats.get(suffix))
    x = read_image(tmp_path / f"x{suffix}")
    assert x.shape == (3, 40, 48)
    assert [round(v) for v in x.float().mean((1, 2)).tolist()] == pytest.approx([200, 100, 50], abs=3)


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", ".b.png", ".git/c.png", "d/.thumbnails/e.png", "d/f.jfif")
    assert names(tmp_path) == ["a.png", "d/f.jfif"]


def test_linked_folders_are_searched_once(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    touch(root, "b/1.png")
    touch(outside, "2.png")
    (root / "a").symlink_to(root / "b")  # before b in the alphabet, yet b is the folder
    (root / "b/up").symlink_to(root)  # a cycle
    (root / "c").symlink_to(outside)
    (root / "d").symlink_to(outside)
    (outside / "self").symlink_to(outside)
    (root / "e.png").symlink_to(outside / "2.png")
    assert names(root) == ["b/1.png", "c/2.png", "e.png"]


def test_what_is_left_out_is_counted_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, "a.png", "b.dng", "c.dng", "d/e.psd", "notes.txt")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    with caplog.at_level(logging.INFO, logger="litcodec.data"):
        assert names(tmp_path) == ["a.png"]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        f"left out of {tmp_path}: 2 .dng, which litcodec does not read, 1 .psd, which litcodec does not read,"
        " 1 broken link or no regular file (b.dng, c.dng, d/e.psd, ...)"
    )
    assert len(find_images(tmp_path).skipped) == 5


def test_files_that_are_no_images_are_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, "a.png", "notes.txt")
    with caplog.at_level(logging.INFO, logger="litcodec.data"):
        list_images(tmp_path)
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("INFO", f"left out of {tmp_path}: 1 no image by its suffix (notes.txt)")
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b/c.png")
    (tmp_path / "b").chmod(0)
    found = find_images(tmp_path)
    (tmp_path / "b").chmod(0o700)
    assert found.skipped == [(tmp_path / "b", "folder: Permission denied")]


def test_no_image_says_how_many_other_files_there_are(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "b.psd")
    with pytest.raises(EmptyDataset, match=r"No photograph in .*; 2 other files"):
        list_images(tmp_path)


def test_a_plugin_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import litcodec.data.formats as formats

    monkeypatch.setitem(formats._PLUGINS, "JXL", ("pillow_nowhere", "pillow-jxl-plugin"))
    (tmp_path / "x.jxl").write_bytes(b"\xff\x0a" + bytes(30))
    with pytest.raises(UnreadableImage, match=r"JXL needs a plugin. Run `pip install pillow-jxl-plugin`"):
        read_image(tmp_path / "x.jxl")
