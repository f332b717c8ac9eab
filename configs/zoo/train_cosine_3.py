r"""Train cosine-3 on one device, without Lightning: on a GPU a step is one CUDA graph, 18 ms on an H200.

    python configs/zoo/train_cosine_3.py PHOTOGRAPHS last.pt --steps 8000
    python configs/zoo/train_cosine_3.py PHOTOGRAPHS final.pt --steps 8000 \
        --start last.pt --cooldown 0.8 --ms-ssim 0.08
    python configs/zoo/train_cosine_3.py --export final.pt cosine-3.safetensors

    python configs/zoo/train_cosine_3.py PHOTOGRAPHS more.pt --start litcodec/zoo/cosine-3.safetensors

On a CPU that computes in bfloat16, --bf16 --batch 8 --side 192: 0.45 s a step on one core of a Zen 5, 0.76 s
of a Zen 4. With several cores a process each, with --batch crops each and their mean gradient:

    OMP_NUM_THREADS=1 torchrun --nproc_per_node 2 configs/zoo/train_cosine_3.py PHOTOGRAPHS …

PHOTOGRAPHS is a folder of JPEGs; those that litcodec holds back are left out by name. Every photograph is
also downscaled by a random factor. Matrices inside of blocks are trained by Muon, everything else by
Adam, with one learning rate: after 600 steps of 32 crops of 256x256 the loss was
1.339, with Adam alone 1.400.
"""

import argparse
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from muon import muon_step
from photographs import Photographs
from PIL import Image
from torch import Tensor, nn

from litcodec.codec_files import load_codec, round_to_half_precision, save_codec, unfreeze
from litcodec.codecs import LappedCosine, VariableRate
from litcodec.frozen import TrainingInfo
from litcodec.objectives import MSE, MSSSIM, Objective, Term, describe
from litcodec.objectives.objective import MS_SSIM_PER_MSE, bits_per_pixel, bits_per_pixel_of_each

PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the range of lmbda, where validation looks
WARM_UP, BALANCE = 200, 0.4


def cosine_3() -> VariableRate:
    """The architecture, 4.9 M parameters."""
    inner = LappedCosine(analysis_blocks=5, synthesis_blocks=7)
    return VariableRate(inner, lmbda_min=0.0004, lmbda_max=0.15, anchors=7)


def is_hidden(name: str, parameter: nn.Parameter) -> bool:
    """Whether Muon trains it: a matrix whose two sides are both features."""
    inside = any(part in name for part in (".expand.", ".contract.", "h_a.2.", "h_a.4.", "h_s.0.", "h_s.2."))
    return (
        name.endswith("weight") and parameter.dim() == 4 and (inside or ("nets." in name and ".2.w" in name))
    )


