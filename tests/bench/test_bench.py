import json
import subprocess
import sys
from pathlib import Path

import pytest


def test_the_bench_gives_figures(tmp_path: Path) -> None:
    bench, figures = Path(__file__).with_name("bench.py"), tmp_path / "figures.json"
    command = [sys.executable, str(bench), "--only", "coder", "--small", "--json", str(figures)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(figures.read_text())["rows"]
    assert [row["unit"] for row in rows] == ["ms", "ms", "bytes"] * 2
    assert all(row["ours"] > 0 and row["peer"] is None and row["met"] is None for row in rows)
    assert "entropy coder" in done.stdout
    assert "pip install compressai" in done.stdout


@pytest.mark.parametrize(("part", "rows"), [("codec", 15), ("papers", 2), ("memory", 3)])
def test_the_bench_times_whole_codecs(part: str, rows: int, tmp_path: Path) -> None:
    bench, figures = Path(__file__).with_name("bench.py"), tmp_path / "figures.json"
    command = [sys.executable, str(bench), "--only", part, "--small", "--json", str(figures)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text())["rows"]
    assert len(found) == rows
    assert all(row["ours"] > 0 for row in found)


def test_the_bench_times_the_packaged_codec(tmp_path: Path) -> None:
    bench, figures = Path(__file__).with_name("bench.py"), tmp_path / "figures.json"
    command = [sys.executable, str(bench), "--only", "packaged", "--small", "--json", str(figures)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(figures.read_text())["rows"]
    assert [row["what"].split()[0] for row in rows] == ["compress", "decompress", "litcodec"]
    assert all(row["ours"] > 0 and row["aim"].startswith("<= ") for row in rows)
