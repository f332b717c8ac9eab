"""Train the packaged lossless codec on pixels drawn from all photographs; `litcodec fit` draws patches.

    python configs/zoo/train_lossless.py PHOTOGRAPHS last.pt --steps 20000
    python configs/zoo/train_lossless.py PHOTOGRAPHS last.pt --start litcodec/zoo/lossless-1.safetensors
    python configs/zoo/train_lossless.py --export last.pt lossless.safetensors

Photographs are downscaled by 0.45 to 0.7, so that traces of their JPEG compression are gone; some get grain
or chroma of half resolution. Those that litcodec holds back are left out by name. Matrices inside are trained
by Muon, the rest by Adam.
"""

import argparse
import math
import random
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from muon import muon_step
from photographs import photographs_in
from PIL import Image, ImageFilter
from torch import Tensor, nn

from litcodec.codec_files import load_codec, save_codec, unfreeze
from litcodec.codecs import PixelAutoregressive
from litcodec.codecs.pixel_autoregressive import CODED_ORDER
from litcodec.layers import LINEAR_BITS, PREDICTION_UNIT, fit_prediction, linear_inputs

MIDDLE = ("blocks.", "colours.", "last.")  # what Muon trains


class Pixels(NamedTuple):
    """Pixels of all images and what the network sees of them."""

    features: Tensor  # (n, F), float16
    levels: Tensor  # (n, 3), uint8, as coded
    units: Tensor  # (n, 3), int16: predictions
    image: Tensor  # (n,), int32
    moved: Tensor  # (images, 3), float32

    def draw(self, at: Tensor) -> tuple[Tensor, ...]:
        """What ``PixelAutoregressive.likelihoods`` takes, of some pixels."""
        prediction = self.units[at].float() / PREDICTION_UNIT
        found = (self.levels[at].float(), self.features[at].float(), prediction, self.moved[self.image[at]])
        return tuple(t.T[None, ..., None] for t in found)


def lossless() -> PixelAutoregressive:
    """The architecture, 61,279 weights."""
    return PixelAutoregressive(N=112, M=32, blocks=3, K=5, prediction="linear")


def altered(image: Image.Image, rng: random.Random) -> np.ndarray:
    """Downscaled, maybe with chroma of half resolution, maybe with grain."""
    scale = rng.uniform(0.45, 0.7)
    small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    if rng.random() < 0.25:
        luma, *chroma = small.convert("YCbCr").split()
        half = small.width // 2 + 1, small.height // 2 + 1
        chroma = [c.resize(half).resize(small.size, Image.Resampling.BICUBIC) for c in chroma]
        small = Image.merge("YCbCr", (luma, *chroma)).convert("RGB")
    pixels = np.asarray(small).astype(np.float32)
    if rng.random() < 0.35:
        noise = np.random.default_rng(rng.getrandbits(32)).normal(size=pixels.shape).astype(np.float32)
        if rng.random() < 0.5:
            shown = Image.fromarray((noise.clip(-4, 4) * 31 + 128).astype(np.uint8))
            noise = (np.asarray(shown.filter(ImageFilter.GaussianBlur(0.6))).astype(np.float32) - 128) / 20
        pixels = pixels + rng.uniform(0.5, 4) * noise
    return pixels.round().clip(0, 255).astype(np.uint8)


def read(folder: Path, device: torch.device, share: float, variants: int) -> Pixels:
    """Features of a share of the pixels of every photograph."""
    files = photographs_in(folder)
    rng, parts, moved = random.Random(0), [], []
    for file in files:
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        for _ in range(variants):
            pixels = torch.from_numpy(altered(image, rng)[..., CODED_ORDER].copy()).permute(2, 0, 1).float()
            fitted = fit_prediction(pixels)
            features, prediction = linear_inputs(pixels[None].to(device), [fitted])
            n = pixels[0].numel()
            at = torch.from_numpy(np.random.default_rng(len(moved)).permutation(n)[: int(n * share)]).to(
                device
            )
            units = (prediction[0] * PREDICTION_UNIT).round().short()
            parts.append(
                (
                    features[0].flatten(1).T[at].half(),
                    pixels.to(device).flatten(1).T[at].byte(),
                    units.flatten(1).T[at],
                    torch.full((len(at),), len(moved), dtype=torch.int32, device=device),
                )
            )
            moved.append(fitted.coefficients.float() / 2**LINEAR_BITS)
    found = Pixels(*(torch.cat(each) for each in zip(*parts, strict=True)), torch.stack(moved).to(device))
    print(f"{len(files)} photographs, {len(found.levels) / 1e6:.1f} million pixels", flush=True)
    return found


