"""``litcodec sweep``: a W&B sweep file without a server, from YAML to rate-distortion curves."""

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

from litcodec.baselines import baseline_keys, open_baselines
from litcodec.codec_files.checkpoint import check_finished
from litcodec.commands.evaluate import Options as EvaluateOptions
from litcodec.commands.evaluate import evaluate_files
from litcodec.commands.export import export
from litcodec.commands.report import Options as ReportOptions
from litcodec.commands.report import report
from litcodec.commands.sweep_progress import watching
from litcodec.data import bundled_photographs, list_images
from litcodec.device import find_device
from litcodec.errors import SweepError
from litcodec.evaluation import read_results, refuse_inputs, write_results
from litcodec.limits import MAX_PIXELS, VIEWER_IMAGES
from litcodec.sweeps import (
    Job,
    Outcome,
    Sweep,
    codec_file,
    is_done,
    read_sweep,
    run_jobs,
    slots_of,
    visible_gpus,
)


class Options(NamedTuple):
    """The command's options."""

    file: Path
    output: Path | None
    images: Path | None
    baselines: Sequence[str]
    devices: str | None
    label: str | None
    device: str
    force: bool


def run_sweep(options: Options) -> int:
    """Train every point, measure the codecs, write the report; returns 1 if anything failed.

    Raises:
        SweepError: if the file is not a grid, or the devices are not there; before anything is started.
        EmptyDataset: if there are no images to measure on; before anything is started.
    """
    if os.name != "posix":
        raise SweepError("litcodec sweep needs Linux or macOS; elsewhere use W&B's server: wandb sweep.")
    sweep = read_sweep(options.file)
    folder = options.output or Path("runs", "sweeps", sweep.name)
    for written in (folder, folder / "results.json", folder / "report.html"):
        refuse_inputs(written, [options.file])
    images = options.images or bundled_photographs() / "heldback"
    list_images(images)  # what is missing should be said now rather than after days of training
    find_device(options.device)
    open_baselines(baseline_keys(options.baselines))
    slots = slots_of(options.devices, visible_gpus() if options.devices else ())
    for note in sweep.notes:
        print(f"litcodec: {options.file}: {note}.", file=sys.stderr)
    print(f"{options.file}: {len(sweep.points)} points in {folder}", flush=True)

    jobs = [Job(point.title, folder / point.slug, point.command) for point in sweep.points]
    outcomes = _train(sweep, jobs, slots)
    failed = [outcome for outcome in outcomes if outcome.reason]
    codecs = [codec_file(outcome.job.folder) for outcome in outcomes if not outcome.reason]
    wrong = _measure(options, codecs, images, folder) if codecs else 1
    if failed:
        print(
            f"litcodec: {len(failed)} of {len(jobs)} points failed; the same command tries them again.",
            file=sys.stderr,
        )
    return 1 if failed or wrong else 0


def _train(sweep: Sweep, jobs: Sequence[Job], slots: Sequence[dict[str, str]]) -> tuple[Outcome, ...]:
    # Runs that are uploaded one day stand together then.
    together = {"WANDB_RUN_GROUP": os.environ.get("WANDB_RUN_GROUP", sweep.name)}
    try:
        with watching(jobs) as progress:
            return run_jobs(jobs, [{**together, **slot} for slot in slots], _export, progress)
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C; SIGTERM, with which clusters end jobs
        done = sum(is_done(job.folder) for job in jobs)
        print(
            f"litcodec: {done} of {len(jobs)} points are done; the same command continues the others.",
            file=sys.stderr,
        )
        raise


def _export(checkpoint: Path, output: Path) -> None:
    check_finished(checkpoint)
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # the point's own line says enough
        export(checkpoint, output, overwrite=True)


def _measure(options: Options, codecs: Sequence[Path], images: Path, folder: Path) -> int:
    """Rate and quality of real bytes, and the report."""
    results = folder / "results.json"
    if not options.force:
        _forget_other_codecs(results, codecs)
    wrong = evaluate_files(
        EvaluateOptions(
            codecs,
            images,
            options.baselines,
            results,
            options.label,
            keep=True,
            max_pixels=MAX_PIXELS,
            force=options.force,
            qualities=None,
            device=options.device,
            metrics=(),
        )
    )
    page = ReportOptions(
        [results],
        folder / "report.html",
        "html",
        None,
        VIEWER_IMAGES,
        f"Sweep {folder.name}",
        max_pixels=MAX_PIXELS,
        device=options.device,
        force=True,
    )
    return report(page) or wrong


def _forget_other_codecs(results: Path, codecs: Sequence[Path]) -> None:
    """Leave out what points of an earlier state of the sweep file scored: their curves are not asked for."""
    if not results.exists():
        return
    before = read_results(results)
    wanted = {codec.as_posix() for codec in codecs}
    points = tuple(point for point in before.points if point.kind == "baseline" or point.source in wanted)
    if points != before.points:
        write_results(results, before._replace(points=points))
