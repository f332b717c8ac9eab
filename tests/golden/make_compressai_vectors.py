"""What CompressAI 1.2.8 computes with given weights, for ``test_compressai_vectors.py``.

Run it where compressai and safetensors are installed; litcodec need not be:

    python tests/golden/make_compressai_vectors.py

For each architecture it writes into ``compressai/`` beside itself ``ARCH.pth.tar``, a checkpoint as
CompressAI's training example writes one, and ``ARCH.safetensors``: an input ``x`` in 8 bits, what the
model makes of it, ``x_hat`` and ``likelihoods.*``, and ``bits``, the estimate for a photograph.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from compressai.entropy_models import EntropyBottleneck
from compressai.models import (
    Cheng2020Anchor,
    Cheng2020Attention,
    CompressionModel,
    FactorizedPrior,
    JointAutoregressiveHierarchicalPriors,
    MeanScaleHyperprior,
    ScaleHyperprior,
)
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor

HERE = Path(__file__).parent
PHOTOGRAPH = HERE.parents[1] / "litcodec" / "photographs" / "heldback" / "canal-houses-d60acb20.jpg"
CODECS = {
    "bmshj2018-factorized": FactorizedPrior,
    "bmshj2018-hyperprior": ScaleHyperprior,
    "mbt2018-mean": MeanScaleHyperprior,
    "mbt2018": JointAutoregressiveHierarchicalPriors,
    "cheng2020-anchor": Cheng2020Anchor,
    "cheng2020-attn": Cheng2020Attention,
}
N, M = 8, 12
MARGIN = 1e-3  # no latent may lie so close to a rounding border that other arithmetic rounds it the other way


class Output(NamedTuple):
    """What a model makes of an image."""

    x_hat: Tensor
    likelihoods: dict[str, Tensor]
    off_grid: Tensor  # every latent minus what it is rounded about


@torch.no_grad()
def main() -> None:
    (HERE / "compressai").mkdir(exist_ok=True)
    for name, kind in CODECS.items():
        if (HERE / "compressai" / f"{name}.pth.tar").exists():
            continue  # remove the file to make it anew
        seed = 0
        while (found := _lively(kind, seed)) is None:
            seed += 1
        _write(name, *found)
        sizes = [path.stat().st_size for path in sorted((HERE / "compressai").glob(f"{name}.*"))]
        print(f"{name}: seed {seed}, {sizes} bytes")


def _write(name: str, model: CompressionModel, out: Output) -> None:
    if name == "bmshj2018-factorized":
        model.update()  # one checkpoint with tables; with a hyperprior they are 800 kB
    # As their examples/train.py does it.
    optimisers = [torch.optim.Adam(model.parameters(), lr=1e-4) for _ in range(2)]
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimisers[0], "min")
    checkpoint = {
        "epoch": 1,
        "state_dict": model.state_dict(),
        "loss": torch.tensor(1.25),
        "optimizer": optimisers[0].state_dict(),
        "aux_optimizer": optimisers[1].state_dict(),
        "lr_scheduler": scheduler.state_dict(),
    }
    torch.save(checkpoint, HERE / "compressai" / f"{name}.pth.tar")
    photograph = _forward(model, photograph_crop()).likelihoods
    vectors = {
        "x": (photograph() * 255).round().to(torch.uint8),
        "x_hat": out.x_hat.contiguous(),
        **{f"likelihoods.{key}": value.contiguous() for key, value in out.likelihoods.items()},
        "bits": -sum(value.double().log2().sum() for value in photograph.values()),
    }
    save_file(vectors, HERE / "compressai" / f"{name}.safetensors")


def photograph() -> Tensor:
    """(1, 3, 64, 128): waves and an edge, in 8 bits."""
    rows, columns = torch.meshgrid(torch.linspace(0, 6, 64), torch.linspace(0, 12, 128), indexing="ij")
    waves = torch.stack([torch.sin((k + 1) * rows + (3 - k) * columns / 3) for k in range(3)])
    return ((0.5 + 0.3 * waves + 0.2 * (rows > columns - 1)).clamp(0, 1) * 255).round()[None] / 255


def photograph_crop() -> Tensor:
    """(1, 3, 512, 512): the top left of a photograph."""
    with Image.open(PHOTOGRAPH) as image:
        return pil_to_tensor(image.convert("RGB"))[None, :, :512, :512] / 255


def _lively(kind: type[CompressionModel], seed: int) -> tuple[CompressionModel, Output] | None:
    """A model whose latents take many values, and its output; None if a latent comes close to a border."""
    torch.manual_seed(seed)
    model = (kind(6) if issubclass(kind, Cheng2020Anchor) else kind(N, M)).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("gamma"):  # as far from its start as training takes it
            parameter.add_(0.3 * torch.rand(parameter.shape))
        elif not name.endswith("quantiles"):
            parameter.add_(0.2 * parameter.abs().mean() * torch.randn(parameter.shape))
    for factor in model.entropy_bottleneck.factors:
        factor.add_(0.3 * torch.randn(factor.shape))
    model.entropy_bottleneck.quantiles[:, 0, 1] = _medians(model.entropy_bottleneck)
    x = photograph()
    _rescale(model, photograph_crop())
    out = _forward(model, x)
    if ((out.off_grid - out.off_grid.round()).abs() - 0.5).abs().min() < MARGIN:
        return None
    return model, out


def _rescale(model: CompressionModel, x: Tensor) -> None:
    """Scale layers so that latents, means, scales and pixels take many values."""
    last = _convolutions(model.g_s)[-1]
    last.bias.fill_(0.5)
    _convolutions(model.g_a)[-1].weight.mul_(5 / model.g_a(x).std())
    y = model.g_a(x)
    last.weight.mul_(0.2 / model.g_s(y.round()).std())
    if isinstance(model, FactorizedPrior):
        return
    side = y if isinstance(model, MeanScaleHyperprior) else y.abs()
    model.h_a[-1].weight.mul_(4 / model.h_a(side).std())
    z_hat = model.h_a(side).round()
    for layer in range(0, len(model.h_s), 2):
        _convolutions(model.h_s[layer : layer + 1])[0].weight.mul_(1.5 / model.h_s[: layer + 1](z_hat).std())
    last = model.h_s[-1]
    if isinstance(model, JointAutoregressiveHierarchicalPriors):
        model.context_prediction.weight.mul_(1.5 / model.context_prediction(y.round()).std())
        both = torch.cat((model.h_s(z_hat), model.context_prediction(y.round())), dim=1)
        for layer in (0, 2, 4):
            nets = model.entropy_parameters
            nets[layer].weight.mul_(1.5 / nets[: layer + 1](both).std())
        last = nets[4]
    last.weight.mul_(0.4)
    scales = len(last.bias) // 2 if isinstance(model, MeanScaleHyperprior) else len(last.bias)
    last.bias[:scales].add_(5 + 2 * torch.rand(scales))  # scales that such latents have


def _convolutions(net: torch.nn.Sequential) -> list[torch.nn.Module]:
    """Those that stand alone, in order, also in nested sequences; not what residual blocks have inside."""
    flat = [m for layer in net for m in (layer if isinstance(layer, torch.nn.Sequential) else [layer])]
    return [m for m in flat if isinstance(m, (torch.nn.Conv2d, torch.nn.ConvTranspose2d))]


def _forward(model: CompressionModel, x: Tensor) -> Output:
    """The model's own ``forward``; for the autoregressive one, what its ``compress`` does.

    Its ``forward`` rounds y about 0, ``compress`` about the means: the estimate is of another codec.
    """
    y = model.g_a(x)
    medians = model.entropy_bottleneck.quantiles[:, 0, 1].reshape(1, -1, 1, 1)
    if isinstance(model, FactorizedPrior):
        out = model(x)
        return Output(out["x_hat"], out["likelihoods"], (y - medians).flatten())
    z = model.h_a(y if isinstance(model, MeanScaleHyperprior) else y.abs())
    z_hat, z_likelihoods = model.entropy_bottleneck(z)
    if isinstance(model, JointAutoregressiveHierarchicalPriors):
        y_hat, means, y_likelihoods = _autoregressive(model, y, model.h_s(z_hat))
        x_hat, likelihoods = model.g_s(y_hat), {"y": y_likelihoods, "z": z_likelihoods}
    else:
        out = model(x)
        x_hat, likelihoods = out["x_hat"], out["likelihoods"]
        means = model.h_s(z_hat).chunk(2, 1)[1] if isinstance(model, MeanScaleHyperprior) else 0
    return Output(x_hat, likelihoods, torch.cat(((y - means).flatten(), (z - medians).flatten())))


def _autoregressive(
    model: JointAutoregressiveHierarchicalPriors, y: Tensor, params: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    y_hat = torch.zeros_like(y)
    for row in range(y.shape[2]):
        for column in range(y.shape[3]):
            seen = torch.cat((params, model.context_prediction(y_hat)), dim=1)[:, :, row, column]
            means = model.entropy_parameters(seen[:, :, None, None]).chunk(2, 1)[1][:, :, 0, 0]
            y_hat[:, :, row, column] = (y[:, :, row, column] - means).round() + means
    seen = torch.cat((params, model.context_prediction(y_hat)), dim=1)
    scales, means = model.entropy_parameters(seen).chunk(2, 1)
    y_likelihoods = model.gaussian_conditional._likelihood(y_hat, scales, means)
    return y_hat, means, model.gaussian_conditional.likelihood_lower_bound(y_likelihoods)


def _medians(bottleneck: EntropyBottleneck) -> Tensor:
    """Where each channel's cumulative is 1/2, by bisection: CompressAI's own would have to be trained."""
    low = torch.full((bottleneck.channels, 1, 1), -1000.0)
    high = -low
    for _ in range(60):
        middle = (low + high) / 2
        below = bottleneck._logits_cumulative(middle, stop_gradient=True) < 0
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return ((low + high) / 2)[:, 0, 0]


if __name__ == "__main__":
    main()
