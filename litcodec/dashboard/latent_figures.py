"""Draws figures of latents, without pyplot, whose global state does not belong in a training process."""

import io

import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from litcodec.entropy import FactorizedDensity

DENSITY_CHANNELS = 6
MARGIN = 3  # symbols beyond the sample on either side
MAX_SYMBOLS = 200  # drawn to either side of the median
CURVE_POINTS = 400


def draw_channels(channel_bpp: Tensor, dead: Tensor) -> Image.Image:
    """Bars of what each channel of y costs, the dearest first.

    Args:
        channel_bpp: bits per pixel, (M,).
        dead: (M,) bool.
    """
    ordered = channel_bpp.sort(descending=True).values.tolist()
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.add_subplot()
    axes.bar(range(len(ordered)), ordered, width=1.0)
    axes.set_xlabel("channel of y, sorted")
    axes.set_ylabel("bits per pixel")
    axes.set_title(f"{sum(ordered):.4f} bpp in {len(ordered)} channels, {int(dead.sum())} of them dead")
    return _drawn(figure)


def draw_densities(density: FactorizedDensity, sample: Tensor) -> Image.Image:
    """Learned masses over the histogram of what they model, for a few channels from narrow to wide.

    Args:
        density: on the CPU.
        sample: unquantised latents of its channels, (C, n).
    """
    medians = density.quantile(0.5)
    picks = sample.std(dim=1, correction=0).argsort()
    picks = picks[torch.linspace(0, len(picks) - 1, min(DENSITY_CHANNELS, len(picks))).round().long()]
    figure = Figure(figsize=(9, 5), layout="constrained")
    for k, channel in enumerate(picks.tolist()):
        median = medians[channel]
        symbols = torch.round(sample[channel] - median).clamp(-MAX_SYMBOLS, MAX_SYMBOLS)
        low, high = int(symbols.min()) - MARGIN, int(symbols.max()) + MARGIN
        heights = torch.histc(symbols, bins=high - low + 1, min=low - 0.5, max=high + 0.5) / symbols.numel()
        curve = median + torch.linspace(low - 0.5, high + 0.5, CURVE_POINTS)
        axes = figure.add_subplot(2, (len(picks) + 1) // 2, k + 1)
        centres = (median + torch.arange(low, high + 1)).tolist()
        axes.bar(centres, heights.tolist(), width=1.0, alpha=0.5, label="share of latents")
        axes.plot(curve.tolist(), _masses(density, channel, curve).tolist(), color="C1", label="learned mass")
        axes.set_title(f"channel {channel}", fontsize="small")
    figure.axes[0].legend(fontsize="x-small")
    return _drawn(figure)


@torch.no_grad()
def _masses(density: FactorizedDensity, channel: int, v: Tensor) -> Tensor:
    """What one channel's density gives to the unit intervals about ``v`` (n,)."""
    likelihoods: Tensor = density(v[None, None, None, :].expand(1, density.channels, 1, -1))
    return likelihoods[0, channel, 0]


def _drawn(figure: Figure) -> Image.Image:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return Image.open(file).convert("RGB")
