# make demo: the comparison on simulated (and, if cached, recorded) EMG;  make test: the suite.
# make docs: the documentation, in docs/_build/html;
# make benchmark: the tables in benchmarks/results;  make readme: what README.md shows of them.
# All need Python 3.11 or later, pip and make; everything else is installed into .venv.

BASE_PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.PHONY: demo test docs benchmark readme clean

demo: $(INSTALLED)
	$(PYTHON) benchmarks/demo.py

test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n 2 --dist worksteal

# The gallery is executed; whatever sphinx warns of is an error. Nothing is downloaded.
docs: $(INSTALLED)
	$(PYTHON) -m sphinx -b html -W --keep-going -q docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

benchmark: $(INSTALLED)
	$(PYTHON) benchmarks/physics.py
	$(PYTHON) benchmarks/elbow_and_knee.py
	$(PYTHON) benchmarks/identification.py
	$(PYTHON) benchmarks/two_joint_arm.py
	$(PYTHON) benchmarks/recorded_emg.py
	$(PYTHON) benchmarks/many_subjects.py
	$(PYTHON) benchmarks/fuzz_files.py
	$(PYTHON) benchmarks/fuzz_saved.py
	$(PYTHON) benchmarks/property_tests.py
	$(PYTHON) benchmarks/against_opensim.py
	$(PYTHON) benchmarks/check_recording.py
	$(PYTHON) benchmarks/streaming.py --parts push causal faults
	$(PYTHON) benchmarks/same_recording.py
	$(PYTHON) benchmarks/growth.py --only growth minute
	$(PYTHON) benchmarks/left_out_defaults.py
	$(PYTHON) benchmarks/drift.py

readme: demo
	$(PYTHON) benchmarks/recorded_figure.py
	$(PYTHON) benchmarks/readme.py

# The install is editable: only a change of the requirements makes it stale.
$(INSTALLED): pyproject.toml constraints.txt
	$(BASE_PYTHON) -m venv --clear $(VENV)
	$(PYTHON) -m pip install --quiet -c constraints.txt -e ".[c3d,dask,docs,mne,onnx,optuna,parquet,plot,progress,sampling,test,xdf]"
	touch $@

clean:
	rm -rf $(VENV) build sk_bionic.egg-info .pytest_cache docs/_build docs/auto_gallery docs/generated
	find sk_bionic tests -name __pycache__ -type d -prune -exec rm -rf {} +
