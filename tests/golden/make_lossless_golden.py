"""Make the golden stream of the lossless codec, if it is missing. Run it through ``make golden``.

As in ``make_golden.py``: a new one gives up on the old.
"""

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from litcodec.codec_files import save_codec
from litcodec.codecs import PixelAutoregressive
from litcodec.data import write_png
from litcodec.frozen import to_stream

HERE = Path(__file__).parent
CODEC, STREAM, PIXELS = (
    HERE / f"pixel_autoregressive{end}" for end in (".safetensors", "_37x53.litc", "_37x53.png")
)


@torch.no_grad()
def main() -> None:
    """Write the three files."""
    if CODEC.exists():
        print(f"{CODEC} is there; delete it to make another.")
        return
    torch.manual_seed(3)
    codec = PixelAutoregressive(N=10, M=6, blocks=2, K=3)
    for parameter in codec.parameters():
        parameter.add_(0.05 * torch.randn(parameter.shape))
    frozen = codec.freeze()
    save_codec(frozen, CODEC)
    pixels = golden_image(37, 53)
    STREAM.write_bytes(to_stream(frozen, pixels[None].float() / 255))
    write_png(PIXELS, pixels)


def golden_image(H: int, W: int) -> Tensor:
    """uint8 (3, H, W): waves, an edge, noise, and corners of 0 and 255."""
    rows, columns = torch.meshgrid(torch.arange(H) / 9.0, torch.arange(W) / 9.0, indexing="ij")
    waves = torch.stack([torch.sin((k + 1) * rows + (3 - k) * columns) for k in range(3)])
    x = 128 + 60 * waves + 50 * (rows > columns) + 4 * torch.randn(3, H, W)
    x[:, :4, :9], x[:, -5:, -7:] = 0, 255
    return x.round().clamp(0, 255).to(torch.uint8)


def stored_pixels() -> Tensor:
    """What the stream decodes to, uint8 (3, H, W)."""
    with Image.open(PIXELS) as image:
        data = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        return data.reshape(image.height, image.width, 3).permute(2, 0, 1)


if __name__ == "__main__":
    main()
