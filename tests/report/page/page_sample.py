"""A report made up to test the page with: three measured curves, two published, two images."""

import base64
import io
import math

import numpy as np
from PIL import Image

from litcodec.evaluation.curves import Curve, CurvePoint
from litcodec.evaluation.results import Failure, Machine
from litcodec.metrics import SHIPPED, MetricInfo, infos
from litcodec.report.choices import Preference
from litcodec.report.data import BDEntry, ImageRow, Level, ReportData, Version, ViewerImage
from litcodec.report.planes import Plane, PlanePoint, Planes

HOSTILE = "Naïve </script><b>x \"q\" 's' &amp; ${title}"
OURS, JPEG, VTM, HM = "Hyperprior N=32", "JPEG", "VTM, published", "HM, published"
MEASURED = {OURS: 5, HOSTILE: 4, JPEG: 5}
LMBDAS = (0.0018, 0.0067, 0.013, 0.025, 0.0483)
SIZE = (320, 200)  # width, height
IMAGES = ("plain.png", "hostile </script><b>é.png")
BITS_SCALE = 0.5
REFUSAL = "3 points; at least 4 are needed."


def pixels(seed: int) -> np.ndarray:
    """Blocks of colours that are nobody else's, (H, W, 3)."""
    width, height = SIZE
    blocks = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return blocks.repeat(8, axis=0).repeat(8, axis=1)


ORIGINAL, DECODED, BITS = 1, 2, 3  # seeds


def address(seed: int) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels(seed)).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _curve(name: str, kind: str, count: int, height: float) -> Curve:
    measured = kind != "published"
    points = []
    for k in range(count):
        bpp = 0.2 * 1.7**k
        psnr = height + 4 * math.log2(1 + bpp)
        points.append(
            CurvePoint(
                setting=f"lmbda {LMBDAS[k]:.4f}" if kind == "codec" else f"quality {10 * (k + 1)}",
                lmbda=LMBDAS[k] if kind == "codec" else None,
                images=2 if measured else 24,
                bpp=bpp,
                scores={
                    "psnr": psnr,
                    **({"psnr_luma": psnr + 1} if measured else {}),
                    "ms_ssim": 0.98,
                    "ms_ssim_db": psnr / 2,
                },
                counts={"psnr": 2},
                encode_s=0.1 * (k + 1) if measured else None,
                decode_s=0.3 if measured else None,
            )
        )
    return Curve(name, kind, "made up", tuple(points))


CURVES = (
    _curve(OURS, "codec", 5, 30.0),
    _curve(HOSTILE, "codec", 4, 29.0),
    _curve(JPEG, "baseline", 5, 27.0),
    _curve(VTM, "published", 6, 32.0),
    _curve(HM, "published", 6, 31.0),
)


def _deltas() -> tuple[BDEntry, ...]:
    """Against JPEG the order of the first two differs between qualities; against VTM all is refused."""
    metrics = ("psnr", "ms_ssim_db")
    rates = {"psnr": (-20.5, -101.25 / 2, 7.0, None), "ms_ssim_db": (-33.0, -9.0, 2.0, 1.0)}
    entries = []
    for metric in metrics:
        for test, rate in zip((OURS, HOSTILE, VTM, HM), rates[metric], strict=True):
            if rate is None:
                entries.append(BDEntry(JPEG, test, metric, *(None,) * 9, REFUSAL))
            else:
                entries.append(
                    BDEntry(JPEG, test, metric, rate, -rate / 10, 28.04, 36.96, rate + 1, 4.25, 2, 2, 2, None)
                )
        entries.append(BDEntry(VTM, OURS, metric, *(None,) * 9, REFUSAL))
    return tuple(entries)


def _rows() -> tuple[ImageRow, ...]:
    """Bytes of different length, so that sorting them as text goes wrong; an infinite and a missing value."""
    rows = []
    for curve in CURVES[:3]:
        for point in curve.points:
            for image in IMAGES:
                k = len(rows) + 1
                psnr = math.inf if k == 7 else 27.0 + k / 8
                ms_ssim = None if k == 3 else 0.9 + k / 1000
                rows.append(
                    ImageRow(
                        curve.name, point.setting, image, (k * 23 % 29 + 1) * 495, point.bpp,
                        {"psnr": psnr, "psnr_luma": psnr, "ms_ssim": ms_ssim, "ms_ssim_db": ms_ssim and 12.0},
                        0.1, 0.3,
                    )
                )  # fmt: skip
    return tuple(rows)


def _viewer_image(name: str, levels: tuple[Level, ...]) -> ViewerImage:
    versions = [
        Version(
            curve, f"setting of {level}", level, 12345, 0.4321, {"psnr": 31.236, "ms_ssim": 0.9765},
            address(DECODED), address(BITS) if curve == OURS else None, BITS_SCALE if curve == OURS else None,
        )
        for level in levels
        for curve in (OURS, JPEG)
    ]  # fmt: skip
    return ViewerImage(name, *SIZE, address(ORIGINAL), tuple(versions))


FAR = MetricInfo("far", "Distance of sets", "", False, 1)


def _planes() -> Planes:
    """One plane of a codec at three settings and JPEG, and a point that is alone."""
    points = [
        PlanePoint(
            OURS,
            f"realism {k}",
            0.3,
            30 + 12 * k,
            26 + 12 * k,
            35 + 12 * k,
            90 - 40 * k,
            80 - 40 * k,
            99 - 40 * k,
        )
        for k in range(3)
    ]
    jpeg = PlanePoint(JPEG, "quality 10", 0.304, 66, 60, 70, 120, 110, 130)
    alone = PlanePoint(HOSTILE, "quality 3", 0.9, 5, 4, 6, 9, 8, 10)
    return Planes((Plane(FAR, 2, 33.0, (*points, jpeg)),), ((FAR, alone),))


SAMPLE = ReportData(
    title=HOSTILE,
    created="2025-03-01T12:34:56+00:00",
    images="photographs/é",
    machine=Machine("Some CPU", 8, 4, "cpu", "Linux", "3.11.2", "2.15.0", "0.1.0"),
    metrics=infos(SHIPPED),
    curves=CURVES,
    bd=_deltas(),
    rows=_rows(),
    viewer_images=(
        _viewer_image(IMAGES[0], ("low", "middle", "high")),
        _viewer_image(IMAGES[1], ("middle",)),
    ),
    failures=((f"{HOSTILE}, quality 3", Failure("broken.png", "no image at all")),),
    lossless=(),
    notes=("JPEG XL was left out.",),
    perception=_planes(),
    preferences=(Preference(OURS, JPEG, 5, 2, 1, 0.75, 0.41, 0.93, 0.985),),
)
