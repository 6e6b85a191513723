PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types check reliability bench clean

demo: $(VENV)/installed
	$(BIN)/agnews-tune run grids/quickstart.yaml
	$(BIN)/agnews-tune report results/quickstart
	$(BIN)/agnews-tune predict --results results/quickstart "Stocks slide as oil prices hit a record"

test: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --durations 15

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed
	$(BIN)/mypy

check: lint types test

reliability: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m pytest -p reliability -m fault

# BENCH="--quick --data ../shared/ag_news" replaces the options.
BENCH ?= --data ag_news

bench: $(VENV)/installed
	$(BIN)/python -m benchmarks $(BENCH)

clean:
	rm -rf $(VENV)

$(VENV)/installed: setup.cfg setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
