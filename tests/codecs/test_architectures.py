"""Names, shapes and order of the weights: what checkpoints, and weights from elsewhere, rely on."""

import pytest
import torch

from litcodec.codecs import (
    Checkerboard,
    Codec,
    FactorizedPrior,
    JointAutoregressive,
    MeanScaleHyperprior,
    MixtureAutoregressive,
    ScaleHyperprior,
)
from litcodec.entropy import MixedQuantiser, NoiseQuantiser

Shapes = dict[str, tuple[int, ...]]


def _convolutions(prefix: str, *layers: tuple[int, tuple[int, ...], int]) -> Shapes:
    shapes: Shapes = {}
    for index, weight, outputs in layers:
        shapes[f"{prefix}.{index}.weight"] = weight
        shapes[f"{prefix}.{index}.bias"] = (outputs,)
    return shapes


def _normalisations(prefix: str, N: int, *indices: int) -> Shapes:
    shapes: Shapes = {}
    for index in indices:
        shapes[f"{prefix}.{index}.beta"] = (N,)
        shapes[f"{prefix}.{index}.gamma"] = (N, N)
    return shapes


def _density(C: int) -> Shapes:
    return {
        "density.matrices.0": (C, 3, 1),
        **{f"density.matrices.{k}": (C, 3, 3) for k in (1, 2, 3)},
        "density.matrices.4": (C, 1, 3),
        **{f"density.biases.{k}": (C, 3, 1) for k in (0, 1, 2, 3)},
        "density.biases.4": (C, 1, 1),
        **{f"density.factors.{k}": (C, 3, 1) for k in (0, 1, 2, 3)},
    }


G_A = {
    **_convolutions(
        "g_a",
        (0, (128, 3, 5, 5), 128),
        (2, (128, 128, 5, 5), 128),
        (4, (128, 128, 5, 5), 128),
        (6, (192, 128, 5, 5), 192),
    ),
    **_normalisations("g_a", 128, 1, 3, 5),
}
G_S = {
    **_convolutions(
        "g_s",
        (0, (192, 128, 5, 5), 128),
        (2, (128, 128, 5, 5), 128),
        (4, (128, 128, 5, 5), 128),
        (6, (128, 3, 5, 5), 3),
    ),
    **_normalisations("g_s", 128, 1, 3, 5),
}
H_A = _convolutions("h_a", (0, (128, 192, 3, 3), 128), (2, (128, 128, 5, 5), 128), (4, (128, 128, 5, 5), 128))
H_S_SCALES = _convolutions(
    "h_s", (0, (128, 128, 5, 5), 128), (2, (128, 128, 5, 5), 128), (4, (192, 128, 3, 3), 192)
)
H_S_MEANS = _convolutions(
    "h_s", (0, (128, 192, 5, 5), 192), (2, (192, 288, 5, 5), 288), (4, (384, 288, 3, 3), 384)
)
CONTEXT = {
    "context_prediction.weight": (384, 192, 5, 5),
    "context_prediction.bias": (384,),
    **_convolutions(
        "entropy_parameters",
        (0, (640, 768, 1, 1), 640),
        (2, (512, 640, 1, 1), 512),
        (4, (384, 512, 1, 1), 384),
    ),
}
MIXTURES = {
    **CONTEXT,
    "entropy_parameters.4.weight": (1728, 512, 1, 1),
    "entropy_parameters.4.bias": (1728,),
}
G_9X9 = {
    **_convolutions("g_a", (0, (128, 3, 9, 9), 128), (2, (128, 128, 5, 5), 128)),
    "g_a.4.weight": (192, 128, 5, 5),  # no bias
    **_normalisations("g_a", 128, 1, 3),
    **_convolutions("g_s", (0, (192, 128, 5, 5), 128), (2, (128, 128, 5, 5), 128), (4, (128, 3, 9, 9), 3)),
    **_normalisations("g_s", 128, 1, 3),
}

EXPECTED = [
    (FactorizedPrior, {}, {**G_A, **G_S, **_density(192)}),
    (FactorizedPrior, {"transform": "9x9"}, {**G_9X9, **_density(192)}),
    (ScaleHyperprior, {}, {**G_A, **G_S, **H_A, **H_S_SCALES, **_density(128)}),
    (MeanScaleHyperprior, {}, {**G_A, **G_S, **H_A, **H_S_MEANS, **_density(128)}),
    (MeanScaleHyperprior, {"gdn": "simplified"}, {**G_A, **G_S, **H_A, **H_S_MEANS, **_density(128)}),
    (JointAutoregressive, {}, {**G_A, **G_S, **H_A, **H_S_MEANS, **CONTEXT, **_density(128)}),
    (MixtureAutoregressive, {}, {**G_A, **G_S, **H_A, **H_S_MEANS, **MIXTURES, **_density(128)}),
    (Checkerboard, {}, {**G_A, **G_S, **H_A, **H_S_MEANS, **CONTEXT, **_density(128)}),
]


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"), EXPECTED, ids=lambda v: getattr(v, "__name__", None)
)
def test_weights_have_the_references_names_and_shapes(kind: type[Codec], arguments, expected: Shapes):
    with torch.device("meta"):
        codec = kind(N=128, M=192, **arguments)
    assert {name: tuple(tensor.shape) for name, tensor in codec.state_dict().items()} == expected


@pytest.mark.parametrize(("kind", "factor"), [(FactorizedPrior, 16), (ScaleHyperprior, 64)])
def test_the_papers_sizes_are_the_defaults(kind: type[Codec], factor: int):
    with torch.device("meta"):
        codec = kind()
    assert codec.architecture.name == kind.__name__
    assert codec.architecture.init_args["N"] == 128
    assert codec.architecture.init_args["M"] == 192
    assert codec.downsampling_factor == factor
    assert isinstance(codec.latent_model.quantiser, MixedQuantiser)


def test_the_quantiser_is_no_part_of_the_architecture():
    # It only trains: a codec file neither names nor needs it.
    noisy = MeanScaleHyperprior(N=8, M=12, quantiser=NoiseQuantiser())
    assert noisy.architecture == MeanScaleHyperprior(N=8, M=12).architecture
    assert not any("quantiser" in name for name in noisy.state_dict())


def test_the_number_of_parameters_is_the_references():
    # CompressAI's counts for bmshj2018-hyperprior, mbt2018-mean and mbt2018 at quality 1: with 3 quantiles
    # for each channel of z.
    counts = {}
    for kind, N in ((ScaleHyperprior, 128), (MeanScaleHyperprior, 128), (JointAutoregressive, 192)):
        with torch.device("meta"):
            counts[kind] = sum(p.numel() for p in kind(N=N, M=192).parameters()) + 3 * N
    assert counts == {
        ScaleHyperprior: 5_075_843,
        MeanScaleHyperprior: 7_028_003,
        JointAutoregressive: 14_130_467,
    }
