# Everything a fresh machine needs is set up by these targets: Python 3.11 or newer with venv, and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help serve test lint nightly bench bench-scale bench-pages faults shapes locks clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 20

serve: $(VENV)/.runtime ## set up everything and run the server
	@exec $(BIN)/moorage serve $(ARGS)

test: $(VENV)/.dev ## set up everything and run all tests, lint and types first
	@tools/check.sh all

lint: $(VENV)/.dev ## style, types, import contracts, sizes
	@tools/check.sh lint

nightly: $(VENV)/.dev ## the long forms of the tests
	@tools/check.sh nightly

faults: $(VENV)/.dev ## kill, fill, cut: the fault tests alone
	@tools/check.sh faults

bench: $(VENV)/.dev ## measure this server beside its peers (ARGS=--quick to try it)
	@bench/install.sh
	@PYTHONPATH=tests $(BIN)/python -m bench.run $(ARGS)

bench-scale: $(VENV)/.dev ## measure this server while it grows to a million images
	@PYTHONPATH=tests $(BIN)/python -m bench.scale $(ARGS)

bench-pages: $(VENV)/.dev ## write the pages of the measured results anew from their JSON
	@PYTHONPATH=tests $(BIN)/python -m bench.run --rewrite
	@PYTHONPATH=tests $(BIN)/python -m bench.scale --rewrite

shapes: $(VENV)/.dev ## write the AWS shapes anew from the service models
	@$(BIN)/python tools/shapes.py

locks: ## resolve the locked requirements anew
	@tools/locks.sh

clean: ## forget everything that was set up here
	rm -rf $(VENV) .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.python:
	@tools/venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements.txt requirements-build.txt pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
