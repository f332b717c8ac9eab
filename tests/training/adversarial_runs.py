"""A tiny codec against a tiny discriminator, in this process or as ``litcodec fit``."""

from collections.abc import Iterator, Sequence

import lightning as L
import torch
from torch import Tensor

from litcodec.adversarial import PatchDiscriminator
from litcodec.codecs import FactorizedPrior
from litcodec.training import AdversarialCodecModule

FIT = (
    "--model.class_path=litcodec.training.AdversarialCodecModule",
    "--model.discriminator=litcodec.adversarial.PatchDiscriminator",
    "--model.discriminator.init_args.M=6",
    "--model.discriminator.init_args.widths=[4,6]",
    "--model.discriminator.init_args.strided=2",
    "--model.discriminator.init_args.condition=2",
    "--model.feature_matching_weight=0.1",
    "--model.discriminator_learning_rate=4e-3",
)


class Batches:
    """The same few batches of blurred noise; those at ``poisoned`` hold a NaN."""

    def __init__(self, count: int, poisoned: Sequence[int] = (), batch: int = 2) -> None:
        self.count, self.poisoned, self.batch = count, poisoned, batch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(5)
        for k in range(self.count):
            x = torch.rand(self.batch, 3, 8, 8, generator=generator)
            x = torch.nn.functional.interpolate(x, scale_factor=8, mode="bilinear")
            x = (x + 0.2 * torch.rand(x.shape, generator=generator)).clamp(0, 1)
            if k in self.poisoned:
                x[0, 0, 0, 0] = torch.nan
            yield x


def tiny_module(*, M: int = 6, spectral: bool = True, **options: object) -> AdversarialCodecModule:
    torch.manual_seed(0)
    codec = FactorizedPrior(N=4, M=M)
    judge = PatchDiscriminator(M, widths=(4, 6), strided=2, condition=2, spectral=spectral)
    given = {"learning_rate": 1e-3, **options}
    return AdversarialCodecModule(codec, judge, **given)  # type: ignore[arg-type]


def tiny_trainer(**options: object) -> L.Trainer:
    quiet = {
        "accelerator": "cpu",
        "max_epochs": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return L.Trainer(**{**quiet, **options})  # type: ignore[arg-type]
