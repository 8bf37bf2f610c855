PYTHON ?= python3
V := .venv
export UV_PYTHON_DOWNLOADS ?= never
UV := PATH="$$PWD/$(V)-boot/bin:$$PATH" uv
GET_UV := $(UV) --version >/dev/null 2>&1 || $(PYTHON) -m pip install --quiet --target $(V)-boot uv
.DEFAULT_GOAL := help

$(V)/ready: pyproject.toml requirements.lock
	$(GET_UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(V)
	$(UV) pip install --quiet --python $(V) --require-hashes --requirement requirements.lock
	$(UV) pip install --quiet --python $(V) --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: help setup demo test lint bench lock clean
help:  ## Say what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
setup: $(V)/ready  ## Make .venv with everything pinned
demo: $(V)/ready  ## Evaluate a model whose right answers are known
	$(V)/bin/dinoq demo
test: $(V)/ready  ## Run the tests
	$(V)/bin/pytest -q
lint: $(V)/ready  ## Check style, types, layers and Dockerfile
	$(V)/bin/ruff check . && $(V)/bin/ruff format --check . && $(V)/bin/mypy && $(V)/bin/lint-imports && $(V)/bin/hadolint Dockerfile
bench: $(V)/ready  ## Measure speed and memory (minutes)
	$(V)/bin/python -m benchmarks
lock:  ## Pin every requirement anew
	$(GET_UV)
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra postgres --group dev pyproject.toml -o requirements.lock
clean:  ## Remove what was made
	rm -rf $(V) $(V)-boot .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
