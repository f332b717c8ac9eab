"""Hybrids trained in phases: what moves, how fast, how long; resumed, in two processes, in bfloat16."""

import csv
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, TQDMProgressBar

from litcodec.cli import main
from litcodec.codecs import ScaleHyperprior, VariableRate
from litcodec.errors import PhaseError
from litcodec.training import CodecModule, Phase
from litcodec.training.phases import phase_at
from tests.training.phased_runs import MOVES, PHASES, Watch, hybrid, train
from tests.training.runs import command, fit, losses


@pytest.fixture(autouse=True)
def _sums_in_one_order(threads: Callable[[int], None]) -> None:
    threads(1)


@pytest.mark.parametrize(
    ("scale", "native", "precision"), [(1, False, "32-true"), (2, False, "32-true"), (2, True, "bf16-mixed")]
)
def test_in_each_phase_its_part_alone_moves_at_its_own_rate(
    scale: int, native: bool, precision: str, photographs: Path
) -> None:
    watch = Watch()
    trainer = train(hybrid(scale, native=native), photographs, watch, precision=precision)

    assert trainer.global_step == 8  # the phases end the run
    assert [watch.moved(step) for step in range(8)] == MOVES
    assert watch.rates == [1e-3] * 3 + [5e-3] * 2 + [1e-4] * 3
    assert [metrics["train/phase"] for metrics in watch.metrics] == [0, 0, 0, 1, 1, 2, 2, 2]
    assert all(torch.tensor(metrics["train/loss"]).isfinite() for metrics in watch.metrics)
    assert all(metrics["train/bpp"] > 0 for metrics in watch.metrics)


def test_adam_knows_nothing_of_what_rests(photographs: Path) -> None:
    watch = Watch()
    train(hybrid(), photographs, watch)
    assert {name.partition(".")[0] for name in watch.moments[2]} == {"inner"}  # after the first phase
    for name, state in watch.moments[2].items():
        assert state["step"] == 3
        for key, value in state.items():
            assert torch.equal(watch.moments[4][name][key], value), (name, key)  # after the second
    assert {int(state["step"]) for name, state in watch.moments[7].items() if "inner." in name} == {6}
    assert {int(state["step"]) for name, state in watch.moments[7].items() if "enhancer." in name} == {5}


def test_all_of_a_part_learns_in_its_phase(photographs: Path) -> None:
    watch = Watch()
    train(hybrid(2), photographs, watch)
    for start, end, part in ((0, 3, "inner."), (3, 5, "enhancer."), (5, 8, "")):
        still = [
            name
            for name, before in watch.weights[start].items()
            if name.startswith(part) and torch.equal(before, watch.weights[end][name])
        ]
        assert still == []


def test_a_skipped_step_counts_and_moves_nothing(photographs: Path) -> None:
    watch = Watch(poisoned=3)  # the first of the second phase
    trainer = train(hybrid(), photographs, watch)
    assert trainer.global_step == 8
    assert [watch.moved(step) for step in range(8)] == [*MOVES[:3], set(), *MOVES[4:]]


@pytest.mark.parametrize("batches", [1, 2])
def test_phases_are_counted_in_steps_of_the_optimiser(batches: int, photographs: Path) -> None:
    watch = Watch()
    train(hybrid(), photographs, watch, accumulate_grad_batches=batches)
    assert [watch.moved(step) for step in range(batches - 1, 8 * batches, batches)] == MOVES


@pytest.mark.parametrize("step", [3, 4, 5], ids=["border", "within", "border to all"])
def test_a_resumed_run_repeats_an_uninterrupted_one(step: int, photographs: Path, tmp_path: Path) -> None:
    def averaging() -> EMAWeightAveraging:
        return EMAWeightAveraging(decay=0.9, use_buffers=False)

    whole, resumed = Watch(checkpoints=tmp_path), Watch()
    expected = train(hybrid(), photographs, averaging(), whole)
    found = train(hybrid(), photographs, averaging(), resumed, ckpt_path=tmp_path / f"{step}.ckpt")

    assert resumed.rates == whole.rates[step:]
    assert [m["train/loss"] for m in resumed.metrics] == [m["train/loss"] for m in whole.metrics[step:]]
    for before, after in zip(whole.weights[step:], resumed.weights, strict=True):
        assert all(torch.equal(before[name], after[name]) for name in before)
    for one, other in (
        (expected.lightning_module.state_dict(), found.lightning_module.state_dict()),  # averaged
        *((whole.moments[-1][name], resumed.moments[-1][name]) for name in whole.moments[-1]),
    ):
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_the_phase_is_named_in_the_progress_bar_and_at_each_change(
    photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Shown(TQDMProgressBar):
        seen: list[dict[str, Any]] = []  # noqa: RUF012

        def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *rest: Any) -> None:
            super().on_train_batch_end(trainer, pl_module, *rest)
            self.seen.append(self.get_metrics(trainer, pl_module))

    train(hybrid(), photographs, Shown(), enable_progress_bar=True)
    found = [next((key, value) for key, value in shown.items() if "phase" in key) for shown in Shown.seen]
    assert found[0] == ("phase 1/3", "inner 1/3")
    assert found[3] == ("phase 2/3", "enhancer 1/2")
    assert all("train/loss" in shown for shown in Shown.seen)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("phase ")]
    assert said == [
        "phase 1 of 3: the inner codec alone, 3 steps, learning rate 0.001",
        "phase 2 of 3: the enhancer alone, 2 steps, learning rate 0.005",
        "phase 3 of 3: everything, 3 steps, learning rate 0.0001",
    ]


