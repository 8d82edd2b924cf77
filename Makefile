# make help lists the targets. Everything runs inside .venv, which the first target makes.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
SITE := _build/html

# One thread: two torch threads on a busy machine are slower than one, and sums stay reproducible.
export OMP_NUM_THREADS := 1
export TQDM_DISABLE ?= 1
export PYTHONPATH := $(CURDIR)

.PHONY: help install book lab test lint unit chapters seeds browser notebooks clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed ## make .venv with the package, the book tools and the test tools
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[book,test]'
	@touch $@

book/static/js/complete: .venv/installed book/package-lock.json tools/browser_libraries.py
	$(BIN)/python tools/browser_libraries.py

book: .venv/installed book/static/js/complete ## build the site from the stored notebooks
	rm -rf _build
	$(BIN)/jupyter-book build . -n -W --keep-going --quiet --config _config.yml --toc book/_toc.yml
	$(BIN)/python tools/check_site.py $(SITE)

lab: .venv/installed ## open JupyterLab on the chapters
	env -u TQDM_DISABLE -u OMP_NUM_THREADS $(BIN)/jupyter lab notebooks

test: lint unit chapters book browser ## run all that CI runs

lint: .venv/installed ## check and format with ruff, notebooks included
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

unit: .venv/installed book/static/js/complete ## run the tests and the doctests
	$(BIN)/pytest -q

chapters: .venv/installed ## run every notebook and compare its stored outputs
	$(BIN)/pytest -q -n 2 --dist loadfile -W default --nbval --nbval-current-env notebooks

seeds: .venv/installed ## run every notebook with two other seeds: its checks must hold
	for seed in 1 2; do WSLBOOK_SEED=$$seed $(BIN)/pytest -q -n 2 --dist loadfile -W default \
	  --nbval-lax --nbval-current-env notebooks; done

browser: .venv/installed ## test the built site in Chromium with the network off
	$(BIN)/pytest -q tests/browser

notebooks: .venv/installed ## execute the chapters and store them, reproducibly
	$(BIN)/python tools/execute_notebooks.py $(wildcard notebooks/*.ipynb)

clean: ## remove what was built, not the environment
	rm -rf _build book/static/js book/node_modules .pytest_cache .ruff_cache .hypothesis
