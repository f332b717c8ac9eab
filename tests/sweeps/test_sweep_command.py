"""What ``litcodec sweep`` says and refuses; what it makes is in ``test_sweeps_end_to_end``."""

from pathlib import Path

import pytest
import yaml

from litcodec.cli import main

FAKE = Path(__file__).parent / "fake_run.py"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sweep of two points that fail, one at once and one when its codec is to be exported."""
    sweep = {
        "method": "grid",
        "parameters": {"how": {"values": ["fails", "works"]}},
        "command": ["python", str(FAKE), "${args_no_equals}"],
        "early_terminate": {"type": "hyperband", "min_iter": 3},
    }
    (tmp_path / "two points.yaml").write_text(yaml.safe_dump(sweep))
    monkeypatch.chdir(tmp_path)
    return "two points.yaml"


def test_failed_points_are_named_with_their_logs(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", file]) == 1
    said = capsys.readouterr()
    folder = Path("runs/sweeps/two-points")
    (fails,) = folder.glob("how-fails-*/log.txt")
    (works,) = folder.glob("how-works-*/log.txt")
    assert f"how fails (1 of 2): started, log in {fails}\n" in said.out
    errors = said.err.splitlines()
    assert errors[0] == f"litcodec: {file}: early_terminate has no effect without a server."
    assert errors[1].startswith("litcodec: how fails (1 of 2) failed after ")
    assert errors[1].endswith("s: exit code 3: ValueError: no such patch")
    assert errors[2] == f"  its log: {fails}"
    assert "its codec cannot be exported" in errors[3]
    assert "last.ckpt is damaged" in errors[3]
    assert errors[4] == f"  its log: {works}"
    assert errors[5:] == ["litcodec: 2 of 2 points failed; the same command tries them again."]
    assert not (folder / "results.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--images", "nowhere"], "nowhere"),
        (["--baselines", "jpeg,jpg"], "'jpg'"),
        (["--devices", "two"], "'two'"),
    ],
)
def test_what_cannot_end_well_is_refused_before_anything_is_trained(
    arguments: list[str], said: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", file, *arguments]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not Path("runs").exists()


def test_a_file_that_needs_a_server_is_sent_there(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("random.yaml").write_text(Path(file).read_text().replace("grid", "random"))
    assert main(["sweep", "random.yaml"]) == 1
    error = capsys.readouterr().err
    assert error.endswith("Use: wandb sweep random.yaml\n")
    assert error.count("\n") == 1
