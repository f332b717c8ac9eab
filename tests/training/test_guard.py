import logging
from collections.abc import Iterator
from itertools import pairwise

import lightning as L
import pytest
import torch
from torch import Tensor

from litcodec.codecs import FactorizedPrior
from litcodec.errors import TrainingDiverged
from litcodec.training import CodecModule, NonFiniteGuard
from litcodec.types import CodecOutput

pytestmark = pytest.mark.filterwarnings("ignore:.*have no .val_dataloader")


class Patches:
    """Batches of one constant image; those at ``poisoned`` hold a NaN."""

    def __init__(self, count: int, poisoned: set[int]) -> None:
        self.count, self.poisoned = count, poisoned

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Tensor]:
        for k in range(self.count):
            batch = torch.full((2, 3, 32, 32), 0.5)
            if k in self.poisoned:
                batch[0, 0, 0, 0] = torch.nan
            yield batch


def flat_weights(module: torch.nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])


class Snapshots(L.Callback):
    """Weights after every step."""

    def __init__(self) -> None:
        self.weights: list[Tensor] = []

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: object) -> None:
        self.weights.append(flat_weights(pl_module))


def fit(patches: Patches, guard: NonFiniteGuard) -> Snapshots:
    torch.manual_seed(0)
    snapshots = Snapshots()
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=1,
        callbacks=[guard, snapshots],
        logger=False,
        gradient_clip_val=1.0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(CodecModule(FactorizedPrior(N=4, M=4)), patches)
    return snapshots


def test_a_step_with_a_nan_changes_no_weight_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    guard = NonFiniteGuard()
    with caplog.at_level(logging.WARNING, logger="litcodec"):
        weights = fit(Patches(8, poisoned={3, 5}), guard).weights
    changed = [not torch.equal(before, after) for before, after in pairwise(weights)]
    assert changed == [True, True, False, True, False, True, True]
    assert weights[-1].isfinite().all()
    assert (guard.skipped, guard.in_a_row) == (2, 0)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("litcodec")] == [
        "step 3 skipped: its gradients are not finite.",
        "step 5 skipped: its gradients are not finite.",
    ]


def test_too_many_in_a_row_end_the_run() -> None:
    with pytest.raises(TrainingDiverged, match=r"3 steps in a row .*\(step 4\).*learning_rate"):
        fit(Patches(9, poisoned={2, 3, 4, 5}), NonFiniteGuard(max_in_a_row=3))


def test_counts_survive_a_checkpoint() -> None:
    guard = NonFiniteGuard()
    guard.skipped, guard._in_a_row = 7, {0: 2, 1: 1}
    other = NonFiniteGuard()
    other.load_state_dict(guard.state_dict())
    assert (other.skipped, other.in_a_row) == (7, 2)
    other.load_state_dict({"skipped": 5, "in_a_row": 3})  # of a checkpoint from before
    assert (other.skipped, other.in_a_row) == (5, 3)


def test_a_finite_loss_with_an_infinite_gradient_is_skipped_too() -> None:
    class Overflow(FactorizedPrior):
        def forward(self, x: Tensor) -> CodecOutput:
            output = super().forward(x)
            # sqrt(0): a finite value, an infinite slope.
            return CodecOutput(output.x_hat + torch.sqrt(0 * output.x_hat.abs()), output.likelihoods)

    guard = NonFiniteGuard()
    module = CodecModule(Overflow(N=4, M=4))
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=1,
        callbacks=[guard],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, Patches(2, poisoned=set()))
    assert guard.skipped == 2
    assert flat_weights(module).isfinite().all()
