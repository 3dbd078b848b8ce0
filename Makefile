# The daily habits. `make demo` and `make test` do all the set-up themselves; the second call is quick.

PYTHON ?= python3
PORT ?=
TESTS ?= tests
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
RECIPE := setup.cfg pyproject.toml setup.py requirements/constraints.txt
ASSETS := $(shell find portal/frontend portal/translations -name node_modules -prune -o \
	\( -type f ! -name '*.mo' ! -name '*.pyc' -print \) 2>/dev/null | tr ' ' '?')

.DEFAULT_GOAL := help
.PHONY: help demo run test lint format type assets catalogues bench screenshots constraints release clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(BIN)/.assets ## fill and start a portal to try (PORT=8001 for another port)
	$(BIN)/caseroom demo $(if $(PORT),--port $(PORT))

run: $(BIN)/.assets ## start the portal on the home in ./var
	$(BIN)/caseroom serve $(if $(PORT),--port $(PORT))

test: $(BIN)/.tools $(BIN)/.assets ## run the tests, on SQLite and where one answers PostgreSQL (TESTS=tests/lists for some)
	$(BIN)/python -m pytest -n $(WORKERS) $(TESTS)

lint: $(BIN)/.tools ## look for mistakes that need no running
	$(BIN)/ruff check .

format: $(BIN)/.tools ## set imports and lines in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: $(BIN)/.tools ## check the types
	@mkdir -p .venv/types && ln -sfn ../.. .venv/types/caseroom
	$(BIN)/basedpyright

assets: $(BIN)/.tools ## bundle the front end and compile the catalogues
	$(BIN)/python setup.py -q assets
	@touch $(BIN)/.assets

catalogues: $(BIN)/.tools ## bring the translations up to date with the messages in the sources
	$(BIN)/python portal/translations/renew.py

bench: $(BIN)/.tools $(BIN)/.assets ## run the benchmarks, their quick form
	@for program in bench/[a-z]*.py; do $(BIN)/python $$program --quick || exit 1; done

screenshots: $(BIN)/.tools $(BIN)/.assets ## take the pictures of the documentation anew
	$(BIN)/python docs/screenshots.py

constraints: ## renew the tested versions from a fresh environment
	rm -rf build/fresh && $(PYTHON) -m venv build/fresh
	build/fresh/bin/python -m pip install --quiet -e '.[postgresql,test,dev]'
	{ sed -n '/^#/p' requirements/constraints.txt; \
	  build/fresh/bin/python -m pip freeze --exclude-editable --exclude setuptools --exclude pip; } > build/constraints.txt
	mv build/constraints.txt requirements/constraints.txt

release: $(BIN)/.tools ## build the source archive and, from it, the wheel
	rm -rf dist && $(BIN)/python -m build

clean: ## remove what can be made again (the environment and bundles, not ./var)
	rm -rf .venv build dist *.egg-info portal/static/dist portal/frontend/node_modules .pytest_cache .ruff_cache .hypothesis
	find . -name var -prune -o \( -name __pycache__ -prune -o -name '*.mo' \) -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Caseroom needs Python 3.11 or newer; name one: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "python3 cannot make environments: apt install python3-venv" >&2; exit 1; }

# Installing builds the assets too. Touched together, so that neither is done twice.
$(BIN)/.installed: $(RECIPE) | $(BIN)/python
	$(PIP) install --quiet --constraint requirements/constraints.txt --editable .
	@touch $@ $(BIN)/.assets

$(BIN)/.tools: $(RECIPE) | $(BIN)/python
	$(PIP) install --quiet --constraint requirements/constraints.txt --editable '.[postgresql,test,dev]'
	@touch $@ $(BIN)/.installed $(BIN)/.assets

# The installation just before this may have built them already.
$(BIN)/.assets: $(ASSETS) | $(BIN)/.installed
	@for source in $?; do [ $@ -nt "$$source" ] || { $(MAKE) --no-print-directory assets; break; }; done
