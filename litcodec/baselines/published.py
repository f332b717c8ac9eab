"""Rate-distortion points from the literature, over the 24 Kodak images, as their authors gave them.

They are in ``kodak_rd_points.csv`` beside this file. Its column ``source`` names repository, commit and file
of every point: CompressAI's benchmarks (JPEG, JPEG 2000, WebP, BPG, HM, VTM 9.1, AV1, its own models, and as
"paper-" the curves of papers), tensorflow/compression (as "tfc:"), and repositories of papers up to 2026.

What to know before comparing:

- Every value is the mean over the 24 images at one setting. The dB of MS-SSIM are those of the mean
  MS-SSIM, not the mean of the images' dB that litcodec measures, which is 0.1 to 0.2 dB higher for the same
  files ("vtm-9.1(lalic bench)" alone has it so). PSNR is not touched by this. The dB of "lalic" are 0.3 to
  0.9 below what its own MS-SSIM gives.
- CompressAI's JPEG and WebP are 4:2:0 with Pillow's usual settings: its JPEG has no optimised Huffman tables,
  and takes up to 13 % more bits than the JPEG that litcodec runs. Its BPG, HM, VTM and AV1 are 4:4:4; all are
  scored in RGB. Its models are scored before rounding to 8 bits, the "[8bit-decoded]" ones after: 0.003 dB
  less at low rates, 0.06 dB at the highest.
- Three of its "paper-" files say MS-SSIM but hold the MSE models' rates: so ``optimised`` says of them.
- "tfc:balle-2017" is the later factorized-prior model, not the network of 2017. "tfc:lee-2019" has rates
  1.5 % above the authors' own later numbers, "lee2019-context-adaptive".
- Dense sweeps of "tfc:" (BPG, JPEG, JPEG 2000, WebP, ...) were thinned to 15 points.
"""

import csv
import math
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from litcodec.baselines.published_titles import published_title

_TABLE = Path(__file__).with_name("kodak_rd_points.csv")


class PublishedPoint(NamedTuple):
    """Means over Kodak at one setting. None where it was not published."""

    bpp: float
    psnr_rgb: float | None  # dB
    ms_ssim: float | None
    ms_ssim_db: float | None


class PublishedCurve(NamedTuple):
    """One codec, optimised for one metric, at several rates."""

    name: str  # shared by the curves of one codec: "hpcm-base"
    source: str  # repository@commit:file
    optimised: str  # "mse", "ms-ssim", "codec-default", or in words
    points: tuple[PublishedPoint, ...]  # by rising bpp

    @property
    def title(self) -> str:
        """What it is called in figures and tables: "BPG 4:4:4" for "bpg_444_x265_ycbcr"."""
        return published_title(self.name)


@cache
def published_curves() -> tuple[PublishedCurve, ...]:
    """All published curves; a codec that was optimised for two metrics has two of one name."""
    curves: dict[tuple[str, str, str], list[PublishedPoint]] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = row["codec"], row["source"], row["metric_optimised"]
            curves.setdefault(key, []).append(_point(row))
    return tuple(
        PublishedCurve(name, source, optimised, tuple(sorted(points, key=lambda point: point.bpp)))
        for (name, source, optimised), points in curves.items()
    )


def published_named(name: str) -> tuple[PublishedCurve, ...]:
    """The curves of one codec.

    Args:
        name: as in ``published_curves``, or what it begins with, in whatever punctuation: "bpg444" for
            "bpg_444_x265_ycbcr"; or as in ``title``.

    Returns:
        One curve for each metric that it was optimised for; none if no codec, or more than one, is meant.
    """
    curves = published_curves()
    exact = tuple(curve for curve in curves if name in (curve.name, curve.title))
    wanted = _letters(name)
    begun = tuple(curve for curve in curves if wanted and _letters(curve.name).startswith(wanted))
    return exact or (begun if len({curve.name for curve in begun}) == 1 else ())


def _point(row: dict[str, str]) -> PublishedPoint:
    psnr, similarity, db = (_number(row[k]) for k in ("psnr_rgb_db", "ms_ssim_rgb", "msssim_db"))
    if db is None and similarity is not None:
        db = -10 * math.log10(1 - similarity)
    return PublishedPoint(float(row["bpp"]), psnr, similarity, db)


def _number(text: str) -> float | None:
    return float(text) if text else None


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
