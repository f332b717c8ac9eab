"""The report's numbers as CSV and Markdown."""

import csv
import io
from collections.abc import Callable, Sequence

from litcodec.evaluation.curves import CurvePoint
from litcodec.metrics import MetricInfo
from litcodec.report.choices import Preference
from litcodec.report.data import BDEntry, ReportData
from litcodec.report.markdown import cell, markdown_table
from litcodec.report.plane_table import perception
from litcodec.report.styles import metrics_of


def csv_table(data: ReportData) -> str:
    """All points, a row each, at full precision; what is missing is empty.

    The values of single images are in the results files.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = [metric.name for metric in data.metrics]
    counts = [f"{name}_images" for name in names]
    head = ["curve", "kind", "setting", "lmbda", "images", "bpp"]
    writer.writerow([*head, *names, *counts, "encode_s", "decode_s", "source"])
    for curve in data.curves:
        for p in curve.points:
            scores = [*(p.scores.get(name) for name in names), *(p.counts.get(name) for name in names)]
            row = [p.setting, p.lmbda, p.images, p.bpp, *scores, p.encode_s, p.decode_s]
            writer.writerow([curve.name, curve.kind, *row, curve.source])
    return text.getvalue()


def bd_csv_table(data: ReportData) -> str:
    """All BD-rates, a row for each metric, test curve and anchor; both ways, at full precision."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(BDEntry._fields)
    writer.writerows(data.bd)
    return text.getvalue()


def markdown(data: ReportData) -> str:
    """Measured points and all BD-rates as Markdown tables, with the notes and the reasons of refusals."""
    parts = [f"# {cell(data.title)}", _about(data), "## Points", _points(data)]
    if data.lossless:
        parts += ["## Lossless", _lossless(data), "### Image by image", _lossless_images(data)]
    parts += perception(data.perception)
    if data.preferences:
        parts += ["## Blind comparison", _preferences(data.preferences)]
    refused: list[BDEntry] = []
    for metric in metrics_of(data.curves, data.metrics):
        having = {curve.name for curve in data.curves if curve.pairs(metric.name)}
        entries = [e for e in data.bd if e.metric == metric.name and {e.test, e.anchor} <= having]
        refused += [entry for entry in entries if entry.bd_rate is None]
        if any(entry.bd_rate is not None for entry in entries):
            parts += [f"## BD-rate, {cell(metric.label)}", _bd_rates(entries), _bd_note(entries)]
        if any(entry.bd_rate_images is not None for entry in entries):
            title = f"## Mean of per-image BD-rates, {cell(metric.label)}"
            parts += [title, _bd_rates_of_images(entries), _bd_images_note()]
    if refused:
        parts += ["## Not compared", "\n".join(f"- {line}" for line in _refusals(refused))]
    if data.notes:
        parts += ["## Notes", "\n".join(f"- {cell(note)}" for note in data.notes)]
    return "\n\n".join(parts) + "\n"


def _about(data: ReportData) -> str:
    machine = data.machine
    return (
        f"Images: {cell(data.images)}. Evaluated {data.created} on {cell(machine.cpu)} "
        f"({machine.threads} of {machine.cores} cores, {cell(machine.device)}), "
        f"litcodec {machine.litcodec}, torch {machine.torch}. Means of the images' values; in brackets over "
        "how many, where not over all."
    )


def _lossless(data: ReportData) -> str:
    rows = [
        [
            point.curve,
            point.setting,
            str(len(point.images)),
            _number(point.bits_per_sub_pixel, 4),
            _number(point.encode_s, 3),
            _number(point.decode_s, 3),
        ]
        for point in data.lossless
    ]
    return markdown_table(
        ["codec", "setting", "images", "bits per sub-pixel", "encode, s", "decode, s"], rows, words=2
    )


