"""The report's numbers for spreadsheets and for texts."""

import csv
import io
from collections.abc import Sequence

from litcodec.evaluation.curves import CurvePoint
from litcodec.report.data import BDEntry, ReportData
from litcodec.report.styles import METRIC_LABELS, drawn, metrics_of

POINT_COLUMNS = (
    ("setting", "setting"),
    ("pictures", "images"),
    ("bpp", "bpp"),
    ("PSNR RGB, dB", "psnr_rgb"),
    ("PSNR luma, dB", "psnr_luma"),
    ("MS-SSIM", "ms_ssim"),
    ("MS-SSIM, dB", "ms_ssim_db"),
    ("encode, s", "encode_s"),
    ("decode, s", "decode_s"),
)
DIGITS = {"psnr_rgb": 2, "psnr_luma": 2, "ms_ssim_db": 2, "encode_s": 3, "decode_s": 3}


def csv_table(data: ReportData) -> str:
    """All points, a row each, at full precision; what is missing is empty.

    The values of single pictures are in the results files.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["curve", "kind", *CurvePoint._fields, "source"])
    for curve in data.curves:
        writer.writerows([curve.name, curve.kind, *point, curve.source] for point in curve.points)
    return text.getvalue()


def markdown(data: ReportData) -> str:
    """Measured points and all BD-rates as Markdown tables, with the notes and the reasons of refusals."""
    parts = [f"# {_cell(data.title)}", _about(data), "## Points", _points(data)]
    refused: list[BDEntry] = []
    for metric in metrics_of(data.curves):
        having = {curve.name for curve, _, _ in drawn(data.curves, metric)}
        entries = [e for e in data.bd if e.metric == metric and {e.test, e.anchor} <= having]
        refused += [entry for entry in entries if entry.bd_rate is None]
        if any(entry.bd_rate is not None for entry in entries):
            parts += [f"## BD-rate, {METRIC_LABELS[metric].removesuffix(', dB')}", _bd_rates(entries)]
    if refused:
        parts += ["## Not compared", "\n".join(f"- {line}" for line in _refusals(refused))]
    if data.notes:
        parts += ["## Notes", "\n".join(f"- {_cell(note)}" for note in data.notes)]
    return "\n\n".join(parts) + "\n"


def _about(data: ReportData) -> str:
    machine = data.machine
    return (
        f"Pictures: {_cell(data.images)}. Evaluated {data.created} on {_cell(machine.cpu)} "
        f"({machine.threads} of {machine.cores} cores, {_cell(machine.device)}), "
        f"litcodec {machine.litcodec}, torch {machine.torch}. Means of the pictures' values."
    )


def _points(data: ReportData) -> str:
    rows = [
        [curve.name, *(_number(getattr(point, field), DIGITS.get(field, 4)) for _, field in POINT_COLUMNS)]
        for curve in data.curves
        if curve.kind != "published"
        for point in curve.points
    ]
    return _table(["codec", *(title for title, _ in POINT_COLUMNS)], rows, words=2)


def _bd_rates(entries: Sequence[BDEntry]) -> str:
    """Tests down, yardsticks across."""
    compared = [entry for entry in entries if entry.bd_rate is not None]
    rates = {(entry.test, entry.anchor): entry.bd_rate for entry in compared}
    anchors = list(dict.fromkeys(entry.anchor for entry in compared))
    tests = list(dict.fromkeys(entry.test for entry in compared))
    rows = [[test, *(_percent(rates.get((test, anchor))) for anchor in anchors)] for test in tests]
    return _table(["against", *anchors], rows, words=1)


def _refusals(entries: Sequence[BDEntry]) -> list[str]:
    """Which pairs of curves could not be compared, by reason."""
    pairs: dict[frozenset[str], BDEntry] = {}  # the first of its two directions and three metrics
    for entry in entries:
        if entry.reason:
            pairs.setdefault(frozenset((entry.test, entry.anchor)), entry)
    reasons: dict[str, list[str]] = {}
    for entry in pairs.values():
        reasons.setdefault(str(entry.reason), []).append(f"{entry.test} / {entry.anchor}")
    return [f"{_cell(reason)} {_cell('; '.join(names))}" for reason, names in reasons.items()]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> str:
    """The first ``words`` columns to the left, numbers to the right."""
    rule = ["---" if k < words else "---:" for k in range(len(head))]
    lines = [[_cell(cell) for cell in head], rule, *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    """Names may hold anything; a bar or a line break would break the table."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")


def _number(value: str | float | None, digits: int) -> str:
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return "–" if value is None else str(value)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1f} %".replace("-", "−")
