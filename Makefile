# Two commands matter: `make demo` and `make test`. Each makes the environment itself when it is missing.
PYTHON ?= python3
VENV := .venv
LABEL_STUDIO := .venv-label-studio
PEERS := .venv-peers
BIN := $(VENV)/bin
# Bytecode is written: without it each of the loop's processes compiles its engines anew, seconds every time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test bench lint types imports unit lock label-studio system-packages clean
.DEFAULT_GOAL := help

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The lock has every hash and no index address; uv itself comes by pip.
$(VENV)/ready: infra/requirements.lock pyproject.toml
	@echo "making the environment in $(VENV) (about 6 GB, a minute or two)"
	@$(PYTHON) -c 'import sys; sys.exit("radloop needs Python 3.11 or 3.12: make PYTHON=python3.11 …" if not (3, 11) <= sys.version_info < (3, 13) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python infra/requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

$(LABEL_STUDIO)/ready: infra/label-studio.lock | $(VENV)/ready
	@echo "making Label Studio's own environment in $(LABEL_STUDIO)"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LABEL_STUDIO)
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(LABEL_STUDIO)/bin/python infra/label-studio.lock
	@echo "migrating its first database, which every new home starts from (about a minute, once)"
	@$(BIN)/python -c "from components.relabeling import prepare_label_studio; prepare_label_studio()"
	@touch $@

demo: $(VENV)/ready $(LABEL_STUDIO)/ready ## the whole loop once, on an invented hospital (DATA=DIR: on real pictures)
	@$(BIN)/radloop demo $(if $(DATA),--data $(DATA))

test: lint types imports unit ## everything that CI runs

lint: $(VENV)/ready ## ruff: style and formatting
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .

types: $(VENV)/ready ## mypy, strict
	@$(BIN)/mypy --no-error-summary

imports: $(VENV)/ready ## imports go one way
	@$(BIN)/lint-imports --no-cache

unit: $(VENV)/ready $(LABEL_STUDIO)/ready ## pytest, against the real servers
	@$(BIN)/python -u -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

$(PEERS)/ready: infra/peers.lock | $(VENV)/ready
	@echo "making the environment of the programs that radloop is measured against in $(PEERS)"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PEERS)
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(PEERS)/bin/python infra/peers.lock
	@touch $@

bench: $(VENV)/ready $(PEERS)/ready ## measure against other programs (ONLY="header label": some of it)
	@$(BIN)/python -m benchmarks $(ONLY)

label-studio: $(LABEL_STUDIO)/ready ## the reading server, in an environment of its own

system-packages: ## Debian packages without which some tests skip
	@sh infra/system-packages.sh

lock: $(VENV)/ready ## resolve the locks anew
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --group dev pyproject.toml -o infra/requirements.lock
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate infra/label-studio.in -o infra/label-studio.lock
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate infra/peers.in -o infra/peers.lock

clean: ## remove the environments and the demo's folder
	rm -rf $(VENV) $(LABEL_STUDIO) $(PEERS) radloop-demo
