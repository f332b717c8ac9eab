"""Sizes that several rooms must agree on. Imports nothing, so that the command line can name them at once."""

MAX_PIXELS = 2**26  # default limit for reading and decoding: 67 million, 8192 x 8192
MAX_STEPS = 2**17  # of a wavefront, each some 0.2 ms: a lossless image has up to 43,691 rows, others 699,000
VIEWER_IMAGES = 3  # that a report shows by default
MS_SSIM_MIN_SIDE = 161  # the 11-pixel window of MS-SSIM has to fit after four halvings
EFFORT_MAX = 9  # of an encoder that refines latents
_SIDE_PADDED = 64  # codecs pad to multiples of it: an image of one row takes as much memory as one of 64


def pixels_needed(H: int, W: int) -> int:
    """The limit an image needs: its pixels, or what a thin one becomes when padded, if that is far more."""
    padded = max(H, _SIDE_PADDED) * max(W, _SIDE_PADDED)
    return H * W if padded <= MAX_PIXELS else padded
