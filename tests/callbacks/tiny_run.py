"""What the tests of callbacks run on: a tiny module and three small images."""

from collections.abc import Callable, Iterable
from pathlib import Path

import lightning as L
import torch
import yaml
from torch.utils.data import DataLoader

from litcodec.codecs import Codec, HybridCodec, MeanScaleHyperprior
from litcodec.data import ImageBatch, read_image
from litcodec.objectives import mse
from litcodec.transforms import GRDN

Fit = Callable[..., L.Trainer]

LADDER = (0.0018, 0.0035, 0.0067, 0.0130, 0.0250)
SIZES = {"a/first.png": (192, 192), "b/second.png": (170, 200), "b/tiny.png": (40, 72)}  # (H, W)


class TinyModule(L.LightningModule):
    """As much of a module as the callbacks ask for."""

    def __init__(self, codec: Codec, lmbda: float = 0.013) -> None:
        super().__init__()
        self.codec = codec
        self.lmbda = lmbda
        self.objective = mse()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-3)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return mse().loss(self.codec(batch), batch, lmbda=self.lmbda).loss

    def validation_step(self, batch: ImageBatch, batch_idx: int) -> None:
        return None


def tiny_hybrid(scale: int, *, native: bool = False) -> HybridCodec:
    torch.manual_seed(0)
    inner = MeanScaleHyperprior(N=8, M=12)
    with torch.no_grad():
        inner.latent_model.h_s[-1].bias[:12].fill_(2)  # scales that fit the latents, as after training
        inner.g_s[-1].weight.mul_(0.01)
        inner.g_s[-1].bias.fill_(0.3)  # dark grey: a brighter image is a better one
    enhancer = GRDN(C=4, growth=2, layers=1, blocks=1, groups=1, scale=scale)
    return HybridCodec(inner, enhancer, scale=scale, native=native)


def validation_batches(image_folder: Path, names: Iterable[str] = tuple(SIZES)) -> list[ImageBatch]:
    return [ImageBatch(read_image(image_folder / name)[None].float() / 255, (name,)) for name in names]


def as_loader(batches: list[ImageBatch]) -> DataLoader[ImageBatch]:
    return DataLoader(batches, batch_size=None)


def make_run_folder(folder: Path, lmbda: float, **other: object) -> Path:
    """As much of one as siblings ask for."""
    folder.mkdir(parents=True)
    config = {"run_name": folder.parent.name, "model": {"lmbda": lmbda, "learning_rate": 1e-4, **other}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder
