"""One network for all rates trains at a rate of its own for every image; resumed, in two processes."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from litcodec.codec_files import read_training_checkpoint
from litcodec.codecs import MeanScaleHyperprior, VariableRate
from litcodec.objectives import bits_per_pixel
from litcodec.training import CodecModule, notes_of
from litcodec.types import CodecOutput
from tests.training.phased_runs import Watch, train
from tests.training.runs import fit

OVERLAY = """
model:
  codec:
    class_path: litcodec.codecs.VariableRate
    init_args:
      inner: {class_path: litcodec.codecs.MeanScaleHyperprior, init_args: {N: 4, M: 6}}
      lmbda_min: 0.01
      lmbda_max: 0.1
trainer: {max_steps: 3}
"""


@pytest.fixture(autouse=True)
def _sums_in_one_order(threads: Callable[[int], None]) -> None:
    threads(1)


def variable(**arguments: Any) -> VariableRate:
    torch.manual_seed(0)
    return VariableRate(MeanScaleHyperprior(N=4, M=6), **arguments)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, CodecOutput]]:
    """The lmbdas that codecs are given in training, and what comes of it."""
    calls: list[tuple[Tensor, CodecOutput]] = []
    forward = VariableRate.forward

    def noting(self: VariableRate, x: Tensor, lmbdas: Tensor | None = None) -> CodecOutput:
        output = forward(self, x, lmbdas)
        if lmbdas is not None:
            calls.append((lmbdas, output))
        return output

    monkeypatch.setattr(VariableRate, "forward", noting)
    return calls


def test_each_image_is_weighed_with_its_own_lmbda(
    seen: list[tuple[Tensor, CodecOutput]], image_like: Callable[..., Tensor]
) -> None:
    module, x = CodecModule(variable()), image_like(64, 64, batch=3)
    with torch.no_grad():
        _, rd = module._loss(x)
    ((lmbdas, output),) = seen
    each = []
    for k in range(3):
        of_one = CodecOutput(output.x_hat[k : k + 1], tuple(p[k : k + 1] for p in output.likelihoods))
        error = 255**2 * float(((of_one.x_hat - x[k]) ** 2).mean())
        each.append(float(bits_per_pixel(of_one)) + float(lmbdas[k]) * error)
    assert rd.loss.item() == pytest.approx(sum(each) / 3, rel=1e-5)
    assert rd.rate.item() == pytest.approx(float(bits_per_pixel(output)), rel=1e-5)
    assert len(set(lmbdas.tolist())) == 3


def test_a_balance_weighs_images_of_high_rates_less(
    seen: list[tuple[Tensor, CodecOutput]], image_like: Callable[..., Tensor]
) -> None:
    x, losses = image_like(64, 64, batch=3), []
    for balance in (0.0, 0.4):
        torch.manual_seed(5)
        module = CodecModule(variable().eval(), lmbda_balance=balance)
        torch.manual_seed(6)
        with torch.no_grad():
            losses.append(module._loss(x)[1])
    (lmbdas, output), _ = seen
    weights = (lmbdas / module.codec.middle_lmbda) ** -0.4
    assert weights.max() > 1.2 * weights.min()
    each = []
    for k in range(3):
        of_one = CodecOutput(output.x_hat[k : k + 1], tuple(p[k : k + 1] for p in output.likelihoods))
        error = 255**2 * float(((of_one.x_hat - x[k]) ** 2).mean())
        each.append(float(bits_per_pixel(of_one)) + float(lmbdas[k]) * error)
    assert losses[1].loss.item() == pytest.approx(float((weights * torch.tensor(each)).mean()), rel=1e-4)
    assert losses[1].rate.item() == pytest.approx(losses[0].rate.item(), rel=1e-6)


def test_rates_are_log_uniform_over_the_range() -> None:
    codec = variable(lmbda_min=2.4, lmbda_max=240.0)
    torch.manual_seed(0)
    found = codec.lmbda_range.lmbdas(torch.rand(20_000))
    assert 2.4 <= found.min() <= found.max() <= 240.0 * (1 + 1e-6)
    quarters = torch.histc((found / 2.4).log10() / 2, bins=4, min=0, max=1) / 20_000
    assert quarters.tolist() == pytest.approx([0.25] * 4, abs=0.01)


def test_in_use_it_stands_in_the_middle_and_its_own_range_counts() -> None:
    module = CodecModule(variable(lmbda_min=0.001, lmbda_max=0.1), lmbda=0.5)
    assert module.lmbda == pytest.approx(0.01, rel=0.01)
    assert notes_of(module).lmbda == module.lmbda
    assert CodecModule(MeanScaleHyperprior(N=4, M=6), lmbda=0.5).lmbda == 0.5


def test_a_resumed_run_repeats_an_uninterrupted_one(
    tmp_path: Path, photographs: Path, seen: list[tuple[Tensor, CodecOutput]]
) -> None:
    whole, rest = Watch(checkpoints=tmp_path), Watch()
    train(variable(), photographs, whole, phases=None, max_steps=6)
    drawn = [lmbdas for lmbdas, _ in seen]
    assert len({tuple(lmbdas.tolist()) for lmbdas in drawn}) == 6
    seen.clear()
    train(variable(), photographs, rest, phases=None, max_steps=6, ckpt_path=tmp_path / "4.ckpt")
    assert all(torch.equal(a, b) for a, (b, _) in zip(drawn[4:], seen, strict=True))
    for name, weight in whole.weights[-1].items():
        assert torch.equal(rest.weights[-1][name], weight), name
    assert whole.moved(0) == {"inner", "gains"}
    exported = read_training_checkpoint(tmp_path / "6.ckpt").codec
    assert torch.equal(exported.state_dict()["gains.log_gains"], whole.weights[-1]["gains.log_gains"])


def test_a_bfloat16_step_is_finite(photographs: Path) -> None:
    watch = Watch()
    train(variable(), photographs, watch, phases=None, max_steps=2, precision="bf16-mixed")
    assert all(math.isfinite(metrics["train/loss"]) for metrics in watch.metrics)
    assert len(watch.metrics) == 2


@pytest.mark.filterwarnings("default")
def test_two_processes_train_every_weight(tmp_path: Path) -> None:
    """DDP fails in its second step where a weight had no gradient in the first."""
    (tmp_path / "variable.yaml").write_text(OVERLAY)
    extra = ("--config", str(tmp_path / "variable.yaml"), "--data.batch_size", "2")
    fit(tmp_path, *extra, "--trainer.devices", "2", "--trainer.strategy", "ddp")
    trained = read_training_checkpoint(tmp_path / "runs" / "tiny" / "001" / "checkpoints" / "last.ckpt")
    assert isinstance(trained.codec, VariableRate)
    assert trained.training.lmbda == pytest.approx(0.1**1.5, rel=0.01)
