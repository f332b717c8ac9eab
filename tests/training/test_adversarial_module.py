from itertools import pairwise
from pathlib import Path

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging
from torch import Tensor

from litcodec.adversarial import LeastSquares, RateTarget, Wasserstein
from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.errors import OptionError, ShapeError, TrainingDiverged
from litcodec.objectives import bits_per_pixel
from litcodec.training import NonFiniteGuard, Phase
from tests.training.adversarial_runs import FIT, Batches, tiny_module, tiny_trainer
from tests.training.runs import command, fit, losses

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


def test_the_loss_weighs_the_rate_as_the_target_says() -> None:
    target = RateTarget(bpp=0.3, above=8.0, below=2**-4)
    module = tiny_module(rate_target=target, lmbda=0.01, learning_rate=1e-2, adversarial_weight=0.5)
    with torch.no_grad():
        module.codec.g_a[-1].weight.mul_(100)  # a rate that falls through the target
    logged = watched(module, Batches(25)).logged
    weights = [entry["train/rate_weight"] for entry in logged]
    assert {*weights} == {8.0, 2**-4}
    for entry, weight in zip(logged, weights, strict=True):
        assert weight == (8.0 if entry["train/bpp_rounded"] > 0.3 else 2**-4)
        of_codec = weight * entry["train/bpp"] + 0.01 * entry["train/distortion"]
        expected = of_codec + 0.5 * entry["train/adversarial_loss"]
        assert entry["train/loss"] == pytest.approx(expected, rel=1e-5)


@torch.no_grad()
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


class SaveAt(L.Callback):
    def __init__(self, step: int, path: Path) -> None:
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_: object) -> None:
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


def test_a_resumed_run_repeats_an_uninterrupted_one_bit_for_bit_and_exports_the_codec_alone(
    tmp_path: Path,
) -> None:
    """Through the start of the game, with averaged weights, clipping and a scheduler."""
    saved = tmp_path / "saved.ckpt"

    def run(steps: int, *more: L.Callback, ckpt: Path | None = None):
        module = tiny_module(
            adversarial_start=3,
            feature_matching_weight=0.1,
            rate_target=RateTarget(bpp=0.1),
            discriminator_lr_scheduler=lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9),
        )
        watch = Watch()
        averaging = EMAWeightAveraging(use_buffers=False, decay=0.5)
        trainer = tiny_trainer(
            max_steps=steps, max_epochs=-1, gradient_clip_val=1.0, callbacks=[averaging, *more, watch]
        )
        trainer.fit(module, Batches(4), ckpt_path=ckpt)
        return trainer, watch

    whole, expected = run(12, SaveAt(8, saved))
    resumed, found = run(12, ckpt=saved)
    assert found.steps == [9, 10, 11, 12]
    for name in ("codec", "discriminator"):
        for a, b in zip(getattr(expected, name)[8:], getattr(found, name), strict=True):
            assert torch.equal(a, b), name
    ends = {}
    for name, trainer in (("whole", whole), ("resumed", resumed)):
        path = tmp_path / f"{name}.ckpt"
        trainer.save_checkpoint(path)
        ends[name] = torch.load(path, weights_only=True)
    for name, weight in ends["whole"]["state_dict"].items():
        assert torch.equal(weight, ends["resumed"]["state_dict"][name]), name

    assert any(name.startswith("discriminator.") for name in ends["whole"]["state_dict"])
    out = tmp_path / "tiny.safetensors"
    assert main(["export", str(tmp_path / "whole.ckpt"), str(out)]) == 0
    tensors = {**load_codec(out).decoder_tensors(), **load_codec(out).encoder_tensors()}
    assert not any("discriminator" in name for name in tensors)
    assert torch.equal(tensors["g_a.0.weight"], ends["whole"]["state_dict"]["codec.g_a.0.weight"])


def test_two_processes_give_the_losses_of_one_with_the_doubled_batch(tmp_path: Path) -> None:
    rounding = "--model.codec.init_args.quantiser=litcodec.entropy.StraightThroughQuantiser"
    target = ("--model.rate_target.bpp=0.3", "--model.adversarial_start=2", "--trainer.max_steps=6")
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    assert main(command(one, rounding, *FIT, *target, "--data.batch_size", "8")[3:]) == 0
    fit(
        two, rounding, *FIT, *target,
        "--data.batch_size", "4", "--trainer.devices", "2", "--trainer.strategy", "ddp",
    )  # fmt: skip
    expected = losses(one / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    found = losses(two / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    assert sorted(expected) == sorted(found) == list(range(6))
    for step, loss in expected.items():
        assert float(found[step]) == pytest.approx(float(loss), rel=1e-4), step


def test_bf16_trains_both() -> None:
    watch = watched(tiny_module(), Batches(2), precision="bf16-mixed")
    assert changes(watch.codec) == changes(watch.discriminator) == [True]
