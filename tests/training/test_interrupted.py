"""Runs that are ended before their time, and the checkpoints they leave."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch

from litcodec.cli import main
from litcodec.codec_files import read_training_checkpoint
from litcodec.errors import CheckpointError, CodecFileError
from litcodec.training.checkpoint_io import AtomicCheckpointIO
from tests.training.runs import command, environment, fit, fit_here, losses

LONG = ("--trainer.max_steps", "100000", "--checkpoint.every_n_train_steps", "100000")


def _end(root: Path, number: signal.Signals, *, extra: tuple[str, ...] = LONG) -> int:
    """The exit code of a run that gets a signal after its third step."""
    metrics = root / "runs" / "tiny" / "001" / "version_0" / "metrics.csv"
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command(root, *extra), env=environment(), cwd=root, stdout=quiet, stderr=quiet)
    deadline = time.monotonic() + 120
    try:
        while time.monotonic() < deadline and process.poll() is None:
            if metrics.exists() and max(losses(metrics), default=-1) >= 3:
                break
            time.sleep(0.02)
        assert process.poll() is None, "the run ended before it could be ended"
        process.send_signal(number)
        return process.wait(timeout=60)
    finally:
        process.kill()  # a test that fails leaves no run


def _step_reached(run: Path) -> int:
    """The step of the one checkpoint that an ended run has left, which is the last that it logged."""
    checkpoint = run / "checkpoints" / "last.ckpt"
    step: int = torch.load(checkpoint, weights_only=True)["global_step"]
    assert step >= max(losses(run / "version_0" / "metrics.csv")) >= 3
    assert [path.name for path in checkpoint.parent.iterdir()] == ["last.ckpt"]
    return step


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_run_with_its_code_and_the_step_reached(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    assert _end(tmp_path, number) == code
    _step_reached(tmp_path / "runs" / "tiny" / "001")


def test_a_run_ended_by_sigterm_has_its_code_and_step_and_goes_on_as_if_it_had_not_been(
    tmp_path: Path,
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir(), broken.mkdir()
    assert _end(broken, signal.SIGTERM) == 143
    run = broken / "runs" / "tiny" / "001"
    checkpoint = run / "checkpoints" / "last.ckpt"
    step = _step_reached(run)
    steps = ("--trainer.max_steps", str(step + 5))
    fit_here(whole, *steps)
    fit(broken, *steps, "--ckpt_path", str(checkpoint))
    expected = losses(whole / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    resumed = losses(run / "version_1" / "metrics.csv")
    assert resumed == {k: expected[k] for k in range(step, step + 5)}


def _checkpoint(value: int) -> dict[str, object]:
    return {"state_dict": {"codec.w": torch.full((10_000,), float(value))}, "global_step": value}


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint(_checkpoint(1), path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))  # as of a full disk
    try:
        with pytest.raises(CheckpointError, match=r"cannot be written: File too large\. The one of before"):
            AtomicCheckpointIO().save_checkpoint(_checkpoint(2), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert AtomicCheckpointIO().load_checkpoint(path, weights_only=True)["global_step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_checkpoint_is_written_beside_its_target_whatever_tmpdir_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    monkeypatch.setattr("tempfile.tempdir", None)
    seen: list[tuple[Path, bool]] = []
    replace = os.replace

    def watch(source: Path, target: Path) -> None:
        if Path(target).name == "last.ckpt":
            seen.append((Path(source).parent, Path(target).exists()))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    for value in (1, 2):
        AtomicCheckpointIO().save_checkpoint(_checkpoint(value), tmp_path / "last.ckpt")
    assert seen == [(tmp_path, False), (tmp_path, True)]  # the one before is there until then
    found = {p.name: torch.load(p, weights_only=True)["global_step"] for p in tmp_path.iterdir()}
    assert found == {"last.ckpt": 2, "previous.ckpt": 1}


@pytest.mark.parametrize("damage", ["empty", "cut", "gone"])
@pytest.mark.parametrize("way", ["resume", "export", "start"])
def test_a_damaged_checkpoint_is_one_line_that_offers_the_one_before(
    damage: str, way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "last.ckpt"
    for value in (1, 2):
        AtomicCheckpointIO().save_checkpoint(_checkpoint(value), path)
    whole = path.read_bytes()
    path.write_bytes(b"" if damage == "empty" else whole[: len(whole) // 2])
    if damage == "gone":
        path.unlink()
    words = {
        "resume": command(tmp_path, "--ckpt_path", str(path))[3:],
        "start": command(tmp_path, "--model.start_checkpoint", str(path))[3:],
        "export": ["export", str(path), str(tmp_path / "codec.safetensors")],
    }
    assert main(words[way]) == 1
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("litcodec: ")]
    assert len(said) == 1
    assert str(path) in said[0]
    assert said[0].endswith(f"Take the one before: {path.with_name('previous.ckpt')}")


def test_without_one_before_none_is_offered(tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").touch()
    with pytest.raises(CodecFileError, match=r"torch\.save wrote\.$"):
        read_training_checkpoint(tmp_path / "last.ckpt")
