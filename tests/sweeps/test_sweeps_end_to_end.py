"""One sweep file both ways: through W&B's own client and agent, and through ``litcodec sweep``."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.evaluation import read_results
from tests.callbacks.wandb_file import read_offline_run
from tests.stand_in_server import ENTITY, SWEEP, stand_in_server
from tests.training.runs import TINY, write_photographs

LAMBDAS = [0.0018, 0.1800]
AGENT = (  # polls more often than every five seconds; else W&B's own
    "from wandb import wandb_agent; wandb_agent.Agent.POLL_INTERVAL = 0.2\n"
    "from wandb.cli.cli import cli; cli()"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a sweep of two points, their config and their photographs."""
    write_photographs(tmp_path / "photographs", 4)
    config = yaml.safe_load(TINY)
    config["data"]["init_args"]["train_dir"] = "photographs"
    config["trainer"]["max_steps"] = 2
    del config["trainer"]["logger"]  # W&B, as by default
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(config))
    sweep = {
        "program": "litcodec",
        "project": "litcodec",
        "method": "grid",
        "parameters": {"model.lmbda": {"values": LAMBDAS}, "model.learning_rate": {"value": 1e-05}},
        "command": ["${env}", "litcodec", "fit", "--config", "tiny.yaml", "${args}"],
    }
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(sweep))
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    """One thread, this Python's commands first, W&B's own files in ``folder``, no network."""
    ours = {"OMP_NUM_THREADS": "1", "WANDB_ERROR_REPORTING": "false"}
    homes = {f"WANDB_{name}_DIR": str(folder / "home") for name in ("CONFIG", "CACHE", "DATA")}
    return {**ours, **homes, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(folder: Path, *words: str, **online: str) -> str:
    """A command of W&B's client; what it said."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WANDB")}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**kept, **environment(folder), **online},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


@pytest.mark.slow
def test_the_agent_of_wandb_runs_every_lambda_once_under_the_key_of_the_config(folder: Path) -> None:
    with stand_in_server() as server:
        online = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": "0123456789" * 4}
        assert f"wandb agent {ENTITY}/litcodec/{SWEEP}" in run(
            folder, "-m", "wandb", "sweep", "sweep.yaml", **online
        )
        said = run(folder, "-c", AGENT, "agent", f"{ENTITY}/litcodec/{SWEEP}", **online)

    # The client fills in the distributions; all else is the file.
    content = yaml.safe_load((folder / "sweep.yaml").read_text())
    for about in server.sweep["parameters"].values():
        about.pop("distribution", None)
    assert server.sweep == content
    assert server.project == "litcodec"

    assert [arguments["model.lmbda"] for arguments in server.handed_out] == LAMBDAS
    assert sorted(server.runs) == ["run0", "run1"]
    for name, lmbda in zip(("run0", "run1"), LAMBDAS, strict=True):
        logged = server.runs[name]
        assert (logged.sweep, logged.exit_codes) == (SWEEP, [0]), said
        assert logged.config["model.lmbda"] == lmbda
        assert logged.config["model.learning_rate"] == 1e-05
        assert logged.config["model.codec.init_args.N"] == 4
        assert [row["trainer/global_step"] for row in logged.history if "train/loss" in row] == [0, 1]
        assert not [line for line in logged.output if "locked" in line]
        config = folder / "runs" / "tiny" / f"{LAMBDAS.index(lmbda) + 1:03d}" / "config.yaml"
        assert yaml.safe_load(config.read_text())["model"]["lmbda"] == lmbda


@pytest.mark.slow
def test_one_command_leads_from_the_file_to_the_report_and_repeats_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.chdir(folder)
    command = ["sweep", "sweep.yaml", "--devices", "2", "--images", "photographs", "--baselines", "jpeg"]
    code = main(command)
    said = capsys.readouterr()
    assert code == 0, said.out + said.err
    root = folder / "runs" / "sweeps" / "sweep"
    assert str(root.relative_to(folder) / "report.html") in said.out
    results = read_results(root / "results.json")
    codecs = [point for point in results.points if point.kind == "codec"]
    assert sorted(point.lmbda for point in codecs if point.lmbda) == LAMBDAS
    assert {len(point.scores) for point in codecs} == {4}
    assert {point.curve for point in results.points if point.kind == "baseline"} == {"JPEG"}
    assert "<html" in (root / "report.html").read_text()[:200]

    for lmbda in LAMBDAS:
        (point,) = root.glob(f"lmbda-{lmbda}-*")
        assert load_codec(point / "codec.safetensors").training.lmbda == lmbda
        logged = read_offline_run(point)
        assert logged.config["model.lmbda"] == lmbda
        assert logged.config["model.learning_rate"] == 1e-05
        progress = json.loads((point / "001" / "progress.json").read_text())
        assert (progress["step"], progress["steps"]) == (2, 2)
        assert progress["finished"] is True
        assert progress["loss"] > 0

    assert main(command) == 0
    assert capsys.readouterr().out.count("done before") == 2
    assert not list(root.glob("*/002"))
    assert read_results(root / "results.json") == results
