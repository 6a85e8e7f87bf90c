# Everything a newcomer needs. `make demo` and `make test` set up what they need by themselves.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
KPL_DATA_DIR ?= $(CURDIR)/.kpl
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet
export PIP_PROGRESS_BAR = off

.PHONY: help setup setup-dev demo up test check check-python check-web check-generated fix bench bench-formats bench-web docs docs-pictures clean

help: ## Say what each target does
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed ## Make .venv and install KPL with what the demo needs

setup-dev: $(VENV)/.installed-dev ## The same, with the tools for tests and checks

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "KPL needs Python 3.11 or newer: run 'make PYTHON=/path/to/python3.11 ...'" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing KPL into $(VENV) (PyTorch included, this takes a few minutes the first time) ..."
	$(PIP_INSTALL) -e '.[demo]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing KPL and its development tools into $(VENV) ..."
	$(PIP_INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.installed

demo: setup ## Data -> trained, tested, compiled, served model; prints where everything is
	$(BIN)/kpl demo --standalone --data-dir '$(KPL_DATA_DIR)'

up: setup ## Start the server and leave it running
	$(BIN)/kpl up --data-dir '$(KPL_DATA_DIR)'

test: setup-dev ## All tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: check-python check-web check-generated ## Format, lint, types, layer rule, generated files

check-python: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@# The files of an algorithm import each other by bare names, so each folder is checked by itself.
	@for folder in src/kpl/builtin/algorithms/*/ src/kpl/builtin/algorithms/*/sdk/; do \
		echo "mypy $$folder"; \
		(cd $$folder && MYPYPATH=$(CURDIR)/src $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --exclude '^sdk/' .) \
			|| exit 1; \
	done
	$(BIN)/lint-imports

check-web: setup-dev
	$(BIN)/python tools/web.py ci
	$(BIN)/python tools/web.py run --silent check

check-generated: check-web # the console's types of the API need its tools
	$(BIN)/python tools/generate.py --check

fix: setup-dev ## Format and mend what can be mended, regenerate generated files
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python tools/generate.py

bench: setup-dev ## Benchmarks; each prints ratios
	$(BIN)/python benchmarks/step_overhead.py
	$(BIN)/python benchmarks/submit_to_start.py
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/idle_memory.py

bench-formats: $(VENV)-formats/.installed ## KPL Dataset beside plain files, lmdb and bagz
	PYTHONPATH=src $(VENV)-formats/bin/python benchmarks/formats/run.py

$(VENV)-formats/.installed:
	$(PYTHON) -m venv $(VENV)-formats
	$(VENV)-formats/bin/python -m pip install --disable-pip-version-check --quiet 'numpy>=2.1' xxhash msgspec pillow
	-$(VENV)-formats/bin/python -m pip install --disable-pip-version-check --quiet lmdb bagz
	@touch $@

bench-web: $(VENV)/.web-tools ## The console on a million of everything, in Chromium
	$(BIN)/python tools/web.py run --silent build
	$(BIN)/python benchmarks/web/run.py

$(VENV)/.web-tools: web/package-lock.json | $(VENV)/.installed-dev
	$(BIN)/python tools/web.py ci
	@touch $@

docs-pictures: $(VENV)/.web-tools ## Pictures of the console, taken from the running product
	$(BIN)/python tools/web.py run --silent build
	$(BIN)/python tools/docs_pictures.py

docs: setup-dev ## Generated reference pages
	$(BIN)/python tools/generate.py

clean: ## Remove what was built; data stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache web/node_modules src/kpl/server/static
