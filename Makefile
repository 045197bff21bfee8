# Needs Python 3.11 or newer, git and make; everything else comes into $(VENV).
# `make` alone prints what there is: the lines below that begin with two hashes.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST = $(BIN)/python -m pytest -n auto --durations=25 $(ARGS)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
UV := $(BIN)/uv pip

# Kept as typed: make would otherwise eat a `$` in a folder's name. The recipes read it from the
# environment, so that spaces and quotes in it are safe too.
override PHOTOS := $(value PHOTOS)
export PHOTOS

# Python keeps compiled modules, even where the environment forbids it: the tools start often.
unexport PYTHONDONTWRITEBYTECODE

# Prerequisites are made in their order: the cheap complaints come first.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: style help venv index run photos-given test check lint format bench bench-search bench-serve bench-duplicates bench-engines test-engines test-full lock pages api-types dist docs clean

## help              this list
help:
	@sed -n 's/^## /make /p' Makefile

## venv              the virtual environment: pinned packages, and this checkout as it stands
venv: $(VENV)/.installed

# Two stamps, since pip has no hash to require of this checkout. Its build backend is among the
# pinned packages, hence no isolated build, which would fetch one that is not. uv is several times
# quicker than pip, but does not know pip's settings: where it reaches no index, pip may.
$(VENV)/.installed: $(VENV)/.packages pyproject.toml
	$(UV) install --quiet --no-config --offline --python $(BIN)/python \
	  --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.packages: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'sokkuri needs Python 3.11 or newer. Name one: make venv PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	awk '/^[^ #]/ { mine = /^uv==/ } mine' constraints.txt > $(VENV)/uv.txt
	$(PIP) install --require-hashes -r $(VENV)/uv.txt
	$(UV) install --quiet --no-config --python $(BIN)/python --require-hashes \
	  -r constraints.txt || $(PIP) install --require-hashes -r constraints.txt
	@touch $@

## index PHOTOS=DIR  bring the collection in DIR up to date (ARGS="..." for further options)
index: photos-given $(VENV)/.installed
	@$(BIN)/sokkuri index $(ARGS) -- "$$PHOTOS"

## run PHOTOS=DIR    the same
run: index

# A prerequisite of its own, so that a slip is answered before anything is installed.
photos-given:
	@[ -n "$$PHOTOS" ] || \
	  { echo 'Which photos? Name their folder: make index PHOTOS=DIR' >&2; exit 2; }
	@[ -d "$$PHOTOS" ] || \
	  { printf 'PHOTOS is not a folder: %s\n' "$$PHOTOS" >&2; exit 2; }

## test              the tests of the gate (ARGS="-k name" for some of them)
# tests/conftest.py says which tests stay together in one worker.
test: $(VENV)/.installed $(VENV)/.browser
	$(PYTEST)

## test-full         all tests: also long ones, and vector databases against a real Milvus (1 hour)
test-full: $(VENV)/.installed $(VENV)/.browser $(VENV)/milvus/.installed
	$(BIN)/python tests/support/milvus_server.py $(VENV)/milvus \
	  $(PYTEST) -m 'full or not full' --hypothesis-profile full

$(VENV)/.browser: $(VENV)/.packages tests/install_browser.sh package-lock.json
	tests/install_browser.sh $(abspath $(BIN))/python
	@touch $@

## test-engines      the tests of vector databases, against a real Milvus too (some 4 minutes)
test-engines: $(VENV)/.installed $(VENV)/milvus/.installed
	$(BIN)/python tests/support/milvus_server.py $(VENV)/milvus $(BIN)/python -m pytest \
	  tests/contract/test_engines.py tests/functional/test_push.py \
	  tests/functional/test_milvus.py $(ARGS)

# A folder of its own: what the package names as needed contradicts other packages here.
$(VENV)/milvus/.installed: tests/milvus.txt $(VENV)/.packages
	$(PIP) install --no-deps --upgrade --require-hashes \
	  --target $(VENV)/milvus -r tests/milvus.txt
	@touch $@

## check             format, lint, types, package rules, and the tests
# mypy takes long, so the tests run beside it; its verdict is printed below theirs. The browser is
# installed beside the quick checks: it waits for the network most of the time.
check: $(VENV)/.installed
	@$(MAKE) --no-print-directory $(VENV)/.browser & browser=$$!; \
	$(MAKE) --no-print-directory style; style=$$?; \
	wait $$browser; browser=$$?; exit $$((style | browser))
	@$(BIN)/mypy >$(VENV)/mypy.log 2>&1 & types=$$!; \
	$(PYTEST); tests=$$?; \
	wait $$types; types=$$?; cat $(VENV)/mypy.log; exit $$((tests | types))

## lint              the same without the tests
# A test checks the types of the pages' scripts, too. Here they are checked if npm has been run.
lint: style
	$(BIN)/mypy
	@if [ -x node_modules/.bin/tsc ]; then node_modules/.bin/tsc; else \
	  echo 'The scripts of the pages are not checked: run "npm ci" first.'; fi

style: $(VENV)/.installed
	@# Fails when constraints.txt no longer satisfies pyproject.toml: `make lock` mends that.
	$(UV) check --no-config --python $(BIN)/python
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports

## format            format the code and mend what ruff can mend by itself
format: $(VENV)/.installed
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

## bench             the short benchmarks (ARGS="NAME" for another one)
bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks $(ARGS)

## bench-search      the search methods side by side (some 20 minutes), with their peers installed
bench-search: $(VENV)/.installed
	$(PIP) install -r benchmarks/peers.txt
	$(BIN)/python -m benchmarks search_engines

## bench-serve       the server under load (some 12 minutes), beside the article's
bench-serve: $(VENV)/.installed $(VENV)/.browser
	$(PIP) install -r benchmarks/peers.txt
	$(BIN)/python -m benchmarks serving

## bench-duplicates  near-duplicates: what is found and what it takes, beside the usual hashes
# imagededup in a folder of its own: `pip check` would miss PyTorch, which only its networks need.
bench-duplicates: $(VENV)/.installed
	$(PIP) install -r benchmarks/peers.txt
	$(PIP) install --no-deps --upgrade \
	  --target $(VENV)/imagededup imagededup==0.3.3.post2
	PYTHONPATH=$(VENV)/imagededup $(BIN)/python -m benchmarks duplicates duplicates_tried

## bench-engines     pushing to PostgreSQL and Milvus, and searching there (some 20 minutes)
bench-engines: $(VENV)/.installed $(VENV)/milvus/.installed
	SOKKURI_MILVUS_PACKAGE=$(VENV)/milvus $(BIN)/python -m benchmarks engines

## lock              renew constraints.txt from pyproject.toml (ARGS=--upgrade for newer versions)
# One file for every platform and Python: from the oldest Python on, with markers, and with the
# hashes of all files of a version. So folders of local wheels and further indexes, which may
# hold other files or only some, are left out; a proxy or certificate in the environment counts.
# `editables` is what hatchling asks for beyond pyproject.toml when it installs a checkout.
lock: $(VENV)/.packages
	echo editables | UV_FIND_LINKS= UV_INDEX= UV_EXTRA_INDEX_URL= $(BIN)/uv pip compile \
	  --quiet --no-config --universal --python-version 3.11 --python $(BIN)/python \
	  --generate-hashes --extra heic --extra jxl --extra raw --extra video --extra web --extra duplicates --extra cloud \
	  --extra milvus --extra pgvector --extra ray --extra watch --extra dev --extra docs \
	  --custom-compile-command 'make lock' $(ARGS) \
	  --output-file constraints.txt pyproject.toml -

## pages             bundle the scripts and style sheets of the pages anew (needs Node and npm)
pages: node_modules/.package-lock.json
	node tools/bundle_pages.mjs

## api-types         write the types of the HTTP API anew, for the scripts of the pages
api-types: $(VENV)/.installed
	$(BIN)/python tools/write_api_types.py

node_modules/.package-lock.json: package-lock.json
	npm ci --silent
	@touch $@

## dist              the wheel and the source archive, in dist/, checked
dist: $(VENV)/.installed
	rm -rf dist
	$(BIN)/python -m hatchling build
	$(BIN)/python -m twine check --strict dist/*

## docs              the documentation as a site, in build/docs/; warnings are errors
docs: $(VENV)/.installed
	$(BIN)/python tools/build_docs.py build/docs

## clean             remove the virtual environment, caches and builds
clean:
	@[ ! -e '$(VENV)/pyvenv.cfg' ] || rm -rf '$(VENV)'
	rm -rf dist build .screenshots node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -path ./.git -prune -o -name __pycache__ -prune -exec rm -rf {} +
