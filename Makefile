# Dunwell's one door. `make help` prints what it knows.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for v in 3.11 3.12 3.13; do p=$$(command -v python$$v) && $$p -c 'import venv, ensurepip' 2>/dev/null && echo $$p && break; done)
export DUNWELL_HOME ?= $(CURDIR)/var

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Dunwell needs Python 3.11, 3.12 or 3.13 with venv; none was found." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m dunwell.cli.translations
	@touch $@

$(VENV)/developing: $(VENV)/installed requirements/dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

install: $(VENV)/installed ## the environment, with .venv/bin/dunwell

demo: install ## everything, with the demo portfolio; Ctrl-C stops
	@$(BIN)/dunwell demo

serve: install ## everything, without loading anything
	@$(BIN)/dunwell serve

test: $(VENV)/developing ## every real component once, browser included
	$(BIN)/python -m pytest -q

soak: $(VENV)/developing ## the same tests at full size; figures go to docs/soak.md
	DUNWELL_SOAK=1 $(BIN)/python -m pytest -q

lint: $(VENV)/developing ## style, rooms, translations, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

bench: install ## the figures of docs/performance.md
	$(BIN)/dunwell bench all

clean: ## forget the environment; var/ is kept
	rm -rf $(VENV)

.PHONY: help install demo serve test soak lint bench clean
