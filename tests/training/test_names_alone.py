"""A codec, datamodule or objective of litcodec is found by its name, in options and configurations."""

from pathlib import Path

import pytest
import yaml

from litcodec.cli import main

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SHORT = """
model:
  codec:
    class_path: VariableRate
    init_args: {inner: {class_path: MeanScaleHyperprior, init_args: {N: 4, M: 6}}}
  objective: {class_path: mixed}
data: {class_path: FolderDataModule, init_args: {patch_size: 64}}
"""
NAMES = (
    "litcodec.codecs.VariableRate",
    "litcodec.codecs.MeanScaleHyperprior",
    "litcodec.objectives.mixed",
    "litcodec.data.FolderDataModule",
)


def _printed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit, match="0"):
        main(["fit", *words, "--print_config"])
    return capsys.readouterr().out


@pytest.mark.parametrize("nested", [False, True], ids=["model", "model.init_args"])
def test_names_alone_are_enough_in_a_configuration(
    nested: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = yaml.safe_load(SHORT)
    if nested:
        config["model"] = {"init_args": config["model"]}
    (tmp_path / "short.yaml").write_text(yaml.safe_dump(config))
    text = _printed(["--config", str(tmp_path / "short.yaml")], capsys)
    for name in NAMES:
        assert f"class_path: {name}\n" in text, name


@pytest.mark.parametrize("equals", [False, True])
def test_names_alone_are_enough_in_options(equals: bool, capsys: pytest.CaptureFixture[str]) -> None:
    options = {
        "--model.codec": "ScaleHyperprior",
        "--model.objective": "mse",
        "--data": "StreamDataModule",
    }
    pairs = [[f"{key}={value}"] if equals else [key, value] for key, value in options.items()]
    text = _printed([word for pair in pairs for word in pair], capsys)
    for name in (
        "codecs.ScaleHyperprior",
        "objectives.mse",
        "data.StreamDataModule",
    ):
        assert f"class_path: litcodec.{name}\n" in text, name


def test_an_objective_alone_in_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "short.yaml").write_text("model: {codec: FactorizedPrior, objective: ms_ssim}\n")
    text = _printed(["--config", str(tmp_path / "short.yaml")], capsys)
    assert "class_path: litcodec.objectives.ms_ssim\n" in text
