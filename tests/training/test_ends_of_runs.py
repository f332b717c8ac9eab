"""What a run says when it begins and ends; a new run that goes on from another's checkpoint."""

from pathlib import Path

import pytest
import torch
from torch import nn

from litcodec.codecs import Elic, FactorizedPrior, MeanScaleHyperprior, VariableRate
from litcodec.training.costs import costs_of
from tests.training.runs import fit_here, write_photographs


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a run of two steps and one validation, and what was said."""
    root = tmp_path_factory.mktemp("lab")
    write_photographs(root / "photographs", count=2)
    words = ("--trainer.max_steps", "2", "--data.init_args.val_dir", str(root / "photographs"))
    validated = ("--trainer.limit_val_batches", "1", "--trainer.val_check_interval", "2")
    watched = (
        "--trainer.callbacks+",
        "litcodec.callbacks.RDPoints",
        "--trainer.enable_model_summary",
        "true",
    )
    return root, fit_here(root, *words, *validated, *watched)


def test_a_run_ends_with_its_figures_and_the_next_command(lab: tuple[Path, str]):
    root, said = lab
    assert "trained to step 2" in said
    figures = next(line for line in said.splitlines() if line.startswith("real bytes"))
    assert " bpp, PSNR " in figures
    assert " dB" in figures
    checkpoint = root / "runs/tiny/001/checkpoints/last.ckpt"
    assert f"next:        litcodec export {checkpoint} codec.safetensors" in said


def test_a_run_begins_with_what_its_parts_cost(lab: tuple[Path, str]):
    codec = MeanScaleHyperprior(N=4, M=6)
    parameters = sum(parameter.numel() for parameter in codec.parameters())
    assert f"{parameters:,}" in lab[1]
    assert "latent_model.h_s" in lab[1]


def test_another_name_makes_a_new_run_that_goes_on(lab: tuple[Path, str]):
    root, _ = lab
    checkpoint = root / "runs/tiny/001/checkpoints/last.ckpt"
    said = fit_here(root, "--trainer.max_steps", "3", "--run_name", "fork", "--ckpt_path", str(checkpoint))
    assert f"a new run, fork, that goes on from {checkpoint}" in said
    forked = torch.load(root / "runs/fork/001/checkpoints/last.ckpt", weights_only=True)
    assert forked["global_step"] == 3
    assert torch.load(checkpoint, weights_only=True)["global_step"] == 2
    assert not (root / "runs/tiny/001/config-2.yaml").exists()


@pytest.mark.parametrize(
    ("codec", "kmacs"),
    [
        (MeanScaleHyperprior(N=128, M=192), {"g_a": 42.2, "g_s": 43.2}),  # 5 x 5 x (3, 128, …) / (4, 16, …)
        (FactorizedPrior(N=8, M=12), {"g_a": 8 * 25 * (3 / 4 + 8 / 16 + 8 / 64 + 12 / 256) / 1000}),
        (Elic(N=8, M=24, groups=(4, 4), context=(8, 8)), {}),
        (VariableRate(FactorizedPrior(N=8, M=12)), {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_costs_are_those_of_the_layers(codec: nn.Module, kmacs: dict[str, float]):
    codec.train()
    before = torch.random.get_rng_state()
    costs = {cost.name: cost for cost in costs_of(codec)}
    assert torch.equal(torch.random.get_rng_state(), before)
    assert codec.training
    own = sum(parameter.numel() for parameter in codec.parameters(recurse=False))
    assert sum(cost.parameters for cost in costs.values()) + own == sum(p.numel() for p in codec.parameters())
    for name, expected in kmacs.items():
        # GDN's 1x1 convolutions count too: 8 or 128 channels.
        assert costs[name].macs_per_pixel / 1000 == pytest.approx(expected, rel=0.15)
