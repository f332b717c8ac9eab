"""Sweeps without a server: W&B's own sweep files, run here."""

from litcodec.sweeps.devices import slots_of, visible_gpus
from litcodec.sweeps.grid import GridPoint, Sweep, read_sweep
from litcodec.sweeps.point import codec_file, is_done, last_checkpoint, log_file, progress_of
from litcodec.sweeps.schedule import Event, Job, Outcome, Running, Status, run_jobs

__all__ = [
    "Event",
    "GridPoint",
    "Job",
    "Outcome",
    "Running",
    "Status",
    "Sweep",
    "codec_file",
    "is_done",
    "last_checkpoint",
    "log_file",
    "progress_of",
    "read_sweep",
    "run_jobs",
    "slots_of",
    "visible_gpus",
]
