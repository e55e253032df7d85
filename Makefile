# Every target carries its own line of help; `make` alone prints them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check format bench clean

# The first Python on the path that is new enough; looked for only when there is no environment yet.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
PORT ?= 8501
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := portal services db pages
PROVIDER := tests/oidc

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## Install, migrate, fill an empty database with demo data, open the portal on port 8501.
	@exec $(BIN)/python -m portal serve --demo --port $(PORT)

test: $(VENV)/.development $(PROVIDER)/node_modules/.installed ## Install, then every check and every test, browser journeys included.
	$(BIN)/python tests/browser/chromium.py
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n $(WORKERS)

check: $(VENV)/.development lint ## Every check and every test that needs no browser.
	$(BIN)/python -m pytest -n $(WORKERS) -m "not browser"

.PHONY: lint
lint: $(VENV)/.development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

format: $(VENV)/.development ## Lay out the code and put the imports in order.
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.development ## Measure what benchmarks/ measures.
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

clean: ## Remove what was installed and cached; the data in .data stays.
	rm -rf $(VENV) $(PROVIDER)/node_modules test-artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(PACKAGES) tests alembic benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# The stamps: what is installed is installed again only when the list of it changes.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none is on the path; name one: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.development: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

$(PROVIDER)/node_modules/.installed: $(PROVIDER)/package-lock.json
	npm ci --prefix $(PROVIDER) --no-audit --no-fund --loglevel=error
	@touch $@
