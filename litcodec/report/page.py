"""A report as one HTML file that opens from disk and needs no network."""

import base64
import hashlib
import html
import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

from litcodec.evaluation.curves import Curve
from litcodec.metrics import MetricInfo
from litcodec.report.data import ReportData
from litcodec.report.figures import rd_figure
from litcodec.report.plane_figure import plane_figures
from litcodec.report.styles import drawn, metrics_of
from litcodec.report.time_charts import time_charts
from litcodec.report.time_figure import time_figures

# One module made of these, in this order: what runs at once comes last.
SCRIPTS = (
    "dom.js",
    "table.js",
    "lossless.js",
    "charts.js",
    "plane.js",
    "numbers.js",
    "strip.js",
    "viewer.js",
    "blind.js",
    "page.js",
)


def page(data: ReportData) -> str:
    """The complete page: style, scripts, curves, tables and images in one piece.

    Names in ``data`` may be anything: they reach the page as JSON and are shown as text. The page's own
    policy forbids every request and every script but its two.
    """
    plotly = get_plotlyjs()
    script = "\n".join(_asset(name) for name in SCRIPTS)
    return Template(_asset("page.html")).substitute(
        policy=_policy(plotly, script),
        title=_escaped(data.title),
        style=_asset("page.css"),
        data=_json(data),
        plotly=plotly,
        script=script,
    )


def _asset(name: str) -> str:
    return (files("litcodec.report") / "assets" / name).read_text(encoding="utf-8")


def _policy(*scripts: str) -> str:
    """A content security policy under which only ``scripts`` run and nothing is fetched."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _escaped(text: str) -> str:
    """HTML in plain ASCII, so that file names that are not Unicode cannot spoil the file."""
    return html.escape(text).encode("ascii", "xmlcharrefreplace").decode()


def _json(data: ReportData) -> str:
    figures, styles = _figures(data.curves, data.metrics)
    drawn_too = {"planes": _planes(data), "times": _times(data)}
    values = {**_plain(data), "figures": figures, "styles": styles, **drawn_too}
    # "<" could end the script element that holds the JSON.
    return json.dumps(values, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _figures(
    curves: Sequence[Curve], metrics: Sequence[MetricInfo]
) -> tuple[list[dict[str, Any]], dict[str, dict[str, str | None]]]:
    """The figure of each metric that has values, with its curves' names in order; how each curve looks."""
    figures = [
        {
            "metric": metric.name,
            "names": [curve.name for curve, _, _ in drawn(curves, metric)],
            "figure": json.loads(rd_figure(curves, metric, metrics).to_json()),
        }
        for metric in metrics_of(curves, metrics)
    ]
    styles: dict[str, dict[str, str | None]] = {}
    for entry in figures:
        for name, trace in zip(entry["names"], entry["figure"]["data"], strict=True):
            line, marker = trace["line"], trace.get("marker", {})
            styles[name] = {"colour": line["color"], "dash": line["dash"], "symbol": marker.get("symbol")}
    return figures, styles


def _planes(data: ReportData) -> list[dict[str, Any]]:
    """The figure of each perception-distortion plane."""
    pairs = zip(data.perception.planes, plane_figures(data.perception.planes, data.curves), strict=True)
    return [{"title": plane.title, "figure": json.loads(figure.to_json())} for plane, figure in pairs]


def _times(data: ReportData) -> list[dict[str, Any]]:
    """The figure of each chart of BD-rate over time."""
    charts = time_charts(data.curves, data.bd, data.metrics)
    return [
        {
            "title": chart.title,
            "names": [point.curve for point in chart.points],
            "figure": json.loads(figure.to_json()),
        }
        for chart, figure in zip(charts, time_figures(charts, data.curves), strict=True)
    ]


def _plain(value: Any) -> Any:
    """NamedTuples as dicts; NaN as None; infinity, which JSON has not, as ``{"infinite": true}``."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"infinite": True} if value > 0 else None
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        if fields is None:
            return [_plain(item) for item in value]
        return {name: _plain(item) for name, item in zip(fields, value, strict=True)}
    return value
