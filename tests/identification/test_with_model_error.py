"""Identification under errors of the torque: gradient, limit of small errors, hidden angles."""

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.identification.with_model_error import _Problem, identify_with_model_error
from sk_bionic.musculoskeletal import elbow
from sk_bionic.trials import find_trials


@pytest.fixture(scope="module")
def subject():
    return make_elbow_flexion(3, duration=2.5, sampling_rate=40, angle_noise=0.0, random_state=4)


@pytest.fixture(scope="module")
def motion(subject):
    return EquationOfMotion(elbow(), find_trials(subject.data), subject.data.to_numpy())


@pytest.fixture(scope="module")
def angle(subject):
    return subject.target.to_numpy()[:, None]


def test_gradient_is_that_of_the_cost_with_the_trajectory_solved_for_anew(motion, angle):
    model = elbow().identifying(["max_isometric_force", "emg_shape_factor", "goniometer_offset"])
    noisy = angle + 0.05 * np.sin(np.arange(len(angle)) / 7.0)[:, None]
    problem = _Problem(motion.with_model(model), noisy, None, np.deg2rad(3.0), 0.3)
    raw = problem.free.raw() + 0.3
    point = problem.evaluate(raw, None)
    gradient, hessian = problem.linearise(point)
    step = 1e-4
    for i in range(problem.free.n_raw):
        move = np.zeros(problem.free.n_raw)
        move[i] = step
        above, below = (problem.evaluate(raw + sign * move, point.fused.state).cost for sign in (1, -1))
        assert (above - below) / (2 * step) == pytest.approx(gradient[i], rel=1e-2, abs=1e-4)
    assert np.linalg.eigvalsh(hessian).min() > 0


def identified(motion, angle, weight=None, **errors):
    return identify_with_model_error(motion, [(angle, weight)], **errors)[0]


def test_small_errors_of_the_torque_recover_the_subject(subject, motion, angle):
    found = identified(motion, angle, angle_std=np.deg2rad(0.1), torque_std=0.02)
    values = found.model.parameters.as_dict()
    for row in subject.parameters.itertuples():
        muscle = list(found.model.muscle_names).index(row.muscle)
        assert values[row.name][muscle].item() == pytest.approx(row.value, rel=0.05)
    np.testing.assert_allclose(found.state[:, 0], angle, atol=np.deg2rad(0.5))


def test_large_errors_of_the_torque_leave_the_prior(motion, angle):
    found = identified(motion, angle, torque_std=1e4)
    generic = motion.model.parameters.value
    np.testing.assert_allclose(found.model.parameters.value, generic, rtol=1e-3, atol=1e-6)


def test_hidden_angles_are_not_learnt_from_and_the_equation_fills_them(motion, angle):
    hidden = angle.copy()
    hidden[20:60] = np.nan
    weight = np.ones(len(angle))
    weight[20:60] = 0.0
    small = {"angle_std": np.deg2rad(0.2), "torque_std": 0.02}
    by_nan, by_weight = (
        identified(motion, hidden, **small),
        identified(motion, angle + (weight == 0)[:, None], weight, **small),
    )
    np.testing.assert_allclose(by_nan.model.parameters.value, by_weight.model.parameters.value, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(by_nan.state[20:60, 0], angle[20:60], atol=np.deg2rad(2.0))


def test_weights_are_relative(motion, angle):
    first, second = (identified(motion, angle, np.full(len(angle), w)).model.parameters.value for w in (1.0, 7.0))
    np.testing.assert_allclose(first, second, rtol=1e-9)
