"""Selects the metrics that are drawn: one scale of each kind."""

from collections.abc import Sequence

from litcodec.metrics import MetricInfo, infos
from litcodec.metrics.metric import Metric

NOT_DRAWN = ("psnr_luma", "ms_ssim")  # shown by psnr and ms_ssim_db, which have the better scale


def drawn_metrics(metrics: Sequence[Metric]) -> tuple[MetricInfo, ...]:
    """Those of ``metrics`` that get curves and figures of their own."""
    return tuple(metric for metric in infos(metrics) if metric.name not in NOT_DRAWN)
