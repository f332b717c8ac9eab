"""``litcodec evaluate``: rate and quality of codecs and baselines, measured on real files."""

import sys
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from litcodec.baselines import baseline_keys, open_baselines
from litcodec.commands.progress_lines import ProgressLines
from litcodec.data import list_images
from litcodec.evaluation import Results, Step, check_output, evaluate
from litcodec.evaluation.curves import curves_of
from litcodec.evaluation.lossless import LosslessPoint, lossless_points
from litcodec.evaluation.merging import merge_points
from litcodec.metrics import SHIPPED, MetricInfo, open_all_metrics
from litcodec.zoo import codec_path
from litcodec.zoo.cards import FOLDER

WIDTH = 100  # columns of a printed table
NAMES_WIDTH = 24  # of these at least for names
UNLIMITED = 1000  # of a file, where lines need not fit a terminal


class Options(NamedTuple):
    """Arguments of the command."""

    codecs: Sequence[Path]
    images: Path
    baselines: Sequence[str]  # keys or class paths; "all" or "lossless" for those that are shipped
    output: Path
    label: str | None
    keep: bool
    max_pixels: int
    force: bool
    qualities: Sequence[float] | None  # None for the usual eight
    device: str
    metrics: Sequence[str]  # names or import paths; () for all shipped ones
    bpp: Sequence[float] | None = None  # rates to measure at
    realism: Sequence[float] = (0.0,)
    effort: int = 0


def evaluate_files(options: Options) -> int:
    """Measure, say what failed, and print a table; returns 1 if an image failed."""
    opened = open_all_metrics(options.metrics)
    metrics = opened.of_images or SHIPPED
    baselines = open_baselines(baseline_keys(options.baselines))
    for line in baselines.missing:
        print(f"litcodec: left out {line}", file=sys.stderr)
    if not options.codecs and not baselines.found:
        print("litcodec: nothing to evaluate: no codec file, and no baseline is installed.", file=sys.stderr)
        return 1
    codecs = [codec_path(codec) for codec in options.codecs]
    originals = list_images(options.images) if options.output.exists() else ()
    check_output(options.output, overwrite=True, inputs=[*codecs, *originals])
    with _watcher() as watcher:
        results = evaluate(
            codecs,
            options.images,
            options.output,
            baselines=baselines.found,
            label=options.label,
            keep=options.keep,
            max_pixels=options.max_pixels,
            force=options.force,
            qualities=options.qualities,
            rates=options.bpp or (),
            metrics=metrics,
            set_metrics=opened.of_sets,
            names={path: f"litcodec {path.stem}" for path in codecs if path.parent == FOLDER},
            device=options.device,
            realism=options.realism,
            effort=options.effort,
            progress=watcher.show,
            waiting=lambda: _say_waiting(options.output),
        )
    lossless = lossless_points(merge_points([results]))
    wanted = [*(metric.name for metric in metrics), *(metric.name for metric in opened.of_sets)]
    _print_table(results, wanted, {(p.curve, p.setting) for p in lossless})
    _print_lossless(lossless)
    print(f"{options.output}: draw it with litcodec report {options.output} -o report.html")
    if watcher.failures:
        print(
            f"litcodec: {watcher.failures} of {watcher.total} codings failed; "
            "the same command tries them again.",
            file=sys.stderr,
        )
    return 1 if watcher.failures else 0


def _say_waiting(output: Path) -> None:
    print(f"litcodec: another run is writing to {output}; waiting for its end.", file=sys.stderr)


