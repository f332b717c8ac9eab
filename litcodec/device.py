"""Selects the device on which the float networks of a codec run."""

import torch

from litcodec.errors import DeviceError


def find_device(name: str | torch.device) -> torch.device:
    """The device called ``name``: "cpu", "cuda", "cuda:1", "mps".

    Raises:
        DeviceError: if torch knows no such device, or cannot use it here.
    """
    try:
        device = torch.device(name)
        torch.empty(1, device=device).cpu()  # "meta" and devices that are not there fail here
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise DeviceError(f"device {str(name)!r} cannot be used: {reason}.") from error
    return device
