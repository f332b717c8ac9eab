"""The rate-distortion point that a run saves, and how runs of one curve find each other's."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from litcodec.errors import ResultsError
from litcodec.evaluation import atomic_output
from litcodec.evaluation.curves import CurvePoint
from litcodec.evaluation.image_sets import ImagePoint

FILE = "rd_point.json"
FORMAT, VERSION = "litcodec-rd-point", 2
_OLD_SCORES = {"psnr_rgb": "psnr", "psnr_luma": "psnr_luma", "ms_ssim": "ms_ssim", "ms_ssim_db": "ms_ssim_db"}
_KEYS = {"images_digest": "pictures"}  # of fields whose key in files is another
# What may differ between the runs of one curve.
OF_THE_RUN_ALONE = ("run_name", "run_root", "ckpt_path", "model.lmbda", "trainer.logger")


class RunPoint(NamedTuple):
    """Means of a run's last validation."""

    terms: str  # digest of the run's config without ``OF_THE_RUN_ALONE``; "" if it has none
    images_digest: str  # of the validation images
    step: int
    images: int
    lmbda: float
    bpp: float
    scores: Mapping[str, float]  # by metric, the means of finite values; missing where no image has one
    counts: Mapping[str, int]  # over how many images
    by_image: Mapping[str, ImagePoint]  # by name; empty in files of version 1


class Sibling(NamedTuple):
    """Another run of the same curve."""

    folder: Path
    point: RunPoint


def write_point(folder: Path, point: RunPoint) -> None:
    """Leave ``point`` in a run's folder."""
    with atomic_output(folder / FILE, overwrite=True) as file:
        file.write(as_json(point).encode() + b"\n")


def read_point(path: Path) -> RunPoint:
    """What ``write_point`` wrote.

    Raises:
        ResultsError: if the file cannot be read or is something else.
    """
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} is not the point of a run: {error}.") from error


def as_json(point: RunPoint) -> str:
    """One line."""
    by_image = {
        image: [at.bpp, {name: value for name, value in at.scores.items() if math.isfinite(value)}]
        for image, at in point.by_image.items()
    }
    fields = {_KEYS.get(field, field): value for field, value in point._asdict().items()}
    found = {"format": FORMAT, "version": VERSION, **fields, "by_image": by_image}
    return json.dumps(found, allow_nan=False)


def from_json(text: str) -> RunPoint:
    """What ``as_json`` gave.

    Raises:
        ValueError: if it is something else.
    """
    found = json.loads(text)
    if (
        not isinstance(found, dict)
        or found.get("format") != FORMAT
        or found.get("version") not in (1, VERSION)
    ):
        raise ValueError(f"format {FORMAT}, version 1 or {VERSION} is missing")
    if found["version"] == 1:
        scores = {new: found.get(old) for old, new in _OLD_SCORES.items() if found.get(old) is not None}
        found = {**found, "scores": scores, "counts": {}, "by_image": {}}
    keys = {field: _KEYS.get(field, field) for field in RunPoint._fields}
    missing = [key for key in keys.values() if key not in found]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    by_image = _objects(found, "by_image")
    pairs = [pair for pair in by_image.values() if not (isinstance(pair, list) and len(pair) == 2)]
    numbers = [found[field] for field in ("step", "images", "lmbda", "bpp")]
    numbers += [*_objects(found, "scores").values(), *_objects(found, "counts").values()]
    if pairs or not all(map(_is_finite, numbers)):
        raise ValueError(f"{(pairs or numbers)[:9]} should be numbers")
    texts = [keys[field] for field in ("terms", "images_digest")]
    if not all(isinstance(found[key], str) for key in texts):
        raise ValueError(f"{' and '.join(texts)} should be texts")
    values = {field: found[keys[field]] for field in RunPoint._fields[:-1]}
    return RunPoint(**values, by_image={image: _image_point(*pair) for image, pair in by_image.items()})


def _objects(found: dict[str, Any], key: str) -> dict[str, Any]:
    value = found[key]
    if not isinstance(value, dict):
        raise ValueError(f"{key} should be an object")
    return value


def _image_point(bpp: object, scores: object) -> ImagePoint:
    if not (isinstance(scores, dict) and all(map(_is_finite, (bpp, *scores.values())))):
        raise ValueError("by_image should hold numbers")
    return ImagePoint(bpp, scores)  # type: ignore[arg-type]


def siblings_on_disk(folder: Path, own: RunPoint) -> tuple[list[Sibling], list[ResultsError]]:
    """The runs of this run's curve that have ended below the same run root.

    Args:
        folder: of the run, ``<run_root>/<run_name>/<NNN>``.
        own: its point.

    Returns:
        One for each other lambda, the newest; and what is wrong with files that could not be read.
    """
    found: list[Sibling] = []
    wrong: list[ResultsError] = []
    paths = {path.resolve() for path in run_root(folder).glob(f"*/*/{FILE}")}  # "latest" leads to a run
    for path in sorted(paths - {(folder / FILE).resolve()}, key=lambda path: path.stat().st_mtime):
        try:
            found.append(Sibling(path.parent, read_point(path)))
        except ResultsError as error:
            wrong.append(error)
    alike = {sibling.point.lmbda: sibling for sibling in found if on_one_curve(sibling.point, own)}
    return list(alike.values()), wrong


def run_root(folder: Path) -> Path:
    """Where all runs lie; the folder itself if ``litcodec fit`` has not made it."""
    return folder.parent.parent if (folder / "config.yaml").is_file() else folder


def on_one_curve(point: RunPoint, own: RunPoint) -> bool:
    """Whether ``point`` differs from ``own`` in lambda alone: the same terms, the same images."""
    alike = (point.terms, point.images_digest) == (own.terms, own.images_digest)
    return alike and "" not in (own.terms, own.images_digest) and point.lmbda != own.lmbda


def terms_of(folder: Path) -> str:
    """A digest of a run's config but for lambda and what is the run's alone; "" if it has none."""
    # A continued run has its latest config in the file with the highest number.
    paths = sorted(folder.glob("config*.yaml"), key=lambda path: (len(path.name), path.name))
    if not paths:
        return ""
    content = yaml.safe_load(paths[-1].read_text(encoding="utf-8"))
    for key in OF_THE_RUN_ALONE:
        _drop(content, key)
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def on_curve(point: RunPoint) -> CurvePoint:
    """For drawing."""
    return CurvePoint(
        setting=f"step {point.step}",
        lmbda=point.lmbda,
        images=point.images,
        bpp=point.bpp,
        scores=point.scores,
        counts=point.counts,
        encode_s=None,
        decode_s=None,
    )


def _drop(content: Any, key: str) -> None:
    *path, last = key.split(".")
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    if isinstance(content, dict):
        content.pop(last, None)


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
