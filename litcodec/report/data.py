"""The data of a report as plain values, from which the page, the figures and the tables are drawn."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from litcodec.evaluation.curves import Curve
from litcodec.evaluation.lossless import LosslessPoint
from litcodec.evaluation.results import Failure, Machine
from litcodec.metrics import MetricInfo
from litcodec.report.choices import Preference
from litcodec.report.planes import Planes

Level = Literal["low", "middle", "high"]


class BDEntry(NamedTuple):
    """One curve against one anchor, or why they cannot be compared."""

    anchor: str  # curve names
    test: str
    metric: str  # its name
    bd_rate: float | None  # percent, of the mean curves; negative: the test curve needs fewer bits
    bd_quality: float | None  # in the metric's unit; how much higher the test curve's quality is
    low: float | None  # the interval of quality both curves cover
    high: float | None
    bd_rate_images: float | None  # percent, the mean of single images' BD-rates
    bd_rate_std: float | None  # their standard deviation
    bd_images: int | None  # how many images that mean is over
    images: int | None  # that the mean curves are over
    all_images: int | None  # that were to be measured
    reason: str | None  # in words, if refused


class ImageRow(NamedTuple):
    """One image under one codec at one setting, for the table."""

    curve: str
    setting: str
    image: str
    bytes: int
    bpp: float
    scores: Mapping[str, float | None]  # by metric; None where there is no finite value
    encode_s: float
    decode_s: float


class Version(NamedTuple):
    """An image as one codec made it, at one of three rates that are about the same for all codecs."""

    curve: str
    setting: str
    level: Level
    bytes: int
    bpp: float
    scores: Mapping[str, float | None]
    decoded: str  # data: URI, lossless
    bits: str | None  # data: URI of the map of bits per position, litcodec's codecs only
    bits_scale: float | None  # bits per pixel that its brightest colour stands for
    title: str = ""  # curve and setting, where the curve has several versions here; else its curve's name


class ViewerImage(NamedTuple):
    """One image of the viewer."""

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
    metrics: tuple[MetricInfo, ...]  # of images, then of sets of images
    curves: tuple[Curve, ...]  # codecs, then baselines, then published
    bd: tuple[BDEntry, ...]  # every ordered pair of a test curve and an anchor, each metric
    rows: tuple[ImageRow, ...]
    viewer_images: tuple[ViewerImage, ...]
    failures: tuple[tuple[str, Failure], ...]  # (curve and setting, failure)
    lossless: tuple[LosslessPoint, ...]  # by rising bits per sub-pixel
    notes: tuple[str, ...]  # what the reader should know: what was left out, and why
    perception: Planes = Planes((), ())
    preferences: tuple[Preference, ...] = ()  # of people