def _lossless_images(data: ReportData) -> str:
    images = sorted({image for point in data.lossless for image in point.images})
    titles = [f"{point.curve}, {point.setting}" for point in data.lossless]
    rows = [[image, *(_number(p.images.get(image), 3) for p in data.lossless)] for image in images]
    return markdown_table(["image", *titles], rows, words=1)


def _points(data: ReportData) -> str:
    lossless = {(point.curve, point.setting) for point in data.lossless}
    rows = [
        [
            curve.name,
            point.setting,
            str(point.images),
            _number(point.bpp, 4),
            *(_mean(point, metric) for metric in data.metrics),
            _number(point.encode_s, 3),
            _number(point.decode_s, 3),
        ]
        for curve in data.curves
        if curve.kind != "published"
        for point in curve.points
        if (curve.name, point.setting) not in lossless
    ]
    titles = [metric.title for metric in data.metrics]
    return markdown_table(
        ["codec", "setting", "images", "bpp", *titles, "encode, s", "decode, s"], rows, words=2
    )


def _preferences(found: Sequence[Preference]) -> str:
    head = ["preferred", "to", "judgements", "wins", "ties", "losses", "preferred in (95 %)", "size"]
    rows = [
        [
            each.first,
            each.second,
            *map(str, (each.judgements, each.wins, each.ties, each.losses)),
            f"{100 * each.share:.0f} % ({100 * each.low:.0f} to {100 * each.high:.0f})",
            f"{100 * each.size:.0f} %",
        ]
        for each in found
    ]
    return markdown_table(head, rows, words=2)


def _mean(point: CurvePoint, metric: MetricInfo) -> str:
    text = _number(point.scores.get(metric.name), metric.digits)
    count = point.counts.get(metric.name, 0)
    return f"{text} ({count})" if 0 < count < point.images else text


def _bd_note(entries: Sequence[BDEntry]) -> str:
    """Over how many images the mean curves are."""
    pairs = [(e.images, e.all_images) for e in entries if e.images is not None and e.all_images is not None]
    words = dict.fromkeys(f"{some} of {all_} images" for some, all_ in pairs)
    return f"Of the mean curves over {', '.join(words)}, percent of bits; negative: fewer than the anchor."


def _bd_images_note() -> str:
    return "Percent of bits, each image's own curves compared; mean ± standard deviation (images)."


def _bd_rates(entries: Sequence[BDEntry]) -> str:
    """Tests down, anchors across."""
    return _matrix([e for e in entries if e.bd_rate is not None], lambda e: _percent(e.bd_rate))


def _bd_rates_of_images(entries: Sequence[BDEntry]) -> str:
    def words(entry: BDEntry) -> str:
        spread = "" if entry.bd_rate_std is None else f" ± {entry.bd_rate_std:.1f}"
        return f"{_percent(entry.bd_rate_images)}{spread} ({entry.bd_images})"

    return _matrix([e for e in entries if e.bd_rate_images is not None], words)


def _matrix(entries: Sequence[BDEntry], words: Callable[[BDEntry], str]) -> str:
    cells = {(entry.test, entry.anchor): words(entry) for entry in entries}
    anchors = list(dict.fromkeys(entry.anchor for entry in entries))
    tests = list(dict.fromkeys(entry.test for entry in entries))
    rows = [[test, *(cells.get((test, anchor), "–") for anchor in anchors)] for test in tests]
    return markdown_table(["against", *anchors], rows, words=1)


def _refusals(entries: Sequence[BDEntry]) -> list[str]:
    """Which pairs of curves could not be compared, by reason."""
    pairs: dict[frozenset[str], BDEntry] = {}  # the first of its two directions and three metrics
    for entry in entries:
        if entry.reason:
            pairs.setdefault(frozenset((entry.test, entry.anchor)), entry)
    reasons: dict[str, list[str]] = {}
    for entry in pairs.values():
        reasons.setdefault(str(entry.reason), []).append(f"{entry.test} / {entry.anchor}")
    return [f"{cell(reason)} {cell('; '.join(names))}" for reason, names in reasons.items()]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1f} %".replace("-", "−")
