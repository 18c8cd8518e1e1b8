# calico-triage: the two commands are `make report` and `make test`; all else is for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUNDLE ?= sample_bundles/dead-worker-blamed-on-bgp/bundle

.PHONY: report test lint format types cover samples incidents words accuracy bench fuzz audit clean

report: $(VENV)/.run
	@$(BIN)/calico-triage analyze "$(BUNDLE)"

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto

cover: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# the project's own labelled incidents, and the page on accuracy (about half an hour)
incidents: $(VENV)/.dev
	rm -rf build/incidents
	$(BIN)/python tests/incidents/make_incidents.py build/incidents

# which words speak for which cause, of the tuned incidents and the samples; then `accuracy` again
words: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check scikit-learn
	$(BIN)/python tests/incidents/learn_wording.py build/incidents/tuned sample_bundles

accuracy: incidents
	$(BIN)/python tests/incidents/write_accuracy.py "build/incidents/held-out=held out" build/incidents/tuned=tuned \
	  sample_bundles=samples "../shared/incidents=development set"

# whole commands side by side with public tools (ripgrep, searchkit), a few minutes; see docs/performance.md
bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check searchkit
	PYTHONPATH=.:benchmarks $(BIN)/python benchmarks/bench.py $(BENCH)

# each target for FUZZ_SECONDS, half an hour if not set; what fails is in build/fuzz; see docs/security.md
fuzz: $(VENV)/.dev
	$(BIN)/python tests/fuzz/targets/targets.py $(FUZZ_TARGETS)

# rules that ruff checks line by line (with a reason at each exception) are left to it
audit: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check bandit
	$(BIN)/bandit -q -r analyzer parsers report_templates --skip B101,B105,B302,B403,B506,B704
	$(BIN)/python -m pip check
	$(BIN)/python -m pytest tests/test_known_holes.py

samples: $(VENV)/.dev
	$(BIN)/python sample_bundles/make_samples.py

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv does not work here; on Debian and Ubuntu: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

# what pip compiles, and only when it installs
SOURCES := pyproject.toml $(wildcard analyzer/log_stream/*.[ch])
# pip does it, but not for -e: 0.2 s a run
COMPILE = $(BIN)/python -m compileall -q analyzer parsers report_templates

$(VENV)/.run: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	$(COMPILE)
	@touch $@

$(VENV)/.dev: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(COMPILE)
	@touch $(VENV)/.run $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
