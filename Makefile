# Two commands for a new machine with Python 3.11+ and make: `make run` and `make test`.
PYTHON ?= python3
SEED ?= $(shell date +%s)
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-config --no-header --no-annotate --no-emit-index-url --no-emit-find-links

# Where this is set, as in many images, each process of a run would compile everything anew: half a minute each.
unexport PYTHONDONTWRITEBYTECODE

# mypy works on one core. On the other all that the tests load is compiled meanwhile, which each of them would do else.
BESIDE_TYPES := $(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 &

FAST := tests/test_architecture.py tests/test_project.py tests/bot tests/core tests/storage

.PHONY: run test test-fast check prove mutants bench bench-scale soak screenshots migrations-check lock sbom python venv-run venv-dev venv-bench clean

run: venv-run  ## the whole product on loopback, driven from a browser; PORT=… and ARGS='--as-of …' are heard
	@exec $(BIN)/python -m sandbox $(ARGS)

test: venv-dev  ## every test, on SQLite and PostgreSQL; ARGS='-k sync' for some of them
	@$(BIN)/python -m pytest -n auto $(ARGS)

test-fast: venv-dev  ## what Solido decides, stores and says, on SQLite: no processes, no browser, no stories, nothing slow
	@$(BIN)/python -m pytest -n auto -m "not postgres and not slow and not prove" $(FAST) $(ARGS)

check: venv-dev  ## what CI runs: format, lint, types, then the tests (import rules and migrations among them)
	@echo "ruff format" && $(BIN)/ruff format --quiet --check . || { echo "Run '$(BIN)/ruff format .'" >&2; exit 1; }
	@echo "ruff check" && $(BIN)/ruff check --quiet .
	@echo "mypy" && $(BESIDE_TYPES) $(BIN)/mypy; said=$$?; kill $$! 2>/dev/null; exit $$said
	@$(MAKE) --no-print-directory test

prove: venv-dev  ## the long proofs: reminders, syncs, crash points, several machines; STEPS=…, MINUTES=… and SEED=… are heard, what was done is printed
	@echo "seed $(SEED)"
	@SOLIDO_PROVE=1 SEED=$(SEED) STEPS=$(STEPS) MINUTES=$(MINUTES) $(BIN)/python -m pytest -n 0 -s -o faulthandler_timeout=0 \
		--hypothesis-seed=$(SEED) -m prove $(ARGS)
	@$(BIN)/python -m bench.soak --minutes 3

mutants: venv-dev  ## take the clauses of the reminders' gate away one by one; each must make a test fail
	@$(BIN)/python scripts/mutants.py
	@SOLIDO_PROVE=1 $(BIN)/python -m pytest -q -s -n 0 -o faulthandler_timeout=0 tests/core/reminders/test_teeth.py

bench-scale: venv-dev  ## many organisations due every quarter of an hour; ARGS='--seconds 180 --orgs 1000,10000,100000'
	@$(BIN)/python -m bench.scale $(ARGS)

soak: venv-dev  ## an hour of faults: memory flat, no files left open, nothing left behind; MINUTES=… and SEED=… are heard
	@MINUTES=$(MINUTES) SEED=$(SEED) $(BIN)/python -m bench.soak

screenshots: venv-dev  ## the pictures of the README, from a real browser
	@$(BIN)/python -m scripts.screenshots

bench: venv-dev venv-bench  ## figures of this machine, printed as ratios where something stands beside ours
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.sync $(ARGS)

migrations-check: venv-dev  ## only this: migrations build what the models say
	@$(BIN)/python -m pytest -k "migration" $(ARGS)

lock: venv-dev  ## requirements/*.txt anew, keeping pins that still fit; LOCK_ARGS=--upgrade for newer ones
	@$(LOCK) $(LOCK_ARGS) -o requirements/run.txt pyproject.toml requirements/build.in
	@$(LOCK) $(LOCK_ARGS) -o requirements/otel.txt -c requirements/run.txt --extra otel pyproject.toml requirements/build.in
	@$(LOCK) $(LOCK_ARGS) -o requirements/dev.txt -c requirements/otel.txt --extra dev --extra otel pyproject.toml requirements/build.in
	@$(LOCK) -o requirements/uv.txt -c requirements/dev.txt requirements/uv.in
	@$(LOCK) $(LOCK_ARGS) -o requirements/bench.txt requirements/bench.in
	@$(MAKE) --no-print-directory venv-dev

sbom: venv-dev  ## a bill of materials (CycloneDX) of what `make run` installs, to standard output; asks the package index
	@$(BIN)/python -m scripts.sbom

clean:  ## forget the virtual environment and what tools left behind
	@rm -rf .venv .venv-bench .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build ./*.egg-info

venv-run venv-dev: venv-%: python
	@$(PYTHON) scripts/venv.py $*

venv-bench: .venv-bench/installed  ## what our speed is compared with, apart from everything we use

.venv-bench/installed: requirements/bench.txt | python
	@$(PYTHON) -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r $<
	@touch $@

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "Solido needs Python 3.11 or newer as '$(PYTHON)'. Another one is chosen like this: make run PYTHON=python3.12" >&2; exit 1; }
