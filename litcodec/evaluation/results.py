"""The results of an evaluation; their file is JSON with the schema in ``SCHEMA.md``."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from litcodec.metrics import Divergence, MetricInfo

SCHEMA_VERSION = 2


class Score(NamedTuple):
    """One image under one codec at one setting. All from the bytes in ``file`` and what they decode to."""

    image: str  # path below the folder of images, with forward slashes
    sha256: str  # of the image's file
    width: int
    height: int
    bytes: int  # of the whole file
    bpp: float  # 8 * bytes / (width * height)
    values: Mapping[str, float]  # by name of the metric; inf or nan where there is no finite value
    encode_s: float
    decode_s: float
    file: str  # where the bytes are kept, relative to the results file; "" if not kept


class Failure(NamedTuple):
    """An image that could not be scored."""

    image: str
    reason: str


class Point(NamedTuple):
    """One codec at one setting, over all images."""

    curve: str  # points of one name make one curve: "litcodec cosine-3", "JPEG"
    kind: Literal["codec", "baseline"]
    setting: str  # "lmbda 0.0130", "quality 40"
    source: str  # the codec file's path, or the libraries: "Pillow 12.1, libjpeg-turbo 3.1"
    lmbda: float | None
    fingerprint: str | None  # hexadecimal, codecs only; + that of a second synthesis
    scores: tuple[Score, ...]  # sorted by image
    failures: tuple[Failure, ...]
    divergences: tuple[Divergence, ...] = ()  # over all images that have scores
    realism: float = 0.0  # of the decoder, 0 to 1; above 0 with a second synthesis


class Machine(NamedTuple):
    """Where times were measured."""

    cpu: str
    cores: int
    threads: int  # that torch used
    device: str  # "cpu", or the GPU's name
    system: str
    python: str
    torch: str
    litcodec: str


class Results(NamedTuple):
    """An evaluation."""

    images: str  # the folder, as given
    created: str  # ISO 8601, UTC
    machine: Machine
    metrics: tuple[MetricInfo, ...]  # whose values scores have
    points: tuple[Point, ...]
    set_metrics: tuple[MetricInfo, ...] = ()  # whose values points have
