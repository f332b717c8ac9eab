from itertools import pairwise
from pathlib import Path

import lightning as L
import pytest
import torch
from torch import Tensor

from litcodec.adversarial import LeastSquares, RateTarget, Wasserstein
from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.errors import OptionError, ShapeError, TrainingDiverged
from litcodec.objectives import bits_per_pixel
from litcodec.training import NonFiniteGuard, Phase
from tests.training.adversarial_runs import FIT, Batches, tiny_module, tiny_trainer
from tests.training.runs import fit, fit_and_kill, losses

pytestmark = pytest.mark.filterwarnings("ignore:.*have no .val_dataloader", "ignore:.*bf16.*")


def flat(module: torch.nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])


class Watch(L.Callback):
    """After every step: weights of codec and discriminator, what was logged, ``global_step``."""

    def __init__(self) -> None:
        self.codec: list[Tensor] = []
        self.discriminator: list[Tensor] = []
        self.logged: list[dict[str, float]] = []
        self.steps: list[int] = []
        self.norms: list[list[float]] = []

    def on_train_batch_end(self, trainer, pl_module, *_: object) -> None:
        self.codec.append(flat(pl_module.codec))
        self.discriminator.append(flat(pl_module.discriminator))
        self.logged.append({name: float(value) for name, value in trainer.callback_metrics.items()})
        self.steps.append(trainer.global_step)
        gradients = [
            [p.grad for p in part.parameters() if p.grad is not None]
            for part in (pl_module.codec, pl_module.discriminator)
        ]
        self.norms.append([float(torch.nn.utils.get_total_norm(g)) if g else 0.0 for g in gradients])


def watched(module, batches: Batches, *more: L.Callback, **options: object) -> Watch:
    watch = Watch()
    tiny_trainer(callbacks=[*more, watch], **options).fit(module, batches)
    return watch


def changes(weights: list[Tensor]) -> list[bool]:
    return [not torch.equal(before, after) for before, after in pairwise(weights)]


def test_global_step_counts_the_codecs_steps_alone() -> None:
    watch = watched(tiny_module(), Batches(5))
    assert watch.steps == [1, 2, 3, 4, 5]
    assert changes(watch.codec) == changes(watch.discriminator) == [True] * 4


def test_before_adversarial_start_it_is_the_training_of_the_codec_alone() -> None:
    """The same weights as without any discriminator, to the last bit; from then on others."""
    from litcodec.training import CodecModule

    module = tiny_module(adversarial_start=3, lmbda=0.01)
    alone = CodecModule(tiny_module().codec, learning_rate=1e-3, lmbda=0.01)

    class Codecs(L.Callback):
        def __init__(self) -> None:
            self.weights: list[Tensor] = []

        def on_train_batch_end(self, trainer, pl_module, *_: object) -> None:
            self.weights.append(flat(pl_module.codec))

    expected = Codecs()
    tiny_trainer(callbacks=[expected]).fit(alone, Batches(5))
    watch = watched(module, Batches(5))
    same = [torch.equal(a, b) for a, b in zip(watch.codec, expected.weights, strict=True)]
    assert same == [True, True, True, False, False]
    assert changes(watch.discriminator) == [False, False, True, True]


def test_the_trainers_clipping_holds_for_both() -> None:
    free = watched(tiny_module(lmbda=1.0), Batches(2))
    assert min(free.norms[-1]) > 0.011
    clipped = watched(tiny_module(lmbda=1.0), Batches(2), gradient_clip_val=0.01)
    assert clipped.norms[-1] == pytest.approx([0.01, 0.01], rel=1e-4)


@pytest.mark.parametrize("loss", [None, LeastSquares(), Wasserstein()])
def test_the_discriminator_learns_to_know_them(loss) -> None:
    module = tiny_module(
        adversarial_loss=loss, learning_rate=1e-5, discriminator_learning_rate=1e-2, spectral=False
    )
    logged = watched(module, Batches(40)).logged
    gap = [entry["train/real_score"] - entry["train/fake_score"] for entry in logged]
    assert gap[-1] > gap[0] + 0.1
    if not isinstance(loss, Wasserstein):  # whose scores have no boundary
        assert logged[-1]["train/real_accuracy"] + logged[-1]["train/fake_accuracy"] > 1.8
    assert ("train/gradient_penalty" in logged[-1]) is isinstance(loss, Wasserstein)


