"""The W&B workspace: what it shows, and what happens without a server."""

import json
from pathlib import Path

import pytest
import wandb

from litcodec.cli import main
from litcodec.dashboard import workspace as command
from tests.stand_in_server import ENTITY, stand_in_server

# Of the library, about its own use of pydantic.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")


@pytest.fixture(autouse=True)
def _nobody_is_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_MODE")  # nothing here leaves this machine
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    wandb.teardown()
    yield
    wandb.teardown()


def _shown(spec: dict) -> dict[str, list[str]]:
    """Section -> the keys that its panels show."""
    sections = spec["spec"]["section"]["panelBankConfig"]["sections"]
    found: dict[str, list[str]] = {}
    for section in sections:
        for panel in section["panels"]:
            config = panel["config"]
            keys = config.get("metrics") or config.get("mediaKeys") or [config["xAxis"], config["yAxis"]]
            found.setdefault(section["name"], []).extend(keys)
    return found


def test_the_workspace_shows_what_the_callbacks_log() -> None:
    shown = _shown(command.workspace("us", "litcodec")._spec)
    sections = list(shown.values())
    assert sections[0] == ["summary:bpp", "summary:psnr", "summary:bpp", "summary:ms_ssim_db"]
    assert sections[1] == ["rd_curve/psnr", "rd_curve/ms_ssim_db"]
    assert {"bd_rate/vtm", "bd_rate/hm", "bd_rate/jpeg2000", "bd_rate/jpeg", "bd_rate/hevc"} <= set(
        sections[2]
    )
    assert shown["Reconstructions"] == ["reconstructions"]
    assert shown["Report"] == ["report"]
    assert {"train/loss", "val/loss", "val/bpp", "val/psnr"} <= set(shown["Training"])
    assert shown["Hybrids: what the enhancer does"] == ["val/enhancer_gain", "val/half_share"]
    assert {"entropy/y_bpp", "entropy/dead_channels", "entropy/densities"} <= set(shown["Where the bits go"])


def test_the_library_reads_its_own_workspace_back() -> None:
    from wandb_workspaces.workspaces import Workspace
    from wandb_workspaces.workspaces.internal import View

    made = command.workspace("us", "litcodec")
    back = Workspace._from_model(View(**made._model.model_dump()))
    assert [section.name for section in back.sections] == [section.name for section in made.sections]
    assert [[type(panel) for panel in section.panels] for section in back.sections] == [
        [type(panel) for panel in section.panels] for section in made.sections
    ]


def test_a_spec_can_be_written_without_asking_anyone(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["workspace", "litcodec", "--entity", "us", "--spec", "spec.json"]) == 0
    spec = json.loads((tmp_path / "spec.json").read_text())
    assert (spec["entity"], spec["project"], spec["displayName"]) == ("us", "litcodec", command.NAME)
    assert capsys.readouterr().out == "spec.json\n"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("online", "there is no API key for a W&B server: "), ("offline", "W&B is offline, as WANDB_MODE ")],
)
def test_without_a_server_it_says_so_and_writes_what_it_would_create(
    mode: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    assert main(["workspace", "mine"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"litcodec: no workspace was created: {reason}")
    assert line.endswith(" What it would be is in workspace-mine.json.")
    assert "rd_curve/psnr" in str(_shown(json.loads((tmp_path / "workspace-mine.json").read_text())))


def test_a_server_that_refuses_the_connection_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert main(["workspace", "mine"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "http://127.0.0.1:9 does not answer: " in line
    assert "Connection refused" in line
    assert (tmp_path / "workspace-mine.json").is_file()


def test_a_server_gets_the_workspace_and_its_address_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with stand_in_server() as server:
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        assert main(["workspace", "mine"]) == 0
        (view,) = server.views
    assert (view["entityName"], view["projectName"], view["displayName"]) == (ENTITY, "mine", command.NAME)
    assert _shown({"spec": json.loads(view["spec"])}) == _shown(command.workspace(ENTITY, "mine")._spec)
    assert f"/{ENTITY}/mine" in capsys.readouterr().out
