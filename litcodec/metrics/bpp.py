"""Bits per pixel."""

from litcodec.errors import ShapeError


def bpp(num_bytes: int, size: tuple[int, int]) -> float:
    """What a coded image costs.

    Args:
        num_bytes: everything that is stored, headers included.
        size: (H, W) of the original in pixels, before any padding.

    Returns:
        Bits per pixel.

    Raises:
        ShapeError: if H or W is below 1.
    """
    H, W = size
    if H < 1 or W < 1:
        raise ShapeError(f"bits per pixel need H, W >= 1; got H={H}, W={W}.")
    return 8 * num_bytes / (H * W)
