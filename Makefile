# Two commands matter: `make demo` shows what the tool makes, `make test` proves it. Both make their own environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint

demo: $(VENV)/made
	$(BIN)/etcd-renumber plan examples/three-masters/mapping.yaml
	$(BIN)/etcd-renumber render examples/three-masters/mapping.yaml -o out

test: $(VENV)/made
	$(BIN)/pytest

$(VENV)/made: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@
