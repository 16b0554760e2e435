"""Marches that begin each interval near where another march has been."""

from dataclasses import replace

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.musculoskeletal import MusculoskeletalModel, elbow
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import find_trials


@pytest.fixture(scope="module", params=["rigid", "elastic"])
def equation(request):
    flexion = make_elbow_flexion(2, duration=2.0, random_state=0)
    generic = elbow()
    muscles = [replace(muscle, tendon=request.param) for muscle in generic.muscles]
    model = MusculoskeletalModel(muscles, generic.joints)
    return EquationOfMotion(model, find_trials(flexion.data), flexion.data.to_numpy())


@pytest.mark.parametrize("size", [0.0, 0.01, 0.2])
def test_trajectory_and_derivatives_are_those_of_a_march_alone(equation, size):
    free = FreeParameters(equation.model.parameters)
    start = equation.rest_state(equation.model.parameters.as_dict())[equation.first]
    known = equation.solve(None, start)
    values = equation.model.parameters.value
    values[free.index] *= np.exp(size * np.random.default_rng(0).normal(size=len(free)))
    parameters = equation.model.parameters.as_dict(values)
    alone = equation.solve(parameters, start, free.index)
    near = equation.solve(parameters, start, free.index, near=known)
    np.testing.assert_allclose(near.angle, alone.angle, atol=2e-8)
    of_angle, of_angle_near = alone.sensitivity[:, 0], near.sensitivity[:, 0]
    np.testing.assert_allclose(of_angle_near, of_angle, atol=5e-4 * np.abs(of_angle).max())
    plain = equation.solve(parameters, start, near=known)
    np.testing.assert_allclose(plain.angle, alone.angle, atol=2e-8)
