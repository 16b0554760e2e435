"""Random numbers of our own: nothing here reads or advances a generator that the whole process shares.

A shared generator makes fits in threads depend on one another, and the program around a fit on the fit.
"""

import numpy as np
from sklearn.utils import check_random_state

LARGEST_SEED = 2**31 - 1


def own_random_state(random_state):
    """As `sklearn.utils.check_random_state`, but None is a new generator that the system has seeded, not NumPy's."""
    return np.random.RandomState() if random_state is None else check_random_state(random_state)


def own_seed(random_state):
    """An int stands for itself; of None or a generator a seed is drawn."""
    return random_state if isinstance(random_state, int) else int(own_random_state(random_state).randint(LARGEST_SEED))


def torch_generator(seed):
    """Generator of torch on the CPU."""
    import torch

    return torch.Generator().manual_seed(int(seed))
