from pathlib import Path

import torch

from tests.training.runs import fit, fit_and_kill, fit_here, losses

EMA = (
    "--trainer.callbacks+=lightning.pytorch.callbacks.EMAWeightAveraging",
    "--trainer.callbacks.use_buffers=false",
    "--trainer.callbacks.decay=0.9",
)


def test_a_run_killed_within_an_epoch_and_resumed_repeats_an_uninterrupted_one(tmp_path: Path) -> None:
    slow = ("--trainer.max_steps", "400")  # so that the kill comes in time; steps 0..23 are compared
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir(), broken.mkdir()
    fit_here(whole, *EMA)
    metrics = broken / "runs" / "tiny" / "001" / "version_0" / "metrics.csv"
    fit_and_kill(broken, after_step=15, metrics=metrics, extra=(*EMA, *slow))

    checkpoint = broken / "runs" / "tiny" / "001" / "checkpoints" / "last.ckpt"
    fit(broken, *EMA, "--ckpt_path", str(checkpoint))

    expected = losses(whole / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    resumed = losses(broken / "runs" / "tiny" / "001" / "version_1" / "metrics.csv")
    assert sorted(expected) == list(range(24))
    assert min(resumed) >= 14  # a checkpoint every 7 steps: in the middle of the second epoch of 10
    assert min(resumed) % 10 != 0
    assert resumed == {step: loss for step, loss in expected.items() if step >= min(resumed)}
    assert (broken / "runs" / "tiny" / "001" / "config-2.yaml").exists()


def test_a_run_that_ends_before_weights_are_averaged_keeps_what_it_learned(tmp_path: Path) -> None:
    late = ("--trainer.callbacks.update_starting_at_step", "200")
    weights = {}
    for name, extra in {"averaged": (*EMA, *late), "plain": ()}.items():
        (tmp_path / name).mkdir()
        fit_here(tmp_path / name, *extra, "--trainer.max_steps", "3")
        path = tmp_path / name / "runs" / "tiny" / "001" / "checkpoints" / "last.ckpt"
        weights[name] = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    assert weights["averaged"].keys() == weights["plain"].keys()
    for name, learned in weights["plain"].items():
        assert torch.equal(weights["averaged"][name], learned), name
