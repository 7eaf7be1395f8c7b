# `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.PHONY: help setup demo test test-long check format bench mutants clean

help:  ## this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(VENV)/.runtime  ## makes .venv with what the product needs

demo: setup  ## a shop with 200 tags on this machine, at the address it prints
	@$(BIN)/esl demo $(DEMO_OPTIONS)

test: $(VENV)/.test  ## everything a change must pass: format, lint, types, import rules, tests, simulation
	@$(MAKE) --no-print-directory check
	@echo "tests at CI size (make test-long for the full sizes)"
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup

test-long: $(VENV)/.test  ## the same at the full sizes; takes hours
	@$(MAKE) --no-print-directory check
	@echo "tests at the full sizes"
	@ESL_TEST_LONG=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup

check: $(VENV)/.test  ## format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.test  ## writes the format the check wants
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.test  ## the whole pipeline against a floor measured in the same run
	@$(BIN)/python -m benchmarks.pipeline

mutants: $(VENV)/.test  ## plants sixteen bugs, one at a time, and has the laboratory find them; takes an hour
	@$(BIN)/python -m tools.mutants $(MUTANTS_OPTIONS)

clean:  ## removes what setup and tests made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

$(VENV)/.runtime: pyproject.toml constraints.txt
	@case "$$(uname -s)" in Linux|Darwin) ;; *) echo "esl-gateway runs on Linux and macOS; elsewhere use a Linux virtual machine or WSL 2."; exit 1;; esac
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "This Python cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv)."; exit 1; }
	@echo "installing into $(VENV) (once)"
	@$(PIP) install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/.runtime
	@$(PIP) install -q -c constraints.txt -e '.[test]'
	@touch $@
