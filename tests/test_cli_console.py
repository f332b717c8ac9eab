"""Consoles that lack characters, and pipes that close, end nothing and show no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LITCODEC = (sys.executable, "-m", "litcodec")


def test_a_closed_pipe_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*LITCODEC, "codecs"], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_closed_streams_are_no_error():
    done = subprocess.run(["sh", "-c", f"{' '.join(LITCODEC)} codecs >&- 2>&-"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_names_that_a_console_lacks_are_escaped(tmp_path: Path, encoding: str):
    name = os.fsencode(tmp_path) + b"/\xff \xe5\x9b\xbe.litc"
    with open(name, "wb") as file:
        file.write(b"not a stream")
    done = subprocess.run(
        [*LITCODEC, "decompress", name],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"\\udcff" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_pipe_without_a_writer_is_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo.litc")
    from litcodec.zoo import default_card

    command = [*LITCODEC, "decompress", str(tmp_path / "fifo.litc"), "-c", str(default_card().file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "not a regular file" in done.stderr
