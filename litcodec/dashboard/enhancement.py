"""Measures what a hybrid codec's enhancer does to an image."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from torch import Tensor

from litcodec.codecs import Codec
from litcodec.dashboard.validation import ObservedImage
from litcodec.metrics import psnr


class Enhancement(NamedTuple):
    """Of one image."""

    psnr_inner: float  # dB, of what the inner codec decodes, brought to full size
    enhancer_gain: float  # dB that the enhancer adds to it; 0 for an image that it has no part in
    resolution: str  # "native" or "half": the size at which the inner codec has coded the image


class Inner(NamedTuple):
    """What the bits of an image are spent on."""

    codec: Codec
    x: Tensor  # the image that it codes, (1, 3, h, w)


def inner_of(codec: Codec, image: ObservedImage) -> Inner:
    """The codec that has latents, and what it codes: of a hybrid the inner one, at the size that was chosen.

    Who asks for latents and bits need not wait for an enhancer.
    """
    return Inner(*codec.latent_source(image.x, image.resolution))


def enhancement_of(image: ObservedImage) -> Enhancement | None:
    """What the enhancer does to an image's real bytes; None if the codec has none."""
    stages = image.stages
    if stages is None:
        return None
    before = psnr(image.x, stages.inner)
    after = psnr(image.x, stages.enhanced)
    # Equal ones first: the difference of two images without any error would be nan.
    return Enhancement(before, 0.0 if after == before else after - before, stages.resolution)


def enhancement_means(codec: Codec, enhancements: Sequence[Enhancement]) -> dict[str, float]:
    """What is logged of a validation, the same names whatever happened in it.

    Args:
        codec: that was watched.
        enhancements: of all images; none if the codec could not be frozen.

    Returns:
        For hybrids ``val/enhancer_gain``, dB; for those that choose a resolution ``val/half_share``, too.
    """
    if not codec.has_stages:
        return {}
    gains = [each.enhancer_gain for each in enhancements]
    means = {"val/enhancer_gain": fmean(gains) if gains else math.nan}
    if codec.chooses_resolution:
        halves = [each.resolution == "half" for each in enhancements]
        means["val/half_share"] = fmean(halves) if halves else math.nan
    return means
