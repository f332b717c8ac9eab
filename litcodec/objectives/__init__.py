"""What training minimises and encoders weigh: rate + lmbda * distortions + auxiliary losses."""

from litcodec.objectives.description import WORDS, build, describe, word_for
from litcodec.objectives.distortions import L1, MSE, MSSSIM, Charbonnier, Distortion
from litcodec.objectives.objective import (
    Loss,
    NamedValue,
    Objective,
    Term,
    bits_per_pixel,
    bits_per_pixel_of_each,
    mixed,
    ms_ssim,
    mse,
)

__all__ = [
    "L1",
    "MSE",
    "MSSSIM",
    "WORDS",
    "Charbonnier",
    "Distortion",
    "Loss",
    "NamedValue",
    "Objective",
    "Term",
    "bits_per_pixel",
    "bits_per_pixel_of_each",
    "build",
    "describe",
    "mixed",
    "ms_ssim",
    "mse",
    "word_for",
]
