import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
import yaml
from jsonargparse import Namespace
from torch import Tensor, nn

from litcodec.cli import main
from litcodec.codecs import HybridCodec
from litcodec.training import CodecModule
from litcodec.training.cli import LitcodecCLI
from litcodec.training.run_folder import _claim, _point_latest_at

CONFIGS = Path(__file__).parents[1] / "configs"
OVERLAYS = sorted(p.relative_to(CONFIGS) for p in (*CONFIGS.glob("*/*.yaml"), CONFIGS / "predict.yaml"))
ENHANCERS = sorted(overlay for overlay in OVERLAYS if overlay.parent.name == "enhancer")
HYBRIDS = ("hybrid_enhance.yaml", "hybrid_sr.yaml")
GPU = {Path("trainer/gpu.yaml"), Path("trainer/ddp.yaml")}  # here they can only be parsed

pytestmark = pytest.mark.filterwarnings("ignore:.*Checkpoint directory.*", "ignore:.*bf16.*")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LitcodecCLI, "_run_subcommand", lambda self, subcommand: None)


def build(tmp_path: Path, *arguments: str) -> int:
    return main(["fit", *arguments, "--run_root", str(tmp_path), "--trainer.logger", "false"])


@pytest.mark.parametrize("name", ["base.yaml", "quickstart.yaml", "overfit.yaml", *HYBRIDS])
def test_a_config_of_its_own_builds(name: str, tmp_path: Path) -> None:
    assert build(tmp_path, "--config", str(CONFIGS / name)) == 0


