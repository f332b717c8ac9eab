"""Tables for spreadsheets and texts hold the curves' numbers, and read back."""

import csv
import io
import math

import pytest

from litcodec.evaluation import write_results
from litcodec.report import ReportData, csv_table, markdown, report_data


@pytest.fixture
def data(make_results, tmp_path) -> ReportData:
    names = ["a.png", "b.png"]
    steps = range(5)
    curves = {
        "JPEG": {
            f"quality {10 * k + 10}": [(name, 100 * 2**k, 25.0 + 3 * k) for name in names] for k in steps
        },
        'Codec "x|y", MSE': {
            f"lmbda {0.01 * 2**k:.2f}": [(name, 50 * 2**k, 25.0 + 3 * k) for name in names] for k in steps
        },
        "Codec short": {"lmbda 0.01": [(name, 900, math.inf) for name in names]},
    }
    write_results(tmp_path / "results.json", make_results(curves))
    return report_data([tmp_path / "results.json"], overlay=["vtm"], images=0, title="A | title")


def test_csv_reads_back_to_the_points(data: ReportData):
    rows = list(csv.DictReader(io.StringIO(csv_table(data), newline="")))
    points = [(curve, point) for curve in data.curves for point in curve.points]
    assert len(rows) == len(points) > 11
    for row, (curve, point) in zip(rows, points, strict=True):
        assert (row["curve"], row["kind"], row["source"]) == (curve.name, curve.kind, curve.source)
        known = {
            field: value for field, value in point._asdict().items() if field not in ("scores", "counts")
        }
        counts = {f"{name}_images": point.counts.get(name) for name in ("psnr", "ms_ssim_db")}
        scores = {name: point.scores.get(name) for name in ("psnr", "psnr_luma", "ms_ssim", "ms_ssim_db")}
        for field, value in (known | counts | scores).items():
            if isinstance(value, float):
                assert float(row[field]) == value  # every digit
            else:
                assert row[field] == ("" if value is None else str(value))


def _table(text: str, title: str) -> list[list[str]]:
    """The cells of the table under a heading, its head first."""
    _, _, rest = text.partition(f"## {title}\n\n")
    lines = rest.partition("\n\n")[0].splitlines()
    return [
        [cell.strip().replace("\\|", "|") for cell in line.replace("\\|", "\0").strip("|").split("|")]
        for line in [lines[0], *lines[2:]]
    ]


def test_markdown_holds_points_and_bd_rates(data: ReportData):
    text = markdown(data).replace("\0", "|")
    assert text.startswith("# A \\| title\n")
    head, *rows = _table(text, "Points")
    assert len({len(row) for row in [head, *rows]}) == 1  # the bar in a name does not make a column
    assert [row[1] for row in rows if row[0] == "JPEG"] == [f"quality {q}" for q in (10, 20, 30, 40, 50)]
    first = dict(zip(head, next(row for row in rows if row[0] == "JPEG"), strict=True))
    assert (first["bpp"], first["PSNR RGB, dB"], first["images"]) == ("0.1000", "25.00", "2")
    assert "Codec short" not in {row[0] for row in rows}  # it lost nothing

    head, *rows = _table(text, "Lossless")
    (lossless,) = (row for row in rows if row[0] == "Codec short")
    expected = next(point for point in data.lossless if point.curve == "Codec short").bits_per_sub_pixel
    assert lossless[head.index("bits per sub-pixel")] == f"{expected:.4f}"

    head, *rows = _table(text, "BD-rate, PSNR RGB")
    (ours,) = (row for row in rows if row[0].startswith('Codec "x'))
    assert ours[head.index("JPEG")] == "−50.0 %"
    assert {row[0] for row in rows} | set(head[1:]) == {ours[0], "JPEG"}
    assert "Of the mean curves over 2 of 2 images" in text

    head, *rows = _table(text, "Mean of per-image BD-rates, PSNR RGB")
    (ours,) = (row for row in rows if row[0].startswith('Codec "x'))
    assert ours[head.index("JPEG")] == "−50.0 % ± 0.0 (2)"


def test_markdown_says_what_was_not_compared_and_why(data: ReportData):
    _, _, rest = markdown(data).partition("## Not compared")
    refused, _, notes = rest.partition("## Notes")
    assert "different images: 2 and 24, 0 in common" in refused
    assert "VTM, published" in refused
    assert "Kodak" in notes
    assert "2 files lost nothing" in notes
