"""The sweep files that ship, and how a sweep file becomes commands."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from litcodec.cli import main
from litcodec.errors import SweepError
from litcodec.sweeps import read_sweep, slots_of

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "sweeps").glob("*.yaml"))
# W&B's own: of its package "sweeps" 0.3.0, MIT licence, (c) 2021 Weights and Biases.
SCHEMA = json.loads((Path(__file__).parent / "wandb_sweep_schema.json").read_text())

MSE = [0.0018, 0.0035, 0.0067, 0.0130, 0.0250, 0.0483, 0.0932, 0.1800]
MS_SSIM = [2.40, 4.58, 8.73, 16.64, 31.73, 60.50, 115.37, 220.00]


def write(folder: Path, **keys: object) -> Path:
    """A small sweep file; keys replace its own, None leaves one out."""
    grid = {
        "method": "grid",
        "parameters": {"model.lmbda": {"values": [0.01, 0.02]}},
        "command": ["${env}", "litcodec", "fit", "${args}"],
    }
    path = folder / "tiny.yaml"
    path.write_text(
        yaml.safe_dump({k: v for k, v in {**grid, **keys}.items() if v is not None}, sort_keys=False)
    )
    return path


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_shipped_sweep_fits_the_schema_of_wandb(file: Path) -> None:
    content = yaml.safe_load(file.read_text())
    jsonschema.Draft7Validator(SCHEMA).validate(content)
    assert (content["project"], content["name"]) == ("litcodec", file.stem)
    with pytest.raises(jsonschema.ValidationError, match="parametres"):  # the schema is no rubber stamp
        jsonschema.Draft7Validator(SCHEMA).validate({**content, "parametres": {}})


@pytest.mark.parametrize(
    ("file", "lambdas", "others"),
    [
        ("lambda.yaml", MSE, {}),
        ("lambda_msssim.yaml", MS_SSIM, {"model.objective": ["litcodec.objectives.ms_ssim"]}),
        ("codecs.yaml", [0.0018, 0.0067, 0.0250, 0.0932], {"config": 4}),
    ],
)
def test_the_shipped_sweeps_hold_the_lambdas_of_the_field(
    file: str, lambdas: list[float], others: dict[str, object]
) -> None:
    parameters = yaml.safe_load((ROOT / "sweeps" / file).read_text())["parameters"]
    values = {key: about.get("values") or [about["value"]] for key, about in parameters.items()}
    assert values.pop("model.lmbda") == lambdas
    assert {k: len(v) if k == "config" else v for k, v in values.items()} == others
    assert set(lambdas) <= set(MSE) | set(MS_SSIM)


@pytest.mark.parametrize(
    ("file", "backwards"),
    [("lambda.yaml", False), ("lambda_msssim.yaml", False), ("codecs.yaml", False), ("codecs.yaml", True)],
)
def test_a_point_of_a_shipped_sweep_is_a_config_in_either_order_of_its_arguments(
    file: str, backwards: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    program, *words = read_sweep(ROOT / "sweeps" / file).points[0].command
    swept = [word for word in words if "=" in word]
    fixed = words[: len(words) - len(swept)]
    with pytest.raises(SystemExit) as caught:
        main([*fixed, *(reversed(swept) if backwards else swept), "--print_config"])
    assert (program, caught.value.code) == ("litcodec", 0)
    found = yaml.safe_load(capsys.readouterr().out)["model"]
    assert found["lmbda"] == (2.40 if "msssim" in file else 0.0018)
    objective = {"class_path": "litcodec.objectives.ms_ssim"} if "msssim" in file else None
    assert found["objective"] == objective
    assert found["codec"]["init_args"].get("transform") == ("9x9" if file == "codecs.yaml" else None)


def test_the_swept_codecs_leave_the_lambda_alone() -> None:
    files = yaml.safe_load((ROOT / "sweeps" / "codecs.yaml").read_text())["parameters"]["config"]["values"]
    assert [list(yaml.safe_load((ROOT / file).read_text())["model"]) for file in files] == [["codec"]] * 4


def test_a_grid_is_every_combination_the_first_key_slowest(tmp_path: Path) -> None:
    values = {"a.width": {"values": [8, 16]}, "kind": {"value": "x"}, "a.lmbda": {"values": [0.1, 2e-05]}}
    sweep = read_sweep(write(tmp_path, parameters=values))
    assert [point.title for point in sweep.points] == [
        "width 8, lmbda 0.1",
        "width 8, lmbda 2e-05",
        "width 16, lmbda 0.1",
        "width 16, lmbda 2e-05",
    ]
    assert sweep.points[1].command == (
        "litcodec",
        "fit",
        *("--a.width=8", "--kind=x", "--a.lmbda=2e-05"),
    )
    assert sweep.points[1].slug.startswith("width-8_lmbda-2e-05-")
    assert len({point.slug for point in sweep.points}) == 4
    assert sweep.name == "tiny"


def test_a_point_has_another_folder_once_what_it_trains_has_changed(tmp_path: Path) -> None:
    config = tmp_path / "base.yaml"
    command = ["litcodec", "fit", "--config", str(config), "${args}"]

    def slug(text: str, **keys: object) -> str:
        config.write_text(text)
        return read_sweep(write(tmp_path, **{"command": command, **keys})).points[0].slug

    usual = slug("{model: {rate: 1}, data: 2}")
    assert slug("# layout alone\ndata: 2\nmodel:\n  rate: 1\n", name="other") == usual
    assert slug("{model: {rate: 3}, data: 2}") != usual
    assert slug("{model: {rate: 1}, data: 2}", command=[*command, "--x=1"]) != usual


@pytest.mark.parametrize(
    ("macro", "words"),
    [
        ("${args}", ["--lmbda=0.5", "--on=True", "--off=False"]),
        ("${args_no_equals}", ["--lmbda", "0.5", "--on", "True", "--off", "False"]),
        ("${args_no_hyphens}", ["lmbda=0.5", "on=True", "off=False"]),
        ("${args_no_boolean_flags}", ["--lmbda=0.5", "--on"]),
        ("${args_json}", ['{"lmbda": 0.5, "on": true, "off": false}']),
        ("${program}", ["train.py"]),
        ("${interpreter}", ["python"]),
        ("${env}", []),
        ("--home=${envvar:SWEEP_HOME}/x", ["--home=/data/x"]),
        ("--root=${trainer.root}", ["--root=${trainer.root}"]),  # not W&B's: interpolation in a config
    ],
)
def test_macros_mean_what_they_mean_to_wandb(
    macro: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wandb.sdk.launch.sweeps import utils

    monkeypatch.setenv("SWEEP_HOME", "/data")
    values = {"lmbda": 0.5, "on": True, "off": False}
    parameters = {key: {"value": value} for key, value in values.items()}
    file = write(tmp_path, parameters=parameters, program="train.py", command=["litcodec", macro, "${args}"])
    every = ["--lmbda=0.5", "--on=True", "--off=False"]
    assert list(read_sweep(file).points[0].command) == ["litcodec", *words, *every]

    theirs = utils.create_sweep_command_args({"args": parameters})  # what W&B's agent makes of it
    name = macro[2:-1]
    if name in theirs:
        assert theirs[name] == words
    assert utils.create_sweep_command(["--home=${envvar:SWEEP_HOME}/x"]) == ["--home=/data/x"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"method": "bayes"}, "wandb sweep"),
        ({"method": None}, "names no method; litcodec sweep runs a grid: add method: grid."),
        ({"parameters": None}, "no parameters"),
        ({"parameters": {"x": {"min": 1, "max": 2}}}, "'x'"),
        ({"parameters": {"x": {"values": []}}}, "'x'"),
        ({"parameters": {"model": {"parameters": {"lmbda": {"value": 1}}}}}, "model.NAME"),
        ({"command": ["litcodec", "${args_append_hydra}"]}, "${args_append_hydra}"),
        ({"command": ["litcodec", "--x=${args}"]}, "--x=${args}"),
        ({"command": ["litcodec", "${envvar:NOT_SET_HERE}"]}, "NOT_SET_HERE"),
        ({"command": ["${program}"]}, "program"),
        ({"command": ["${env}"]}, "empty"),
        ({"command": ["litcodec", "fit"]}, 'Add "${args}"'),
        ({"command": ["litcodec", "fit", "${args"]}, "'${args'"),
        ({"command": ["litcodec", "fit", "${arg}"]}, "${arg}"),
        ({"command": ["litcodec", "fit", "${args}", "--x=${envvar:home}"]}, "${envvar:home}"),
        ({"command": ["litcodec", "fit", "${args}", "--x=${evnvar:HOME}"]}, "${evnvar:HOME}"),
        ({"command": ["litcodec", "fit", "${args}", "--x=${envvar:HOME"]}, "${envvar:HOME"),
        ({"run_cap": 0}, "run_cap"),
        ({"run_cap": -3}, "-3"),
        ({"run_cap": True}, "True"),
        ({"run_cap": "2"}, "'2'"),
        ({"parameters": {f"k{k}": {"values": list(range(10))} for k in range(7)}}, "10000000 points"),
        ({"command": "litcodec fit"}, "list of words"),
        ({"command": ["litcodec", "fit", "--ckpt_path", "x"]}, "--ckpt_path"),
    ],
)
def test_what_cannot_be_run_here_is_named(keys: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(SweepError) as caught:
        read_sweep(write(tmp_path, **keys))
    assert said in str(caught.value)
    assert str(tmp_path / "tiny.yaml") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"[1, 2", b"just words", b"\xff\xfe\x00", None])
def test_what_is_no_sweep_file_is_named_in_one_line(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SweepError, match=r"bad\.yaml") as caught:
        read_sweep(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("devices", "gpus", "expected"),
    [
        (None, ["0", "1"], [{}]),
        ("2", ["0", "1", "2"], [{"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"}]),
        ("1,0", ["4", "7"], [{"CUDA_VISIBLE_DEVICES": "7"}, {"CUDA_VISIBLE_DEVICES": "4"}]),
        ("1,", ["GPU-a", "GPU-b"], [{"CUDA_VISIBLE_DEVICES": "GPU-b"}]),
        ("3", [], [{"OMP_NUM_THREADS": "1"}] * 3),
    ],
)
def test_devices_are_spread(
    devices: str | None, gpus: list[str], expected: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert list(slots_of(devices, gpus)) == expected


@pytest.mark.parametrize(
    ("devices", "gpus"),
    [("3", ["0", "1"]), ("2,", ["0", "1"]), ("0,1", []), ("0", ["0"]), ("a", []), ("0,0", ["0"])],
)
def test_devices_that_are_not_there_are_refused(devices: str, gpus: list[str]) -> None:
    with pytest.raises(SweepError, match=f"--devices '?{devices}"):
        slots_of(devices, gpus)
