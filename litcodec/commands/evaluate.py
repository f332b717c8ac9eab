"""``litcodec evaluate``: rate and quality of codecs and yardsticks, measured on real files."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from litcodec.anchors import ANCHOR_KEYS, open_anchors
from litcodec.data import list_images
from litcodec.evaluation import Results, Step, evaluate, refuse_inputs
from litcodec.evaluation.curves import curves_of
from litcodec.zoo import codec_path


class Options(NamedTuple):
    """What the command is told."""

    codecs: Sequence[Path]
    images: Path
    anchors: Sequence[str]  # keys; ("all",) for all there are
    output: Path
    label: str | None
    keep: bool
    max_pixels: int
    force: bool
    qualities: Sequence[float] | None  # None for the usual ladder


def evaluate_files(options: Options) -> int:
    """Measure, say what failed, and print a table; returns 1 if a picture failed."""
    asked = ANCHOR_KEYS if "all" in options.anchors else options.anchors
    anchors = open_anchors(asked)
    for line in anchors.missing:
        print(f"litcodec: left out {line}", file=sys.stderr)
    if not options.codecs and not anchors.found:
        print("litcodec: nothing to evaluate: no codec file, and no yardstick is installed.", file=sys.stderr)
        return 1
    codecs = [codec_path(codec) for codec in options.codecs]
    pictures = list_images(options.images) if options.output.exists() else ()
    refuse_inputs(options.output, [*codecs, *pictures])
    with _watcher() as watcher:
        results = evaluate(
            codecs,
            options.images,
            options.output,
            anchors=anchors.found,
            label=options.label,
            keep=options.keep,
            max_pixels=options.max_pixels,
            force=options.force,
            qualities=options.qualities,
            tell=watcher.tell,
        )
    _print_table(results)
    print(f"{options.output}: draw it with litcodec report {options.output} -o report.html")
    if watcher.failures:
        print(
            f"litcodec: {watcher.failures} of {watcher.total} codings failed; "
            "the same command tries them again.",
            file=sys.stderr,
        )
    return 1 if watcher.failures else 0


class Watcher:
    """Shows how far an evaluation is, where there is a terminal to show it on, and what failed."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.failures = 0
        self.total = 0
        self._task = bar.add_task("reading codecs", total=None)
        self._said: set[tuple[str, str]] = set()

    def tell(self, step: Step) -> None:
        """One step further."""
        if not self.total and step.kept:
            print(f"litcodec: continuing; {step.kept} scores are there already.", file=sys.stderr)
        self.total = step.total
        about = f"{step.image}, {step.setting}, {step.curve}" if step.image else "done"
        self.bar.update(self._task, total=step.total, completed=step.done, description=about)
        if step.failure is not None:
            self.failures += 1
            self._say(step)

    def _say(self, step: Step) -> None:
        assert step.failure is not None
        image, reason = step.failure
        # A picture that cannot be read fails everywhere for one reason: that is one line.
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
        yield Watcher(bar)


def _print_table(results: Results) -> None:
    # Names of curves are long: each on a line of its own, so that all fits into 80 columns.
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("curve\n  setting")
    for column in ("\nimages", "\nbpp", "PSNR\ndB", "MS-SSIM\ndB", "encode\ns", "decode\ns"):
        table.add_column(column, justify="right", no_wrap=True)
    for curve in curves_of([results]):
        table.add_row(Text(curve.name, "bold"))
        for point in curve.points:
            table.add_row(
                Text(f"  {point.setting}"),
                str(point.images),
                f"{point.bpp:.4f}",
                _rounded(point.psnr_rgb, 2),
                _rounded(point.ms_ssim_db, 2),
                _rounded(point.encode_s, 3),
                _rounded(point.decode_s, 3),
            )
    # In a file there is nothing to fit into: let no line break.
    Console(width=None if sys.stdout.isatty() else 1000).print(table)


def _rounded(value: float | None, digits: int) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"
