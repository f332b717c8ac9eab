"""``litcodec report``: from results files to a file, whole or not at all."""

from pathlib import Path

import pytest

from litcodec.cli import main

STARTS = {"html": b"<!doctype html>", "png": b"\x89PNG", "svg": b"<?xml", "csv": b"curve,kind", "md": b"# "}


@pytest.mark.parametrize("form", STARTS)
def test_the_ending_decides_the_format(evaluated: Path, tmp_path: Path, capsys, form: str):
    output = tmp_path / "new folder" / f"report.{form.upper() if form == 'md' else form}"
    assert main(["report", str(evaluated), "-o", str(output), "--images", "1"]) == 0
    content = output.read_bytes()
    assert content.startswith(STARTS[form])
    said = capsys.readouterr().out
    assert said.startswith(f"{output}: 3 curves, ")
    assert ("in a browser" in said) == (form == "html")
    assert (b"data:image/webp" in content) == (form == "html")


def test_the_former_name_of_images_is_taken(evaluated: Path, tmp_path: Path):
    output = tmp_path / "report.html"
    assert main(["report", str(evaluated), "-o", str(output), "--pictures", "0"]) == 0
    assert b"data:image/webp" not in output.read_bytes()


def test_a_format_can_be_given_where_the_ending_says_none(evaluated: Path, tmp_path: Path):
    assert main(["report", str(evaluated), "-o", str(tmp_path / "table"), "--format", "csv"]) == 0
    assert (tmp_path / "table").read_bytes().startswith(STARTS["csv"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "r.html", "--format", "png"], "--format png contradicts -o r.html"),
        (["-o", "r.pdf"], "ends in none of .html, .png, .svg, .csv, .md"),
        (["--images", "-1"], "must not be negative, got -1"),
    ],
)
def test_wrong_usage_is_explained(evaluated: Path, capsys, monkeypatch, tmp_path: Path, words, said: str):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["report", str(evaluated), *words])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_existing_report_is_kept_unless_forced(evaluated: Path, tmp_path: Path, capsys):
    output = tmp_path / "report.csv"
    output.write_text("precious")
    assert main(["report", str(evaluated), "-o", str(output)]) == 1
    assert "--force" in capsys.readouterr().err
    assert output.read_text() == "precious"
    assert main(["report", str(evaluated), "-o", str(output), "--force"]) == 0
    assert output.read_bytes().startswith(STARTS["csv"])


@pytest.mark.parametrize("which", ["images/a.png", "0.safetensors", "results.files"])
def test_what_a_report_is_made_from_is_never_replaced(evaluated: Path, tmp_path: Path, capsys, which: str):
    found = evaluated.parent / which
    file = next(path for path in found.rglob("*.jpg")) if found.is_dir() else found
    before, form = file.read_bytes(), "png" if file.suffix == ".png" else "md"
    link = tmp_path / "report"
    link.symlink_to(file)
    for output in (file, link):
        assert main(["report", str(evaluated), "-o", str(output), "--format", form, "--force"]) == 1
        assert "is the input" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [(["missing.json"], "missing.json"), (["--published", "vtn"], "'vtn'")],
)
def test_what_cannot_be_used_is_named_in_one_line_and_nothing_is_written(
    evaluated: Path, tmp_path: Path, capsys, words, said: str
):
    output = tmp_path / "report.html"
    assert main(["report", str(evaluated), *words, "-o", str(output)]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("litcodec: ")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_published_curves_are_drawn_when_asked_for(evaluated: Path, tmp_path: Path, capsys):
    def curves(*words: str) -> set[str]:
        output = tmp_path / "report.csv"
        assert main(["report", str(evaluated), "-o", str(output), "--force", *words]) == 0
        return {line.rpartition(",")[0].split(",")[0] for line in output.read_text().splitlines()[1:]}

    assert curves("--published", "none") == curves()
    assert len(curves("--published", "vtm,hm") - curves()) == 2
    assert "Kodak" in capsys.readouterr().err
