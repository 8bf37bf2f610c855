PYTHON ?= python3
V := .venv
export UV_PYTHON_DOWNLOADS ?= never
UV := PATH="$$PWD/$(V)-boot/bin:$$PATH" uv
GET_UV := $(UV) --version >/dev/null 2>&1 || $(PYTHON) -m pip install --quiet --target $(V)-boot uv
ARCH ?= $(shell uname -m)
PYTHON_VERSION ?= 3.11
WHEELS := wheelhouse/$(ARCH)
# What a host with glibc 2.28 takes; pip does not derive the older tags from the newest.
TAGS := $(foreach tag,_2_28 _2_27 _2_26 _2_24 _2_17 2014,--platform manylinux$(tag)_$(ARCH))
.DEFAULT_GOAL := help

$(V)/ready: pyproject.toml requirements.lock
	$(GET_UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(V)
	$(UV) pip install --quiet --python $(V) --require-hashes --requirement requirements.lock
	$(UV) pip install --quiet --python $(V) --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: help setup demo test full lint bench lock wheelhouse clean
help:  ## Say what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13
setup: $(V)/ready  ## Make .venv with everything pinned
demo: $(V)/ready  ## Evaluate a model whose right answers are known
	$(V)/bin/dinoq demo
test: $(V)/ready  ## Run the tests
	$(V)/bin/pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not long"
full: $(V)/ready  ## Run every test, those that take long too (before a release)
	$(V)/bin/pytest -q -n 2 --dist loadfile --no-loadscope-reorder
lint: $(V)/ready  ## Check style, types, layers and Dockerfile
	$(V)/bin/ruff check . && $(V)/bin/ruff format --check . && $(V)/bin/mypy && $(V)/bin/lint-imports && $(V)/bin/hadolint Dockerfile
bench: $(V)/ready  ## Measure speed and memory (minutes)
	$(V)/bin/python -m benchmarks
lock:  ## Pin every requirement anew
	$(GET_UV)
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra postgres --group dev pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --constraints requirements.lock --extra postgres pyproject.toml -o runtime.lock
wheelhouse: $(V)/ready  ## Fetch all wheels for a host without internet: ARCH=aarch64 or x86_64, PYTHON_VERSION=3.11
	rm -rf $(WHEELS) && mkdir -p $(WHEELS)
	$(GET_UV)
	$(UV) pip compile --quiet --no-deps --python-version $(PYTHON_VERSION) --python-platform $(ARCH)-manylinux_2_28 \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate runtime.lock -o $(WHEELS)/requirements.txt
	$(PYTHON) -m pip download --quiet --require-hashes --no-deps --only-binary :all: --implementation cp \
	    --python-version $(PYTHON_VERSION) $(TAGS) --requirement $(WHEELS)/requirements.txt --dest $(WHEELS)
	$(V)/bin/python -m hatchling build --target wheel --directory $(WHEELS)
	@echo "Carry $(WHEELS) to the host (Python $(PYTHON_VERSION), glibc 2.28 or later) and say there:"
	@echo "  python$(PYTHON_VERSION) -m venv dinoq && dinoq/bin/pip install --no-index --find-links $(notdir $(WHEELS)) 'dinoq[postgres]'"
clean:  ## Remove what was made
	rm -rf $(V) $(V)-boot wheelhouse .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
