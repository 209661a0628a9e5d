# Two commands matter: `make demo` shows what the tool makes, `make test` proves it. Both make their own environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 4

.PHONY: demo quick test prerequisites chaos real bench cluster cluster-down
.NOTPARALLEL: # packages first, then the environment, then what runs in it

demo: $(VENV)/made
	$(BIN)/etcd-renumber plan examples/three-masters/mapping.yaml
	$(BIN)/etcd-renumber render examples/three-masters/mapping.yaml -o out
	$(BIN)/etcd-renumber review out/three-masters
	cat out/three-masters/hosts/master1/manifests.diff
	sed -n '1,/^## The mapping/p' out/three-masters/RUNBOOK.md

# Linters, and what needs neither etcd nor namespaces.
quick: $(VENV)/made
	$(BIN)/pytest --numprocesses $(JOBS) -m quick

# Two real control planes, one after another and alone: nothing beside them makes them slow. Then everything else, and at its end
# how much of the package its own processes have run, and which lines of bash that change a host were carried out.
test: prerequisites $(VENV)/made
	$(BIN)/pytest -m sample
	$(BIN)/pytest --numprocesses $(JOBS) --dist load --maxschedchunk 1 --cov

# What the tests need beside make. As root on Debian it is installed, else one message names all that is missing.
prerequisites:
	@bash tests/prerequisites.sh test $(if $(wildcard $(VENV)/made),$(BIN)/python,$(PYTHON))

# Every kill point, and shapes that make test leaves out: some hours on two cores.
chaos: prerequisites $(VENV)/made
	$(BIN)/pytest --numprocesses $(JOBS) --dist load --maxschedchunk 1 -m chaos

# Whole control planes, one after another, as root.
real: prerequisites $(VENV)/made
	$(BIN)/pytest -m "real or sample"

# Figures, side by side in one run: more than an hour. One table: .venv/bin/python -m bench TABLE
bench: prerequisites $(VENV)/made
	$(BIN)/python -m bench

# A real control plane in namespaces of this machine, as root: kept until cluster-down. ENDPOINT is lb, dns or none.
VERSION ?= 1.37.2
ENDPOINT ?= lb
cluster: $(VENV)/made
	$(BIN)/python -m etcd_renumber.rehearsal.kubeadm up --version $(VERSION) --endpoint $(ENDPOINT)

cluster-down: $(VENV)/made
	$(BIN)/python -m etcd_renumber.rehearsal.kubeadm down

$(VENV)/made: pyproject.toml
	@bash tests/prerequisites.sh environment $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@
