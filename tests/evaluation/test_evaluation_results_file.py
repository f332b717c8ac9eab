"""A results file gives back what was written, and says what is wrong with it."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import litcodec
from litcodec.errors import ResultsError
from litcodec.evaluation import Failure, Machine, Point, Results, Score, read_results, write_results
from litcodec.metrics import SHIPPED, Divergence, MetricInfo, infos

MACHINE = Machine("a processor", 2, 1, "cpu", "Linux", "3.11", "2.11", "0.1")
VALUES = {"psnr": 30.5, "psnr_luma": 31.25, "ms_ssim": 0.9, "ms_ssim_db": 10.0}
SCORE = Score("a/é.png", "00ff", 3, 2, 60, 80.0, VALUES, 0.1, 0.2, "r.files/a/é.png.litc")
SMALL = SCORE._replace(image="small.png", values={**VALUES, "ms_ssim": math.nan, "ms_ssim_db": math.nan})
SAME = SCORE._replace(
    image="same.png",
    values={"psnr": math.inf, "psnr_luma": math.inf, "ms_ssim": 1.0, "ms_ssim_db": math.inf},
)
POINTS = (
    Point("C", "codec", "lmbda 0.0130", "c.safetensors", 0.013, "12ab", (SCORE, SAME, SMALL), ()),
    Point("JPEG", "baseline", "quality 40", "Pillow", None, None, (), (Failure("x.png", "broken"),)),
)
RESULTS = Results("images", "2026-01-01T00:00:00+00:00", MACHINE, infos(SHIPPED), POINTS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_results(tmp_path / "results.json", RESULTS)
    return tmp_path / "results.json"


def test_what_is_written_is_read_with_its_infinities(path: Path):
    assert repr(read_results(path)) == repr(RESULTS)  # nan is not equal to itself, but reads the same
    plain = json.loads(path.read_bytes(), parse_constant=pytest.fail)  # no NaN, which is not JSON
    scores = plain["points"][0]["scores"]
    assert [list(score["values"].values()) for score in scores] == [
        [30.5, 31.25, 0.9, 10.0],
        ["inf", "inf", 1.0, "inf"],
        [30.5, 31.25, None, None],
    ]


def _without(*where: str | int) -> Callable[[Any], None]:
    def change(found: Any) -> None:
        for key in where[:-1]:
            found = found[key]
        del found[where[-1]]

    return change


def _with(value: object, *where: str | int) -> Callable[[Any], None]:
    def change(found: Any) -> None:
        for key in where[:-1]:
            found = found[key]
        found[where[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without("machine"), "machine is missing"),
        (_without("machine", "cpu"), "machine.cpu is missing"),
        (_without("points", 0, "scores", 2, "bpp"), "points[0].scores[2].bpp is missing"),
        (_without("points", 1, "failures", 0, "reason"), "points[1].failures[0].reason is missing"),
        (_with({}, "points"), "points should be a list"),
        (_with([3], "points"), "points[0] should be an object"),
        (_with("3", "points", 0, "scores", 0, "bytes"), "points[0].scores[0].bytes should be int, not '3'"),
        (_with(True, "points", 0, "scores", 0, "bytes"), "points[0].scores[0].bytes should be int, not True"),
        (_with(None, "points", 0, "scores", 0, "bpp"), "points[0].scores[0].bpp should be float, not None"),
        (_with("x", "points", 0, "lmbda"), "points[0].lmbda should be float or null, not 'x'"),
        (_with("guess", "points", 0, "kind"), "points[0].kind should be one of codec, baseline, not 'guess'"),
        (_with("../x", "points", 0, "scores", 0, "file"), "points[0].scores[0].file leads out of its folder"),
        (_with("/x", "points", 0, "scores", 0, "image"), "points[0].scores[0].image leads out of its folder"),
        (_with(3, "version"), "has results version 3; this litcodec reads versions 1 and 2"),
        (_with(10**400, "points", 0, "scores", 0, "bytes"), "not an integer of 1329 bits"),
        (
            _with(-1, "points", 0, "scores", 0, "bpp"),
            "points[0].scores[0].bpp should be 1e-09 to 1e+06, not -1",
        ),
        (_with(1e308, "points", 0, "scores", 0, "bpp"), "not 1e+308"),
        (_with(0, "points", 0, "scores", 0, "width"), "points[0].scores[0].width should be 1 to"),
        (_with("a\nb", "points", 0, "curve"), "points[0].curve holds control characters: 'a\\nb'"),
        (_with("\ud800", "points", 0, "curve"), "points[0].curve holds half a character, a lone surrogate"),
        (_with(1.0, "points", 0, "scores", 0, "values", "\ud800"), "scores[0].values holds half a character"),
        (_with("x" * 10**6, "points", 0, "curve"), "points[0].curve has 1000000 characters"),
        (_with("30", "points", 0, "scores", 0, "values", "psnr"), "values.psnr should be a number, null"),
        (_with(1e300, "points", 0, "scores", 0, "values", "psnr"), "values.psnr should be -1e+12 to 1e+12"),
        (_with([[1] * 99] * 99, "points", 0, "lmbda"), "points[0].lmbda should be float or null, not [[1, 1"),
        (_with("other", "format"), "is not a results file"),
    ],
)
def test_what_is_wrong_is_named_with_the_file_and_the_key(
    path: Path, change: Callable[[Any], None], told: str
):
    found = json.loads(path.read_bytes())
    change(found)
    path.write_text(json.dumps(found))
    with pytest.raises(ResultsError) as caught:
        read_results(path)
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[]", b"3", b"[" * 100_000, b'{"a": 1}'])
def test_what_is_no_results_file_is_named(tmp_path: Path, data: bytes):
    (tmp_path / "text.json").write_bytes(data)
    with pytest.raises(ResultsError, match=r"text\.json is not a results file of litcodec evaluate"):
        read_results(tmp_path / "text.json")


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ResultsError, match=r"none\.json cannot be read: No such file"):
        read_results(tmp_path / "none.json")


def test_a_file_cut_short_is_never_read(path: Path):
    whole = path.read_bytes().rstrip()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ResultsError):
            read_results(path)


@pytest.mark.parametrize("kind", [Results, Machine, MetricInfo, Point, Score, Failure, Divergence])
def test_the_schema_explains_every_key_and_no_other(kind: type):
    schema = Path(litcodec.__file__).parent / "evaluation" / "SCHEMA.md"
    chapters = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", schema.read_text("utf-8"), re.M | re.S))
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", chapters[kind.__name__], re.M)
    assert tuple(key for key, _ in rows) == kind._fields
    assert all(len(cells.split("|")[0].strip()) > 3 for _, cells in rows)
