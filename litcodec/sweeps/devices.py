"""The devices over which a sweep's points are distributed."""

import os
import re
from collections.abc import Sequence

from litcodec.errors import SweepError

Slot = dict[str, str]  # a place for one run: what it adds to the run's environment


def visible_gpus() -> list[str]:
    """The GPUs that a process started here would see, as CUDA_VISIBLE_DEVICES names them."""
    import torch  # takes seconds, and only --devices needs it

    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return (named or [str(k) for k in range(count)])[:count]


def slots_of(devices: str | None, gpus: Sequence[str]) -> tuple[Slot, ...]:
    """One slot for each run that may go on at a time.

    Args:
        devices: "4": this many at once, each on its own GPU where there are GPUs; "0,2" or "0,": GPUs by
            number; None: one after another, each with all that is here.
        gpus: what ``visible_gpus`` found.

    Raises:
        SweepError: if it is neither, or there are fewer GPUs.
    """
    if devices is None:
        return ({},)
    if not re.fullmatch(r"[1-9]\d*|(\d+,)+\d*", devices):
        raise SweepError(f"--devices {devices!r} is neither a number of runs nor a list of GPUs such as 0,1.")
    if devices.isdigit() and not gpus:
        threads = os.environ.get("OMP_NUM_THREADS") or max(1, (os.cpu_count() or 1) // int(devices))
        return ({"OMP_NUM_THREADS": str(threads)},) * int(devices)
    wanted = range(int(devices)) if devices.isdigit() else [int(k) for k in devices.split(",") if k]
    if max(wanted) >= len(gpus) or len(set(wanted)) < len(wanted):
        raise SweepError(f"--devices {devices}: GPUs {list(wanted)} are wanted, there are {len(gpus)} here.")
    return tuple({"CUDA_VISIBLE_DEVICES": gpus[k]} for k in wanted)