def test_a_step_with_a_nan_changes_neither() -> None:
    guard = NonFiniteGuard()
    watch = watched(tiny_module(feature_matching_weight=1.0), Batches(6, poisoned=[3]), guard)
    assert changes(watch.codec) == changes(watch.discriminator) == [True, True, False, True, True]
    assert (guard.skipped, guard.in_a_row) == (2, 0)


def test_a_codec_that_cannot_recover_ends_the_run_though_its_discriminator_could() -> None:
    module = tiny_module(lmbda=1e38)  # R + lmbda * D is infinite, the discriminator's loss is not
    with pytest.raises(TrainingDiverged, match="3 steps in a row"):
        watched(module, Batches(9), NonFiniteGuard(max_in_a_row=3))


def test_phases_set_the_codecs_rate_and_rest_its_parts() -> None:
    phases = [Phase("all", 2, 1e-3), Phase("g_s", 3, 5e-4)]
    module = tiny_module(phases=phases, discriminator_learning_rate=7e-4)

    class Parts(L.Callback):
        def __init__(self) -> None:
            self.g_a: list[Tensor] = []
            self.g_s: list[Tensor] = []

        def on_train_batch_end(self, trainer, pl_module, *_: object) -> None:
            self.g_a.append(flat(pl_module.codec.g_a))
            self.g_s.append(flat(pl_module.codec.g_s))
            self.rates = [o.param_groups[0]["lr"] for o in trainer.optimizers]

    parts = Parts()
    watched(module, Batches(5), parts, max_epochs=-1)
    assert changes(parts.g_a) == [True, False, False, False]
    assert changes(parts.g_s) == [True] * 4
    assert parts.rates == [5e-4, 7e-4]


def test_schedulers_step_once_with_the_optimiser_that_is_theirs() -> None:
    halve = torch.optim.lr_scheduler.ExponentialLR
    module = tiny_module(
        adversarial_start=2,
        lr_scheduler=lambda o: halve(o, 0.5),
        discriminator_lr_scheduler=lambda o: halve(o, 0.1),
    )
    trainer = tiny_trainer()
    trainer.fit(module, Batches(5))
    rates = [o.param_groups[0]["lr"] for o in trainer.optimizers]
    assert rates == pytest.approx([1e-3 * 0.5**5, 1e-3 * 0.1**3])


def test_the_rate_weighs_more_above_its_target_than_below() -> None:
    target = RateTarget(bpp=0.2, above=4.0, below=0.25, warmup_steps=2, warmup_factor=2.0)
    assert [target.target(step) for step in (0, 1, 2, 9)] == [0.4, 0.4, 0.2, 0.2]
    assert [target.weight(0.3, step) for step in (1, 2)] == [0.125, 4.0]
    assert [target.weight(0.1, step) for step in (1, 2)] == [0.125, 0.25]


def test_training_comes_to_the_rate_target() -> None:
    # The same codec at a lambda whose own rate is far from either target.
    found = {}
    for bpp in (0.1, 0.3):
        target = RateTarget(bpp=bpp, above=8.0, below=2**-4)
        module = tiny_module(rate_target=target, lmbda=0.01, learning_rate=1e-2)
        logged = watched(module, Batches(150)).logged
        rates = [entry["train/bpp_rounded"] for entry in logged[-25:]]
        found[bpp] = sum(rates) / len(rates)
        weights = {entry["train/rate_weight"] for entry in logged[-50:]}
        assert weights == {8.0, 2**-4}  # on both sides of it
    assert found == pytest.approx({0.1: 0.1, 0.3: 0.3}, rel=0.25)


