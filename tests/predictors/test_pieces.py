"""Long trials are worked through in pieces: what comes out is what one piece would have given."""

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_arm_reaching, make_elbow_flexion
from sk_bionic.dynamics import marching


@pytest.fixture(params=["elbow", "arm"])
def fitted(request):
    made = {"elbow": make_elbow_flexion, "arm": make_arm_reaching}[request.param](3, random_state=1)
    model = PhysicsInformedMSKRegressor(request.param, prediction="simulation")
    return model.fit(made.data, made.target), made.data


@pytest.mark.parametrize("numbers", [1, 3000])  # every frame a piece of its own; pieces of several frames
def test_predictions_and_their_bands_do_not_depend_on_the_pieces(fitted, monkeypatch, numbers):
    model, X = fitted
    whole = *model.predict(X, return_std=True), *model.predict_muscle_forces(X, return_std=True)
    monkeypatch.setattr(marching, "PIECE", numbers)
    pieces = *model.predict(X, return_std=True), *model.predict_muscle_forces(X, return_std=True)
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(np.asarray(other), np.asarray(one), rtol=1e-9, atol=1e-12)
