# Two commands for a newcomer: `make demo` and `make test`. Everything else is for those who stay.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo desk test check fix bench soak lock clean

help:  ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "agentkit needs Python 3.11 or later; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing the locked versions (about a minute, once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)  ## Run the main job on a book of business: no server, no key, no network
	@$(BIN)/agentkit demo

desk: $(STAMP)  ## Open the operator's desk on what the demo left
	@$(BIN)/agentkit tui --home .agentkit/demo

test: $(STAMP)  ## Run every test
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

check: $(STAMP)  ## Format, lint, types, import contracts, documentation that runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/agentkit model card --check
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_documentation.py

fix: $(STAMP)  ## Format and mend what can be mended by a machine
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)  ## Measure every figure of the README
	$(BIN)/python -m benchmarks

soak: $(STAMP)  ## Long trials: crashes by the hundred, races by the thousand
	$(BIN)/python -m benchmarks.erasure
	$(BIN)/python -m benchmarks.soak

lock:  ## Write requirements.lock anew (needs pip-tools)
	pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --no-header --strip-extras --allow-unsafe --extra dev -o requirements.lock pyproject.toml

clean:  ## Remove what the commands above created
	rm -rf $(VENV) .agentkit build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
