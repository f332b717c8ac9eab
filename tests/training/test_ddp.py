from pathlib import Path

import pytest

from tests.training.runs import fit, fit_here, losses

ROUNDING = "--model.codec.init_args.quantiser=litcodec.entropy.StraightThroughQuantiser"


def test_two_processes_give_the_loss_curve_of_one_with_the_doubled_batch(tmp_path: Path) -> None:
    # Rounding instead of noise: noise differs between processes, as it should.
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    fit_here(one, ROUNDING, "--data.batch_size", "8")
    fit(two, ROUNDING, "--data.batch_size", "4", "--trainer.devices", "2", "--trainer.strategy", "ddp")

    expected = losses(one / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    found = losses(two / "runs" / "tiny" / "001" / "version_0" / "metrics.csv")
    assert sorted(expected) == sorted(found) == list(range(24))
    for step, loss in expected.items():
        assert float(found[step]) == pytest.approx(float(loss), rel=1e-4), step
