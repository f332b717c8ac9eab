"""Makes what both sides read: ``python inputs.py PART PLAN``.

Everything is derived from the bundled photographs and from seeds, and lies in ``plan.folder`` as files that
numpy reads, so that both sides see the same pixels, symbols and weights.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from plan import Plan, read_plan
from torch import Tensor

from litcodec.codec_files import save_codec
from litcodec.codecs import (
    Checkerboard,
    Codec,
    JointAutoregressive,
    MeanScaleHyperprior,
    MixtureAutoregressive,
    ScaleHyperprior,
)
from litcodec.data import bundled_photographs

PHOTOGRAPH = "heldback/budgie-9af68c1b.jpg"


def coder(plan: Plan) -> None:
    """Symbols and scale indexes of latents about as dense as those of a codec at 0.5 bits per pixel."""
    rng = np.random.default_rng(0)
    table = np.exp(np.linspace(np.log(0.11), np.log(256), 64))
    for channels in plan.latents:
        of_channel = np.exp(rng.normal(np.log(0.3), 1.0, (channels, 1, 1)))
        scales = of_channel * np.exp(rng.normal(0, 0.5, (channels, *plan.latent_size)))
        indexes = np.searchsorted(table[:-1], scales).astype(np.int32)
        symbols = np.rint(rng.normal(0, table[indexes])).astype(np.int32)
        np.savez(Path(plan.folder, f"symbols-{channels}.npz"), symbols=symbols, indexes=indexes)


def codec(plan: Plan) -> None:
    """An image, codecs, and their weights under the names that CompressAI gives them."""
    x = image(plan.image_size)
    np.save(Path(plan.folder, "image.npy"), x.numpy())
    torch.manual_seed(0)
    N, M = plan.context_sizes
    codecs: dict[str, Codec] = {
        "scale": ScaleHyperprior(N=plan.N, M=plan.M),
        "mean-scale": MeanScaleHyperprior(N=plan.N, M=plan.M),
        "autoregressive": JointAutoregressive(N=N, M=M),
        "mixture": MixtureAutoregressive(N=N, M=M),
        "checkerboard": Checkerboard(N=N, M=M),
    }
    for name, model in codecs.items():
        model.eval()
        set_spread(model, x)
        save_codec(model.freeze(), Path(plan.folder, f"{name}.safetensors"))
        weights = {
            key.replace("density.", "entropy_bottleneck."): tensor.numpy()
            for key, tensor in model.state_dict().items()
        }
        np.savez(Path(plan.folder, f"{name}.npz"), **weights)


def papers(plan: Plan) -> None:
    """An image."""
    np.save(Path(plan.folder, "image.npy"), image(plan.image_size).numpy())


def train(plan: Plan) -> None:
    """A batch of crops of bundled photographs."""
    rng = np.random.default_rng(0)
    crops = []
    for path in sorted((bundled_photographs() / "train").iterdir())[: plan.batch]:
        pixels = np.asarray(Image.open(path))
        top, left = rng.integers((pixels.shape[0] - plan.patch + 1, pixels.shape[1] - plan.patch + 1))
        crops.append(pixels[top : top + plan.patch, left : left + plan.patch])
    np.save(Path(plan.folder, "batch.npy"), np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32) / 255)


def data(plan: Plan) -> None:
    """Twelve photographs of a camera's size: the bundled ones are smaller than what people train on."""
    folder = Path(plan.folder, "photographs")
    folder.mkdir(exist_ok=True)
    H, W = plan.photograph_size
    for path in sorted((bundled_photographs() / "train").iterdir())[:12]:
        Image.open(path).resize((W, H), Image.Resampling.LANCZOS).save(folder / path.name, quality=92)


def memory(plan: Plan) -> None:
    """A large photograph, and a codec to compress it with."""
    H, W = plan.large_size
    large = Image.open(bundled_photographs() / PHOTOGRAPH).resize((W, H), Image.Resampling.LANCZOS)
    large.save(Path(plan.folder, "large.jpg"), quality=92)
    codec(plan)


def image(size: tuple[int, int]) -> Tensor:
    """A photograph, (1, 3, H, W), float32 in [0, 1]."""
    H, W = size
    pixels = np.asarray(Image.open(bundled_photographs() / PHOTOGRAPH).crop((0, 0, W, H)))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].contiguous().float() / 255


@torch.no_grad()
def set_spread(model: Codec, x: Tensor) -> None:
    """Give untrained weights latents and scales like those of a trained codec.

    Rescales the last layer of g_a so that the channels of y have standard deviations from 0.03 to 8, evenly
    in the logarithm, about a mean of 0; of h_a, so that z has a standard deviation of 2; and of h_s, so that
    the scales of a channel are what its standard deviation is, give or take a fifth.
    """
    M = model.g_a[-1].out_channels
    spread = torch.logspace(np.log10(0.03), np.log10(8), M)
    y = model.g_a(x)
    _rescale(model.g_a[-1], y, torch.zeros(M), spread)
    latents = model.latents(x)
    z = latents.z
    latent_model = model.latent_model
    _rescale(latent_model.h_a[-1], z, torch.zeros(z.shape[1]), torch.full((z.shape[1],), 2.0))
    net = getattr(latent_model.y_model, "entropy_parameters", latent_model.h_s)
    last = next(layer for layer in reversed(net) if isinstance(layer, torch.nn.Conv2d))
    found: list[Tensor] = []
    handle = last.register_forward_hook(lambda module, given, out: found.append(out.clone()))
    model.train()(x)  # a context model's eval goes step by step
    model.eval()
    handle.remove()
    zero, one, some = torch.zeros(M), torch.ones(M), spread / 5
    per_channel = last.out_channels // M
    mean, std = {
        1: ([spread], [some]),  # scales
        2: ([spread, zero], [some, some]),  # scales, means
        9: ([zero] * 6 + [spread] * 3, [one] * 3 + [some] * 6),  # of 3 components: logits, means, scales
    }[per_channel]
    _rescale(last, found[0], torch.cat(mean), torch.cat(std))


def _rescale(layer: torch.nn.Conv2d, out: Tensor, mean: Tensor, std: Tensor) -> None:
    """Change weights and biases so that ``out``, what the layer gave, would have had these moments."""
    factor = std / out.std((0, 2, 3)).clamp_min(1e-12)
    layer.weight.mul_(factor[:, None, None, None])
    layer.bias.copy_((layer.bias - out.mean((0, 2, 3))) * factor + mean)


if __name__ == "__main__":
    made = {
        "train": train,
        "coder": coder,
        "codec": codec,
        "papers": papers,
        "data": data,
        "memory": memory,
    }
    if sys.argv[1] in made:  # the packaged codec brings all it needs
        made[sys.argv[1]](read_plan(sys.argv[2]))
