"""Counts statistics of latents over the validation images."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.codecs import Codec
from litcodec.latent_coding import Coded
from litcodec.latent_models import Latents

PLACES = 1024  # latent places per image that are kept for histograms


class LatentCounts(NamedTuple):
    """Of one image; on the CPU."""

    pixels: int
    bits: tuple[float, ...]  # of each latent, rounded, outermost first: (y,) or (y, z)
    bits_noisy: float  # of all latents, with the training stand-in for rounding
    channel_bits: Tensor  # (M,), of y
    lowest: Tensor  # (M,), smallest coded symbol of y
    highest: Tensor  # (M,)
    y: Tensor  # (M, n), a sample of places
    scales_hat: Tensor | None  # (M, n), hyperpriors only
    outermost: Tensor  # (C, n), a sample of what the codec's density models: z, or y without a hyperprior
    symbols: int
    escapes: int
    clipped: int


def count_latents(codec: Codec, x: Tensor, coded: Coded, *, size: tuple[int, int]) -> LatentCounts:
    """Look at one image's latents; ``codec`` is in eval mode before and after.

    Args:
        codec: in eval mode.
        x: (1, 3, h, w) in [0, 1].
        coded: what the frozen codec made of ``x``.
        size: (H, W) of the image, of which a hybrid's inner codec may see a smaller one.
    """
    latents = codec.latents(x)
    likelihoods = codec(x).likelihoods
    symbols = _coded_symbols(codec, latents)
    return LatentCounts(
        pixels=size[0] * size[1],
        bits=tuple(_bits(likelihood) for likelihood in likelihoods),
        bits_noisy=sum(map(_bits, _noisy_likelihoods(codec, x))),
        channel_bits=-torch.log2(likelihoods[0]).double().sum(dim=(0, 2, 3)).cpu(),
        lowest=symbols.amin(dim=(0, 2, 3)).cpu(),
        highest=symbols.amax(dim=(0, 2, 3)).cpu(),
        y=_sample(latents.y),
        scales_hat=None if latents.scales_hat is None else _sample(latents.scales_hat),
        outermost=_sample(latents.y if latents.z is None else latents.z),
        symbols=coded.symbols,
        escapes=coded.escapes,
        clipped=coded.clipped,
    )


def entropy_scalars(counts: Sequence[LatentCounts]) -> dict[str, float]:
    """The numbers that are logged, as ``entropy/...``; see ``EntropyStatistics``."""
    pixels = sum(image.pixels for image in counts)
    bits = [sum(of_images) for of_images in zip(*(image.bits for image in counts), strict=True)]
    rounded = sum(bits)
    symbols = sum(image.symbols for image in counts)
    dead = dead_channels(counts)
    found = {
        "entropy/y_bpp": bits[0] / pixels,
        "entropy/y_share": bits[0] / rounded,
        "entropy/dead_channels": float(dead.sum()),
        "entropy/dead_share": float(dead.double().mean()),
        "entropy/noise_gap": sum(image.bits_noisy for image in counts) / rounded - 1,
        "entropy/escape_share": sum(image.escapes for image in counts) / symbols,
        "entropy/clipped": float(sum(image.clipped for image in counts)),
    }
    if len(bits) > 1:
        found["entropy/z_bpp"] = bits[1] / pixels
        found["entropy/z_share"] = bits[1] / rounded
    return found


def channel_bpp(counts: Sequence[LatentCounts]) -> Tensor:
    """Bits per pixel that each channel of y costs, (M,)."""
    return torch.stack([image.channel_bits for image in counts]).sum(dim=0) / sum(
        image.pixels for image in counts
    )


def dead_channels(counts: Sequence[LatentCounts]) -> Tensor:
    """Which channels of y were one and the same symbol everywhere, in all images, (M,) bool."""
    lowest = torch.stack([image.lowest for image in counts]).amin(dim=0)
    highest = torch.stack([image.highest for image in counts]).amax(dim=0)
    return lowest == highest


def _coded_symbols(codec: Codec, latents: Latents) -> Tensor:
    medians = None if codec.density is None else codec.density.medians()
    centres = (latents.centre, latents.means_hat, medians)
    return torch.round(latents.y - next((c for c in centres if c is not None), torch.zeros(()).to(latents.y)))


def _noisy_likelihoods(codec: Codec, x: Tensor) -> tuple[Tensor, ...]:
    modes = [(module, module.training) for module in codec.modules()]
    # Noise of its own, the same every time: training's random numbers stay what they would be without us.
    with torch.random.fork_rng(devices=[x.device] if x.device.type == "cuda" else []):
        torch.manual_seed(0)
        codec.train()
        try:
            return codec(x).likelihoods  # type: ignore[no-any-return]
        finally:
            for module, training in modes:
                module.training = training


def _bits(likelihood: Tensor) -> float:
    return float(likelihood.double().log().sum()) / -math.log(2)


def _sample(latent: Tensor) -> Tensor:
    flat = latent[0].flatten(1)
    return flat[:, :: max(1, flat.shape[1] // PLACES)].float().cpu()
