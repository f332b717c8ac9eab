"""Writes what ``litcodec predict`` reconstructs: one PNG per image."""

import os
from pathlib import Path, PurePath
from typing import Any

import lightning as L

from litcodec.data import write_png
from litcodec.training import Prediction


class WritePredictions(L.Callback):
    """Writes every reconstruction as PNG, in the sub-folders the images came from.

    ``a/1.jpg`` becomes ``a/1.png``; where ``a/1.png`` was written for another image before, ``a/1.jpg.png``.
    With several processes, which do not know each other's images, it is ``a/1.jpg.png`` always. Files of
    earlier runs are replaced.

    Args:
        output_dir: made if missing.
    """

    def __init__(self, output_dir: str | Path) -> None:
        self.output_dir = Path(output_dir)
        self._written: set[Path] = set()

    def on_predict_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget the last prediction run."""
        self._written = set()

    def on_predict_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: list[Prediction],
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Write the images of a batch."""
        for prediction in outputs:
            self._write(prediction, keep_suffix=trainer.world_size > 1)

    def _write(self, prediction: Prediction, *, keep_suffix: bool) -> None:
        path = self._path(prediction.name, keep_suffix=keep_suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        # A reader never sees half a file, nor does an interrupted run leave one.
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        write_png(partial, prediction.x_hat)
        os.replace(partial, path)

    def _path(self, name: str, *, keep_suffix: bool) -> Path:
        # Whatever a name says, the file lies below output_dir.
        inside = PurePath(*(part for part in PurePath(name).parts if part.strip("/\\.:")))
        path = self.output_dir / inside.with_suffix(".png")
        if keep_suffix or path in self._written:
            path = self.output_dir / inside.with_name(f"{inside.name}.png")
        base, k = path, 2
        while path in self._written:
            path, k = base.with_stem(f"{base.stem}-{k}"), k + 1
        self._written.add(path)
        return path