@pytest.mark.parametrize("overlay", [o for o in OVERLAYS if o not in (*GPU, *ENHANCERS)], ids=str)
def test_an_overlay_builds_upon_the_base(
    overlay: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("train", "val"):  # of data/folder.yaml
        (tmp_path / "photographs" / name / "a").mkdir(parents=True)
    assert build(tmp_path, "--config", str(CONFIGS / "base.yaml"), "--config", str(CONFIGS / overlay)) == 0


@pytest.mark.parametrize("hybrid", HYBRIDS)
@pytest.mark.parametrize("overlay", ENHANCERS, ids=str)
def test_an_enhancer_costs_what_its_header_says(
    overlay: Path, hybrid: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[CodecModule] = []
    monkeypatch.setattr(LitcodecCLI, "_run_subcommand", lambda self, subcommand: built.append(self.model))
    assert build(tmp_path, "--config", str(CONFIGS / hybrid), "--config", str(CONFIGS / overlay)) == 0
    codec = built[0].codec
    assert isinstance(codec, HybridCodec)
    assert codec.scale == codec.enhancer.scale == 1 + (hybrid == "hybrid_sr.yaml")

    header = (CONFIGS / overlay).read_text()
    said = re.search(rf"scale {codec.scale}: ([\d.]+) M parameters, (\d+) kMAC", header)
    assert said is not None
    parameters = sum(p.numel() for p in codec.enhancer.parameters())
    assert float(said[1]) == pytest.approx(parameters / 1e6, rel=0.01)
    side = 32 // codec.scale
    macs = multiplications(codec.enhancer, torch.rand(1, 3, side, side))
    assert int(said[2]) == round(macs / 32**2 / 1000)


def multiplications(net: nn.Module, x: Tensor) -> int:
    """How many multiplications the convolutions of ``net`` make for ``x``."""
    counts: list[int] = []

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(layer, nn.ConvTranspose2d):
            counts.append(inputs[0][:, 0].numel() * layer.weight.numel())
        elif isinstance(layer, nn.Conv2d):
            counts.append(output[:, 0].numel() * layer.weight.numel())

    hooks = [layer.register_forward_hook(count) for layer in net.modules()]
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    return sum(counts)


@pytest.mark.parametrize("overlay", sorted(GPU), ids=str)
def test_an_overlay_for_gpus_parses(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", str(CONFIGS / "base.yaml"), "--config", str(CONFIGS / overlay), "--print_config"]
    with pytest.raises(SystemExit) as caught:
        main(["fit", *arguments])
    assert caught.value.code == 0
    assert yaml.safe_load(capsys.readouterr().out)["trainer"]["accelerator"] == "gpu"


@pytest.mark.parametrize(
    ("argument", "key"),
    [
        ("--model.lmbdaa=0.1", "lmbdaa"),
        ("--model.codec.init_args.width=8", "width"),
        ("--trainer.max_stepss=8", "max_stepss"),
        ("--data.init_args.patchsize=8", "patchsize"),
    ],
)
def test_a_misspelt_key_is_named(
    argument: str, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        build(tmp_path, "--config", str(CONFIGS / "base.yaml"), argument)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert key in error
    assert len(error.splitlines()) < 12  # not lost below a page of usage


def test_interpolation_sees_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(CONFIGS / "quickstart.yaml")
    changed = ["--trainer.max_steps", "77", "--model.learning_rate", "0.5"]
    with pytest.raises(SystemExit):
        main(["fit", "--config", config, *changed, "--print_config"])
    found = yaml.safe_load(capsys.readouterr().out)
    scheduler = found["model"]["lr_scheduler"]["init_args"]
    assert (scheduler["total_steps"], scheduler["max_lr"]) == (77, 0.5)


def test_a_second_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    for number in ("001", "002", "003"):
        assert build(tmp_path, "--config", str(CONFIGS / "base.yaml")) == 0
        assert (tmp_path / "base" / number).is_dir()


def test_runs_started_at_once_claim_different_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: _claim(tmp_path / "name"), range(64)))
        list(pool.map(_point_latest_at, folders))
    assert sorted(folder.name for folder in folders) == [f"{k:03d}" for k in range(1, 65)]
    assert (tmp_path / "name" / "latest").resolve() in folders


@pytest.mark.parametrize(
    ("environment", "offline", "chooses_id"),
    [
        ({}, True, True),
        ({"WANDB_MODE": "disabled"}, False, True),
        ({"WANDB_SWEEP_ID": "s", "WANDB_RUN_ID": "r"}, False, False),
    ],
)
def test_wandb_is_offline_unless_the_environment_says_otherwise(
    environment: dict[str, str],
    offline: bool,
    chooses_id: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("WANDB_MODE", "WANDB_SWEEP_ID", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    seen: list[Namespace] = []
    monkeypatch.setattr(LitcodecCLI, "instantiate_classes", lambda self: seen.append(self.config["fit"]))
    assert main(["fit", "--config", str(CONFIGS / "base.yaml"), "--run_root", str(tmp_path)]) == 0
    init_args = seen[0].trainer.logger.init_args
    assert init_args.offline is offline
    assert (init_args.id is not None) is chooses_id
    assert init_args.save_dir == str(tmp_path / "base" / "001")


def test_the_packaged_codecs_recipe_ends_with_a_falling_rate_and_averages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[LitcodecCLI] = []
    monkeypatch.setattr(LitcodecCLI, "_run_subcommand", lambda self, subcommand: seen.append(self))
    zoo = ["--config", str(CONFIGS / "zoo/small.yaml")]
    for overlay in ([], ["--config", str(CONFIGS / "zoo/cooldown.yaml")]):
        assert build(tmp_path, *zoo, *overlay) == 0
    stays, falls = seen
    optimizer = stays.model.configure_optimizers()["optimizer"]
    assert [type(cli.model._lr_scheduler(optimizer)).__name__ for cli in seen] == ["LinearLR", "OneCycleLR"]
    schedule = falls.model._lr_scheduler(optimizer)
    assert schedule.total_steps == falls.trainer.max_steps
    rates = []
    for _ in range(schedule.total_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step() if len(rates) < schedule.total_steps else None
        if len(rates) > 1000:
            break
    assert max(rates) == pytest.approx(1e-3, rel=1e-3)
    assert rates[-1] < max(rates)
    names = [[type(callback).__name__ for callback in cli.trainer.callbacks] for cli in seen]
    assert ["EMAWeightAveraging" in callbacks for callbacks in names] == [False, True]
    assert "RDPoints" in names[1]


def test_phases_say_how_long_a_run_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hybrid = ["fit", "--config", str(CONFIGS / "hybrid_sr.yaml"), "--run_root", str(tmp_path)]
    assert main([*hybrid, "--trainer.max_steps", "1000"]) == 1
    error = capsys.readouterr().err
    assert "1500 + 500 + 700 + 300 = 3000 steps, trainer.max_steps is 1000" in error
    assert len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_only_a_new_run_starts_from_an_inner_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Namespace] = []
    monkeypatch.setattr(
        LitcodecCLI, "instantiate_classes", lambda self: seen.append(self.config[self.subcommand])
    )
    hybrid = ["--config", str(CONFIGS / "hybrid_sr.yaml"), "--run_root", str(tmp_path)]
    hybrid += ["--model.inner_checkpoint", "inner.ckpt", "--model.start_checkpoint", "start.ckpt"]
    torch.save({}, tmp_path / "last.ckpt")
    given = ["--ckpt_path", str(tmp_path / "last.ckpt")]
    for command, *more in (["fit"], ["fit", *given], ["validate", *given], ["predict", *given]):
        assert main([command, *hybrid, *more]) == 0
    assert [str(config.model.inner_checkpoint) for config in seen] == ["inner.ckpt", "None", "None", "None"]
    assert [str(config.model.start_checkpoint) for config in seen] == ["start.ckpt", "None", "None", "None"]
    assert [config.trainer.max_steps for config in seen] == [3000, 3000, -1, -1]


def test_what_a_run_cannot_start_from_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["--config", str(CONFIGS / "base.yaml"), "--run_root", str(tmp_path)]
    assert main(["test", *base]) == 1
    assert "--ckpt_path" in capsys.readouterr().err
    assert main(["fit", *base, "--ckpt_path", "last"]) == 1
    assert "latest/checkpoints/last.ckpt" in capsys.readouterr().err
    assert not (tmp_path / "base").exists()


def test_the_sweep_varies_keys_that_the_config_has() -> None:
    sweep = yaml.safe_load((CONFIGS.parent / "sweeps" / "lambda.yaml").read_text())
    assert list(sweep["parameters"]) == ["model.lmbda"]
    values = sweep["parameters"]["model.lmbda"]["values"]
    assert values == [0.0018, 0.0035, 0.0067, 0.0130, 0.0250, 0.0483, 0.0932, 0.1800]
    base = yaml.safe_load((CONFIGS / "base.yaml").read_text())
    assert "lmbda" in base["model"]
    assert (CONFIGS.parent / sweep["command"][sweep["command"].index("--config") + 1]).is_file()
