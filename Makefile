# The words of this project. A fresh machine needs Python 3.11 or newer, Node 20.19 or newer, and make.
#
#   make run          the server with a demonstration company, at http://127.0.0.1:8700
#   make test         every test, in a real browser too
#   make check        lint, types, import contracts, migrations, generated client
#   make format       bring all sources into their form
#   make bench        timed figures (they belong here, never in a test)
#   make soak         the random and crash tests at their full counts
#   make web          build the web client into the package
#   make generate     the client's types from the server's OpenAPI document
#   make lock         choose the versions of all dependencies anew (needs uv)
#   make screenshots  the pictures of the README
#   make clean        remove what was made here (not data/)

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

HOST ?= 127.0.0.1
PORT ?= 8700
WORKERS ?= 2

# The first Python that is new enough.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$name; break; }; done)

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input --quiet
WEB_MODULES := web/node_modules/.package-lock.json
GENERATED := web/openapi.json web/src/api/generated.ts

.PHONY: help run test check format bench soak web generate lock screenshots clean
.PHONY: check-python check-imports check-migrations check-client test-web chromium

help:
	@sed -n 's/^#   //p' Makefile

# ------------------------------------------------------------------------------------ what is installed

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "Pegboard needs Python 3.11 or newer, and none is in PATH (or say: make PYTHON=/path/to/python3)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Exactly the locked files, checked by their hashes; then Pegboard itself from this folder, built by the locked backend.
$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(PIP) install --require-hashes --no-deps -r requirements.lock
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(WEB_MODULES): web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

# ------------------------------------------------------------------------------------ run

run: $(VENV)/.installed web
	@exec $(VENV)/bin/pegboard serve --demo --host $(HOST) --port $(PORT)

# Builds only when the sources have changed since (hatch_build.py).
web: $(VENV)/.installed
	@$(PY) hatch_build.py

# ------------------------------------------------------------------------------------ test

# pytest speaks last, so that its closing line is the closing line.
test: $(VENV)/.installed-dev web test-web chromium
	@PEGBOARD_CHROMIUM="$$(.ci/chromium)" $(PY) -m pytest -n $(WORKERS) $(PYTEST_ARGS)

test-web: $(WEB_MODULES)
	cd web && npm run --silent test

# Finds a Chromium, else installs one, else says how.
chromium: $(VENV)/.installed-dev
	@.ci/chromium >/dev/null

soak: $(VENV)/.installed-dev web chromium
	@PEGBOARD_SOAK=1 PEGBOARD_CHROMIUM="$$(.ci/chromium)" $(PY) -m pytest -m soak $(PYTEST_ARGS)

# ------------------------------------------------------------------------------------ check

check: check-python check-imports check-migrations check-client

check-python: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

check-imports: $(VENV)/.installed-dev
	$(VENV)/bin/lint-imports

# The tables in the code are the tables that the migrations make.
check-migrations: $(VENV)/.installed
	$(VENV)/bin/pegboard migrations check

check-client: $(VENV)/.installed $(WEB_MODULES)
	@.ci/generated-is-fresh $(GENERATED)
	cd web && npm run --silent lint
	cd web && npm run --silent typecheck

generate: $(VENV)/.installed $(WEB_MODULES)
	$(VENV)/bin/pegboard openapi > web/openapi.json.new
	@mv web/openapi.json.new web/openapi.json
	cd web && npm run --silent generate

format: $(VENV)/.installed-dev $(WEB_MODULES)
	$(VENV)/bin/ruff check --fix-only
	$(VENV)/bin/ruff format
	cd web && npm run --silent format

# ------------------------------------------------------------------------------------ the rest

bench: $(VENV)/.installed-dev
	$(PY) -m bench.http
	$(PY) -m bench.ding
	$(PY) -m bench.search
	@echo
	@echo "The chat comparison runs Pegboard beside other servers, in the driver interface of a bench folder:"
	@echo "  BENCH_HOME=/path/to/bench/im $(PY) \$$BENCH_HOME/compare.py --driver bench/im_driver.py --rounds 3"
	@echo "How the figures are read: docs/performance.md"

# No --upgrade by itself: `make lock UPGRADE=--upgrade` moves every version, `make lock` only what pyproject.toml demands.
UV_COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)
lock:
	$(UV_COMPILE) pyproject.toml --group build --output-file requirements.lock
	$(UV_COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	@# Apart from web/: beside node_modules npm locks only what this machine's platform needs.
	@apart=$$(mktemp -d); trap 'rm -rf "$$apart"' EXIT; \
	cp $(wildcard web/package*.json) web/.npmrc "$$apart"; \
	(cd "$$apart" && npm install --package-lock-only --ignore-scripts --no-audit --no-fund); \
	cp "$$apart/package-lock.json" web/package-lock.json

screenshots: $(VENV)/.installed-dev web chromium
	@PEGBOARD_CHROMIUM="$$(.ci/chromium)" $(PY) -m tests.browser.screenshots docs/screenshots

clean:
	rm -rf $(VENV) build dist web/node_modules web/dist src/pegboard/app/web_dist test-results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
