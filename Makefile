# Gatehouse. `make run` shows it, `make test` tests it; each sets itself up in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA ?= data
# Each part is a process of its own: compiling the same files anew for each would be most of its start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test check bench soak wide lock docs clean

help:
	@echo "make run     the pilot estate with simulated devices; prints where to look"
	@echo "make test    all tests that need no hours (under ten minutes)"
	@echo "make check   ruff, mypy --strict, import-linter"
	@echo "make bench   speed, as ratios in one run"
	@echo "make soak    the long runs"
	@echo "make wide    the properties with many more examples, other ones each time"
	@echo "make docs    writes the documents that are made from the code"
	@echo "make lock    renews requirements.lock from pyproject.toml"

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Gatehouse needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Gatehouse needs into $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

run: $(READY)
	$(BIN)/gatehouse up --data $(DATA) --estate examples/pilot/estate.yaml --simulate pilot

test: check
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks

soak: $(READY)
	HYPOTHESIS_PROFILE=wide $(BIN)/pytest -m soak --timeout 7200 -o addopts="-q --strict-markers"

wide: $(READY)
	HYPOTHESIS_PROFILE=wide $(BIN)/pytest tests/processors tests/eventlog tests/projections tests/console/test_document.py -n 2 --timeout 7200

docs: $(READY)
	$(BIN)/gatehouse docs write

lock:
	@test -x $(BIN)/pip-compile || { $(PYTHON) -m venv $(VENV); $(BIN)/python -m pip install --quiet pip-tools; }
	$(BIN)/pip-compile --quiet --all-extras --allow-unsafe --generate-hashes --strip-extras \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-header \
		--output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
