"""What CompressAI 1.2.8 computes with given weights, for ``test_compressai_vectors.py``.

Run it where compressai and safetensors are installed; litcodec need not be:

    python tests/golden/make_compressai_vectors.py

It writes ``compressai_*.safetensors`` beside itself: weights under CompressAI's names, an input ``x``, and
what ``forward`` in eval mode gives: ``x_hat`` and ``likelihoods.*``.
"""

from pathlib import Path

import torch
from compressai.entropy_models import EntropyBottleneck
from compressai.models import CompressionModel, FactorizedPrior, MeanScaleHyperprior, ScaleHyperprior
from safetensors.torch import save_file
from torch import Tensor

HERE = Path(__file__).parent
CODECS = {
    "bmshj2018_factorized": FactorizedPrior,
    "bmshj2018_hyperprior": ScaleHyperprior,
    "mbt2018_mean": MeanScaleHyperprior,
}
MARGIN = 2e-3  # no latent may lie so close to a rounding border that other arithmetic rounds it the other way


@torch.no_grad()
def main() -> None:
    for name, kind in CODECS.items():
        seed = 0
        while (vectors := _vectors(kind, seed)) is None:
            seed += 1
        path = HERE / f"compressai_{name}.safetensors"
        save_file({key: tensor.contiguous() for key, tensor in vectors.items()}, path)
        print(f"{path.name}: seed {seed}, {path.stat().st_size} bytes")


def _vectors(kind: type[CompressionModel], seed: int) -> dict[str, Tensor] | None:
    """Weights, input and outputs; None if a latent comes too close to a border."""
    torch.manual_seed(seed)
    model = kind(8, 12).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("gamma"):  # as far from its start as training takes it
            parameter.add_(0.3 * torch.rand(parameter.shape))
        elif not name.endswith("quantiles"):
            parameter.add_(0.2 * parameter.abs().mean() * torch.randn(parameter.shape))
    for factor in model.entropy_bottleneck.factors:
        factor.add_(0.3 * torch.randn(factor.shape))
    x = _picture()
    latents = _make_lively(model, x)
    model.entropy_bottleneck.quantiles[:, 0, 1] = _medians(model.entropy_bottleneck)
    for latent, means in latents:
        fraction = latent - means
        if ((fraction - fraction.round()).abs() - 0.5).abs().min() < MARGIN:
            return None
    out = model(x)
    weights = {n: p.detach() for n, p in model.named_parameters() if not n.endswith("quantiles")}
    return {
        **weights,
        "x": x,
        "x_hat": out["x_hat"],
        **{f"likelihoods.{key}": value for key, value in out["likelihoods"].items()},
    }


def _picture() -> Tensor:
    """(1, 3, 64, 64): waves and an edge."""
    rows, columns = torch.meshgrid(torch.linspace(0, 6, 64), torch.linspace(0, 6, 64), indexing="ij")
    waves = torch.stack([torch.sin((k + 1) * rows + (3 - k) * columns / 3) for k in range(3)])
    return (0.5 + 0.3 * waves + 0.2 * (rows > columns - 1)).clamp(0, 1)[None]


def _make_lively(model: CompressionModel, x: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Scale layers so that latents take many values; gives the latents and what they are rounded about."""
    model.g_s[6].bias.fill_(0.5)
    model.g_a[6].weight.mul_(5 / model.g_a(x).std())
    y = model.g_a(x)
    model.g_s[6].weight.mul_(0.2 / model.g_s(y.round()).std())
    medians = _medians(model.entropy_bottleneck).reshape(1, -1, 1, 1)
    if isinstance(model, FactorizedPrior):
        return [(y, medians)]
    side = y if isinstance(model, MeanScaleHyperprior) else y.abs()
    model.h_a[4].weight.mul_(4 / model.h_a(side).std())
    z = model.h_a(side)
    for layer in (0, 2, 4):
        model.h_s[layer].weight.mul_(1.5 / model.h_s[: layer + 1](z.round()).std())
    model.h_s[4].bias.add_(2 * torch.rand(model.h_s[4].bias.shape))
    parameters = model.h_s((z - medians).round() + medians)
    means = parameters.chunk(2, 1)[1] if isinstance(model, MeanScaleHyperprior) else torch.zeros(())
    return [(y, means), (z, medians)]


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
