"""Speed from a clock that is wound by hand."""

from types import SimpleNamespace

import pytest
import torch

from litcodec.callbacks import PatchThroughput


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("litcodec.callbacks.throughput.perf_counter", lambda: self.now)


class Recorder:
    def __init__(self) -> None:
        self.logged: list[dict[str, float]] = []

    def log_dict(self, values: dict[str, float], **options: object) -> None:
        assert options["rank_zero_only"] is True
        self.logged.append(values)


def _run(
    callback: PatchThroughput, clock: Clock, steps: list[tuple[float, int]], *, world_size: int = 1
) -> list:
    """Each step: seconds it takes, optimiser steps so far."""
    module = Recorder()
    for seconds, global_step in steps:
        clock.now += seconds
        trainer = SimpleNamespace(global_step=global_step, world_size=world_size)
        callback.on_train_batch_end(trainer, module, None, torch.zeros(8, 3, 4, 4), 0)
    return module.logged


def test_patches_of_all_ranks_per_second(monkeypatch: pytest.MonkeyPatch) -> None:
    logged = _run(PatchThroughput(), Clock(monkeypatch), [(9.0, 1), (0.5, 2), (1.5, 3)], world_size=4)
    assert logged == [
        {"perf/patches_per_s": 64.0, "perf/step_s": 0.5},
        {"perf/patches_per_s": 32.0, "perf/step_s": 1.0},
    ]


def test_only_the_window_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    logged = _run(PatchThroughput(window=1), Clock(monkeypatch), [(9.0, 1), (4.0, 2), (2.0, 3)])
    assert logged[-1] == {"perf/patches_per_s": 4.0, "perf/step_s": 2.0}


def test_accumulated_batches_are_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    logged = _run(PatchThroughput(), Clock(monkeypatch), [(1.0, 1), (1.0, 1), (1.0, 2)])
    assert logged == [{"perf/patches_per_s": 8.0, "perf/step_s": 2.0}]


def test_validation_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    callback, clock = PatchThroughput(), Clock(monkeypatch)
    _run(callback, clock, [(1.0, 1), (1.0, 2)])
    callback.on_validation_start(None, None)
    clock.now += 1000
    assert _run(callback, clock, [(1.0, 3), (2.0, 4)]) == [{"perf/patches_per_s": 4.0, "perf/step_s": 2.0}]


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValueError, match="window is 1 batch or more; got 0"):
        PatchThroughput(window=0)
