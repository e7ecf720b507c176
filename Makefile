# make demo    environment, then train on the shipped data: translate English, find the faults of oil tanks
# make install the environment alone
# make check-gpu on a machine with a GPU: what it has, the tests that need it, and how fast it is; one report to send in
# make test    environment, then the tests; `make test-slow`, `test-real` and `test-recipes` run the long ones,
#              `make test-browser` those of the server's page, with Debian's chromium
# make lint    style, format and types, as the checks want them
# make docs    the documentation as a site, in build/site; the search wants a server, as it says, and no network
# make notebooks  its first steps as Jupyter notebooks, with the package that they install, in build/notebooks

# The TensorFlow of constraints.txt is made for these versions of Python; the first of them is taken, python3 before others.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(or $(shell for python in python3 python3.13 python3.12 python3.11; do \
    $$python -c '$(FITS)' 2> /dev/null && echo $$python && break; done),python3)
# Where there is an NVIDIA driver, the libraries of CUDA are installed too, 4 GB more; GPU=0 or GPU=1 decides by hand.
DRIVER := $(wildcard /proc/driver/nvidia/version /dev/nvidiactl /usr/lib/wsl/lib/libcuda.so.1)
GPU ?= $(if $(DRIVER),1,0)
ifeq ($(filter 0 1,$(GPU)),)
$(error GPU=$(GPU): expected 0 or 1)
endif
RUNTIME := .venv/runtime$(if $(filter 1,$(GPU)),-gpu)
BIN := .venv/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --constraint constraints.txt
comma := ,

.PHONY: demo install test test-slow test-real test-recipes test-browser check-gpu lint docs notebooks clean
.DELETE_ON_ERROR:

demo: $(RUNTIME)
	rm -rf runs/demo runs/tanks
	$(BIN)/seq2seq demo

install: $(RUNTIME)

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-slow: .venv/dev
	$(BIN)/python -m pytest -m slow

# SEQ2SEQ_REAL_DATA names the folder of the data sets; test-recipes trains on them, up to an hour a recipe.
test-real: .venv/dev
	$(BIN)/python -m pytest -m real_data

test-recipes: .venv/dev
	$(BIN)/python -m pytest -m recipes

# Debian has the browser: apt-get install chromium. Where there is none, the tests are skipped.
test-browser: .venv/dev
	$(PIP) --editable '.[browser]'
	$(BIN)/python -m pytest -m browser -rs

# PyTorch is measured beside where TORCH_PYTHON names an interpreter that has it.
check-gpu: .venv/dev
	$(if $(DRIVER),,$(error There is no NVIDIA driver here: make check-gpu is for a machine that has one))
	mkdir -p runs
	( $(BIN)/python scripts/doctor.py; $(BIN)/python -m pytest -m gpu -rs; \
	    $(BIN)/python benchmarks/run.py training autoencoder --device gpu \
	    $(if $(TORCH_PYTHON),--peers torch$(comma)keras$(comma)bfloat16 --torch-python $(TORCH_PYTHON),--peers keras$(comma)bfloat16) \
	    ) 2>&1 | tee runs/gpu.txt
	@echo "This is runs/gpu.txt: send it in."

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: notebooks
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python packaging/site/pages.py build/docs build/notebooks
	$(BIN)/zensical build --strict --clean --config-file build/zensical.toml
	$(BIN)/python packaging/site/built.py build/site
	@echo "$(BIN)/python -m http.server --directory build/site 8000   # then http://127.0.0.1:8000"

# What setuptools left in build/lib of files that are gone would be in the wheel again.
notebooks: .venv/docs
	rm -rf build/notebooks build/lib
	$(BIN)/python packaging/site/notebooks.py build/notebooks
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/notebooks .

clean:
	rm -rf .venv runs build *.egg-info

# Each stamp is younger than what it was installed from; a change there installs again into the same environment.
$(RUNTIME): pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing into .venv$(if $(filter 1,$(GPU)), with the libraries of CUDA (GPU=0 leaves them out))"
	$(PIP) --editable '.$(if $(filter 1,$(GPU)),[gpu])'
	@touch $@

.venv/dev: $(RUNTIME)
	$(PIP) --editable '.[dev]'
	@touch $@

.venv/docs: $(RUNTIME)
	$(PIP) --editable '.[docs]'
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c '$(FITS)' 2> /dev/null || { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13," \
	    "for which TensorFlow is made: install one of them and run make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
