"""Tiny codecs of every kind whose latents are as varied as a trained one's."""

import copy
from collections.abc import Callable
from functools import partial

import pytest
import torch
from tiny_hybrids import inner_of, make_enhancer_lively, tiny_hybrid, tiny_variable_rate

from litcodec.codecs import (
    Checkerboard,
    Cheng2020,
    Codec,
    Elic,
    FactorizedPrior,
    HiFiC,
    HybridCodec,
    JointAutoregressive,
    LappedCosine,
    LearnedCosine,
    MeanScaleHyperprior,
    Minnen2020,
    MixtureAutoregressive,
    ScaleHyperprior,
)
from litcodec.frozen import FrozenCodec
from litcodec.layers import convolutions_of, layers_of
from litcodec.objectives import mse

SMALL = {"N": 8, "M": 12}
KINDS: dict[str, Callable[..., Codec]] = {
    "factorized": partial(FactorizedPrior, **SMALL),
    "factorized 9x9": partial(FactorizedPrior, **SMALL, transform="9x9"),
    "scale": partial(ScaleHyperprior, **SMALL),
    "mean-scale": partial(MeanScaleHyperprior, **SMALL),
    "mean-scale simplified GDN": partial(MeanScaleHyperprior, **SMALL, gdn="simplified"),
    "autoregressive": partial(JointAutoregressive, **SMALL),
    "autoregressive mixture": partial(MixtureAutoregressive, **SMALL),
    "checkerboard": partial(Checkerboard, **SMALL),
    "cheng2020 anchor": partial(Cheng2020, N=8, attention=False, K=1),
    "cheng2020 attention mixture": partial(Cheng2020, N=8, attention=True, K=3),
    "elic": partial(Elic, **SMALL, groups=(2, 4), context=(6, 5)),
    "hific": partial(HiFiC, N=6, M=12, hyper=8, blocks=1),
    "minnen2020": partial(Minnen2020, **SMALL, slices=3, support=1, context=(6, 5)),
    "learned cosine": partial(LearnedCosine, **SMALL, context=6),
    "lapped cosine": partial(
        LappedCosine,
        N=8,
        groups=(2, 4, 6),
        features=3,
        width=6,
        checkerboards=2,
        analysis_blocks=1,
        synthesis_blocks=1,
    ),
    "hybrid": partial(tiny_hybrid, FactorizedPrior, native=True),  # more of its kind: test_codec_hybrids.py
    "variable rate": tiny_variable_rate,
}


@pytest.fixture(scope="session", params=KINDS.values(), ids=KINDS.keys())
def make_codec(request) -> Callable[..., Codec]:
    """Makes an untrained codec; takes ``quantiser=``."""
    return request.param


@pytest.fixture(scope="session")
def lively(make_codec, image_like) -> Codec:
    return _make_lively(make_codec, image_like)


@pytest.fixture(scope="session")
def make_lively() -> Callable[..., Codec]:
    """``make_lively(make_codec, image_like)``: a codec in eval mode, its latents as varied as if trained."""
    return _make_lively


@pytest.fixture
def codec(lively: Codec) -> Codec:
    """A codec in eval mode with lively latents, each kind in turn; the test may change it."""
    torch.manual_seed(0)
    return copy.deepcopy(lively)


@pytest.fixture(scope="session")
def frozen(lively: Codec) -> FrozenCodec:
    """What ``codec.freeze()`` gives."""
    return lively.freeze()


@torch.no_grad()
def _make_lively(make_codec: Callable[..., Codec], image_like) -> Codec:
    """Scale an untrained codec's layers so that latents, means, scales and pixels take many values."""
    torch.manual_seed(0)
    made = make_codec().eval()
    codec = inner_of(made)
    for parameter in codec.latent_model.density.parameters():
        parameter.add_(torch.randn(parameter.shape) * 0.2)
    codec.latent_model.density.biases[0].add_(torch.randn(codec.latent_model.density.biases[0].shape))
    x = image_like(128, 128, batch=2, seed=9)
    _rescale(convolutions_of(codec.g_a)[-1], codec.latents(x).y, to=4.0)
    if codec.latents(x).z is not None:
        _rescale(codec.latent_model.h_a[-1], codec.latents(x).z, to=3.0)
        out = codec.latents(x).z
        for layer in layers_of(codec.latent_model.h_s):
            # All of them: one large gain at the end would blow up roundings too.
            if hasattr(layer, "weight"):
                _rescale(layer, layer(out), to=1.5)
            out = layer(out)
        last = convolutions_of(codec.latent_model.h_s)[-1]
        last.bias.copy_(torch.randn(last.bias.shape) + 2)
    if hasattr(codec.latent_model, "y_model") and hasattr(codec.latent_model.y_model, "context_prediction"):
        _make_context_lively(codec, x)
    if isinstance(codec, LappedCosine):
        for net in codec.latent_model.y_model.sequentials():
            net[-1].weight.mul_(30)
    if isinstance(codec, Elic):
        for net in codec.latent_model.y_model.aggregation:
            net[-1].bias.copy_(torch.randn(net[-1].bias.shape) + 2)
    if isinstance(codec, Minnen2020):
        for scale, mean, lrp in codec.latent_model.y_model.nets():
            scale[-1].bias.copy_(torch.randn(scale[-1].bias.shape) + 2)
            mean[-1].bias.copy_(torch.randn(mean[-1].bias.shape))
            lrp[-1].bias.copy_(0.3 * torch.randn(lrp[-1].bias.shape))
    last = next(layer for layer in reversed(layers_of(codec.g_s)) if hasattr(layer, "weight"))
    _rescale(last, codec(x).x_hat, to=0.15)
    last.bias.fill_(0.5)
    if isinstance(made, HybridCodec):
        make_enhancer_lively(made, x)
    return made


def _make_context_lively(codec: Codec, x: torch.Tensor) -> None:
    # Less than side information tells, or errors of floats would grow from place to place.
    y, z = codec.latents(x)[:2]
    y_model = codec.latent_model.y_model
    _rescale(y_model.context_prediction, y_model.context_prediction(y.round()), to=0.7)
    out = torch.cat([codec.latent_model.h_s(z.round()), y_model.context_prediction(y.round())], dim=1)
    for k, layer in enumerate(y_model.entropy_parameters):
        if k % 2 == 0:
            _rescale(layer, layer(out), to=1.5)
        out = layer(out)
    last = y_model.entropy_parameters[-1]
    # Corrections of what side information tells, or all of the parameters.
    last.bias.copy_(torch.randn(last.bias.shape) + (0 if isinstance(codec, LearnedCosine) else 2))


def _rescale(layer, out: torch.Tensor, *, to: float) -> None:
    layer.weight.mul_(to / out.std())


@pytest.fixture(scope="session")
def trained(image_like) -> Codec:
    """A mean-scale hyperprior after 300 steps on image-like crops, in eval mode. Do not change it."""
    torch.manual_seed(0)
    codec = MeanScaleHyperprior(N=16, M=24)
    optimiser = torch.optim.Adam(codec.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=300, pct_start=0.1)
    images = torch.cat([image_like(256, 256, batch=4, seed=seed) for seed in range(100, 108)])
    for _ in range(300):
        top, left = torch.randint(0, 193, (2,)).tolist()
        x = images[torch.randperm(32)[:8], :, top : top + 64, left : left + 64]
        optimiser.zero_grad()
        mse().loss(codec(x), x, lmbda=0.05).loss.backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return codec.eval()
