"""CompressAI's side: ``python peer.py PART PLAN`` prints figures as JSON, in an environment of its own.

Imports CompressAI, torch and numpy, nothing of litcodec.
"""

import json
import sys
from pathlib import Path

import compressai
import numpy as np
import torch
from compressai.entropy_models import GaussianConditional
from compressai.losses import RateDistortionLoss
from compressai.models import JointAutoregressiveHierarchicalPriors, MeanScaleHyperprior, ScaleHyperprior
from compressai.models.google import get_scale_table
from compressai.optimizers import net_aux_optimizer
from plan import Plan, read_plan, seconds


def train(plan: Plan) -> dict[str, float]:
    """A step of examples/train.py: float32, two optimisers, clipping at 1."""
    torch.manual_seed(0)
    d = torch.from_numpy(np.load(Path(plan.folder, "batch.npy")))
    net = ScaleHyperprior(plan.N, plan.M).train()  # what zoo.bmshj2018_hyperprior builds
    criterion = RateDistortionLoss(lmbda=0.0130)
    optimizers = net_aux_optimizer(
        net, {"net": {"type": "Adam", "lr": 1e-4}, "aux": {"type": "Adam", "lr": 1e-3}}
    )

    def step() -> None:
        optimizers["net"].zero_grad()
        optimizers["aux"].zero_grad()
        criterion(net(d), d)["loss"].backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizers["net"].step()
        net.aux_loss().backward()
        optimizers["aux"].step()

    return {"32-true": seconds(step, plan)}


def coder(plan: Plan) -> dict[str, float]:
    """Tensors of symbols and indexes -> string -> tensor of symbols, by GaussianConditional's own methods."""
    conditional = GaussianConditional(None)
    conditional.update_scale_table(get_scale_table())
    figures = {}
    for channels in plan.latents:
        given = np.load(Path(plan.folder, f"symbols-{channels}.npz"))
        y = torch.from_numpy(given["symbols"])[None].float()
        indexes = torch.from_numpy(given["indexes"])[None]
        strings = conditional.compress(y, indexes)
        if not torch.equal(conditional.decompress(strings, indexes), y):
            raise SystemExit("CompressAI's symbols did not come back.")
        figures[f"{channels} encode"] = seconds(lambda y=y, i=indexes: conditional.compress(y, i), plan)
        figures[f"{channels} decode"] = seconds(
            lambda s=strings, i=indexes: conditional.decompress(s, i), plan
        )
        figures[f"{channels} bytes"] = len(strings[0])
    return figures


def codec(plan: Plan) -> dict[str, float]:
    """Image tensor -> strings -> image tensor, with litcodec's weights."""
    x = torch.from_numpy(np.load(Path(plan.folder, "image.npy")))
    figures = {}
    for name, net in (
        ("scale", ScaleHyperprior(plan.N, plan.M)),
        ("mean-scale", MeanScaleHyperprior(plan.N, plan.M)),
        ("autoregressive", JointAutoregressiveHierarchicalPriors(*plan.context_sizes)),
    ):
        net.eval()
        weights = {
            key: torch.from_numpy(value) for key, value in np.load(Path(plan.folder, f"{name}.npz")).items()
        }
        learned = {key for key, _ in net.named_parameters()} - {"entropy_bottleneck.quantiles"}
        if set(weights) != learned:
            raise SystemExit(f"the weights do not fit: {sorted(set(weights) ^ learned)}.")
        net.load_state_dict({**net.state_dict(), **weights})
        net.update(force=True, update_quantiles=True)
        with torch.inference_mode():
            packed = net.compress(x)
            x_hat = net.decompress(**packed)["x_hat"].numpy()
            figures[f"{name} compress"] = seconds(lambda net=net: net.compress(x), plan)
            figures[f"{name} decompress"] = seconds(lambda net=net, p=packed: net.decompress(**p), plan)
        figures[f"{name} bytes"] = sum(len(strings[0]) for strings in packed["strings"])
        theirs = np.load(Path(plan.folder, f"{name}-ours.npy"))
        figures[f"{name} difference"] = float(np.abs(x_hat - theirs).mean() * 255)
    return figures


if __name__ == "__main__":
    plan = read_plan(sys.argv[2])
    torch.set_num_threads(plan.threads)
    figures = {"train": train, "coder": coder, "codec": codec}[sys.argv[1]](plan)
    print(json.dumps({"versions": [compressai.__version__, torch.__version__], **figures}))
