# Every target makes the environment it needs by itself: Python 3.11 or newer and make are enough for
# `make demo` and `make test`; `make test-all` and `make check-contracts` also want Node (npm) and say so.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
UV     := .tools/uv/bin/uv
T      ?=
TESTS  ?=

.DEFAULT_GOAL := help
.PHONY: help dev demo test test-all check bench reformat vectors artifacts requirements contracts-tools clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Safety Ledger needs Python 3.11 or newer")'
	@$(PYTHON) -m venv .tools/uv
	@.tools/uv/bin/pip install --quiet --quiet --disable-pip-version-check "uv>=0.6"

# A stamp per requirements file: the environment is synchronised exactly when the pins change.
$(VENV)/.stamp-%: requirements/%.txt pyproject.toml | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python $<
	@$(UV) pip install --quiet --no-deps --python $(BIN)/python --editable .
	@rm -f $(VENV)/.stamp-*
	@touch $@

dev: $(VENV)/.stamp-dev ## Make the development environment

# The demo runs in whichever environment exists; a fresh machine gets the small one.
SERVICE_STAMP := $(firstword $(wildcard $(VENV)/.stamp-dev $(VENV)/.stamp-bench) $(VENV)/.stamp-service)
demo: $(SERVICE_STAMP) ## Run the product's main job end to end on embedded parts (writes demo-output/)
	@$(BIN)/safety-ledger demo --output demo-output

test: $(VENV)/.stamp-dev ## Run the offline tests; T=unit for the fast lane, TESTS=path for one place
	@$(BIN)/python -m pytest -q -n $(if $(filter unit,$(T)),0,2) $(if $(TESTS),$(TESTS),$(if $(T),tests/$(T),tests/unit tests/architecture tests/behaviour tests/e2e))

test-all: $(VENV)/.stamp-dev contracts-tools ## Run every lane: also contracts tools, Anvil, Node conformance
	@SAFETY_LEDGER_REQUIRE_ALL=1 $(BIN)/python -m pytest -q -n 2 $(if $(TESTS),$(TESTS),tests)

contracts-tools: | $(UV) ## Install the contract tools (npm, slither, halmos) where they are missing
	@UV=$(abspath $(UV)) sh scripts/contracts_tools.sh
	@UV=$(abspath $(UV)) sh scripts/conformance_tools.sh

check: $(VENV)/.stamp-dev ## Format, lint, types, import rules, freshness of generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m scripts.check_generated

check-contracts: $(VENV)/.stamp-dev contracts-tools ## Prove that the committed contract artifacts are what the sources compile to
	@$(BIN)/python -m scripts.compile_contracts --check

bench: $(VENV)/.stamp-bench ## Print the speed table: ratios measured in one interleaved run
	@$(BIN)/python -m bench

reformat: $(VENV)/.stamp-dev ## Format and fix what can be fixed by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

vectors: $(VENV)/.stamp-dev ## Regenerate the project's own vectors and generated documents
	@$(BIN)/python -m scripts.check_generated --write

artifacts: $(VENV)/.stamp-dev contracts-tools ## Compile the contracts
	@$(BIN)/python -m scripts.compile_contracts

requirements: | $(UV) ## Pin the requirements of every lane anew
	@UV=$(abspath $(UV)) sh scripts/compile_requirements.sh

clean: ## Remove environments, caches and demo output
	@rm -rf $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-output demo-input contracts/node_modules contracts/out contracts/cache
