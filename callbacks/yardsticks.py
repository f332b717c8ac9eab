"""What a run's rate-distortion points are compared with, on the very pictures that they were measured on."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from callbacks.pictures import Pictures, picture_folder
from litcodec.anchors import KODAK, is_kodak, open_anchors
from litcodec.anchors.base import Anchor
from litcodec.data import image_size
from litcodec.errors import CurveError, TooLarge
from litcodec.evaluation import evaluate
from litcodec.evaluation.curves import Curve, curves_of, published
from litcodec.metrics import bd_rate, ms_ssim_db
from litcodec.report.data import Metric

PUBLISHED = ("vtm", "hm", "jpeg2000", "jpeg")
KODAK_BASIS = "24 Kodak pictures; yardsticks as published (MS-SSIM: dB of the mean)"
RUNGS = 6  # of a measured yardstick: enough for a curve, and soon done
BD_NAMES: tuple[tuple[Metric, str], ...] = (("psnr_rgb", "bd_rate"), ("ms_ssim_db", "bd_rate_ms_ssim"))


class ShortLadder:
    """A yardstick at ``RUNGS`` of its rungs.

    Args:
        anchor: with all of them.
    """

    def __init__(self, anchor: Anchor) -> None:
        self.anchor = anchor
        self.name, self.key, self.suffix, self.source = (
            anchor.name,
            anchor.key,
            anchor.suffix,
            anchor.source,
        )
        last = len(anchor.ladder) - 1
        rungs = sorted({round(k * last / (RUNGS - 1)) for k in range(RUNGS)})
        self.ladder = tuple(anchor.ladder[rung] for rung in rungs)

    def setting(self, quality: float) -> str:
        """See ``Anchor``."""
        return self.anchor.setting(quality)

    def compress(self, x: Tensor, quality: float) -> bytes:
        """See ``Anchor``."""
        return self.anchor.compress(x, quality)

    def decompress(self, data: bytes) -> Tensor:
        """See ``Anchor``."""
        return self.anchor.decompress(data)


class Yardstick(NamedTuple):
    """A curve to compare with."""

    key: str  # short: "vtm", "jpeg"
    curve: Curve


class Yardsticks(NamedTuple):
    """Curves to compare with."""

    found: tuple[Yardstick, ...]
    basis: str  # what all of them are means over
    missing: tuple[str, ...] = ()  # not installed, one line each
    results: Path | None = None  # where the measured ones are kept


def yardsticks_for(
    pictures: Pictures, keys: Sequence[str], cache: Path, *, max_megapixels: float
) -> Yardsticks:
    """Published curves if the pictures are Kodak's 24, which these are means over; else measured ones.

    Args:
        pictures: what the points to be compared are means over.
        keys: of ``litcodec.anchors``; measured at ``RUNGS`` rates.
        cache: folder that keeps what was measured, by checksum of the pictures.
        max_megapixels: measure on no more than this altogether.

    Raises:
        TooLarge: if the pictures have more.
        LitcodecError: if a key is unknown or the measuring fails.
        OSError: if the cache cannot be written.
    """
    if are_kodak(pictures.paths):
        curves = {name: published((name,)) for name in PUBLISHED}
        drawn = tuple(Yardstick(name, curve) for name, found in curves.items() for curve in found[:1])
        return Yardsticks(drawn, KODAK_BASIS)
    megapixels = sum(W * H for W, H in map(image_size, pictures.paths)) / 1e6
    if megapixels > max_megapixels:
        raise TooLarge(
            f"yardsticks would take long on {megapixels:.1f} megapixels of pictures; the limit is "
            f"max_megapixels={max_megapixels:g}. Raise it, or use litcodec evaluate --anchors."
        )
    anchors = open_anchors(keys)
    place = cache / pictures.digest()
    results = place / "yardsticks.json"
    short = [ShortLadder(anchor) for anchor in anchors.found]
    measured = evaluate((), picture_folder(pictures, place), results, anchors=short)
    asked = {anchor.name: anchor.key for anchor in anchors.found}
    drawn = tuple(Yardstick(asked[c.name], c) for c in curves_of([measured]) if c.name in asked)
    basis = f"{len(pictures.names)} validation pictures; yardsticks measured on the same"
    return Yardsticks(drawn, basis, anchors.missing, results)


def are_kodak(paths: Sequence[Path]) -> bool:
    """Whether these are Kodak's 24 pictures, by their names and sizes."""
    return (
        len(paths) == len(KODAK)
        and {path.stem for path in paths} == KODAK
        and all(is_kodak(path, image_size(path)) for path in paths)
    )


def bd_rates(yardsticks: Sequence[Yardstick], curve: Curve) -> dict[str, float]:
    """How many percent more bits ``curve`` needs than each yardstick, where four points overlap.

    Returns:
        ``bd_rate/<key>`` at equal PSNR (RGB), ``bd_rate_ms_ssim/<key>`` at equal MS-SSIM.
    """
    found = {}
    for metric, name in BD_NAMES:
        for yardstick in yardsticks:
            try:
                delta = bd_rate(_pairs(yardstick.curve, metric), _pairs(curve, metric))
            except CurveError:  # too few points yet, or no overlap: nothing to say
                continue
            found[f"{name}/{yardstick.key}"] = delta.value
    return found


def comparable(curve: Curve, yardsticks: Yardsticks) -> Curve:
    """``curve`` with means of the kind that the yardsticks are.

    What is published is the dB of the mean MS-SSIM; ours is the mean of the pictures' dB, which is higher.
    """
    if not any(yardstick.curve.kind == "published" for yardstick in yardsticks.found):
        return curve
    points = (
        point if point.ms_ssim is None else point._replace(ms_ssim_db=ms_ssim_db(point.ms_ssim))
        for point in curve.points
    )
    return curve._replace(points=tuple(points))


def _pairs(curve: Curve, metric: Metric) -> list[tuple[float, float]]:
    values = ((point.bpp, getattr(point, metric)) for point in curve.points)
    return [(bpp, value) for bpp, value in values if value is not None]
