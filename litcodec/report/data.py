"""All that a report shows, as plain values: the page, the figures and the tables are drawn from it alone."""

from typing import Literal, NamedTuple

from litcodec.evaluation.curves import Curve
from litcodec.evaluation.results import Failure, Machine

Metric = Literal["psnr_rgb", "psnr_luma", "ms_ssim_db"]
Level = Literal["low", "middle", "high"]


class BDEntry(NamedTuple):
    """One curve against one yardstick, or why they cannot be compared."""

    anchor: str  # curve names
    test: str
    metric: Metric
    bd_rate: float | None  # percent; negative: the test curve needs fewer bits
    bd_quality: float | None  # dB; positive: the test curve is better
    low: float | None  # dB: the interval of quality both curves cover
    high: float | None
    reason: str | None  # in words, if refused


class ImageRow(NamedTuple):
    """One picture under one codec at one setting, for the table."""

    curve: str
    setting: str
    image: str
    bytes: int
    bpp: float
    psnr_rgb: float | None
    psnr_luma: float | None
    ms_ssim: float | None
    ms_ssim_db: float | None
    encode_s: float
    decode_s: float


class Version(NamedTuple):
    """A picture as one codec made it, at one of three rates that are about the same for all codecs."""

    curve: str
    setting: str
    level: Level
    bytes: int
    bpp: float
    psnr_rgb: float | None
    ms_ssim: float | None
    picture: str  # data: URI, lossless
    bits: str | None  # data: URI of the map of bits per place, litcodec's codecs only
    bits_scale: float | None  # bits per pixel that its brightest colour stands for


class Picture(NamedTuple):
    """One picture of the viewer."""

    name: str
    width: int
    height: int
    original: str  # data: URI, lossless
    versions: tuple[Version, ...]


class ReportData(NamedTuple):
    """A report."""

    title: str
    created: str
    images: str
    machine: Machine
    curves: tuple[Curve, ...]  # codecs, then yardsticks, then published
    bd: tuple[BDEntry, ...]  # every ordered pair of a test curve and an anchor, each metric
    rows: tuple[ImageRow, ...]
    pictures: tuple[Picture, ...]
    failures: tuple[tuple[str, Failure], ...]  # (curve and setting, failure)
    notes: tuple[str, ...]  # what the reader should know: what was left out, and why
