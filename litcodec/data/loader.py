"""Batches from windows: worker processes, resuming, and the names of what was skipped."""

import logging
from collections.abc import Iterator
from itertools import count
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from litcodec.data.least import below_least
from litcodec.data.windows import PatchWindows, Skipped, Window
from litcodec.errors import EmptyDataset, ShapeError, ShardError

log = logging.getLogger("litcodec.data")


class PatchLoader:
    """An endless stream of training batches, handed out ``steps_per_epoch`` at a time.

    Batch number s, counted over the whole training, is crop ``s % K`` of window ``s // K``: the number of
    batches handed out is the whole state. Each iteration goes on where the last one stopped, whether it was
    finished or not.

    Not a torch DataLoader, on purpose: Lightning would replace the sampler of one. Having a length keeps
    Lightning from fetching ahead, so the state it saves after a training step counts exactly the batches
    trained on.

    Args:
        windows: the windows to read.
        steps_per_epoch: batches per iteration; None means each photograph about once per epoch,
            ``photographs * K // (B * world_size)``, at least 1.
        num_workers: processes that decode; 0 decodes in this one. The order of batches does not depend on it.
        prefetch: windows that each worker keeps ready.
        start: number of batches handed out already.

    Raises:
        ShapeError: an option is out of range.
    """

    def __init__(
        self,
        windows: PatchWindows,
        *,
        steps_per_epoch: int | None = None,
        num_workers: int = 0,
        prefetch: int = 2,
        start: int = 0,
    ) -> None:
        if steps_per_epoch is None:
            batch = windows.batch_size * windows.world_size
            steps_per_epoch = max(1, len(windows.photographs) * windows.crops_per_image // batch)
        if wrong := below_least("steps_per_epoch", steps_per_epoch):
            raise ShapeError(wrong)
        self.windows = windows
        self.steps_per_epoch = steps_per_epoch
        self.num_workers = num_workers
        self.prefetch = prefetch
        self.step = start
        self.skipped: dict[str, str] = {}  # name of a photograph -> why it was not used
        # Under this name Lightning's teardown finds it, shuts its workers down and sets it to None.
        self._iterator: Iterator[Window] | None = None
        self._window: Window | None = None

    def __len__(self) -> int:
        return self.steps_per_epoch

    def __iter__(self) -> Iterator[Tensor]:
        """The next ``steps_per_epoch`` batches, uint8 (B, 3, P, P), channels last."""
        for _ in range(self.steps_per_epoch):
            yield self._next_batch()

    def state_dict(self) -> dict[str, Any]:
        """The number of batches handed out."""
        return {"step": self.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the batches that were handed out when ``state`` was taken."""
        self.step = state["step"]
        self._iterator = self._window = None

    def _next_batch(self) -> Tensor:
        j, k = divmod(self.step, self.windows.crops_per_image)
        if self._iterator is None:
            self._iterator = self._windows_from(j)
            self._window = None
        if self._window is None or k == 0:
            self._window = self._next_window()
        self.step += 1
        return self._window.patches[k]

    def _windows_from(self, j: int) -> Iterator[Window]:
        loader: DataLoader[Window] = DataLoader(
            self.windows,
            batch_size=None,
            sampler=cast(Any, count(j)),  # endless: workers live on across epochs instead of starting anew
            num_workers=self.num_workers,
            collate_fn=cast(Any, _as_it_is),
            prefetch_factor=self.prefetch if self.num_workers else None,
            pin_memory=torch.cuda.is_available(),
        )
        return iter(loader)

    def _next_window(self) -> Window:
        assert self._iterator is not None
        try:
            window = next(self._iterator)
        except (EmptyDataset, ShardError) as error:
            # From a worker the message arrives inside a traceback, of which it is the last line. The frames
            # in that traceback refer to the error and to the iterator: let go of both, or the workers live
            # on.
            reason = str(error.args[0]).strip().splitlines()[-1]
            error.__traceback__ = self._iterator = None
            kind = type(error)
            raise kind(reason.removeprefix(f"{kind.__module__}.{kind.__name__}: ")) from None
        for skipped in window.skipped:
            self._note(skipped)
        return window

    def _note(self, skipped: Skipped) -> None:
        if skipped.name not in self.skipped:
            self.skipped[skipped.name] = skipped.reason
            log.warning("skipped photograph %d: %s", len(self.skipped), skipped.reason)


def _as_it_is(window: Window) -> Window:
    return window
