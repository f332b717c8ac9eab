"""Make the golden second synthesis, if it is missing. Run it through ``make golden``.

As in ``make_golden.py``: a new one gives up on the old.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

from litcodec.codec_files import load_with_synthesis, save_codec, synthesis_beside, synthesis_bytes
from litcodec.codecs import FactorizedPrior, VariableRate
from litcodec.frozen import from_stream, to_stream

HERE = Path(__file__).parent / "realism"
CODEC, STREAM, EXPECTED = (
    HERE / name for name in ("codec.safetensors", "40x56.litc", "expected.safetensors")
)


@torch.no_grad()
def main() -> None:
    """Write the four files."""
    if CODEC.exists():
        print(f"{CODEC} is there; delete it to make another.")
        return
    HERE.mkdir(exist_ok=True)
    base, second = (_codec(seed) for seed in (0, 1))
    frozen = base.freeze()
    save_codec(frozen, CODEC)
    synthesis_beside(CODEC).write_bytes(synthesis_bytes(frozen, second.freeze()))
    generator = torch.Generator().manual_seed(4)
    x = torch.nn.functional.interpolate(torch.rand(1, 3, 5, 7, generator=generator), (40, 56), mode="bicubic")
    STREAM.write_bytes(to_stream(frozen.at_quality(60), x.clamp(0, 1)))
    data = STREAM.read_bytes()
    found = {f"{r:g}": from_stream(load_with_synthesis(CODEC, r), data) for r in (0.0, 0.5, 1.0)}
    save_file(found, EXPECTED)


@torch.no_grad()
def _codec(seed: int) -> VariableRate:
    torch.manual_seed(0)
    inner = FactorizedPrior(N=4, M=6)
    inner.g_a[-1].weight.mul_(30)  # y is not all zeros
    torch.manual_seed(seed)
    for parameter in inner.g_s.parameters():
        parameter.mul_(1 + 0.1 * torch.randn(parameter.shape))
    inner.g_s[-1].bias.fill_(0.5)  # images are neither black nor white
    return VariableRate(inner, lmbda_min=0.001, lmbda_max=0.1, anchors=2)


if __name__ == "__main__":
    main()
