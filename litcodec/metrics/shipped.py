"""The metrics that litcodec ships, and metrics by name or import path."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple, NoReturn

from litcodec.errors import ShapeError
from litcodec.import_path import import_object
from litcodec.metrics import efficientnet_lite, ffmpeg, perceptual
from litcodec.metrics.frechet import frechet_distance
from litcodec.metrics.metric import Metric
from litcodec.metrics.ms_ssim import ms_ssim
from litcodec.metrics.ms_ssim_db import ms_ssim_db
from litcodec.metrics.psnr import psnr
from litcodec.metrics.psnr_luma import psnr_luma
from litcodec.metrics.set_metric import SetMetric

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
VMAF = Metric("vmaf", "VMAF", "", True, 2, ffmpeg.vmaf)
XPSNR = Metric("xpsnr", "XPSNR luma", "dB", True, 2, ffmpeg.xpsnr)
PERCEPTUAL = (SSIMULACRA2, FLIP, GMSD, HAARPSI, VIF, VMAF, XPSNR)  # with the extra ``perceptual``
EFFNET_FRECHET = SetMetric(  # with the extra ``perceptual``
    "effnet_frechet",
    "Fréchet distance, EfficientNet-lite0",
    "",
    1,
    efficientnet_lite.image_features,
    frechet_distance,
    1000,
)
OF_SETS = (EFFNET_FRECHET,)
PACKAGES = {
    "ssimulacra2": "ssimulacra2",
    "flip": "flip_evaluator",
    "gmsd": "piq",
    "haarpsi": "piq",
    "vif": "piq",
    "vmaf": ffmpeg.PACKAGE,
    "xpsnr": ffmpeg.PACKAGE,
    "effnet_frechet": efficientnet_lite.PACKAGE,
}
# Known by everybody, not to be had honestly here.
_INCEPTION = (
    "it is defined by the weights of Inception-v3, which no package holds, and by at least 10,000 patches "
    "of 256x256 pixels, of which Kodak has 192; take effnet_frechet, which is another distance, or give the "
    "import path of a SetMetric with that network"
)
_DOWNLOAD = (
    "its network's weights lie in no package, they are a download; give the import path of a metric of your "
    "own that has them"
)
REFUSED = {"fid": _INCEPTION, "kid": _INCEPTION, "lpips": _DOWNLOAD, "dists": _DOWNLOAD}


class OpenedMetrics(NamedTuple):
    """Metrics by what they are values of."""

    of_images: tuple[Metric, ...]
    of_sets: tuple[SetMetric, ...]


def open_metrics(names: Sequence[str | Metric]) -> tuple[Metric, ...]:
    """Metrics of single images, by short name or import path.

    Args:
        names: of shipped metrics ("psnr", "psnr_luma", "ms_ssim", "ms_ssim_db"; with the extra
            ``perceptual`` "ssimulacra2", "flip", "gmsd", "haarpsi", "vif", "vmaf", "xpsnr"), or import
            paths of others, ``mylab.metrics.SHARPNESS``; a ``Metric`` itself is taken as it is. One given
            twice counts once.

    Raises:
        ShapeError: if there is no such metric, what is there is none, its package is missing, it is a metric
            of a set of images, or two of them share a name.
    """
    opened = open_all_metrics(names)
    for metric in opened.of_sets:
        _refuse(metric.name, "it is of a set of images, not of one; litcodec evaluate --metrics measures it")
    return opened.of_images


def open_all_metrics(names: Sequence[str | Metric | SetMetric]) -> OpenedMetrics:
    """Metrics of single images and of sets, by short name or import path.

    Args:
        names: see ``open_metrics``; of a set also "effnet_frechet", with the extra ``perceptual``.

    Raises:
        ShapeError: see ``open_metrics``.
    """
    shipped = {metric.name: metric for metric in (*SHIPPED, *PERCEPTUAL, *OF_SETS)}
    found: dict[str, Metric | SetMetric] = {}
    for name in names:
        if isinstance(name, str):
            if name in REFUSED:
                _refuse(name, REFUSED[name])
            metric = shipped.get(name) or _imported(name)
        else:
            metric = name
        _check_package(metric)
        if found.setdefault(metric.name, metric) != metric:
            raise ShapeError(f"two metrics are called {metric.name!r}: give one of them another name.")
    return OpenedMetrics(
        tuple(metric for metric in found.values() if isinstance(metric, Metric)),
        tuple(metric for metric in found.values() if isinstance(metric, SetMetric)),
    )


def _check_package(metric: Metric | SetMetric) -> None:
    package = PACKAGES.get(metric.name) if metric in (*PERCEPTUAL, *OF_SETS) else None
    if package is not None and find_spec(package) is None:
        _refuse(
            metric.name,
            f"its package {package} is not installed; pip install 'litcodec[perceptual]' brings it",
        )


def _imported(path: str) -> Metric | SetMetric:
    if "." not in path:
        known = ", ".join(metric.name for metric in (*SHIPPED, *PERCEPTUAL, *OF_SETS))
        raise ShapeError(f"there is no metric {path!r}; there are {known}, or give an import path.")
    try:
        metric = import_object(path)
    except ImportError as error:
        _refuse(path, str(error))
    if not isinstance(metric, (Metric, SetMetric)):
        _refuse(path, f"it is a {type(metric).__name__}, not a litcodec.metrics.Metric")
    if not (isinstance(metric.name, str) and metric.name.isidentifier()):
        _refuse(path, f"its name is {metric.name!r}; it should be a word of letters, digits and _")
    return metric


def _refuse(path: str, why: str) -> NoReturn:
    raise ShapeError(f"no metric {path}: {why}.")