def test_the_measured_rate_is_that_of_rounded_latents() -> None:
    module = tiny_module()
    x = next(iter(Batches(1)))
    codec = module.codec.train()
    torch.manual_seed(1)
    output = codec(x)
    assert output.y is not None
    rounded = output._replace(likelihoods=codec.rounded_likelihoods(output.y))
    assert codec.latent_model.training
    assert float(bits_per_pixel(rounded)) == float(bits_per_pixel(codec.eval()(x)))
    assert float(bits_per_pixel(output)) != float(bits_per_pixel(rounded))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"adversarial_weight": 0.0}, "model.adversarial_weight is a finite number above 0"),
        ({"adversarial_start": -1}, "model.adversarial_start"),
        ({"learning_rate": None, "optimizer": torch.optim.SGD}, "model.discriminator_optimizer"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        tiny_module(**options)


def test_a_discriminator_for_another_latent_says_what_to_set() -> None:
    module = tiny_module()
    module.discriminator = tiny_module(M=7).discriminator
    with pytest.raises(ShapeError, match=r"M=7 channels; the codec's has 6.*init_args\.M"):
        tiny_trainer().fit(module, Batches(1))


EMA = (
    "--trainer.callbacks+=lightning.pytorch.callbacks.EMAWeightAveraging",
    "--trainer.callbacks.use_buffers=false",
    "--trainer.callbacks.decay=0.9",
)


def test_a_killed_run_goes_on_bit_for_bit_and_exports_the_codec_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ("--model.adversarial_start", "5", *FIT, *EMA)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir(), broken.mkdir()
    fit(whole, *start)
    metrics = broken / "runs" / "tiny" / "001" / "version_0" / "metrics.csv"
    fit_and_kill(broken, after_step=15, metrics=metrics, extra=(*start, "--trainer.max_steps", "400"))
    checkpoint = broken / "runs" / "tiny" / "001" / "checkpoints" / "last.ckpt"
    fit(broken, *start, "--ckpt_path", str(checkpoint))

    expected = losses(whole / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    resumed = losses(broken / "runs" / "tiny" / "001" / "version_1" / "metrics.csv")
    assert sorted(expected) == list(range(24))
    assert 14 <= min(resumed) < 23
    assert resumed == {step: loss for step, loss in expected.items() if step >= min(resumed)}
    ends = [
        torch.load(root / "runs/tiny/001/checkpoints/last.ckpt", weights_only=True)
        for root in (whole, broken)
    ]
    assert [end["global_step"] for end in ends] == [24, 24]
    for name, weight in ends[0]["current_model_state"].items():
        assert torch.equal(weight, ends[1]["current_model_state"][name]), name
    assert any(name.startswith("discriminator.") for name in ends[0]["state_dict"])

    out = tmp_path / "tiny.safetensors"
    assert main(["export", str(whole / "runs/tiny/001/checkpoints/last.ckpt"), str(out)]) == 0
    tensors = load_codec(out)
    names = {*tensors.decoder_tensors(), *tensors.encoder_tensors()}
    assert names
    assert not any("discriminator" in name for name in names)
    averaged = {k.removeprefix("codec."): v for k, v in ends[0]["state_dict"].items()}
    assert torch.equal(tensors.encoder_tensors()["g_a.0.weight"], averaged["g_a.0.weight"])


def test_two_processes_give_the_losses_of_one_with_the_doubled_batch(tmp_path: Path) -> None:
    rounding = "--model.codec.init_args.quantiser=litcodec.entropy.StraightThroughQuantiser"
    target = ("--model.rate_target.bpp=0.3", "--model.adversarial_start=3", "--trainer.max_steps=12")
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    fit(one, rounding, *FIT, *target, "--data.batch_size", "8")
    fit(
        two, rounding, *FIT, *target,
        "--data.batch_size", "4", "--trainer.devices", "2", "--trainer.strategy", "ddp",
    )  # fmt: skip
    expected = losses(one / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    found = losses(two / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    assert sorted(expected) == sorted(found) == list(range(12))
    for step, loss in expected.items():
        assert float(found[step]) == pytest.approx(float(loss), rel=1e-4), step


def test_bf16_trains_both() -> None:
    watch = watched(tiny_module(), Batches(2), precision="bf16-mixed")
    assert changes(watch.codec) == changes(watch.discriminator) == [True]