OVERLAY = """
model:
  codec:
    class_path: litcodec.codecs.HybridCodec
    init_args:
      inner:
        class_path: litcodec.codecs.MeanScaleHyperprior
        init_args: {N: 8, M: 12, quantiser: {class_path: litcodec.entropy.StraightThroughQuantiser}}
      enhancer:
        class_path: litcodec.transforms.GRDN
        init_args: {C: 4, growth: 2, layers: 1, blocks: 1, groups: 1, scale: 2}
      scale: 2
  phases:
    - {train: inner, steps: 4, learning_rate: 1e-3}
    - {train: enhancer, steps: 4, learning_rate: 1e-3}
    - {train: all, steps: 4, learning_rate: 1e-4}
trainer: {max_steps: -1}
"""


@pytest.mark.filterwarnings("default")
def test_two_processes_go_through_the_phases_as_one_with_the_doubled_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rounding instead of noise: noise differs between processes, as it should.
    found = []
    for name in ("one", "two"):  # processes
        root = tmp_path / name
        root.mkdir()
        (root / "hybrid.yaml").write_text(OVERLAY)
        extra = ("--config", str(root / "hybrid.yaml"), "--data.batch_size", "8" if name == "one" else "4")
        if name == "one":
            monkeypatch.chdir(root)  # where its log goes
            assert main(command(root, *extra)[3:]) == 0  # in this process: starting one takes seconds
        else:
            fit(root, *extra, "--trainer.devices", "2", "--trainer.strategy", "ddp")
        metrics = root / "runs" / "tiny" / "001" / "version_0" / "metrics.csv"
        found.append(losses(metrics))
        with metrics.open() as file:
            assert [float(row["train/phase"]) for row in csv.DictReader(file)] == [0] * 4 + [1] * 4 + [2] * 4
    one, two = found
    assert sorted(one) == sorted(two) == list(range(12))
    for step, loss in one.items():
        assert float(two[step]) == pytest.approx(float(loss), rel=1e-4), step


def test_the_phase_is_a_function_of_the_step() -> None:
    at = [phase_at(PHASES, step) for step in range(10)]
    assert [(where.number, where.done) for where in at] == [
        (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3), (2, 4),
    ]  # fmt: skip
    assert [where.phase for where in at] == [PHASES[where.number] for where in at]
    assert all(later.number - earlier.number in (0, 1) for earlier, later in pairwise(at))


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ([], "empty list"),
        ([Phase("all", 0, 1e-3)], "phase 1 lasts at least 1 step; got 0"),
        ([PHASES[0], Phase("all", 1, 0.0)], "phase 2 needs a learning_rate above 0; got 0.0"),
        ([Phase("decoder", 1, 1e-3)], "phase 1 trains one of inner, enhancer, all; got 'decoder'"),  # type: ignore[arg-type]
    ],
)
def test_phases_that_cannot_be_followed_are_refused(phases: Sequence[Phase], message: str) -> None:
    with pytest.raises(PhaseError, match=message):
        CodecModule(hybrid(), phases=list(phases))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_parts_of_any_codec_are_trained_one_after_the_other(precision: str, photographs: Path) -> None:
    torch.manual_seed(0)
    watch = Watch()
    phases = [Phase("g_s", 2, 1e-3), Phase(["g_a", "g_s"], 2, 5e-3), Phase("all", 1, 1e-4)]
    train(ScaleHyperprior(N=8, M=12), photographs, watch, phases=phases, precision=precision)
    moved = [watch.moved(step) for step in range(5)]
    assert moved[:4] == [{"g_s"}] * 2 + [{"g_a", "g_s"}] * 2
    assert moved[4] == {"g_a", "g_s", "latent_model"}
    assert watch.rates == [1e-3] * 2 + [5e-3] * 2 + [1e-4]
    assert {name.partition(".")[0] for name in watch.moments[1]} == {"g_s"}  # Adam's


def test_a_codec_of_variable_rate_learns_its_gains_alone(photographs: Path) -> None:
    torch.manual_seed(0)
    watch = Watch()
    codec = VariableRate(ScaleHyperprior(N=8, M=12), lmbda_min=0.01, lmbda_max=0.1)
    train(codec, photographs, watch, phases=[Phase("gains", 2, 1e-2)])
    assert [watch.moved(step) for step in range(2)] == [{"gains"}] * 2


def test_phases_name_parts_of_the_codec_and_leave_no_room_for_a_scheduler() -> None:
    with pytest.raises(PhaseError, match=r"phase 1 trains one of .*g_a, g_s.*, all; got 'inner'"):
        CodecModule(ScaleHyperprior(N=4, M=6), phases=PHASES)
    with pytest.raises(PhaseError, match=r"leave model\.lr_scheduler out"):
        CodecModule(hybrid(), phases=PHASES, lr_scheduler=lambda _: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("max_steps", [5, 9])
def test_a_trainer_that_stops_elsewhere_is_refused(max_steps: int, photographs: Path) -> None:
    with pytest.raises(PhaseError, match=rf"3 \+ 2 \+ 3 = 8 steps, trainer.max_steps is {max_steps}\."):
        train(hybrid(), photographs, max_steps=max_steps)
