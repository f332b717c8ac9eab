"""Make the golden streams of codebooks, of importance maps and of fitted predictions, where they are missing.

As in ``make_golden.py``: new ones give up on the old. Run it through ``make golden``.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from make_lossless_golden import golden_image
from safetensors.torch import save_file
from torch import Tensor

from litcodec.codec_files import save_codec
from litcodec.codecs import (
    L3C,
    Codec,
    FactorizedPrior,
    ImportanceMapCodec,
    PixelAutoregressive,
    ScaleHyperprior,
)
from litcodec.entropy import FiniteScalar, SoftToHard
from litcodec.frozen import to_stream
from litcodec.latent_models import CodebookModel, ScaledCodebookModel
from litcodec.layers import CausalConv3d, convolutions_of

HERE = Path(__file__).parent
KINDS: dict[str, Callable[[], Codec]] = {
    "soft_to_hard": lambda: FactorizedPrior(N=6, M=8, codebook=SoftToHard(centres=12, dimensions=4)),
    "soft_to_hard_scaled": lambda: ScaleHyperprior(N=6, M=8, codebook=SoftToHard(centres=9, dimensions=2)),
    "finite_scalar": lambda: FactorizedPrior(N=6, M=8, codebook=FiniteScalar(levels=7)),
    "importance_map": lambda: ImportanceMapCodec(N=6, K=5, groups=1, features=5),
    "pixel_linear": lambda: PixelAutoregressive(N=10, M=6, blocks=2, K=3, prediction="linear"),
    "l3c": lambda: L3C(N=6, C=2, levels=9, scales=3, blocks=1, K=3),
}
SIZE = (37, 53)
LARGE = (182, 184)  # enough pixels for weights of its own


@torch.no_grad()
def main() -> None:
    """Write codec, stream and expected values of each kind."""
    for name, make in KINDS.items():
        if (HERE / f"{name}.safetensors").exists():
            print(f"{name} is there; delete it to make another.")
            continue
        torch.manual_seed(3)
        frozen = _lively(make()).eval().freeze()
        save_codec(frozen, HERE / f"{name}.safetensors")
        x = golden_image(*size_of(name))[None].float() / 255
        data = to_stream(frozen, x)
        (HERE / f"{name}.litc").write_bytes(data)
        print(f"{name}: {len(data)} bytes")
        if frozen.lossless:  # the stream has the CRC of its pixels
            continue
        coded = frozen.encode(x)
        pixels = (frozen.decode(coded.strings, size_of(name))[0] * 255).round().to(torch.uint8)
        save_file({"y_hat": coded.y_hat, "pixels": pixels}, HERE / f"{name}_expected.safetensors")


def size_of(name: str) -> tuple[int, int]:
    """(H, W) of the golden image."""
    return LARGE if name == "pixel_linear" else SIZE


def _lively(codec: Codec) -> Codec:
    """Weights under which latents, probabilities and pixels take many values."""
    if isinstance(codec, (L3C, PixelAutoregressive)):
        for parameter in codec.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape))
        return codec
    x = golden_image(64, 64)[None].float() / 255
    last = codec.g_a[-2] if isinstance(codec, ImportanceMapCodec) else convolutions_of(codec.g_a)[-1]
    last.weight.mul_(2 / codec.g_a(x).std())
    for module in codec.modules():
        if isinstance(module, (CodebookModel, ScaledCodebookModel)):
            module.histograms.logits.add_(torch.randn(module.histograms.logits.shape))
        if isinstance(module, CausalConv3d):
            module.pointwise.weight.mul_(2)
            module.pointwise.bias.copy_(0.3 * torch.randn(module.pointwise.bias.shape))
        if isinstance(module, SoftToHard) and module.dimensions > 1:
            module.centres.mul_(2)
    if isinstance(codec, ScaleHyperprior):
        last = convolutions_of(codec.latent_model.h_s)[-1]
        last.weight.mul_(30)
        last.bias.copy_(2 * torch.rand(last.bias.shape))
    _spread(convolutions_of(codec.g_s)[-1], codec(x).x_hat)
    return codec


def _spread(layer: torch.nn.Module, out: Tensor) -> None:
    layer.weight.mul_(0.2 / out.std())
    layer.bias.fill_(0.5)


if __name__ == "__main__":
    main()
