# `make demo` and `make test` work from a bare clone: they make the environment if it is missing.

PYTHON ?= python3
VENV ?= .venv
BIN := $(abspath $(VENV))/bin
INSTALLED := $(VENV)/.installed
WORKERS ?= 2
FUZZ_TARGETS ?= images masks graph coco tools tables keras tflite spec answers
FUZZ_SECONDS ?= 60
PYTEST = $(BIN)/pytest -q -n $(WORKERS) --dist loadfile
export SEGTF_DATA ?= $(abspath ../shared/data)
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help install demo test test-slow fuzz gpu-check check-clients lint format notebook clean

help:
	@echo "make demo        the main job on generated data: train, evaluate, export, predict"
	@echo "make test        all fast tests, those that run models with oneDNN and without"
	@echo "make test-slow   checks that train or measure for minutes, on real data where it is"
	@echo "make fuzz        feed damaged files to everything that reads files, 60 seconds each"
	@echo "make gpu-check   prove on this machine what only a GPU can prove, as a table"
	@echo "make check-clients  other people's clients on exported models, as a table in docs/clients.md"
	@echo "make lint        ruff and the import contract"
	@echo "make format      ruff format and safe fixes"
	@echo "make notebook    run the notebook in full and keep its outputs"
	@echo "make clean       remove what these commands made, but for the environment"

install: $(INSTALLED)

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[all]"
	touch $@

demo: $(INSTALLED)
	rm -rf demo
	$(BIN)/segtf data synth demo/data --count 120
	$(BIN)/segtf train demo/run --data-dir demo/data --size 128 --epochs 10
	$(BIN)/segtf export demo/run --format saved_model --out demo/saved_model
	$(BIN)/segtf export demo/run --format tflite --out demo/tflite
	$(BIN)/segtf predict demo/saved_model demo/data/images/000*.jpg --out demo/masks-saved_model
	$(BIN)/segtf predict demo/tflite/model.tflite demo/data/images/000*.jpg --out demo/masks-tflite
	@echo
	@echo "Figures:  demo/run/report/metrics.json, demo/run/report/images.csv"
	@echo "Pictures: demo/run/report/overlays.png, demo/run/report/curves.png"
	@echo "Models:   demo/run/best.keras, demo/saved_model/1, demo/tflite/model.tflite"
	@echo "Masks:    demo/masks-saved_model/, demo/masks-tflite/ (class ids; predictions.html shows them)"

# TensorFlow switches oneDNN on by itself on some CPUs and not on others, and is not the same with it.
test: $(INSTALLED)
	TF_ENABLE_ONEDNN_OPTS=0 $(PYTEST)
	TF_ENABLE_ONEDNN_OPTS=1 $(PYTEST) -m "calls_model and not slow" tests

test-slow: $(INSTALLED)
	$(BIN)/pytest -q -m slow

fuzz: $(INSTALLED)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[fuzz]"
	for name in $(FUZZ_TARGETS); do \
	  $(BIN)/python tests/fuzz/fuzz.py $$name $(FUZZ_SECONDS) || exit 1; \
	done

gpu-check: $(INSTALLED)
	$(BIN)/python benchmarks/gpu_check.py

check-clients: $(INSTALLED)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[clients]"
	$(BIN)/python benchmarks/clients/check.py

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notebook: $(INSTALLED)
	cd notebooks && $(BIN)/jupyter execute --inplace nevus_segmentation.ipynb

clean:
	rm -rf demo build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
