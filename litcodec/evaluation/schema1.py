"""Results files of schema 1, which litcodec 0.1 wrote: four fixed metrics and "anchor" for baselines."""

from collections.abc import Callable
from typing import Any, NoReturn

from litcodec.metrics import SHIPPED

_KEYS = {"psnr_rgb": "psnr", "psnr_luma": "psnr_luma", "ms_ssim": "ms_ssim", "ms_ssim_db": "ms_ssim_db"}


def from_schema_1(found: dict[str, Any], damaged: Callable[[str], NoReturn]) -> dict[str, Any]:
    """The same results in schema 2; what is malformed stays so, for the reader to refuse.

    Args:
        found: the whole file.
        damaged: called with what is wrong.
    """
    points = found.get("points")
    if isinstance(points, list):
        points = [_point(point, f"points[{k}]", damaged) for k, point in enumerate(points)]
    metrics = [metric.info._asdict() for metric in SHIPPED]
    return {**found, **({} if points is None else {"points": points}), "metrics": metrics}


def _point(point: Any, where: str, damaged: Callable[[str], NoReturn]) -> Any:
    if not isinstance(point, dict):
        return point
    scores = point.get("scores")
    if isinstance(scores, list):
        scores = [_score(score, f"{where}.scores[{k}]", damaged) for k, score in enumerate(scores)]
        point = {**point, "scores": scores}
    return {**point, "kind": "baseline"} if point.get("kind") == "anchor" else point


def _score(score: Any, where: str, damaged: Callable[[str], NoReturn]) -> Any:
    if not isinstance(score, dict):
        return score
    missing = [key for key in _KEYS if key not in score]
    if missing:
        damaged(f"{where}.{missing[0]} is missing")
    values = {new: score[old] for old, new in _KEYS.items()}
    # Null was both: infinite PSNR, and an MS-SSIM that does not exist.
    for name in ("psnr", "psnr_luma"):
        values[name] = "inf" if values[name] is None else values[name]
    if values["ms_ssim_db"] is None and values["ms_ssim"] is not None:
        values["ms_ssim_db"] = "inf"
    return {**{key: value for key, value in score.items() if key not in _KEYS}, "values": values}
