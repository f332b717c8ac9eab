"""Choices of people: a file from anywhere is parsed or refused, and counted."""

import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from litcodec.cli import main
from litcodec.errors import ResultsError
from litcodec.evaluation import read_results
from litcodec.report.choices import Choices, Judgement, Shown, preferences, read_choices

A, B = Shown("ours", "q 30", 1000), Shown("JPEG", "quality 10", 1100)
REAL, MEAN = (Shown("ours", f"realism {r}", 900) for r in (1, 0))


def _choices(*chosen: str, left: Shown = A, right: Shown = B, created: str = "2026-01-01") -> Choices:
    return Choices(created, tuple(Judgement("a/é.png", left, right, c, 2.5) for c in chosen))  # type: ignore[arg-type]


def _written(path: Path, choices: Choices, **other: Any) -> Path:
    def plain(value: Any) -> Any:
        if hasattr(value, "_fields"):
            return {key: plain(item) for key, item in value._asdict().items()}
        return [plain(item) for item in value] if isinstance(value, tuple) else value

    path.write_text(json.dumps({"format": "litcodec-choices", "version": 1, **plain(choices), **other}))
    return path


def test_wins_ties_and_losses_are_counted_whichever_side_they_were_on():
    left, right = _choices("left", "neither", "right", "left"), _choices("right", left=B, right=A)
    (found,) = preferences([left, right, left])  # given twice, it counts once
    assert found[:5] == ("ours", "JPEG", 3, 1, 1)
    assert found.judgements == 5
    assert found.share == pytest.approx(0.7)
    assert found.size == pytest.approx(1000 / 1100)


def test_the_preferred_codec_comes_first_and_settings_of_one_curve_are_apart():
    found = preferences([_choices("right", "right"), _choices("left", left=MEAN, right=REAL)])
    assert [(each.first, each.second, each.wins) for each in found] == [
        ("JPEG", "ours", 2),
        ("ours, realism 0", "ours, realism 1", 1),
    ]


@pytest.mark.parametrize(("wins", "losses"), [(1, 0), (7, 3), (40, 40)])
def test_the_interval_is_wilsons(wins: int, losses: int):
    (found,) = preferences([_choices(*["left"] * wins, *["right"] * losses)])
    expected = binomtest(wins, wins + losses).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_what_was_written_is_read(tmp_path: Path):
    choices = _choices("left", "neither")
    assert read_choices(_written(tmp_path / "c.json", choices)) == choices


def test_a_file_cut_short_is_never_read(tmp_path: Path):
    path = _written(tmp_path / "c.json", _choices("left", "right"))
    whole = path.read_bytes()
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        with pytest.raises(ResultsError):
            read_choices(path)


def _with(value: object, *where: str | int) -> Any:
    def change(found: Any) -> None:
        for key in where[:-1]:
            found = found[key]
        found[where[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_with("other", "format"), "is not a file of choices"),
        (_with(2, "version"), "has choices version 2; this litcodec reads 1"),
        (_with(True, "version"), "has choices version True"),
        (_with({}, "judgements"), "judgements should be a list"),
        (
            _with("both", "judgements", 0, "chosen"),
            "chosen should be one of left, right, neither, not 'both'",
        ),
        (_with(0, "judgements", 0, "left", "bytes"), "judgements[0].left.bytes should be 1 to"),
        (_with(1e300, "judgements", 0, "left", "bytes"), "judgements[0].left.bytes should be int"),
        (_with(-1, "judgements", 0, "seconds"), "judgements[0].seconds should be 0 to 1e+09, not -1"),
        (_with("../a", "judgements", 0, "image"), "judgements[0].image leads out of its folder"),
        (_with("a\nb", "judgements", 0, "left", "curve"), "holds control characters"),
        (_with(A._asdict(), "judgements", 0, "right"), "judgements[0] compares 'ours' with itself"),
    ],
)
def test_what_is_wrong_is_named_with_the_key(tmp_path: Path, change: Any, said: str):
    path = _written(tmp_path / "c.json", _choices("left"))
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))
    with pytest.raises(ResultsError) as caught:
        read_choices(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"format": "litcodec-results"}'])
def test_other_files_are_refused(tmp_path: Path, data: bytes):
    (tmp_path / "c.json").write_bytes(data)
    with pytest.raises(ResultsError, match="is not a file of choices from the page"):
        read_choices(tmp_path / "c.json")


def test_the_command_tabulates_choices_of_codecs_in_the_report(evaluated: Path, tmp_path: Path, capsys):
    curve = read_results(evaluated).points[0].curve
    ours = Shown(curve, "lmbda 0.0100", 500)
    jpeg, other = Shown("JPEG", "quality 10", 510), Shown("not here", "q 1", 500)
    first = _written(tmp_path / "1.json", _choices("right", "right", "neither", left=ours, right=jpeg))
    second = _written(tmp_path / "2.json", _choices("left", left=ours, right=other))
    words = ["report", str(evaluated), "--choices", str(first), "--choices", str(second)]
    assert main([*words, "-o", str(tmp_path / "t.md")]) == 0
    text = (tmp_path / "t.md").read_text()
    assert "## Blind comparison" in text
    assert f"| JPEG | {curve} | 3 | 2 | 1 | 0 | 83 % (31 to 98) | 102 % |" in text
    assert "1 judgement is of codecs that are not in this report: left out." in capsys.readouterr().err
    second.write_text("{}")
    assert main([*words, "-o", str(tmp_path / "u.md")]) == 1
    assert "2.json is not a file of choices" in capsys.readouterr().err
