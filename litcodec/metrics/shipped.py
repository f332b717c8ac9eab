"""The metrics that litcodec ships, and metrics by name or import path."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

from litcodec.errors import ShapeError
from litcodec.import_path import import_object
from litcodec.metrics import perceptual
from litcodec.metrics.metric import Metric
from litcodec.metrics.ms_ssim import ms_ssim
from litcodec.metrics.ms_ssim_db import ms_ssim_db
from litcodec.metrics.psnr import psnr
from litcodec.metrics.psnr_luma import psnr_luma

PSNR = Metric("psnr", "PSNR RGB", "dB", True, 2, psnr)
PSNR_LUMA = Metric("psnr_luma", "PSNR luma", "dB", True, 2, psnr_luma)
MS_SSIM = Metric("ms_ssim", "MS-SSIM", "", True, 4, ms_ssim)
MS_SSIM_DB = Metric("ms_ssim_db", "MS-SSIM", "dB", True, 2, ms_ssim, ms_ssim_db)
SHIPPED = (PSNR, PSNR_LUMA, MS_SSIM, MS_SSIM_DB)  # measured where nothing is said
SSIMULACRA2 = Metric("ssimulacra2", "SSIMULACRA 2", "", True, 2, perceptual.ssimulacra2)
FLIP = Metric("flip", "FLIP", "", False, 4, perceptual.flip)
GMSD = Metric("gmsd", "GMSD", "", False, 4, perceptual.gmsd)
HAARPSI = Metric("haarpsi", "HaarPSI", "", True, 4, perceptual.haarpsi)
VIF = Metric("vif", "VIF", "", True, 4, perceptual.vif)
PERCEPTUAL = (SSIMULACRA2, FLIP, GMSD, HAARPSI, VIF)  # with the extra ``perceptual``
PACKAGES = {
    "ssimulacra2": "ssimulacra2",
    "flip": "flip_evaluator",
    "gmsd": "piq",
    "haarpsi": "piq",
    "vif": "piq",
}


def open_metrics(names: Sequence[str | Metric]) -> tuple[Metric, ...]:
    """Metrics by short name or import path.

    Args:
        names: of shipped metrics ("psnr", "psnr_luma", "ms_ssim", "ms_ssim_db"; with the extra
            ``perceptual`` "ssimulacra2", "flip", "gmsd", "haarpsi", "vif"), or import paths of others,
            ``mylab.metrics.SHARPNESS``; a ``Metric`` itself is taken as it is. One given twice counts once.

    Raises:
        ShapeError: if there is no such metric, what is there is none, its package is missing, or two of them
            share a name.
    """
    shipped = {metric.name: metric for metric in (*SHIPPED, *PERCEPTUAL)}
    found: dict[str, Metric] = {}
    for name in names:
        metric = name if isinstance(name, Metric) else shipped.get(name) or _imported(name)
        _check_package(metric)
        if found.setdefault(metric.name, metric) != metric:
            raise ShapeError(f"two metrics are called {metric.name!r}: give one of them another name.")
    return tuple(found.values())


def _check_package(metric: Metric) -> None:
    package = PACKAGES.get(metric.name) if metric in PERCEPTUAL else None
    if package is not None and find_spec(package) is None:
        _refuse(
            metric.name,
            f"its package {package} is not installed; pip install 'litcodec[perceptual]' brings it",
        )


def _imported(path: str) -> Metric:
    if "." not in path:
        known = ", ".join(metric.name for metric in (*SHIPPED, *PERCEPTUAL))
        raise ShapeError(f"there is no metric {path!r}; there are {known}, or give an import path.")
    try:
        metric = import_object(path)
    except ImportError as error:
        _refuse(path, str(error))
    if not isinstance(metric, Metric):
        _refuse(path, f"it is a {type(metric).__name__}, not a litcodec.metrics.Metric")
    if not (isinstance(metric.name, str) and metric.name.isidentifier()):
        _refuse(path, f"its name is {metric.name!r}; it should be a word of letters, digits and _")
    return metric


def _refuse(path: str, why: str) -> NoReturn:
    raise ShapeError(f"no metric {path}: {why}.")
