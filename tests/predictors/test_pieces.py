"""Long trials are worked through in pieces: what comes out is what one piece would have given."""

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_arm_reaching, make_elbow_flexion
from sk_bionic.dynamics import marching
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.identification import posterior as of_posterior
from sk_bionic.identification.identify import _errors, _Run
from sk_bionic.identification.posterior import Posterior
from sk_bionic.musculoskeletal import arm, elbow
from sk_bionic.trials import find_trials


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


@pytest.mark.parametrize(("name", "gain_std"), [("elbow", 0.2), ("arm", 0.0)])
@pytest.mark.parametrize("numbers", [1, 5000])
def test_identifications_do_not_depend_on_the_pieces(monkeypatch, name, gain_std, numbers):
    made = {"elbow": make_elbow_flexion, "arm": make_arm_reaching}[name](
        2, duration=2.0, sampling_rate=50, random_state=1
    )
    model = elbow() if name == "elbow" else arm()
    recording = EquationOfMotion(model, find_trials(made.data), model.excitation(made.data.to_numpy()))
    angle = made.target.to_numpy().reshape(len(made.data), -1)
    posterior = Posterior(recording, angle, np.ones(len(angle)), gain_std)
    whole = terms_and_errors(posterior)
    monkeypatch.setattr(marching, "PIECE", numbers)
    monkeypatch.setattr(of_posterior, "MARCHED_ONCE", 0.0)
    for one, other in zip(whole, terms_and_errors(posterior), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-7, atol=1e-9 * np.abs(one).max())


def terms_and_errors(posterior):
    """Gradient and Hessian at the start, and what the standard errors there are made of."""
    point = posterior.start()
    run = _Run(point, 0.2)
    errors = _errors(posterior, run, posterior.prior_terms(point)[1], posterior.prior_terms(point)[0])
    return [*posterior.data_terms(point, 0.2), errors.given_fixed, errors.by_fixed, np.array(errors.doubt)]


def test_bands_of_angles_do_not_depend_on_whether_those_of_forces_are_asked_for():
    X, y = make_elbow_flexion(2, duration=2.0, random_state=0, return_X_y=True)
    fitted = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    recording = fitted._read(X)[0]
    alone, both = (fitted.predictor_.predict(recording, with_std=True, forces=one) for one in (False, True))
    np.testing.assert_array_equal(alone.angle, both.angle)
    np.testing.assert_allclose(alone.angle_std, both.angle_std, rtol=1e-9)
    assert alone.force_std is None and both.force_std.shape == (len(X), 2)
