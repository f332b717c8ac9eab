"""``litcodec compress --overfit``: fits a codec to each image."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from litcodec.bitstream import pack
from litcodec.commands.coding import Options, compressed_line, each
from litcodec.commands.sweep_progress import duration
from litcodec.data import load_image
from litcodec.device import find_device
from litcodec.errors import CheckpointError
from litcodec.evaluation import CompressedFile
from litcodec.evaluation.outputs import atomic_output
from litcodec.frozen import from_stream
from litcodec.metrics import bpp, ms_ssim, psnr
from litcodec.overfitted import FINGERPRINT, FrozenOverfitted, Overfitter, Progress, Settings, lmbda_of, run
from litcodec.types import Compressed

SAVE_S = 60.0  # between two states kept while fitting
LINE_S = 30.0  # between two lines where there is no terminal
BEGUN = ".begun"  # what --resume goes on from, beside the output


class Fit(NamedTuple):
    """How `--overfit` fits."""

    preset: str
    minutes: float | None
    iterations: int | None
    lmbda: float | None
    seed: int
    resume: bool


def compress(options: Options, fit: Fit) -> int:
    """Fit a codec to every image; returns 1 if any failed, 130 if the user ended it early."""
    device = find_device(options.device)
    ended: list[Path] = []

    def one(path: Path, output: Path) -> CompressedFile:
        result, early = _compress_file(path, output, options, fit, device)
        if early:
            ended.append(output)
        return result

    failed = each(options, ".litc", one, compressed_line)
    for output in ended:
        print(f"litcodec: {output} is what there was when interrupted; --resume -f goes on.", file=sys.stderr)
    return failed or (130 if ended else 0)


def _compress_file(
    path: Path, output: Path, options: Options, fit: Fit, device: torch.device
) -> tuple[CompressedFile, bool]:
    with atomic_output(output, overwrite=options.force, inputs=[path]) as file:
        loaded = load_image(path, max_pixels=options.max_pixels)
        x = loaded.x[None].float() / 255
        H, W = x.shape[2:]
        begun = output.with_name(output.name + BEGUN)
        overfitter = Overfitter(x, _settings(options, fit, H * W), device)
        if fit.resume:
            overfitter.restore(_load(begun))
        start = time.perf_counter()
        with _showing(path.name) as show:
            written = run(overfitter, _Watch(overfitter, begun, show).keep)
        data = pack(Compressed(written.strings, (H, W)), FINGERPRINT)
        encoded = time.perf_counter()
        x_hat = from_stream(FrozenOverfitted(), data, max_pixels=options.max_pixels)
        decoded = time.perf_counter()
        file.write(data)
    if overfitter.interrupted:
        torch.save(overfitter.state(), begun)
    else:
        begun.unlink(missing_ok=True)
    quality = psnr(x, x_hat), ms_ssim(x, x_hat)
    times = encoded - start, decoded - encoded
    names = str(path), str(output)
    rate = bpp(len(data), (H, W))
    result = CompressedFile(*names, W, H, len(data), rate, *quality, *times, None, None, loaded.dropped)
    return result, overfitter.interrupted


def _settings(options: Options, fit: Fit, pixels: int) -> Settings:
    settings = Settings(fit.preset, iterations=fit.iterations, minutes=fit.minutes, seed=fit.seed)
    if options.quality is not None:
        return settings._replace(lmbda=lmbda_of(options.quality))
    wanted = 8 * options.max_bytes / pixels if options.max_bytes is not None else options.bpp
    return settings._replace(lmbda=fit.lmbda or settings.lmbda, bpp=wanted)


def _load(begun: Path) -> dict[str, object]:
    try:
        state: dict[str, object] = torch.load(begun, weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{begun} is not there: nothing to resume; leave out --resume.") from error
    except Exception as error:  # pickle's and zip's own, of a damaged file
        raise CheckpointError(f"{begun} is damaged; leave out --resume.") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{begun} is damaged; leave out --resume.")
    return state


class _Watch:
    """Shows how a fit goes, and keeps its state now and then."""

    def __init__(self, overfitter: Overfitter, begun: Path, show: Callable[[Progress], None]) -> None:
        self._overfitter, self._begun, self._show = overfitter, begun, show
        self._kept = time.monotonic()

    def keep(self, progress: Progress) -> None:
        self._show(progress)
        if time.monotonic() - self._kept > SAVE_S:
            torch.save(self._overfitter.state(), self._begun)
            self._kept = time.monotonic()


@contextmanager
def _showing(name: str) -> Iterator[Callable[[Progress], None]]:
    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), TextColumn("{task.fields[about]}"))
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield _Shown(name, bars if console.is_terminal else None).show


class _Shown:
    def __init__(self, name: str, bars: Bars | None) -> None:
        self._name, self._bars, self._said = name, bars, time.monotonic()
        self._task: TaskID | None = None if bars is None else bars.add_task(name, total=1.0, about="")

    def show(self, progress: Progress) -> None:
        about = (
            f"step {progress.iteration:,}, loss {progress.loss:.6f}, {progress.bpp:.4f} bpp, "
            f"{progress.psnr:.2f} dB, {duration(progress.seconds_left)} left"
        )
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=progress.fraction, about=about)
        elif time.monotonic() - self._said > LINE_S:
            self._said = time.monotonic()
            print(f"{self._name}: {about}", file=sys.stderr, flush=True)
