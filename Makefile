# Everything happens in .venv, which is made here; what is needed is installed again only when pyproject.toml changed.
.DEFAULT_GOAL := help
.PHONY: help lab test bench notebooks clean

VENV := .venv
BIN := $(VENV)/bin
# The first Python of at least 3.11; `make lab PYTHON=/path/to/python` names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

help:  ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14

lab: $(VENV)/installed-lab  ## opens the course in JupyterLab (LAB="--reset" begins again, LAB="--no-browser" opens no browser)
	@$(BIN)/kubelearn lab $(LAB)

test: $(VENV)/installed-test  ## lint, import order, all tests (TEST="tests/api -x" runs some)
	@$(BIN)/ruff check --quiet
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest $(TEST)

bench: $(VENV)/installed-test  ## measures, and prints a table (BENCH="--runs 3 --only draw" for a part)
	@$(BIN)/python -m bench $(BENCH)

notebooks: $(VENV)/installed-test  ## executes every notebook and stores its outputs (NOTEBOOKS="notebooks/00_start.ipynb" for some)
	@$(BIN)/python -m kubelearn.lessons.notebook $(or $(NOTEBOOKS),$(wildcard notebooks/*.ipynb))
	@$(BIN)/python -m kubelearn.lessons.claims notebooks

clean:  ## forgets what was installed
	rm -rf $(VENV)

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "kubelearn needs Python 3.11 or newer; make PYTHON=/path/to/python3 names one" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/installed-lab $(VENV)/installed-test: $(VENV)/installed-%: pyproject.toml | $(VENV)/bin/pip
	@echo "Installing what '$*' needs into $(VENV) (once)..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