class Watcher:
    """Shows how far an evaluation is, on a terminal with a bar and elsewhere in lines, and what failed."""

    def __init__(self, bar: Progress, lines: ProgressLines | None) -> None:
        self.bar, self.lines = bar, lines
        self.failures = 0
        self.total = 0
        self._task = bar.add_task("reading codecs", total=None)
        self._said: set[tuple[str, str]] = set()

    def show(self, step: Step) -> None:
        """One step further."""
        if not self.total and step.kept:
            print(f"litcodec: continuing; {step.kept} scores are there already.", file=sys.stderr)
        self.total = step.total
        about = f"{step.image}, {step.setting}, {step.curve}" if step.image else "done"
        self.bar.update(self._task, total=step.total, completed=step.done, description=about)
        if self.lines is not None and step.total:
            done = f"{step.done:,} of {step.total:,} codings ({about})"
            self.lines.show(step.done / step.total, done)
        if step.failure is not None:
            self.failures += 1
            self._say(step)

    def _say(self, step: Step) -> None:
        assert step.failure is not None
        image, reason = step.failure
        # An image that cannot be read fails everywhere for one reason: that is one line.
        if (image, reason) not in self._said:
            self._said.add((image, reason))
            where = "" if image in reason else f"{image}, {step.curve}, {step.setting}: "
            print(f"litcodec: {where}{reason}", file=sys.stderr)


@contextmanager
def _watcher() -> Iterator[Watcher]:
    console = Console(stderr=True)
    about = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True))
    columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeRemainingColumn(), about)
    # Transient: what stays on the terminal is the table.
    with Progress(
        *columns, console=console, expand=True, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Watcher(bar, None if console.is_terminal else ProgressLines())


def _print_lossless(points: Sequence[LosslessPoint]) -> None:
    if not points:
        return
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("lossless")
    for column in ("images", "bits per\nsub-pixel", "encode\ns", "decode\ns"):
        table.add_column(column, justify="right", no_wrap=True)
    for point in points:
        times = (_rounded(point.encode_s, 3), _rounded(point.decode_s, 3))
        words = Text(f"{point.curve}, {point.setting}")
        table.add_row(words, str(len(point.images)), f"{point.bits_per_sub_pixel:.4f}", *times)
    _print_within_width(table)


def _print_table(results: Results, wanted: Sequence[str], lossless: Set[tuple[str, str]]) -> None:
    # Names of curves are long: each on a line of its own, so that all fits into 80 columns.
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("curve\n  setting")
    # 80 columns have no room for four metrics: of PSNR the RGB one, of MS-SSIM its dB.
    hidden = {"psnr_luma"} if "psnr" in wanted else set()
    hidden |= {"ms_ssim"} if "ms_ssim_db" in wanted else set()
    metrics = [
        m for m in (*results.metrics, *results.set_metrics) if m.name in wanted and m.name not in hidden
    ]
    titles = [_title(metric) for metric in metrics]
    for column in ("\nimages", "\nbpp", *titles, "encode\ns", "decode\ns"):
        table.add_column(column, justify="right", no_wrap=True)
    for curve in curves_of([results]):
        points = [point for point in curve.points if (curve.name, point.setting) not in lossless]
        if points:
            table.add_row(Text(curve.name, "bold"))
        for point in points:
            table.add_row(
                Text(f"  {point.setting}"),
                str(point.images),
                f"{point.bpp:.4f}",
                *(_rounded(point.scores.get(metric.name), metric.digits) for metric in metrics),
                _rounded(point.encode_s, 3),
                _rounded(point.decode_s, 3),
            )
    if table.row_count:
        _print_within_width(table)


def _print_within_width(table: Table) -> None:
    """Fold names, in the first column, where the table would be wider than ``WIDTH``; numbers never."""
    console = Console(width=None if sys.stdout.isatty() else UNLIMITED)
    names = table.columns[0]
    unlimited = console.options.update_width(UNLIMITED)
    longest = max(console.measure(cell, options=unlimited).maximum for cell in names.cells)
    numbers = Measurement.get(console, unlimited, table).maximum - longest
    names.max_width, names.overflow = max(NAMES_WIDTH, WIDTH - numbers), "fold"
    console.print(table)


def _title(metric: MetricInfo) -> str:
    """Two lines: the label and the unit, or a long label and what it says after a comma."""
    label, _, after = metric.label.removesuffix(" RGB").partition(", ")
    return f"{label}\n{after or metric.unit}"


def _rounded(value: float | None, digits: int) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"
