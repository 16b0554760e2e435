"""Settings for every test: one thread per process, and no window for figures."""

import os

import torch

# Small tensors on few cores: several threads spend their time waiting for one another.
torch.set_num_threads(1)

# Read when matplotlib is first imported, so nothing here needs matplotlib to be installed.
os.environ["MPLBACKEND"] = "Agg"
