"""A metric: one value of one image and its reconstruction, with the words and digits it is shown with."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class MetricInfo(NamedTuple):
    """How values of a metric are called and shown; results files hold it beside the values."""

    name: str  # short, a word: "psnr"; the key in results, tables and logs
    label: str  # for people: "PSNR RGB"
    unit: str  # "dB"; "" if it has none
    higher_is_better: bool
    digits: int  # after the point

    @property
    def title(self) -> str:
        """Label and unit, for an axis or a column: "PSNR RGB, dB"."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


def _unchanged(value: float) -> float:
    return value


class Metric(NamedTuple):
    """A metric that can be measured: ``MetricInfo``'s fields and a function.

    ``fn(x, x_hat)`` takes an image (1, 3, H, W) in [0, 1] and its reconstruction of the same shape, rounded
    to 8 bits, and returns one number; nan where the metric is not defined. ``scale`` maps that number to
    another scale, so that several metrics can share one ``fn``, which is then computed once.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool
    digits: int
    fn: Callable[[Tensor, Tensor], float]
    scale: Callable[[float], float] = _unchanged

    @property
    def info(self) -> MetricInfo:
        """All but the functions."""
        return MetricInfo(*self[:5])


def scores_of(x: Tensor, x_hat: Tensor, metrics: Sequence[Metric]) -> dict[str, float]:
    """One value of each metric for one image.

    Args:
        x: the image, (3, H, W) or (1, 3, H, W), float in [0, 1] or uint8.
        x_hat: its reconstruction, of the same shape; floats are clamped and rounded to 8 bits first.
        metrics: what to measure.

    Returns:
        By name of the metric; inf or nan where there is no finite value.

    Raises:
        ShapeError: if the two are not RGB images of one shape, as the shipped metrics check.
    """
    images = _unit(x), _unit(x_hat, rounded=True)
    with torch.no_grad():
        values = {fn: float(fn(*images)) for fn in dict.fromkeys(metric.fn for metric in metrics)}
    return {metric.name: float(metric.scale(values[metric.fn])) for metric in metrics}


def infos(metrics: Sequence[Metric]) -> tuple[MetricInfo, ...]:
    """What results files hold of metrics."""
    return tuple(metric.info for metric in metrics)


def _unit(x: Tensor, *, rounded: bool = False) -> Tensor:
    x = x if x.dim() == 4 else x[None]
    if x.dtype == torch.uint8:
        return x.float() / 255
    return (x.detach().float().clamp(0, 1) * 255).round() / 255 if rounded else x.detach().float()
