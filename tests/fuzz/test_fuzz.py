"""A part of ``make fuzz`` in the suite: a fixed number of mutants of every target, and past trouble."""

from functools import cache
from pathlib import Path

import pytest

from tests.fuzz.cases import Target, case_rng, run_case
from tests.fuzz.seed_files import codec_files
from tests.fuzz.stream_targets import refit
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
CASES = {
    "stream": 400,
    "card": 800,
    "checkpoint": 200,
    "sweep": 25,
    "foreign-checkpoint": 300,
    "image": 800,
    "codec-file": 40,
    "shard-index": 60,
    "shard-chunk": 40,
    "results": 80,
    "stream-pixel_autoregressive": 30,  # sub-pixel after sub-pixel
    "stream-pixel_linear": 60,
    "stream-overfitted": 60,  # symbol after symbol
}  # some four seconds each, codec files ten
SEED = 1


def cases_of(name: str) -> int:
    return CASES.get(name) or CASES[name.partition("-")[0]]


@cache
def target_of(name: str) -> Target:
    """A target, whose seeds are made once."""
    return TARGETS[name]()


def past_trouble() -> list[Path]:
    return [file for file in sorted(CORPUS.glob("*/*.*")) if file.parent.name in TARGETS]


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_mutants_bring_out_typed_errors_or_valid_results_and_nothing_else(name: str, tmp_path: Path):
    target = target_of(name)
    path = tmp_path / f"mutant{target.suffix}"
    kinds = set()
    for index in range(cases_of(name)):
        path.write_bytes(target.mutant(case_rng(name, SEED, index)))
        outcome = run_case(target, path)
        again = f"python -m tests.fuzz.run {name} --seed {SEED} --case {index}"
        assert not outcome.reason, f"{again}\n{outcome.reason}\n{outcome.trace}"
        kinds.add(outcome.kind)
    assert kinds - {"valid"}, "mutants that harm nothing test little"


@pytest.mark.parametrize("file", past_trouble(), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_past_trouble_stays_mended(file: Path, tmp_path: Path):
    name = file.parent.name
    target = target_of(name)
    path = tmp_path / f"mutant{target.suffix}"
    path.write_bytes(file.read_bytes())
    outcome = run_case(target, path)
    assert not outcome.reason, f"{outcome.reason}\n{outcome.trace}"
    assert outcome.kind != "valid"


def test_a_mutant_depends_on_its_number_alone():
    for name in ("stream-factorized_prior", "card", "image-png"):
        once, twice = (TARGETS[name]().mutant(case_rng(name, 3, 5)) for _ in range(2))
        assert once == twice
    assert set(codec_files()) >= {"factorized_prior", "packaged"}
    assert refit(b"no stream", bytes(8)) == b"no stream"