def bits(codec: PixelAutoregressive, pixels: Pixels, at: Tensor) -> Tensor:
    """Per sub-pixel."""
    return -codec.likelihoods(*pixels.draw(at)).log2().mean()


def train(options: argparse.Namespace) -> None:
    """As the command line says."""
    device, codec = torch.device(options.device), lossless()
    if options.start and options.start.suffix == ".safetensors":
        unfreeze(codec, load_codec(options.start))
    elif options.start:
        codec.load_state_dict(torch.load(options.start, map_location="cpu", weights_only=True)["model"])
    codec = codec.to(device)
    pixels = read(options.input, device, options.share, options.variants)
    kept = len(pixels.levels) // 200  # of the last photographs, to watch
    n = len(pixels.levels) - kept
    named = dict(codec.named_parameters())
    hidden = [p for name, p in named.items() if name.startswith(MIDDLE) and name.endswith("weight")]
    rest = [p for p in named.values() if not any(p is h for h in hidden)]
    adam, momentum = torch.optim.Adam(rest, betas=(0.9, 0.99)), [torch.zeros_like(p) for p in hidden]
    averaged = [p.detach().clone() for p in named.values()]
    generator, began = torch.Generator(device).manual_seed(1), time.monotonic()
    for step in range(options.steps):
        rate = options.learning_rate * math.cos(step / options.steps * math.pi / 2) ** 2
        at = torch.randint(n, (options.batch,), generator=generator, device=device)
        loss = bits(codec, pixels, at)
        for parameter in named.values():
            parameter.grad = None
        loss.backward()
        for group in adam.param_groups:
            group["lr"] = rate
        adam.step()
        with torch.no_grad():
            muon_step(hidden, momentum, rate)
            for mean, parameter in zip(averaged, named.values(), strict=True):
                mean.lerp_(parameter, 1 - min(0.999, (step + 1) / (step + 20)))
        if (step + 1) % options.log_every == 0 or step + 1 == options.steps:
            shown = _with(codec, averaged)
            torch.save({"model": shown.state_dict(), "step": step + 1}, options.output)
            with torch.no_grad():
                seen = torch.arange(n, n + kept, device=device).split(65536)
                held = sum(float(bits(shown, pixels, part)) * len(part) for part in seen) / max(1, kept)
            spent = (time.monotonic() - began) / (step + 1)
            print(
                f"step {step + 1}: {float(loss.detach()):.4f}, held back {held:.4f}, {spent:.4f} s a step",
                flush=True,
            )


def _with(codec: PixelAutoregressive, weights: list[Tensor]) -> PixelAutoregressive:
    shown = lossless().to(weights[0].device)
    shown.load_state_dict(codec.state_dict())
    with torch.no_grad():
        for parameter, weight in zip(shown.parameters(), weights, strict=True):
            parameter.copy_(weight)
    return shown


def export(checkpoint: Path, output: Path) -> None:
    """Write the codec file."""
    codec: nn.Module = lossless()
    codec.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["model"])
    assert isinstance(codec, PixelAutoregressive)
    frozen = codec.freeze()
    save_codec(frozen, output)
    print(f"{output}: {output.stat().st_size / 1e3:.0f} kB, {frozen.fingerprint.hex()}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("input", type=Path, help="folder of photographs; with --export a checkpoint")
    parser.add_argument("output", type=Path, help="checkpoint to write; with --export a codec file")
    parser.add_argument("--export", action="store_true", help="make a codec file of a checkpoint")
    parser.add_argument("--start", type=Path, help="checkpoint or codec file to go on from")
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--batch", type=int, default=65536, help="pixels in a step")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the pixels; each takes 240 bytes of memory"
    )
    parser.add_argument("--variants", type=int, default=2, help="of each photograph")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--log-every", type=int, default=1000)
    options = parser.parse_args()
    if options.export:
        export(options.input, options.output)
    else:
        train(options)


if __name__ == "__main__":
    main()
