"""Files written by an earlier version are read, and predict what they predicted then.

Those beside this file were written by commit e85e493, whose equation of motion was solved on the whole trial at once.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sk_bionic

EARLIER = Path(__file__).parent / "earlier"


@pytest.mark.parametrize("kind", ["simulation", "hybrid", "network"])
def test_an_earlier_file_predicts_what_it_did(kind):
    stored = np.load(EARLIER / "predictions.npz")
    index = pd.MultiIndex.from_product([["trial_00"], stored["time"]], names=["trial", "time"])
    X = pd.DataFrame(stored["emg"], index, ["biceps", "triceps"])
    regressor = sk_bionic.load(EARLIER / f"{kind}.skb")
    angle, std = regressor.predict(X, return_std=True)
    np.testing.assert_allclose(angle, stored[kind], rtol=0, atol=1e-6)  # rad
    assert (std > 0).all() and np.isfinite(std).all()
    regressor.calibrate(X, pd.Series(stored[kind], index) + 0.1)
    # All of the shift, or the half that the prior leaves to a network that knows its angles badly.
    assert 0.04 < (regressor.predict(X) - stored[kind]).mean() < 0.11
