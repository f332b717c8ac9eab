"""``litcodec report``: results files become a page, a figure or a table."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from litcodec.commands.progress_lines import ProgressLines
from litcodec.evaluation import atomic_output, check_output, refuse_inputs
from litcodec.report import (
    ReportData,
    bd_csv_table,
    csv_table,
    files_behind,
    markdown,
    page,
    plane_plot,
    plot,
    report_data,
    time_charts,
    time_plot,
)

Format = Literal["html", "png", "svg", "csv", "md"]


class Options(NamedTuple):
    """Arguments of the command."""

    results: Sequence[Path]
    output: Path
    format: Format
    published: Sequence[str] | None
    images: int
    title: str | None
    max_pixels: int
    device: str
    force: bool
    figure: Literal["curves", "plane", "time"] = "curves"  # in a .png or .svg
    choices: Sequence[Path] = ()


def report(options: Options) -> int:
    """Write the report, say what is missing from it, and how to open it.

    Raises:
        ResultsError: if a results file cannot be used, or a published curve is unknown.
        OutputExists: if the output is there and ``force`` is not set, or is one of the files the report is
            made from.
    """
    # Before the work, not after it.
    beside = options.output.with_suffix(".bd.csv")  # BD-rates, which are a table of their own
    outputs = [options.output, beside] if options.format == "csv" else [options.output]
    for output in outputs:
        check_output(output, overwrite=options.force, inputs=[*options.results, *options.choices])
    inputs: Sequence[Path] = [*options.results, *options.choices]
    if any(output.exists() for output in outputs):  # and may be replaced
        inputs = [*inputs, *(file for path in options.results for file in files_behind(path))]
        for output in outputs:
            refuse_inputs(output, inputs)
    with _progress(shown=options.format == "html" and options.images > 0) as progress:
        data = report_data(
            options.results,
            overlay=options.published,
            images=options.images if options.format == "html" else 0,
            title=options.title,
            choices=options.choices,
            max_pixels=options.max_pixels,
            device=options.device,
            progress=progress,
        )
        content = _content(data, options)
    with atomic_output(options.output, overwrite=options.force, inputs=inputs) as file:
        file.write(content)
    if options.format == "csv":
        with atomic_output(beside, overwrite=options.force, inputs=inputs) as file:
            file.write(bd_csv_table(data).encode())
    for note in data.notes:
        print(f"litcodec: {note}", file=sys.stderr)
    if data.failures:
        print(f"litcodec: {len(data.failures)} codings had failed; they are left out.", file=sys.stderr)
    hint = f"; open {options.output} in a browser" if options.format == "html" else ""
    hint = f"; BD-rates in {beside}" if options.format == "csv" else hint
    curves = _count(len(data.curves), "curve")
    points = _count(sum(len(curve.points) for curve in data.curves), "point")
    print(f"{options.output}: {curves}, {points}, {_size(len(content))}{hint}")
    return 0


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _content(data: ReportData, options: Options) -> bytes:
    match options.format:
        case "png" | "svg" if options.figure == "plane":
            return plane_plot(data.perception.planes, data.curves, options.format)
        case "png" | "svg" if options.figure == "time":
            charts = time_charts(data.curves, data.bd, data.metrics)
            return time_plot(charts, data.curves, options.format)
        case "png" | "svg":
            return plot(data.curves, options.format, data.metrics)
        case "csv":
            return csv_table(data).encode()
        case "md":
            return markdown(data).encode()
    return page(data).encode()


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[float], None]]:
    """Shows how far the images of the viewer are, with a bar on a terminal and in lines elsewhere."""
    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("images of the viewer"))
    with Progress(
        *columns, console=console, transient=True, disable=not (shown and console.is_terminal)
    ) as bar:
        task = bar.add_task("", total=1.0)
        lines = ProgressLines()

        def show(fraction: float) -> None:
            bar.update(task, completed=fraction)
            if not console.is_terminal:
                lines.show(fraction, f"{fraction:.0%} of the images of the viewer")

        yield show


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
