"""Describes the machine on which times were measured."""

import os
import platform
from pathlib import Path

import torch

from litcodec import __version__
from litcodec.evaluation.results import Machine


def this_machine() -> Machine:
    """The machine this runs on. Codecs are loaded to the CPU, so that is the device."""
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        device="cpu",
        system=platform.platform(),
        python=platform.python_version(),
        torch=torch.__version__,
        litcodec=__version__,
    )


def _cpu() -> str:
    """The processor's name. Python itself knows it on some systems only."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
