# One folder, .venv, holds everything; `make demo` and `make test` are all that a fresh machine needs.
PYTHON ?= python3
BIN := .venv/bin
# A requirement file is closed: what its packages name and never need (requirements/apart.in) is not fetched.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps
JOBS ?= 2

.PHONY: help install demo serve test test-services test-all lint format reference bench bench-causes clean

help: ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it"; exit 2; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "The venv module is incomplete; on Debian: apt-get install python3-venv"; exit 2; }

define installed
$(PIP) -r requirements/build.txt -r requirements/$(1).txt
$(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
@touch $@
endef

# A stamp vouches for the smaller sets too: what a larger set installs holds them whole.
.venv/.installed: $(BIN)/python requirements/base.txt requirements/build.txt pyproject.toml
	$(call installed,base)

.venv/.installed-demo: $(BIN)/python requirements/demo.txt requirements/build.txt pyproject.toml
	$(call installed,demo)
	@touch .venv/.installed

.venv/.installed-server: $(BIN)/python requirements/server.txt requirements/build.txt pyproject.toml
	$(call installed,server)
	@touch .venv/.installed .venv/.installed-demo

.venv/.installed-dev: $(BIN)/python requirements/dev.txt requirements/build.txt pyproject.toml
	$(call installed,dev)
	@touch .venv/.installed .venv/.installed-demo .venv/.installed-server

.venv/.installed-all: $(BIN)/python requirements/all.txt requirements/build.txt pyproject.toml
	$(call installed,all)
	@touch .venv/.installed .venv/.installed-demo .venv/.installed-server .venv/.installed-dev

# PyTorch by its name alone, then all that stands on it by hashes: what is there already is not fetched again.
.venv/.installed-torch: .venv/.installed-all requirements/torch.txt
	$(BIN)/python -m pip --disable-pip-version-check --quiet install torch==2.13.0
	$(PIP) -r requirements/build.txt -r requirements/torch.txt
	@touch $@

install: .venv/.installed ## .venv/bin/assay, with all that measuring needs

demo: .venv/.installed-demo ## train two versions and do the whole main job on real lending data, in ./demo-project
	$(BIN)/assay demo demo-project

serve: .venv/.installed-server ## a server with the demonstration in it and people to sign in as, in ./demo-server
	$(BIN)/assay serve --demo demo-server

test: .venv/.installed-dev ## every test that needs no service
	$(BIN)/python -m pytest -n $(JOBS) -q

test-services: .venv/.installed-all ## the tests that start real components (installs what they need)
	.ci/services
	$(BIN)/python -m pytest -n $(JOBS) -q -m 'service and not slow'

test-all: .venv/.installed-torch ## every test: the real components and the long ones too
	.ci/services ceph orchestrators
	$(BIN)/python -m pytest -n $(JOBS) -q -m ''

lint: .venv/.installed-dev ## formatter, linter, types, floors of the house, workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	.ci/lint-ci

format: .venv/.installed-dev ## put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: .venv/.installed-dev ## write docs/reference/cli.md from the command line itself
	PYTHONPATH=tests $(BIN)/python -m architecture.cli_reference

bench: .venv/.installed-dev ## ratios against the engine's floor and a peer, in one run
	$(BIN)/python -m bench

bench-causes: .venv/.installed-dev ## how often the diagnosis names first what was planted, in some ten minutes
	$(BIN)/python -m bench.causes

clean: ## remove what was made here
	rm -rf .venv build dist demo-project .mypy_cache .ruff_cache .pytest_cache .hypothesis
