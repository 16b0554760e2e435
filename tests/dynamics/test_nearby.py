"""Marches that begin each interval near where another march has been."""

from dataclasses import replace

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.marching import March
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


def test_a_march_of_few_frames_is_a_guess_of_the_same_at_all_of_them(equation):
    free, trials = FreeParameters(equation.model.parameters), equation.trials
    every = 4  # the last few frames of a trial are behind all that are kept
    frames = np.concatenate([np.arange(rows.start, rows.stop - 2, every) for rows in trials.slices])
    start = equation.rest_state(equation.model.parameters.as_dict())[equation.first]
    few = equation.take(frames).solve(None, start)
    guess = equation.guess(few, frames)
    np.testing.assert_allclose(guess.all_states[frames], few.all_states, rtol=1e-12, atol=1e-12)
    alone = equation.solve(None, start, free.index)
    np.testing.assert_allclose(guess.angle, alone.angle, atol=5e-3)  # of the last frame
    near = equation.solve(None, start, free.index, near=guess)
    np.testing.assert_allclose(near.angle, alone.angle, atol=2e-8)
    assert near.n_cut == alone.n_cut
    of_angle, of_angle_near = alone.sensitivity[:, 0], near.sensitivity[:, 0]
    np.testing.assert_allclose(of_angle_near, of_angle, atol=5e-4 * np.abs(of_angle).max())


def test_activations_alone_are_those_beside_the_forces(equation):
    march = March(equation)
    expected = march.along(equation.solve().all_states).activations
    np.testing.assert_array_equal(equation.activations(), expected)
    frames = np.arange(3, equation.trials.n_frames, 7)
    np.testing.assert_array_equal(equation.activations_at(frames), expected[frames])
