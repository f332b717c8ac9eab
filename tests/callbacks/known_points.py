"""Points of a rate-distortion curve that no run has measured."""

from tiny_run import LADDER

from litcodec.dashboard.run_points import RunPoint
from litcodec.evaluation.image_sets import ImagePoint

RATES, QUALITIES = (0.1, 0.2, 0.4, 0.8, 1.2), (26.0, 29.0, 32.0, 35.0, 36.5)


def known_point(k: int, **other: object) -> RunPoint:
    """A point of a curve: one of ``LADDER``."""
    values = (
        "terms",
        "digest",
        2000,
        3,
        LADDER[k],
        RATES[k],
        {"psnr": QUALITIES[k], "psnr_luma": QUALITIES[k] + 1, "ms_ssim": 0.95, "ms_ssim_db": 13.0 + k},
        {"psnr": 3, "psnr_luma": 3, "ms_ssim": 3, "ms_ssim_db": 3},
        {"a/first.png": ImagePoint(RATES[k], {"psnr": QUALITIES[k]})},
    )
    return RunPoint(*values)._replace(**other)
