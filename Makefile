PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# A process a core; each that runs TensorFlow takes 1 to 2 GB.
PYTEST := $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist worksteal

.PHONY: demo test fast full lint bench lock

demo: $(READY)  ## the main job, from spec to trained model
	$(BIN)/python docs/examples/first_run.py

# One recipe, so that the checks run in this order under -j too.
test: $(READY)  ## what CI runs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(PYTEST)

fast: $(READY)  ## the tests without TensorFlow
	$(PYTEST) -m "not keras and not full"

full: $(READY)  ## every test
	$(PYTEST) -m ""

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m benchmarks

lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header \
	  --upgrade --quiet --output-file requirements.lock

# The stamps are touched last, so a set-up that was cut off starts anew; two of them, so that an
# edit of pyproject.toml does not install everything again.
$(READY): .venv/.locked pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("archgen needs Python 3.11 or newer: make PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@
