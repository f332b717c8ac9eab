"""CompressAI's checkpoints as codecs of litcodec.

Layers and their order are the same, so weights carry over by name; what has other names is the factorised
density, which went through three spellings.

One thing does not carry over. CompressAI rounds z (the factorised prior: y) about medians that an auxiliary
optimiser learned and calls ``quantiles``; our codecs round about the medians of the density itself, which its
``update(update_quantiles=True)`` would take too. An auxiliary optimiser that has converged leaves medians
within 0.001; one stopped early leaves them anywhere, and ``Imported.median_shift`` says how far. Shifts of
0.001 change the models of ``tests/golden/compressai`` by at most 0.002 % of bpp and 0.002 dB of PSNR over a
photograph, shifts up to 0.5 by 0.03 % and 0.05 dB; but where a latent is rounded the other way, single pixels
change by tens of 255.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.codecs import (
    Cheng2020,
    Codec,
    FactorizedPrior,
    JointAutoregressive,
    MeanScaleHyperprior,
    ScaleHyperprior,
)
from litcodec.compressai_models import COMPRESSAI_MODELS
from litcodec.entropy import SCALE_MIN
from litcodec.errors import CodecFileError
from litcodec.interchange.checkpoints import read_checkpoint

# Of theirs that ours do not cover: a key that nothing else has, and what to call the model.
NOT_COVERED = {
    "Gain": "a variable-rate model (*-vbr)",
    "latent_codec.y.channel_context.y1.0.weight": "elic2022",
    "latent_codec.y.context_prediction.weight": "cheng2020-anchor-checkerboard",
}

# matrices.0 today, _matrix0 in the published checkpoints, _matrices.0 before.
DENSITY = re.compile(r"entropy_bottleneck\.(?:_?(matrices|biases|factors)\.|_(matrix|bias|factor))(\d)")
PLURAL = {"matrix": "matrices", "bias": "biases", "factor": "factors"}
QUANTILES = "entropy_bottleneck.quantiles"
RESIDUAL = "g_a.0.conv1.weight"  # the first layer of residual transforms
SCALE_BOUND = "gaussian_conditional.lower_bound_scale.bound"
# Tables, which ours are rebuilt from the densities; constants of theirs that are the same in ours; and
# the mask of the context model, which is the same for all.
IGNORED = re.compile(
    r"(entropy_bottleneck|gaussian_conditional)\."
    r"(_offset|_quantized_cdf|_cdf_length|likelihood_lower_bound\.bound|quantiles|target"
    r"|scale_table|scale_bound|lower_bound_scale\.bound)"
    r"|context_prediction\.mask"
    r"|.*\.(beta|gamma)_reparam\.(pedestal|lower_bound\.bound)"
)


class Imported(NamedTuple):
    """A codec with the weights of a checkpoint."""

    codec: Codec  # in eval mode, float32, on the CPU
    median_shift: float | None  # largest distance of a learned median from the density's; None: none learned


def import_compressai(path: Path, architecture: str) -> Imported:
    """Read a checkpoint of CompressAI.

    Args:
        path: a state dict or a training checkpoint with one, ``.pth`` or ``.pth.tar``; or ``.safetensors``.
        architecture: one of ``COMPRESSAI_MODELS``, CompressAI's own names. N and M are read from the shapes.

    Raises:
        CodecFileError: if the file is missing, damaged, or not of that architecture.
    """
    state = read_checkpoint(path)
    try:
        return codec_from_compressai(state, architecture)
    except CodecFileError as error:
        raise CodecFileError(f"{path} {error}") from error


def codec_from_compressai(state: Mapping[str, Tensor], architecture: str) -> Imported:
    """The codec that computes what CompressAI's model with the state dict ``state`` computes.

    Raises:
        CodecFileError: if a name is unknown, missing or of a wrong shape; worded to follow the file's name.
    """
    plain = {name.removeprefix("module."): tensor for name, tensor in state.items()}  # of DataParallel
    weights = {_renamed(name): tensor for name, tensor in plain.items() if not IGNORED.fullmatch(name)}
    uncovered = [model for key, model in NOT_COVERED.items() if key in plain]
    if uncovered:
        raise CodecFileError(f"holds {uncovered[0]}; what can be imported: {', '.join(COMPRESSAI_MODELS)}.")
    found = _architecture_of(weights)
    if found is None:
        raise CodecFileError(
            f"has none of the layers of {', '.join(COMPRESSAI_MODELS)}; "
            f"its first key is {next(iter(state))!r}."
        )
    N, M = _sizes(weights)
    if found != architecture:
        raise CodecFileError(
            f"has the layers of {found} (N={N}, M={M}), not of {architecture}. Use --arch {found}."
        )
    with torch.device("meta"):  # no memory before the shapes are known to be those of the file
        expected = _build(architecture, N=N, M=M).state_dict()
    _check(weights, expected)
    _check_scale_bound(plain.get(SCALE_BOUND))
    codec = _build(architecture, N=N, M=M)
    codec.load_state_dict(weights)
    return Imported(codec.eval(), _median_shift(codec, plain.get(QUANTILES)))


def _renamed(name: str) -> str:
    density = DENSITY.fullmatch(name)
    if density is None:
        return name
    return f"density.{density[1] or PLURAL[density[2]]}.{density[3]}"


def _theirs(name: str) -> str:
    """What CompressAI calls it today."""
    return re.sub(r"^density\.", "entropy_bottleneck.", name)


def _architecture_of(weights: Mapping[str, Tensor]) -> str | None:
    """Which architecture the layers look like."""
    if RESIDUAL in weights:
        if weights[RESIDUAL].dim() != 4 or 0 in weights[RESIDUAL].shape:
            return None
        return "cheng2020-attn" if "g_a.3.conv_a.0.conv.0.weight" in weights else "cheng2020-anchor"
    ends = [weights.get(name) for name in ("g_a.0.weight", "g_a.6.weight")]
    if any(end is None or end.dim() != 4 or 0 in end.shape for end in ends):
        return None
    if "h_s.4.weight" not in weights:
        return "bmshj2018-factorized"
    if "context_prediction.weight" in weights:
        return "mbt2018"
    M = weights["g_a.6.weight"].shape[0]
    predicts_means = weights["h_s.4.weight"].shape[:1] == (2 * M,)
    return "mbt2018-mean" if predicts_means else "bmshj2018-hyperprior"


def _sizes(weights: Mapping[str, Tensor]) -> tuple[int, int]:
    """N and M of an architecture that has been found."""
    if RESIDUAL in weights:
        return weights[RESIDUAL].shape[0], weights[RESIDUAL].shape[0]
    return weights["g_a.0.weight"].shape[0], weights["g_a.6.weight"].shape[0]


def _build(architecture: str, *, N: int, M: int) -> Codec:
    if architecture.startswith("cheng2020"):
        return Cheng2020(N=N, attention=architecture == "cheng2020-attn", K=1)
    if architecture == "bmshj2018-factorized":
        return FactorizedPrior(N=N, M=M)
    if architecture == "bmshj2018-hyperprior":
        return ScaleHyperprior(N=N, M=M)
    if architecture == "mbt2018-mean":
        return MeanScaleHyperprior(N=N, M=M)
    return JointAutoregressive(N=N, M=M)


def _check(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    for name, tensor in weights.items():
        if name not in expected:
            raise CodecFileError(f"has an unknown key, {_theirs(name)!r}.")
        shape, wanted = tuple(tensor.shape), tuple(expected[name].shape)
        if shape != wanted or not tensor.is_floating_point():
            raise CodecFileError(
                f"has {tensor.dtype} {shape} under {_theirs(name)!r} instead of floats {wanted}."
            )
    missing = [name for name in expected if name not in weights]
    if missing:
        raise CodecFileError(f"lacks {_theirs(missing[0])!r}, one of {len(missing)} missing keys.")


def _check_scale_bound(bound: Tensor | None) -> None:
    """A model made with another bound gives other likelihoods. Half precision blurs it a little."""
    if bound is not None and not torch.allclose(bound.double(), torch.tensor(SCALE_MIN).double(), rtol=0.01):
        raise CodecFileError(
            f"bounds its scales at {bound.flatten().tolist()}; ours are bounded at {SCALE_MIN}."
        )


def _median_shift(codec: Codec, quantiles: Tensor | None) -> float | None:
    if quantiles is None:
        return None
    assert codec.density is not None  # every architecture of theirs has one
    medians = codec.density.medians().flatten()
    if quantiles.shape != (len(medians), 1, 3):
        raise CodecFileError(f"has {tuple(quantiles.shape)} under {QUANTILES!r}; no ({len(medians)}, 1, 3).")
    return float((quantiles[:, 0, 1] - medians).abs().max())
