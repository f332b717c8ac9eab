"""Imports point one way: every room may know only the rooms to the right of it.

cli -> callbacks -> dashboard, pillow -> report, loaded -> training, evaluation
    -> measure_image, overfitted, refinement -> codec_files, baselines, data, metrics
    -> codecs -> latent_models -> frozen -> latent_coding, objectives, adversarial
    -> transforms, entropy, bitstream -> layers, coding -> ops, architecture, plugins, device, regular_file,
    configuration, zoo -> types, errors
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

# Lower is further right. Rooms of one level are neighbours and do not know each other.
LEVELS = {
    **dict.fromkeys(("cli", "usage", "fit_help", "commands", "demo", "old_callbacks", "__main__"), 14),
    "callbacks": 13,  # the folder callbacks/, which a link makes litcodec.callbacks
    **dict.fromkeys(("dashboard", "pillow"), 12),
    **dict.fromkeys(("report", "loaded"), 11),
    **dict.fromkeys(("training", "evaluation", "interchange", "sweeps"), 10),
    **dict.fromkeys(("measure_image", "overfitted", "refinement"), 9),
    **dict.fromkeys(("codec_files", "baselines", "data", "metrics"), 8),
    "codecs": 7,
    "latent_models": 6,
    "frozen": 5,
    **dict.fromkeys(("latent_coding", "objectives", "adversarial"), 4),
    **dict.fromkeys(("transforms", "entropy", "bitstream"), 3),
    **dict.fromkeys(("layers", "coding"), 2),
    **dict.fromkeys(("ops", "architecture", "plugins", "device", "regular_file", "zoo", "configuration"), 1),
    **dict.fromkeys(
        (
            "types",
            "errors",
            "limits",
            "compressai_models",
            "import_path",
            "__init__",
            "__version__",
        ),
        0,
    ),
}
# The few that do, one way only.
NEIGHBOURS = {
    ("__init__", "loaded"),  # `litcodec.load`, imported when it is asked for
    ("__main__", "cli"),
    ("cli", "commands"),
    ("cli", "usage"),
    ("cli", "fit_help"),
    ("cli", "old_callbacks"),
}


class Import(NamedTuple):
    file: Path
    line: int
    room: str  # of the importing file
    module: str  # absolute, dotted


def _room(dotted: str) -> str:
    """``litcodec.codecs.base`` -> ``codecs``."""
    parts = dotted.split(".")
    if parts[0] != "litcodec":
        return parts[0]
    return parts[1] if len(parts) > 1 else "__init__"


def _imports_of(file: Path, source: str, package: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source, str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            if base == "litcodec":  # `from litcodec import codecs` imports a room
                yield from ((node.lineno, f"litcodec.{alias.name}") for alias in node.names)
            else:
                yield (node.lineno, base)


def _all_imports() -> list[Import]:
    found = []
    for file in sorted({*(ROOT / "litcodec").rglob("*.py"), *(ROOT / "litcodec" / "callbacks").glob("*.py")}):
        dotted = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        package = dotted.rpartition(".")[0]
        for line, module in _imports_of(file, file.read_text(encoding="utf-8"), package):
            found.append(Import(file.relative_to(ROOT), line, _room(dotted), module))
    return found


IMPORTS = _all_imports()


def _is_ours(module: str) -> bool:
    return module.split(".")[0] == "litcodec"


def _uses(package: str) -> list[Import]:
    return [entry for entry in IMPORTS if entry.module.split(".")[0] == package]


def test_there_is_something_to_look_at():
    assert len([entry for entry in IMPORTS if _is_ours(entry.module)]) > 50


def test_every_room_has_its_place_in_the_arrow():
    unknown = {entry.room for entry in IMPORTS} | {
        _room(entry.module) for entry in IMPORTS if _is_ours(entry.module)
    }
    assert unknown <= set(LEVELS), f"add to LEVELS: {sorted(unknown - set(LEVELS))}"


def test_no_import_goes_against_the_arrow():
    wrong = []
    for entry in IMPORTS:
        target = _room(entry.module)
        if not _is_ours(entry.module) or entry.module == "litcodec.__version__" or target == entry.room:
            continue
        if LEVELS[target] >= LEVELS[entry.room] and (entry.room, target) not in NEIGHBOURS:
            wrong.append(f"{entry.file}:{entry.line}: {entry.room} imports {entry.module}")
    assert not wrong, "\n".join(wrong)


def test_nothing_in_litcodec_imports_callbacks():
    wrong = [e for e in IMPORTS if e.module.startswith("litcodec.callbacks") and e.room != "callbacks"]
    assert not [*_uses("callbacks"), *wrong]


def test_only_the_trainers_rooms_import_lightning():
    wrong = [
        entry
        for package in ("lightning", "pytorch_lightning", "lightning_fabric")
        for entry in _uses(package)
        if entry.room not in ("training", "callbacks", "dashboard", "cli")
        and not (entry.room == "data" and entry.file.name.startswith("datamodule"))
    ]
    assert not wrong


def test_only_callbacks_import_wandb():
    assert {entry.room for entry in _uses("wandb")} <= {"callbacks", "dashboard"}


def test_only_the_entropy_coder_imports_constriction():
    assert {entry.room for entry in _uses("constriction")} == {"coding"}


@pytest.mark.parametrize("package", ["torch", "lightning", "wandb"])
def test_the_coder_and_the_container_need_no_network_library(package: str):
    assert not [entry for entry in _uses(package) if entry.room in ("coding", "bitstream", "errors")]


def test_nothing_is_ever_unpickled():
    wrong = []
    for top in ("litcodec", "callbacks"):
        for file in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and not _is_safe(node):
                    wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}")
    assert not wrong, "\n".join(wrong)


def _is_safe(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name == "torch.load":
        return any(k.arg == "weights_only" and ast.unparse(k.value) == "True" for k in call.keywords)
    return name not in ("pickle.load", "pickle.loads", "pickle.Unpickler", "eval", "exec")


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("import litcodec.codecs.base as b", "litcodec.ops", ["litcodec.codecs.base"]),
        ("from litcodec.codecs import Codec", "litcodec.ops", ["litcodec.codecs"]),
        ("from litcodec import codecs, data", "litcodec.ops", ["litcodec.codecs", "litcodec.data"]),
        ("from . import bounds", "litcodec.ops", ["litcodec.ops"]),
        ("from ..codecs import Codec", "litcodec.ops", ["litcodec.codecs"]),
        ("def f():\n    import wandb", "litcodec.ops", ["wandb"]),
        ("if TYPE_CHECKING:\n    from litcodec.codecs import Codec", "litcodec.ops", ["litcodec.codecs"]),
    ],
)
def test_imports_are_found_wherever_they_hide(source: str, package: str, expected: list[str]):
    assert [module for _, module in _imports_of(Path("x.py"), source, package)] == expected


@pytest.mark.parametrize(
    ("call", "safe"),
    [
        ("torch.load(path, weights_only=True)", True),
        ("torch.load(path)", False),
        ("torch.load(path, weights_only=False)", False),
        ("pickle.loads(data)", False),
        ("json.loads(data)", True),
        ("codec.eval()", True),
    ],
)
def test_unsafe_calls_are_known(call: str, safe: bool):
    assert _is_safe(ast.parse(call, mode="eval").body) is safe
