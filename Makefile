# Everything happens in .venv, from hash-pinned lock files. It needs python3 (3.11 or newer), pip and make; pip
# itself stays untouched, for on Debian and Ubuntu it is "externally managed" and ensurepip may be missing.

PYTHON ?= python3
WORKERS ?= 3
LOCK_FLAGS ?=
SOAK_DAYS ?= 365
SOAK_TICKETS ?= 500
SOAK_SEED ?= 20260105
SOAK_SUMMARY ?= soak.json
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= mapping csv xlsx adf wiki html jql cloud data-center asana

TOML := tombi.toml config.example.toml mappings docs

BIN := .venv/bin
PIP = $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install --quiet
COMPILE = $(BIN)/uv --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header $(LOCK_FLAGS)
BUILD_NEEDS = $(BIN)/python -c "import tomllib; \
	print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')"
# What is built twice from one commit is the same twice.
EPOCH = SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 0)
otherwise = || { echo 'makegood: $(1)' >&2; exit 1; }

# A .venv is of use only where it was made, and only while the Python it was made with is there.
STALE := $(shell test -x $(BIN)/python && test "$$(cat .venv/.made 2>/dev/null)" = "$(CURDIR)" || echo FORCE)

.PHONY: help demo picture test test-system bench reliability soak fuzz mutants lint types schema site wheel deb lock clean FORCE

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: .venv/.runtime ## the main job on a shipped workbook: no account, two minutes
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/demo/run

test: .venv/.test ## the tests, with Python alone (WORKERS=3 side by side)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

test-system: .venv/.test ## the tests that need tools of the system
	$(BIN)/python -m pytest -m system

bench: .venv/.test ## measure, and write docs/performance.md
	$(BIN)/python benchmarks/run.py

reliability: .venv/.test ## whatever could double, lose or leak, counted (MAKEGOOD_THOROUGH=1: all night), docs/reliability.md
	$(BIN)/python benchmarks/reliability.py

soak: .venv/.test ## a simulated year (SOAK_DAYS, SOAK_TICKETS, SOAK_SEED), figures in SOAK_SUMMARY, and long random walks
	SOAK_DAYS=$(SOAK_DAYS) SOAK_TICKETS=$(SOAK_TICKETS) SOAK_SEED=$(SOAK_SEED) SOAK_SUMMARY=$(SOAK_SUMMARY) \
		MAKEGOOD_THOROUGH=1 $(BIN)/python -m pytest -s tests/test_soak.py tests/test_random_walk.py

fuzz: .venv/.fuzz ## atheris on whatever reads or writes foreign text (FUZZ_SECONDS=60 for each of FUZZ_TARGETS)
	@for target in $(FUZZ_TARGETS); do echo "$$target"; \
		PYTHONPATH=.venv/fuzz $(BIN)/python tests/fuzz/harness.py $$target $(FUZZ_SECONDS) || exit 1; done

mutants: .venv/.mutants ## mutmut on the modules that decide what is written (MODULES="clocks ledger"; hours for all)
	PYTHONPATH=.venv/mutants $(BIN)/python benchmarks/mutants.py $(MODULES)

lint: .venv/.test ## ruff and tombi: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/tombi lint --offline --error-on-warnings $(TOML) tests/data
	$(BIN)/tombi format --offline --check $(TOML)

types: .venv/.test ## mypy --strict
	$(BIN)/mypy

schema: .venv/.runtime ## write the schemas of config and mappings, and docs/reference/, anew from the models
	$(BIN)/python -m sync.schema mappings/.schema
	$(BIN)/python -m sync.workbench.reference docs/reference

site: .venv/.site ## the documentation as a site, in build/site; every link is checked
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=.venv/site $(BIN)/python -m mkdocs --quiet build --strict

wheel: .venv/.runtime ## a wheel in build/dist, for pipx, uv or pip
	@rm -rf build/source build/dist/*.whl
	@mkdir -p build/source
	@cp -R sync mappings pyproject.toml README.md LICENSE build/source
	@$(EPOCH) $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check wheel --quiet --no-deps \
		--no-build-isolation --wheel-dir build/dist build/source
	@ls build/dist/*.whl

deb: wheel ## a Debian package in build/dist, for the release that this machine runs
	@command -v dpkg-deb >/dev/null $(call otherwise,dpkg-deb is missing; a Debian package is made on Debian or Ubuntu)
	@/usr/bin/python3 -m pip --version >/dev/null 2>&1 \
		$(call otherwise,/usr/bin/python3 has no pip; apt install python3-pip)
	@$(EPOCH) /usr/bin/python3 packaging/deb/build.py build/dist/*.whl build/dist

picture: .venv/.runtime ## draw docs/demo/plan.svg anew from the demo
	$(BIN)/python docs/demo/picture.py

lock: .venv/.uv ## write the lock files anew (LOCK_FLAGS=--upgrade for newer releases)
	$(BUILD_NEEDS) | $(COMPILE) --extra test pyproject.toml - --output-file requirements-test.lock
	$(BUILD_NEEDS) | $(COMPILE) --constraint requirements-test.lock pyproject.toml - --output-file requirements.lock
	$(COMPILE) --group site --constraint requirements-test.lock --output-file requirements-site.lock

clean: ## remove whatever was made here, but no config and no state
	rm -rf .venv build dist *.egg-info demo .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find sync tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +

.venv/.made: $(STALE)
	@command -v $(PYTHON) >/dev/null $(call otherwise,there is no $(PYTHON); apt install python3)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		$(call otherwise,$(PYTHON) is older than 3.11; apt install python3.11 and make PYTHON=python3.11)
	@$(PYTHON) -c 'import venv' 2>/dev/null $(call otherwise,$(PYTHON) has no venv; apt install python3-venv)
	@$(PYTHON) -m pip --version >/dev/null 2>&1 $(call otherwise,$(PYTHON) has no pip; apt install python3-pip)
	@echo 'Setting up .venv, once; this takes about half a minute.'
	@$(PYTHON) -m venv --clear --without-pip .venv
	@$(PYTHON) -m pip --python $(BIN)/python --version >/dev/null 2>&1 \
		$(call otherwise,the pip of $(PYTHON) is older than 22.3; apt install python3-pip of a newer release)
	@echo "$(CURDIR)" > $@

.venv/.runtime: .venv/.made requirements.lock pyproject.toml
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test: .venv/.runtime requirements-test.lock
	@$(PIP) --require-hashes --requirement requirements-test.lock
	@touch $@

# atheris stands beside the rest, for it has wheels for Linux alone.
.venv/.fuzz: .venv/.test tests/fuzz/requirements.lock
	@$(PIP) --require-hashes --only-binary :all: --no-deps --target .venv/fuzz --upgrade \
		--requirement tests/fuzz/requirements.lock
	@touch $@

.venv/.mutants: .venv/.test tests/fuzz/mutants.lock
	@$(PIP) --require-hashes --no-deps --target .venv/mutants --upgrade --requirement tests/fuzz/mutants.lock
	@touch $@

.venv/.site: .venv/.made requirements-site.lock
	@$(PIP) --require-hashes --no-compile --target .venv/site --upgrade --requirement requirements-site.lock
	@touch $@

.venv/.uv: .venv/.made
	@$(PIP) 'uv>=0.8'
	@touch $@
