"""Every command, link and block of Python in README and docs works; the site builds."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

from litcodec.cli import main
from litcodec.data import bundled_photographs, list_images

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
# The same commands, but seconds of them.
SMALL_FIT = (
    "--trainer.val_check_interval 2 --trainer.accelerator cpu --data.patch_size 64 --data.batch_size 2 "
    "--data.num_workers 0 --data.val_limit 1 --data.steps_per_epoch 4 --trainer.enable_progress_bar false"
)


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """The words of every command in README and tutorial, each once."""
    found: dict[tuple[str, ...], None] = {}
    for page in (README, (ROOT / "docs/tutorial.md").read_text()):
        for block in blocks("bash", page):
            lines = block.replace("\\\n", " ").splitlines()
            found |= {tuple(words): None for line in lines if (words := shlex.split(line, comments=True))}
    return [list(words) for words in found]


def test_the_readme_stays_readable() -> None:
    lines = README.splitlines()
    assert len(lines) <= 150
    assert [line for line in lines if len(line) > 120 and not line.startswith(("|", "!["))] == []


def test_links_inside_the_repository_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), (page, target)


def test_commands_of_other_pages_are_known() -> None:
    """What cannot run here, on GPUs or for days: at least every option is one."""
    for page in PAGES:
        for block in re.findall(r"^```\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True) if line.startswith("litcodec ") else []
                for path in [word for word in words if re.match(r"(configs|sweeps)/.*\.yaml$", word)]:
                    assert (ROOT / path).exists() or "KIND" in path, (page, path)


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    mkdocs = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(mkdocs, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site" / "extending" / "index.html").read_text()
    assert "Committed" in page  # a line of the example package
    assert "MeanScaleHyperprior" in (tmp_path / "site" / "api" / "codecs" / "index.html").read_text()


@pytest.mark.filterwarnings("default")  # Lightning warns about runs as short as these
def test_every_command_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photographs = list_images(bundled_photographs() / "train")
    for folder, names in (("train", photographs[:2]), ("val", photographs[2:3])):
        (tmp_path / "photographs" / folder).mkdir(parents=True)
        for path in names:
            with Image.open(path) as image:
                image.resize((272, 264)).save(tmp_path / "photographs" / folder / path.name)
    with Image.open(photographs[3]) as image:
        image.resize((480, 360)).save(tmp_path / "photo.jpg")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    shutil.copy(ROOT / "tests/golden/compressai/mbt2018-mean.pth.tar", tmp_path / "weights.pth.tar")
    sweep = yaml.safe_load((ROOT / "sweeps/quickstart.yaml").read_text())
    sweep["parameters"]["model.lmbda"]["values"] = sweep["parameters"]["model.lmbda"]["values"][:1]
    # 4 steps: its learning rate has phases.
    sweep["command"] += [*SMALL_FIT.split(), "--trainer.max_steps", "4", "--data.val_dir", "photographs/val"]
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps/quickstart.yaml").write_text(yaml.safe_dump(sweep))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setattr(sys, "argv", ["litcodec"])

    assert len(commands()) >= 8
    for program, *arguments in commands():
        command = shlex.join([program, *arguments])
        assert program == "litcodec", command
        if arguments[0] == "fit":
            steps = "4" if "--ckpt_path" in arguments else "2"
            arguments += [*SMALL_FIT.split(), "--trainer.max_steps", steps]
            if "--data.val_dir" not in arguments and "configs/quickstart.yaml" not in arguments:
                arguments += [
                    "--data.val_dir",
                    "photographs/val",
                ]  # small; the first validates on the bundled
            if "hybrid" in command:
                arguments += ["--model.phases", "[{train: all, steps: 2, learning_rate: 1.0e-3}]"]
        if "configs/codec/mbt2018_mean.yaml" in arguments:
            arguments += ["--model.codec.init_args.N", "32", "--model.codec.init_args.M", "48"]
        assert main(arguments) == 0, command
    made = {"photo.litc", "photo.png", "shards", "report.html", "figure.svg", "imported.safetensors"}
    assert made <= {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "runs/sweeps/quickstart/report.html").is_file()


def test_no_figure_is_left_to_be_filled_in() -> None:
    for path in (ROOT / "README.md", *(ROOT / "configs").rglob("*.*"), *(ROOT / "litcodec/zoo").glob("*.md")):
        assert re.findall(r"(?:DEMO|BENCH|ZOO)_[A-Z]+", path.read_text()) == [], path


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Image.open(list_images(bundled_photographs() / "train")[3]) as image:
        image.resize((240, 180)).save("photo.jpg")
    files, training = blocks("python")
    found: dict[str, object] = {}
    exec(files, found)
    data = found["data"]
    assert isinstance(data, bytes)
    assert len(data) <= 0.35 * 240 * 180 / 8
    with Image.open("copy.png") as copy:
        assert copy.size == (240, 180)
    exec(training, found)
    x_hat = found["x_hat"]
    assert isinstance(x_hat, torch.Tensor)
    assert x_hat.shape == (1, 3, 100, 75)


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = {word for words in re.findall(r"make ((?:[a-z]+ ?)+)", README) for word in words.split()}
    targets &= set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"demo", "setup", "check", "test", "bench", "help"} <= targets
    command = ["make", "-n", *sorted(targets)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
