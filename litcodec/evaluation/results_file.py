"""Results as a JSON file. Every key is explained in ``SCHEMA.md``."""

import json
import math
import types
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

from litcodec.errors import ResultsError
from litcodec.evaluation.outputs import atomic_output
from litcodec.evaluation.results import SCHEMA_VERSION, Results, Score

FORMAT = "litcodec-results"
_NOT_ALWAYS_FINITE = ("psnr_rgb", "psnr_luma", "ms_ssim", "ms_ssim_db")  # null in the file where they are not
_PATHS = ("image", "file")  # below a folder, never out of it


def write_results(path: Path, results: Results) -> None:
    """Write a results file, whole or not at all, replacing what was at ``path``.

    Raises:
        OutputExists: if ``path`` is a folder.
    """
    found = {"format": FORMAT, "version": SCHEMA_VERSION, **_plain(results)}
    with atomic_output(path, overwrite=True) as file:
        file.write(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def read_results(path: Path) -> Results:
    """Read a results file: just what was written, infinities and nan included.

    Raises:
        ResultsError: if the file is missing, damaged, not one of ours or of another version; names the key.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path} is not a results file of litcodec evaluate: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ResultsError(f"{path} is not a results file of litcodec evaluate.")
    if found.get("version") != SCHEMA_VERSION:
        raise ResultsError(
            f"{path} has results version {found.get('version')!r}; this litcodec reads version "
            f"{SCHEMA_VERSION}. Make it anew with: litcodec evaluate --force."
        )
    results: Results = _record(Results, found, "", path)
    return results


def _plain(value: Any) -> Any:
    """Tuples with names as objects, others as lists, what JSON has no number for as null."""
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        if fields is None:
            return [_plain(item) for item in value]
        return {key: _plain(item) for key, item in zip(fields, value, strict=True)}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _record(cls: Any, found: object, where: str, path: Path) -> Any:
    """A NamedTuple from a JSON object.

    Args:
        cls: its class.
        found: what the file holds.
        where: the key it was found under, such as "points[0].scores[3]"; "" for the whole file.
        path: of the file.
    """
    if not isinstance(found, dict):
        _damaged(path, f"{where} should be an object")
    values: dict[str, Any] = {}
    for key, hint in get_type_hints(cls).items():
        inner = f"{where}.{key}" if where else key
        if key not in found:
            _damaged(path, f"{inner} is missing")
        if found[key] is None and key in _NOT_ALWAYS_FINITE:
            values[key] = math.nan
        else:
            values[key] = _value(hint, found[key], inner, path)
        if key in _PATHS and not _stays_below(values[key]):
            _damaged(path, f"{inner} leads out of its folder: {values[key]!r}")
    record = cls(**values)
    return _with_infinities(record) if isinstance(record, Score) else record


def _value(hint: Any, found: object, where: str, path: Path) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(found, list):
            _damaged(path, f"{where} should be a list")
        item = get_args(hint)[0]
        return tuple(_value(item, value, f"{where}[{k}]", path) for k, value in enumerate(found))
    if get_origin(hint) is Literal:
        if found not in get_args(hint):
            _damaged(path, f"{where} should be one of {', '.join(get_args(hint))}, not {found!r}")
        return found
    if hasattr(hint, "_fields"):
        return _record(hint, found, where, path)
    allowed = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if float in allowed and type(found) is int:
        return float(found)
    if type(found) not in allowed:  # not isinstance: True is an int
        words = " or ".join("null" if kind is types.NoneType else kind.__name__ for kind in allowed)
        _damaged(path, f"{where} should be {words}, not {found!r}")
    return found


def _with_infinities(score: Score) -> Score:
    """What null stood for: no loss, except where there is no MS-SSIM."""
    psnr_rgb, psnr_luma = (math.inf if math.isnan(v) else v for v in (score.psnr_rgb, score.psnr_luma))
    lossless = math.isnan(score.ms_ssim_db) and not math.isnan(score.ms_ssim)
    ms_ssim_db = math.inf if lossless else score.ms_ssim_db
    return score._replace(psnr_rgb=psnr_rgb, psnr_luma=psnr_luma, ms_ssim_db=ms_ssim_db)


def _stays_below(path: str) -> bool:
    return not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts


def _damaged(path: Path, what: str) -> NoReturn:
    raise ResultsError(f"{path} is damaged: {what}. Make it anew with: litcodec evaluate --force.")
