"""RGB to 10-bit YCbCr 4:2:0 and back: BT.709's matrix, full range, chroma between its four pixels.

Computed in float64 and rounded once each way. Chroma is the mean of 2x2 pixels, and bilinear on the way back.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

_RED, _BLUE = 0.2126, 0.0722
_GREEN = 1 - _RED - _BLUE
_PEAK = 1023.0
_CENTRE = 512.0


def to_yuv420(x: Tensor) -> bytes:
    """A image as one raw frame: Y, Cb and Cr planes, 16-bit little-endian samples of 0..1023.

    Args:
        x: (3, H, W), uint8 RGB; H and W even.
    """
    red, green, blue = (x.double() / 255).unbind()
    luma = _RED * red + _GREEN * green + _BLUE * blue
    cb, cr = (blue - luma) / (2 * (1 - _BLUE)), (red - luma) / (2 * (1 - _RED))
    chroma = F.avg_pool2d(torch.stack((cb, cr)), 2)
    planes = (_PEAK * luma, _CENTRE + _PEAK * chroma[0], _CENTRE + _PEAK * chroma[1])
    return b"".join(_samples(plane).tobytes() for plane in planes)


def from_yuv420(frame: bytes, size: tuple[int, int]) -> Tensor:
    """The image of a raw frame.

    Args:
        frame: as ``to_yuv420`` makes it, ``frame_bytes(size)`` long.
        size: (H, W), even.

    Returns:
        (3, H, W), uint8 RGB.
    """
    H, W = size
    samples = torch.from_numpy(np.frombuffer(frame, dtype="<u2").astype(np.float64))
    luma = samples[: H * W].reshape(H, W) / _PEAK
    chroma = (samples[H * W :].reshape(1, 2, H // 2, W // 2) - _CENTRE) / _PEAK
    cb, cr = F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)[0]
    red, blue = luma + 2 * (1 - _RED) * cr, luma + 2 * (1 - _BLUE) * cb
    green = (luma - _RED * red - _BLUE * blue) / _GREEN
    return (torch.stack((red, green, blue)) * 255).round().clamp(0, 255).to(torch.uint8)


def frame_bytes(size: tuple[int, int]) -> int:
    """How long a raw frame of (H, W) pixels is."""
    H, W = size
    return 2 * (H * W + 2 * (H // 2) * (W // 2))


def _samples(plane: Tensor) -> NDArray[np.uint16]:
    return plane.round().clamp(0, _PEAK).numpy().astype("<u2")
