"""What a run prints on a pipe or in a file, where there is no progress bar."""

from pathlib import Path

import pytest

from litcodec.codecs import FactorizedPrior
from litcodec.training import progress
from litcodec.training.progress import StepProgress
from tests.training.phased_runs import train


def test_a_run_on_a_pipe_prints_how_far_it_is_once_a_minute(
    photographs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each look at the clock finds it half a minute later: of five steps the third and the fifth print a line.
    looks = iter(range(1000))
    monkeypatch.setattr(progress, "monotonic", lambda: 30.0 * next(looks))
    codec = FactorizedPrior(N=4, M=6)
    train(codec, photographs, StepProgress(), phases=None, max_steps=5, enable_progress_bar=True)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("step ")]
    assert [line.partition(",")[0] for line in lines] == ["step 3 of 5", "step 5 of 5"]
    assert "train/bpp: " in lines[0]
