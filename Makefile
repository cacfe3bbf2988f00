# What a newcomer needs is `make run` and `make test`; both do their own set-up.
# Settings of the server are environment variables and pass through: AICOST_PORT=8999 make run

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A server to test on besides the embedded one, where its programs are there.
SYSTEM_POSTGRES ?= /usr/lib/postgresql/15/bin
WORKERS ?= auto
# The TypeScript client. Its tests need Node 20 or newer and are skipped without, but not in CI.
CLIENT := clients/typescript

export AICOST_DEMO ?= true
export AICOST_IDE ?= true
export AICOST_INTROSPECTION ?= true

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: $(VENV)/.run ## Start the server with demo data on 127.0.0.1:8000
	@exec $(BIN)/aicost run

.PHONY: test
test: check $(CLIENT)/node_modules/.package-lock.json ## Run every test, and those of models on a system PostgreSQL 15 where there is one
	$(BIN)/pytest -n $(WORKERS) --dist worksteal
	@if [ -x $(SYSTEM_POSTGRES)/postgres ] && [ -z "$$DATABASE_URL" ]; then \
		echo "Models and migrations on $$($(SYSTEM_POSTGRES)/postgres --version):"; \
		AICOST_PG_BIN=$(SYSTEM_POSTGRES) $(BIN)/pytest -n $(WORKERS) --dist worksteal \
			--ignore-glob='*/test_models_postgres*' --ignore-glob='*/test_models_demo*' \
			--ignore-glob='*/test_models_usage_body*' tests/test_models_*.py; \
	else \
		echo "No second run: no PostgreSQL at $(SYSTEM_POSTGRES), or DATABASE_URL is set."; \
	fi

.PHONY: check
check: $(VENV)/.test ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: schema
schema: $(VENV)/.test ## Write schema.graphql and the TypeScript client's types anew from the code
	$(BIN)/aicost schema > schema.graphql.new
	mv schema.graphql.new schema.graphql
	$(BIN)/aicost schema --typescript $(CLIENT)

.PHONY: bench
bench: $(VENV)/.test ## Measure reading, writing, reserving, pages and exports, each beside a peer
	$(BIN)/python bench/read.py
	$(BIN)/python bench/write.py
	$(BIN)/python bench/caps.py
	$(BIN)/python bench/explore.py
	$(BIN)/python bench/export.py

.PHONY: lock
lock: ## Lock requirements anew (needs uv)
	cat requirements/build.in requirements/run.in | uv pip compile - $(LOCK) -o requirements/run.txt
	cat requirements/build.in requirements/run.in requirements/test.in | grep -v '^-r' \
		| uv pip compile - $(LOCK) -c requirements/run.txt -o requirements/test.txt
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: clean
clean: ## Remove the environment and caches; data stays
	rm -rf $(VENV) $(CLIENT)/node_modules $(CLIENT)/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(CLIENT)/node_modules/.package-lock.json: $(CLIENT)/package-lock.json
	@if ! command -v npm > /dev/null; then echo "Node is not installed: see $(CLIENT)."; \
	elif ! (cd $(CLIENT) && npm ci --silent); then echo "npm ci failed in $(CLIENT)."; \
	else touch $@; fi; \
	[ -e $@ ] || [ -z "$$CI" ] || { echo "CI tests the client: Node 20 is needed."; exit 2; }

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "aicost needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Set PYTHON=..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@
