# Dunwell. `make` alone prints what there is.
SHELL := /bin/sh
VENV := .venv
PYTHON := $(VENV)/bin/python
# Each worker has a PostgreSQL of its own; one that has nothing left takes from another.
WORKERS := -n auto --maxprocesses 4 --dist worksteal
OTHER_DATABASE := [ -z "$$DATABASE_URL" ] || [ -n "$$DUNWELL_TEST_DATABASE_URL" ] || echo "The tests do not touch DATABASE_URL: they make and drop databases and roles. Set DUNWELL_TEST_DATABASE_URL to a server that is theirs, as its superuser." >&2
.DEFAULT_GOAL := help
.PHONY: help install spark demo serve test soak lint format bench wheel clean

help: ## print this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  DATABASE_URL=…              demo and serve use that PostgreSQL (15 or newer) instead of one of their own"
	@echo "  DUNWELL_TEST_DATABASE_URL=… test and soak do; a superuser's, of a server that is theirs"

$(VENV)/.installed: requirements.lock requirements/build.lock pyproject.toml
	@sh requirements/install.sh
	@touch $@

$(VENV)/.tools: $(VENV)/.installed requirements/dev.lock requirements/spark.lock
	@sh requirements/packages.sh requirements/dev.lock
	@sh requirements/packages.sh requirements/spark.lock --no-build-isolation
	@touch $@

spark: $(VENV)/.installed ## add Spark and its Java, for `dunwell nightly --engine spark`
	@sh requirements/packages.sh requirements/spark.lock --no-build-isolation

install: $(VENV)/.installed ## make .venv from the hashed lock; leaves .venv/bin/dunwell

demo: $(VENV)/.installed ## start everything with a real portfolio to look at
	@exec $(VENV)/bin/dunwell demo

serve: $(VENV)/.installed ## start everything
	@exec $(VENV)/bin/dunwell serve

test: $(VENV)/.tools ## every real component once, browser included
	@$(OTHER_DATABASE)
	@CHROMIUM="$$($(PYTHON) -m tests.browser)" && export CHROMIUM && exec $(PYTHON) -m pytest -q $(WORKERS)

soak: $(VENV)/.tools ## the same tests at full size; writes docs/soak.md
	@$(OTHER_DATABASE)
	@CHROMIUM="$$($(PYTHON) -m tests.browser)" && export CHROMIUM && exec $(PYTHON) -m tests.soak

lint: $(VENV)/.tools ## style, order of the rooms, translations, migrations
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports
	@$(PYTHON) -m pytest -q tests/unit/test_structure.py tests/unit/test_translations.py

format: $(VENV)/.tools ## let ruff arrange the code
	@$(VENV)/bin/ruff check --fix -q . ; $(VENV)/bin/ruff format -q .

bench: $(VENV)/.tools ## measure night, intake, Next and the others, each beside its peer; renews docs/performance.md
	@mkdir -p build/bench
	@sh requirements/packages.sh requirements/bench.lock
	@for what in nightly publishing intake next worklist gate letters offers sending sms verify; do \
	  $(VENV)/bin/dunwell bench $$what --json build/bench/$$what.json && \
	  $(PYTHON) -m benchmarks.report build/bench/$$what.json || exit 1; done

wheel: $(VENV)/.tools ## dist/dunwell-….whl
	@$(PYTHON) -m build --wheel --no-isolation --outdir dist . > /dev/null && ls dist/*.whl

clean: ## remove what was built; var/ (the data) stays
	@rm -rf dist build .ruff_cache .import_linter_cache test-results
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
