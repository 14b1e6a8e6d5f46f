# make demo   analyse a bundled real pool, print the laws, write report.html
# make test   every test
# make lint   ruff and mypy
# make test-inspect   the tests of the importer of inspect_ai's logs, in an environment of their own
# All set up .venv themselves; they need Python 3.11 or newer, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-inspect lint clean

demo: $(VENV)/core
	test -d demo-pool || $(BIN)/svlaw examples exams_gpt35_by_gpt4 --out demo-pool
	$(BIN)/svlaw crossover demo-pool
	$(BIN)/svlaw fit demo-pool
	$(BIN)/svlaw report demo-pool --output report.html

test: $(VENV)/dev
	$(BIN)/pytest -n auto

test-inspect: $(VENV)/inspect/ready
	$(VENV)/inspect/bin/python -m pytest tests/data/test_inspect_logs.py

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build $(VENV)/typecheck
	$(INSTALL) --no-deps --target $(VENV)/typecheck .
	rm -rf build
	cd tests && MYPYPATH=../$(VENV)/typecheck ../$(BIN)/mypy --config-file ../pyproject.toml -p svlaw

$(VENV)/core: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("svlaw needs Python 3.11 or newer; try: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable .
	touch $@

$(VENV)/dev: $(VENV)/core
	$(INSTALL) --editable '.[dev]'
	touch $@

# inspect_ai wants older versions of what the constraints pin, so it gets none of them.
$(VENV)/inspect/ready: $(VENV)/core
	$(PYTHON) -m venv $(VENV)/inspect
	$(VENV)/inspect/bin/python -m pip install --quiet --disable-pip-version-check \
		--editable '.[inspect]' pytest hypothesis psutil
	touch $@

clean:
	rm -rf $(VENV) build svlaw.egg-info demo-pool report.html
