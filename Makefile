.DEFAULT_GOAL := help
.PHONY: help setup demo test lint check fix bench fuzz golden packaged-golden docs

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := runs/quickstart

help:  ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("litcodec needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

setup: $(VENV)/.installed  ## make .venv and install litcodec into it, with what development needs

demo: setup  ## train a small codec, compress a photograph with it, compare with JPEG (minutes, CPU)
	$(BIN)/litcodec fit --config configs/quickstart.yaml
	$(BIN)/litcodec export $(RUN)/latest/checkpoints/last.ckpt $(RUN)/codec.safetensors --force
	$(BIN)/python -m litcodec.demo $(RUN)

# PASSIVE: an idle thread sleeps. Spinning on busy cores, tests with two threads took 13 times the CPU seconds.
test: setup  ## run the test suite
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: setup  ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=docs/examples $(BIN)/mypy --package mylab

docs: setup  ## build the documentation into site/; a warning is an error
	$(BIN)/mkdocs build --strict --quiet

check: lint test  ## what CI runs: format, lint, types, tests

fix: setup  ## format and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## print figures of speed and memory; PEER=python-with-compressai compares
	$(BIN)/python tests/bench/bench.py $(if $(PEER),--peer-python $(PEER))

fuzz: setup  ## mutate streams, codec files, checkpoints, results, shards, images; SECONDS=1800 TARGETS="results card"
	$(BIN)/python -m tests.fuzz.run --seconds $(or $(SECONDS),60) $(TARGETS)

golden: setup  ## write new golden streams (review the diff; a change of bytes needs a new format version)
	$(BIN)/python tests/golden/make_golden.py --force
	$(BIN)/python tests/golden/make_lossless_golden.py
	$(BIN)/python tests/golden/make_likelihood_golden.py
	$(BIN)/python tests/golden/make_overfitted_golden.py
	$(BIN)/python tests/golden/make_realism_golden.py

packaged-golden: setup  ## write golden streams of a packaged codec that has none yet
	$(BIN)/python tests/zoo/make_packaged_golden.py
	$(BIN)/python tests/zoo/make_packaged_lossless_golden.py
