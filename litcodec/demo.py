"""What ``make demo`` prints at the end: a held-back photograph coded by the new codec, beside JPEG."""

import sys
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from litcodec.baselines import open_baselines
from litcodec.codec_files import load_codec
from litcodec.data import bundled_photographs, list_images, read_image
from litcodec.evaluation import compress_file, decompress_file
from litcodec.limits import MAX_PIXELS
from litcodec.metrics import bpp, ms_ssim, psnr

JPEG = open_baselines(["jpeg"]).found[0]


def main(folder: Path) -> None:
    """Compress, decompress and compare, with the codec file in ``folder``."""
    codec = load_codec(folder / "codec.safetensors")
    photograph = list_images(bundled_photographs() / "heldback")[0]
    stream, reconstruction = folder / "heldback.litc", folder / "heldback.png"
    ours = compress_file(photograph, stream, codec, max_pixels=MAX_PIXELS, overwrite=True)
    decompress_file(stream, reconstruction, codec, max_pixels=MAX_PIXELS, overwrite=True)
    x = read_image(photograph)
    x_hat = read_image(reconstruction)
    quality, jpeg = jpeg_of_size(x, ours.bytes)
    x_jpeg = JPEG.decompress(jpeg)

    table = Table(title=f"{photograph.name}, {ours.width}x{ours.height}, not seen in training")
    for column in ("codec", "file bytes", "bpp", "PSNR dB", "MS-SSIM"):
        table.add_column(column, justify="left" if column == "codec" else "right")
    for name, size, decoded in (
        (f"litcodec, {codec.architecture.name}", ours.bytes, x_hat),
        (f"JPEG 4:2:0, quality {quality}", len(jpeg), x_jpeg),
    ):
        rate = bpp(size, (ours.height, ours.width))
        table.add_row(
            name, f"{size:,}", f"{rate:.3f}", f"{psnr(x, decoded):.2f}", f"{ms_ssim(x, decoded):.4f}"
        )
    console = Console()
    console.print(table)
    run = folder / "latest"
    files = f"codec    {folder / 'codec.safetensors'}\nstream   {stream}\nimage    {reconstruction}"
    console.print(files, soft_wrap=True)
    console.print(f"W&B run  {run / 'wandb'} (offline); look at it in the terminal with")
    console.print(f"         .venv/bin/wandb leet {run / 'wandb'}")
    console.print(
        f"         or upload it with .venv/bin/wandb sync {run / 'wandb'}/offline-run-*", soft_wrap=True
    )


def jpeg_of_size(x: Tensor, size: int) -> tuple[int, bytes]:
    """The JPEG (optimised Huffman tables) whose size is nearest to ``size`` bytes, and its quality."""
    found = [(quality, JPEG.compress(x, quality)) for quality in range(1, 96)]
    return min(found, key=lambda pair: abs(len(pair[1]) - size))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main(Path(sys.argv[1]))
