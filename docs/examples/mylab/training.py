"""A LightningModule and a datamodule."""

from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from litcodec.training import CodecModule


class MyModule(CodecModule):
    """Everything that ``CodecModule`` does, and an argument of its own."""

    def __init__(self, *, bonus: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bonus = bonus

    def on_train_start(self) -> None:
        """Say so."""
        print(f"mine, bonus {self.bonus:g}", flush=True)


class MyData(L.LightningDataModule):
    """Plain tensors without names: patches in [0, 1] to train on, uint8 images to validate on."""

    def __init__(self, size: int = 64) -> None:
        super().__init__()
        self.images = torch.rand(6, 3, size, size, generator=torch.Generator().manual_seed(0))

    def train_dataloader(self) -> DataLoader[Tensor]:
        """Two patches a step."""
        return DataLoader(self.images, batch_size=2)  # type: ignore[arg-type]

    def val_dataloader(self) -> DataLoader[Tensor]:
        """Two images at once."""
        return DataLoader((self.images * 255).to(torch.uint8), batch_size=2)  # type: ignore[arg-type]
