"""Outputs: nothing that was there is lost, whatever it is and whoever writes at the same time."""

import os
import sys
import tempfile
import threading
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from litcodec.errors import OutputExists
from litcodec.evaluation import atomic_output, output_paths


def write(path: Path, content: bytes = b"new", *, overwrite: bool = False, inputs: tuple[Path, ...] = ()):
    with atomic_output(path, overwrite=overwrite, inputs=inputs) as file:
        file.write(content)


def _attempts(folder: Path, content: bytes) -> int:
    written = 0
    for k in range(120):
        try:
            write(folder / f"{k}.litc", content)
        except OutputExists:
            continue
        written += 1
    return written


def test_of_two_writers_of_120_files_each_file_has_one(tmp_path: Path):
    with get_context("spawn").Pool(2) as pool:
        counts = pool.starmap(_attempts, [(tmp_path, b"a"), (tmp_path, b"b")])
    assert sum(counts) == 120
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"{k}.litc" for k in range(120))


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
def test_a_file_that_another_writer_takes_for_stale_at_once_is_made_anew(tmp_path: Path, monkeypatch):
    import fcntl

    make, made = tempfile.mkstemp, []

    def taken(**where: Any) -> tuple[int, str]:
        descriptor, path = make(**where)
        made.append(path)
        if len(made) > 1:
            return descriptor, path
        other = os.open(path, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)

        def remove() -> None:
            os.unlink(path)
            os.close(other)

        threading.Timer(0.2, remove).start()  # after our own writer has looked whether it is there
        return descriptor, path

    monkeypatch.setattr(tempfile, "mkstemp", taken)
    write(tmp_path / "a", content=b"whole")
    assert len(made) == 2
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["a"]


def test_what_appears_while_a_file_is_written_stays(tmp_path: Path):
    path = tmp_path / "a"
    output = atomic_output(path, overwrite=False)
    output.__enter__().write(b"mine")
    path.write_bytes(b"theirs")
    with pytest.raises(OutputExists, match="exists already"):
        output.__exit__(None, None, None)
    assert path.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_dangling_links_are_kept(tmp_path: Path, overwrite: bool):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "missing")
    with pytest.raises(OutputExists, match="a link to a file that is not there"):
        write(link, overwrite=overwrite)
    assert link.is_symlink()


def test_force_replaces_the_file_a_link_leads_to(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    write(tmp_path / "link", overwrite=True)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_force_never_replaces_what_is_not_a_regular_file(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "null").symlink_to(os.devnull)
    for name, what in (("fifo", "not a regular file"), ("folder", "is a folder"), ("null", "not a regular")):
        with pytest.raises(OutputExists, match=what):
            write(tmp_path / name, overwrite=True)
    assert (tmp_path / "fifo").is_fifo()


def test_an_input_is_no_output_by_any_name(tmp_path: Path):
    original = tmp_path / "original"
    original.write_bytes(b"precious")
    (tmp_path / "soft").symlink_to("original")
    os.link(original, tmp_path / "hard")
    for name in ("original", "soft", "hard"):
        with pytest.raises(OutputExists, match="is the input"):
            write(tmp_path / name, overwrite=True, inputs=(original,))
    assert original.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, "图" * 85])
def test_names_of_255_bytes_can_be_written(tmp_path: Path, name: str):
    write(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"new"


def test_a_slash_makes_a_folder():
    assert output_paths([Path("x/a.png")], "out/", ".litc") == [Path("out/a.litc")]
    assert output_paths([Path("x/a.png")], "out", ".litc") == [Path("out")]


def _killed_while_writing(path: Path) -> None:
    with atomic_output(path, overwrite=False):
        os.kill(os.getpid(), 9)


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path):
    process = get_context("spawn").Process(target=_killed_while_writing, args=(tmp_path / "a",))
    process.start()
    process.join()
    assert len(os.listdir(tmp_path)) == 1
    write(tmp_path / "a")
    assert os.listdir(tmp_path) == ["a"]


def test_what_another_is_writing_is_left_alone(tmp_path: Path):
    with atomic_output(tmp_path / "a", overwrite=True) as file:
        write(tmp_path / "a", b"first")
        file.write(b"second")
    assert (tmp_path / "a").read_bytes() == b"second"