class Trainer:
    """A codec, its averaged weights and its optimisers.

    Args:
        device: where it trains.
        batch: crops in a step.
        side: of a crop.
        ms_ssim: share of MS-SSIM in the distortion, measured on a quarter of the crops.
        bf16: whether networks and Muon compute in bfloat16; weights stay in float32.
    """

    def __init__(
        self, device: torch.device, *, batch: int, side: int, ms_ssim: float, bf16: bool = False
    ) -> None:
        torch.manual_seed(0)
        self.codec = cosine_3().to(device).to(memory_format=torch.channels_last)
        self.named = dict(self.codec.named_parameters())
        self.muon = {name: p for name, p in self.named.items() if is_hidden(name, p)}
        rest = [p for name, p in self.named.items() if name not in self.muon]
        graphs = device.type == "cuda"
        zero = torch.zeros((), device=device)
        self.adam = torch.optim.Adam(rest, lr=zero, betas=(0.9, 0.99), capturable=graphs, foreach=graphs)
        self.momentum = [torch.zeros_like(p) for p in self.muon.values()]
        self.averaged = [p.detach().clone() for p in self.named.values()]
        self.rate, self.decay = (torch.zeros((), device=device) for _ in range(2))
        for group in self.adam.param_groups:
            group["lr"] = self.rate
        self.x = torch.zeros(batch, 3, side, side, device=device).contiguous(
            memory_format=torch.channels_last
        )
        self.lmbdas = torch.ones(batch, device=device)
        self.bf16 = bf16
        self.ms_ssim, self.ssim, self.loss = ms_ssim, MSSSIM(), torch.zeros((), device=device)
        self.graph: torch.cuda.CUDAGraph | None = None

    def step(self) -> None:
        """One step on ``x`` and ``lmbdas``, with the learning rate ``rate``."""
        if self.graph is not None:
            self.graph.replay()
            return
        with torch.autocast(self.x.device.type, torch.bfloat16, enabled=self.bf16):
            output = self.codec(self.x, self.lmbdas)
        weights = (self.lmbdas / self.codec.middle_lmbda) ** -BALANCE
        squares = 255**2 * (output.x_hat - self.x).square().mean(dim=(1, 2, 3))
        costs = bits_per_pixel_of_each(output) + self.lmbdas * (1 - self.ms_ssim) * squares
        loss = (weights * costs).mean()
        if self.ms_ssim:
            some = slice(None, None, 4)
            found = self.ssim.per_image(output.x_hat[some], self.x[some])
            loss = loss + self.ms_ssim * MS_SSIM_PER_MSE * (weights[some] * self.lmbdas[some] * found).mean()
        for parameter in self.named.values():
            parameter.grad = None
        loss.backward()
        if dist.is_initialized():
            for parameter in self.named.values():
                dist.all_reduce(parameter.grad.div_(dist.get_world_size()))
        nn.utils.clip_grad_norm_(list(self.named.values()), 1.0, foreach=True)
        self.adam.step()
        with torch.no_grad():
            dtype = torch.bfloat16 if self.bf16 else torch.float32
            muon_step(self.muon.values(), self.momentum, self.rate, dtype)
            for mean, parameter in zip(self.averaged, self.named.values(), strict=True):
                mean.lerp_(parameter, self.decay)
            self.loss.copy_(loss.detach())

    def capture(self) -> None:
        """Make ``step`` one CUDA graph; learning rate and averaging must be 0."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        self.graph = graph

    @torch.no_grad()
    def validate(self, images: list[Tensor]) -> Iterator[tuple[float, float]]:
        """Estimated bits per pixel and PSNR of the averaged weights, at each of ``PLACES``."""
        kept = [p.detach().clone() for p in self.named.values()]
        self._load(self.averaged)
        self.codec.eval()
        for place in PLACES:
            lmbda = 0.0004 * (0.15 / 0.0004) ** place
            outputs = [(self.codec(x, torch.full((1,), lmbda, device=x.device)), x) for x in images]
            squares = [float((o.x_hat.clamp(0, 1) - x).square().mean()) for o, x in outputs]
            yield (
                float(np.mean([float(bits_per_pixel(o)) for o, _ in outputs])),
                -10 * float(np.mean(np.log10(squares))),
            )
        self.codec.train()
        self._load(kept)

    def _load(self, weights: list[Tensor]) -> None:
        for parameter, weight in zip(self.named.values(), weights, strict=True):
            parameter.copy_(weight)

    def save(self, path: Path, step: int) -> None:
        """Everything, so that a training can go on from it."""
        state = {
            "model": self.codec.state_dict(),
            "averaged": self.averaged,
            "adam": self.adam.state_dict(),
            "momentum": self.momentum,
            "step": step,
            "ms_ssim": self.ms_ssim,
        }
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> int:
        """Go on from what ``save`` wrote, or from a codec file; returns the step."""
        if path.suffix == ".safetensors":
            frozen = load_codec(path)
            unfreeze(self.codec, frozen)
            for mean, parameter in zip(self.averaged, self.named.values(), strict=True):
                mean.copy_(parameter.detach())
            return frozen.training.step or 0
        state = torch.load(path, map_location=self.x.device, weights_only=True)
        self.codec.load_state_dict(state["model"])
        for mean, found in zip(self.averaged, state["averaged"], strict=True):
            mean.copy_(found)
        if "adam" in state:
            self.adam.load_state_dict(state["adam"])
            for group in self.adam.param_groups:
                group["lr"] = self.rate
            for kept, found in zip(self.momentum, state["momentum"], strict=True):
                kept.copy_(found)
        return int(state["step"])


def export(checkpoint: Path, output: Path, rdoq_lambda: float) -> None:
    """Write the codec file of the averaged weights, in half precision."""
    state, codec = torch.load(checkpoint, map_location="cpu", weights_only=True), cosine_3()
    codec.load_state_dict(state["model"])
    with torch.no_grad():
        for parameter, mean in zip(codec.parameters(), state["averaged"], strict=True):
            parameter.copy_(mean)
    share = state["ms_ssim"]
    terms = [Term(MSE(), 1 - share)] + ([Term(MSSSIM(), share * MS_SSIM_PER_MSE)] if share else [])
    objective = Objective(terms)
    round_to_half_precision(codec)
    frozen = codec.freeze()
    frozen.training = TrainingInfo(codec.middle_lmbda, objective.label, state["step"], describe(objective))
    save_codec(frozen.with_rdoq(rdoq_lambda) if rdoq_lambda else frozen, output)
    print(f"{output}: {output.stat().st_size / 1e6:.2f} MB, {frozen.fingerprint.hex()}")


def train(options: argparse.Namespace) -> None:
    """As the command line says."""
    device = torch.device(options.device)
    rank, processes = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1:
        dist.init_process_group("gloo")  # with --device cpu
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    photographs = Photographs.read(options.input, device, options.side)
    held_back = [_image(path, device) for path in sorted(options.validate.glob("*.jpg"))]
    trainer = Trainer(
        device, batch=options.batch, side=options.side, ms_ssim=options.ms_ssim, bf16=options.bf16
    )
    first = trainer.load(options.start) if options.start else 0
    for weights in (*trainer.named.values(), *trainer.averaged) if processes > 1 else ():
        dist.broadcast(weights.data, 0)
    if device.type == "cuda":
        trainer.capture()
    new = first if options.start and options.start.suffix == ".safetensors" else 0  # optimisers warm up
    began, rates = time.monotonic(), trainer.codec.lmbda_range
    assert rates is not None
    for k in range(options.steps):
        step = first + k
        falling = options.steps * options.cooldown
        part = min(1.0, (step + 1 - new) / WARM_UP, (options.steps - k) / falling if falling else 1.0)
        trainer.rate.fill_(options.learning_rate * math.sin(part * math.pi / 2) ** 2)
        trainer.decay.fill_(1 - min(options.ema, (step + 1) / (step + 20)))
        seed = step * processes + rank
        trainer.x.copy_(photographs.crops(seed, options.batch, options.side))
        draw = np.random.default_rng((8, seed))
        where = (
            draw.permutation(options.batch) + draw.random(options.batch)
        ) / options.batch  # evenly spread
        trainer.lmbdas.copy_(rates.lmbdas(torch.from_numpy(where).float()))
        torch.manual_seed(seed)
        trainer.step()
        if (k + 1) % options.log_every == 0 and rank == 0:
            spent = time.monotonic() - began
            print(
                f"step {step + 1}: loss {float(trainer.loss):.4f}, {spent / (k + 1):.4f} s a step", flush=True
            )
        if rank == 0 and ((k + 1) % options.save_every == 0 or k + 1 == options.steps):
            trainer.save(options.output, step + 1)
            found = " ".join(f"{bpp:.4f} {psnr:.2f}" for bpp, psnr in trainer.validate(held_back))
            print(f"step {step + 1}: bpp, dB at places {PLACES}: {found}", flush=True)


def _image(path: Path, device: torch.device) -> Tensor:
    with Image.open(path) as opened:
        levels = torch.from_numpy(np.asarray(opened.convert("RGB")).copy())
    return levels.permute(2, 0, 1)[None].to(device).float() / 255


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("input", type=Path, help="folder of photographs; with --export a checkpoint")
    parser.add_argument("output", type=Path, help="checkpoint to write; with --export a codec file")
    parser.add_argument("--export", action="store_true", help="make a codec file of a checkpoint")
    parser.add_argument("--rdoq-lambda", type=float, default=30.0, help="of the codec file; 0 for none")
    parser.add_argument("--start", type=Path, help="checkpoint or codec file to go on from")
    parser.add_argument("--validate", type=Path, default=Path("litcodec/photographs/heldback"))
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument(
        "--cooldown", type=float, default=0.0, help="share of the steps in which the rate falls to 0"
    )
    parser.add_argument("--ms-ssim", type=float, default=0.0, help="share of MS-SSIM in the distortion")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument(
        "--bf16", action="store_true", help="half the time on a CPU that has it (AVX512-BF16)"
    )
    parser.add_argument("--ema", type=float, default=0.9995, help="decay of the averaged weights")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--log-every", type=int, default=100)
    parser.add_argument("--save-every", type=int, default=1000)
    options = parser.parse_args()
    if options.export:
        export(options.input, options.output, options.rdoq_lambda)
    else:
        train(options)


if __name__ == "__main__":
    main()
