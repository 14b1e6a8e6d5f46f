# make demo   analyse a bundled real pool, print the laws, write report.html
# make demo-generate   the same from the beginning: a tiny model solves and verifies, on any CPU
# make test   every test
# make lint   ruff and mypy
# make notebooks   run the notebooks and write their outputs back (figures need a Chromium)
# make docs   the documentation as a site, in site/
# make test-inspect   the tests of the importer of inspect_ai's logs, in an environment of their own
# make test-vllm   the tests that need a model: vLLM (CPU), an OpenAI-compatible server, transformers
# All set up .venv themselves; they need Python 3.11 or newer, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --constraint constraints.txt
# Python finds the package in src/, where links lead to the folders at the root; so do mypy and
# editors, which do not follow the import hooks of an ordinary editable installation.
EDITABLE := --config-settings editable_mode=compat --editable

# The core is compiled once, when it is installed. Of the tools for tests only what they import is
# compiled, and kept: else every process of a test compiles all of torch again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demo-generate test test-inspect test-vllm lint notebooks docs clean

demo: $(VENV)/core
	test -d demo-pool || $(BIN)/svlaw examples exams_gpt35_by_gpt4 --out demo-pool
	$(BIN)/svlaw crossover demo-pool
	$(BIN)/svlaw fit demo-pool
	$(BIN)/svlaw report demo-pool --output report.html

DEMO := generate/demo/demo.yaml
demo-generate: $(VENV)/transformers
	$(BIN)/svlaw generate solutions $(DEMO)
	$(BIN)/svlaw grade demo-generated
	$(BIN)/svlaw generate verifications $(DEMO)
	$(BIN)/svlaw parse demo-generated
	$(BIN)/svlaw frontier demo-generated
	$(BIN)/svlaw report demo-generated --output report-generated.html

# Each process has a core, and its matrices one thread: two that share a core spin for each other.
test: $(VENV)/dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal

test-inspect: $(VENV)/inspect/ready
	$(VENV)/inspect/bin/python -m pytest tests/data/importers/test_inspect_logs.py

test-vllm: $(VENV)/vllm/ready
	OMP_NUM_THREADS=1 VLLM_ENABLE_V1_MULTIPROCESSING=0 HF_HUB_OFFLINE=1 \
		$(VENV)/vllm/bin/python -P -m pytest -n 2 --dist loadfile -W "ignore:Unclosed context" \
		tests/generate/engines/test_vllm.py tests/generate/engines/test_openai_vllm.py \
		tests/generate/engines/test_transformers.py tests/generate/test_end_to_end.py \
		tests/generate/engines/test_model_on_ray.py \
		tests/generate/test_interruptions.py::test_a_model_killed_at_ten_random_moments

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

notebooks: $(VENV)/dev
	$(BIN)/python notebooks/execute.py

# Open site/index.html.
docs: $(VENV)/docs
	$(BIN)/zensical build --strict --clean
	@! grep -rEl '<(script|link|img)[^>]+(src|href)="https?:' site --include='*.html' || \
		{ echo "these pages take something from the network"; exit 1; }

$(VENV)/core: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("svlaw needs Python 3.11 or newer; try: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) $(EDITABLE) .
	$(BIN)/python -m compileall -q src
	touch $@

$(VENV)/dev: $(VENV)/core
	$(INSTALL) --no-compile $(EDITABLE) '.[dev]'
	touch $@

$(VENV)/docs: $(VENV)/core
	$(INSTALL) --no-compile $(EDITABLE) '.[docs]'
	touch $@

$(VENV)/transformers: $(VENV)/core
	$(INSTALL) --no-compile $(EDITABLE) '.[transformers]'
	touch $@

# Lists of their own, installed as they are: see their heads.
$(VENV)/inspect/ready $(VENV)/vllm/ready: $(VENV)/%/ready: $(VENV)/core requirements-%.txt
	$(PYTHON) -m venv $(VENV)/$*
	$(VENV)/$*/bin/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-compile --requirement requirements-$*.txt
	$(VENV)/$*/bin/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation $(EDITABLE) .
	touch $@

clean:
	rm -rf $(VENV) .cache build site src/svlaw.egg-info demo-pool report.html demo-generated report-generated.html
