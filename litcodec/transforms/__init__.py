"""Analysis and synthesis transforms: images <-> latents <-> hyper-latents. They know nothing of bits.

Every function returns an ``nn.Sequential`` whose layer order is that of the reference implementations, so
that weights carry over by position. ``GRDN``, ``halve`` and ``double`` are of another kind: images ->
images.
"""

from litcodec.transforms.agustsson2019 import instance_norm_analysis, instance_norm_synthesis
from litcodec.transforms.balle2017 import analysis_9x9, synthesis_9x9
from litcodec.transforms.balle2018 import analysis, hyper_analysis, hyper_synthesis, synthesis
from litcodec.transforms.cheng2020 import (
    residual_analysis,
    residual_hyper_analysis,
    residual_hyper_synthesis,
    residual_synthesis,
)
from litcodec.transforms.cosine import (
    best_step,
    cosine_analysis,
    cosine_hyper_analysis,
    cosine_hyper_synthesis,
    cosine_synthesis,
    latent_spread,
)
from litcodec.transforms.elic2022 import (
    bottleneck_analysis,
    bottleneck_synthesis,
    relu_hyper_analysis,
    relu_hyper_synthesis,
)
from litcodec.transforms.grdn import GRDN
from litcodec.transforms.hific2020 import (
    channel_norm_analysis,
    channel_norm_synthesis,
    joint_hyper_synthesis,
)
from litcodec.transforms.initialise import initialise, keep_variance, let_brightness_through
from litcodec.transforms.lapped import BorderFilter, lapped_analysis, lapped_synthesis
from litcodec.transforms.mentzer2018 import importance_analysis, importance_synthesis
from litcodec.transforms.mentzer2019 import ScaleEncoder, ScalePredictor
from litcodec.transforms.minnen2018 import (
    entropy_parameters,
    mean_scale_hyper_analysis,
    mean_scale_hyper_synthesis,
)
from litcodec.transforms.minnen2020 import narrowing_hyper_analysis, twin_hyper_synthesis
from litcodec.transforms.resize import double, halve
from litcodec.transforms.santurkar2018 import OfPatches, ToPatches

__all__ = [
    "GRDN",
    "BorderFilter",
    "OfPatches",
    "ScaleEncoder",
    "ScalePredictor",
    "ToPatches",
    "analysis",
    "analysis_9x9",
    "best_step",
    "bottleneck_analysis",
    "bottleneck_synthesis",
    "channel_norm_analysis",
    "channel_norm_synthesis",
    "cosine_analysis",
    "cosine_hyper_analysis",
    "cosine_hyper_synthesis",
    "cosine_synthesis",
    "double",
    "entropy_parameters",
    "halve",
    "hyper_analysis",
    "hyper_synthesis",
    "importance_analysis",
    "importance_synthesis",
    "initialise",
    "instance_norm_analysis",
    "instance_norm_synthesis",
    "joint_hyper_synthesis",
    "keep_variance",
    "lapped_analysis",
    "lapped_synthesis",
    "latent_spread",
    "let_brightness_through",
    "mean_scale_hyper_analysis",
    "mean_scale_hyper_synthesis",
    "narrowing_hyper_analysis",
    "relu_hyper_analysis",
    "relu_hyper_synthesis",
    "residual_analysis",
    "residual_hyper_analysis",
    "residual_hyper_synthesis",
    "residual_synthesis",
    "synthesis",
    "synthesis_9x9",
    "twin_hyper_synthesis",
]
