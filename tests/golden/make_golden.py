"""Make the golden streams that ``test_golden_streams.py`` decodes. Run it through ``make golden``.

For each codec: a tiny codec file, two ``.litc`` streams, and what they must decode to. They say that files
written today can be read tomorrow, so making new ones means giving up on the old: review the diff.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from litcodec.bitstream import pack
from litcodec.codec_files import round_to_half_precision, save_codec
from litcodec.codecs import (
    Checkerboard,
    Cheng2020,
    Codec,
    Elic,
    FactorizedPrior,
    GenerativeCompression,
    HiFiC,
    HybridCodec,
    JointAutoregressive,
    LappedCosine,
    MeanScaleHyperprior,
    Minnen2020,
    MixtureAutoregressive,
    PatchGenerator,
    ScaleHyperprior,
    SelectiveGeneration,
    VariableRate,
)
from litcodec.frozen import FrozenVariableRate, TrainingInfo
from litcodec.layers import convolutions_of, layers_of
from litcodec.transforms import GRDN

HERE = Path(__file__).parent
KINDS: dict[str, type[Codec]] = {
    "factorized_prior": FactorizedPrior,
    "scale_hyperprior": ScaleHyperprior,
    "mean_scale_hyperprior": MeanScaleHyperprior,
    "joint_autoregressive": JointAutoregressive,
    "mixture_autoregressive": MixtureAutoregressive,
    "checkerboard": Checkerboard,
    "cheng2020": Cheng2020,
    "elic": Elic,
    "generative": GenerativeCompression,
    "hific": HiFiC,
    "minnen2020": Minnen2020,
    "lapped_cosine": LappedCosine,
    "patch_generator": PatchGenerator,
    "selective": SelectiveGeneration,
    "hybrid": HybridCodec,
    "variable_rate": VariableRate,
}
SEEDS: dict[type[Codec], int] = {
    JointAutoregressive: 1,
    MixtureAutoregressive: 10,
    Checkerboard: 1,
    Minnen2020: 1,
}
HYBRID_SEED = 5  # one golden image is coded at half size, the other at its own
VARIABLE_RATE_SEED = 7
CONTEXT_MODELS = (JointAutoregressive, MixtureAutoregressive, Checkerboard, Cheng2020)
TINY: dict[type[Codec], Callable[[], Codec]] = {
    Cheng2020: partial(Cheng2020, N=6, attention=True, K=1),
    Elic: partial(Elic, N=6, M=8, groups=(2, 3), context=(4, 3)),
    GenerativeCompression: partial(GenerativeCompression, N=2, M=3, centres=31, blocks=1),
    HiFiC: partial(HiFiC, N=2, M=6, hyper=3, blocks=1),
    LappedCosine: partial(
        LappedCosine,
        N=6,
        groups=(2, 3, 3),
        features=2,
        width=4,
        checkerboards=2,
        analysis_blocks=0,
        synthesis_blocks=0,
    ),
    PatchGenerator: partial(PatchGenerator, N=2, M=20, centres=31),
    SelectiveGeneration: partial(SelectiveGeneration, N=2, M=12, centres=31, blocks=1),
    Minnen2020: partial(Minnen2020, N=4, M=6, slices=3, support=1, context=(4, 3)),
}
IN_HALF_PRECISION = (LappedCosine,)  # its transforms have 192 channels: half the bytes
SIZES = [(17, 33), (64, 96)]
LEVELS = {(17, 33): 30, (64, 96): 128, (40, 120): 255}  # of the variable rate's images


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the golden files that are missing beside this one; replace none without ``--force``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="replace the golden files that are there")
    options = parser.parse_args(arguments)
    names = [name for name in KINDS if options.force or not (HERE / f"{name}.safetensors").exists()]
    if not names:
        print(f"golden files of all of {', '.join(KINDS)} are there; --force replaces them.")
        return 1
    for name in names:
        _write(name)
    return 0


@torch.no_grad()
def _write(name: str) -> None:
    composed = {"hybrid": _lively_hybrid, "variable_rate": _lively_variable_rate}
    codec = composed[name]() if name in composed else _lively(KINDS[name])
    if isinstance(codec, IN_HALF_PRECISION):
        round_to_half_precision(codec)
    frozen = codec.freeze()
    frozen.training = TrainingInfo(lmbda=0.0130, distortion="mse", step=0)
    save_codec(frozen, HERE / f"{name}.safetensors")
    expected = {}
    for H, W in sizes(name):
        if isinstance(frozen, FrozenVariableRate):
            frozen = frozen.at(LEVELS[H, W])
        x = golden_image(H, W)
        if frozen.takes_mask:
            frozen = frozen.with_mask(mask_of(x))
        (compressed,) = frozen.compress(x)
        coded = frozen.encode(x)
        stream = pack(compressed, frozen.fingerprint)
        (HERE / f"{name}_{H}x{W}.litc").write_bytes(stream)
        expected[f"{H}x{W}.y_hat"] = coded.y_hat
        expected[f"{H}x{W}.pixels"] = to_bytes(frozen.decompress([compressed]))
        print(f"{name} {H}x{W}: {len(stream)} bytes, {coded.symbols} symbols, {coded.escapes} escapes")
    save_file(expected, HERE / f"{name}_expected.safetensors")


def sizes(name: str) -> list[tuple[int, int]]:
    """Of the golden images of a codec."""
    return list(LEVELS) if KINDS[name] is VariableRate else SIZES


def mask_of(x: Tensor) -> Tensor:
    """Of a golden image (1, 3, H, W), what lies below its edge, without the last columns: (H, W)."""
    rows, columns = torch.meshgrid(torch.arange(x.shape[2]), torch.arange(x.shape[3]), indexing="ij")
    return (rows > columns) & (columns < x.shape[3] - 20)


def to_bytes(x_hat: Tensor) -> Tensor:
    """(1, 3, H, W) in [0, 1] -> uint8 (3, H, W)."""
    return (x_hat[0] * 255).round().to(torch.uint8)


def golden_image(H: int, W: int) -> Tensor:
    """(1, 3, H, W): waves and an edge."""
    rows, columns = torch.meshgrid(torch.arange(H) / 16.0, torch.arange(W) / 16.0, indexing="ij")
    waves = torch.stack([torch.sin((k + 1) * rows + (3 - k) * columns) for k in range(3)])
    return (0.5 + 0.3 * waves + 0.2 * (rows > columns)).clamp(0, 1)[None]


def _lively(kind: type[Codec], *, seed: int | None = None) -> Codec:
    """An untrained codec, its layers scaled so that latents, means, scales and pixels take many values."""
    torch.manual_seed(SEEDS.get(kind, 0) if seed is None else seed)
    codec = TINY[kind]().eval() if kind in TINY else kind(N=6, M=8).eval()  # type: ignore[call-arg]
    for parameter in codec.latent_model.density.parameters():
        parameter.add_(0.2 * torch.randn(parameter.shape))
    if codec.density is not None:
        codec.density.matrices[0].add_(6.0)  # narrow, so that some symbols escape from their tables
    x = golden_image(128, 128)
    _rescale(convolutions_of(codec.g_a)[-1], codec.latents(x).y, to=6.0)
    z = codec.latents(x).z
    if z is not None:
        _rescale(convolutions_of(codec.latent_model.h_a)[-1], z, to=4.0)
        out = codec.latents(x).z
        for layer in layers_of(codec.latent_model.h_s):
            if isinstance(layer, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
                _rescale(layer, layer(out), to=1.5)
            out = layer(out)
        last = convolutions_of(codec.latent_model.h_s)[-1]
        last.bias.copy_(torch.randn(last.bias.shape) + 2)
    if isinstance(codec, CONTEXT_MODELS):
        y, z = codec.latents(x)[:2]
        y_model = codec.latent_model.y_model
        _rescale(y_model.context_prediction, y_model.context_prediction(y.round()), to=1.0)
        out = torch.cat([codec.latent_model.h_s(z.round()), y_model.context_prediction(y.round())], dim=1)
        for layer in (0, 2, 4):
            _rescale(y_model.entropy_parameters[layer], y_model.entropy_parameters[: layer + 1](out), to=1.5)
        y_model.entropy_parameters[4].bias.copy_(torch.randn(y_model.entropy_parameters[4].bias.shape) + 2)
    if isinstance(codec, Elic):
        for net in codec.latent_model.y_model.aggregation:
            net[-1].bias.copy_(torch.randn(net[-1].bias.shape) + 2)
    if isinstance(codec, Minnen2020):
        for scale, _, lrp in codec.latent_model.y_model.nets():
            scale[-1].bias.copy_(torch.randn(scale[-1].bias.shape) + 2)
            lrp[-1].weight.mul_(3)
    if isinstance(codec, MixtureAutoregressive):  # windows of more than 63 symbols in two channels
        y_model.entropy_parameters[4].bias[-2:] += 20
    x_hat = codec(x).x_hat
    if isinstance(codec, CONTEXT_MODELS):  # else a few pixels would outshine all others
        x_hat = x_hat.clamp(x_hat.quantile(0.1), x_hat.quantile(0.9))
    last = convolutions_of(codec.g_s)[-1]
    _rescale(last, x_hat, to=0.2)
    last.bias.fill_(0.5)
    return codec


def _lively_hybrid() -> Codec:
    """One that chooses, and whose enhancer changes pixels by some 40 of 255."""
    inner = _lively(FactorizedPrior, seed=HYBRID_SEED)
    y_hat = inner.latents(golden_image(128, 128)).y.round()
    for layer, spread in (
        (0, 1.0),
        (2, 1.0),
        (4, 1.0),
        (6, 0.45),
    ):  # or a few pixels would outshine all others
        _rescale(inner.g_s[layer], inner.g_s[: layer + 1](y_hat), to=spread)
    enhancer = GRDN(C=8, growth=8, layers=2, blocks=1, groups=1, scale=2)
    features = enhancer.attention(enhancer.features(golden_image(64, 64)))
    _rescale(enhancer.tail, enhancer.tail(features), to=0.15)
    return HybridCodec(inner, enhancer, scale=2, native=True).eval()


def _lively_variable_rate() -> Codec:
    """One whose channels have gains of their own, and inverse gains that are not quite their inverse."""
    codec = VariableRate(_lively(MeanScaleHyperprior, seed=VARIABLE_RATE_SEED), anchors=4)
    for parameter in codec.gains.parameters():
        parameter.add_(0.1 * torch.randn(parameter.shape))
    return codec.eval()


def _rescale(layer: torch.nn.Module, out: Tensor, *, to: float) -> None:
    layer.weight.mul_(to / out.std())


if __name__ == "__main__":
    sys.exit(main())
