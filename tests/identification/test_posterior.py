"""The posterior's value, gradient and weights."""

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.marching import March
from sk_bionic.exceptions import SimulationError
from sk_bionic.identification.posterior import Posterior, effective_fraction, measured_state, robust_weight
from sk_bionic.musculoskeletal import elbow
from sk_bionic.trials import find_trials

NAMES = ("max_isometric_force", "optimal_fiber_length", "emg_shape_factor", "goniometer_offset")


@pytest.fixture(scope="module")
def recording():
    """Motion and noisy angles of two short trials."""
    flexion = make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0)
    model = elbow().identifying(NAMES)
    motion = EquationOfMotion(model, find_trials(flexion.data), flexion.data.to_numpy())
    return motion, flexion.target.to_numpy()[:, None]


def posterior_of(recording, weight=None, **options):
    motion, angle = recording
    weight = np.ones(len(angle)) if weight is None else weight
    return Posterior(motion, angle, weight, **options)


@pytest.mark.parametrize("options", [{}, {"trial_gain_std": 0.2}, {"known_noise_std": np.array([0.1])}], ids=str)
def test_gradient_is_that_of_the_objective(recording, options):
    posterior, fraction = posterior_of(recording, **options), 0.1
    rng = np.random.default_rng(0)
    posterior.weight = posterior.given_weight * rng.uniform(0.2, 1.0, (len(recording[1]), 1))
    point = posterior.start(posterior.free.raw() + 0.1)
    rest = np.zeros(posterior.free.n_raw)
    of_trial = rng.normal(0.0, 0.05, posterior.motion.trials.n_trials * posterior.n_of_trial)
    point = posterior.evaluate(*posterior.moved(point, np.concatenate([rest, of_trial])))
    by_data, _ = posterior.data_terms(point, fraction)
    by_prior, _ = posterior.prior_terms(point)
    for k, exact in enumerate(by_data + by_prior):
        step = 1e-5 * np.eye(len(by_data))[k]
        up, down = (
            posterior.objective(posterior.evaluate(*posterior.moved(point, s)), fraction) for s in (step, -step)
        )
        assert (up - down) / 2e-5 == pytest.approx(exact, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("trial_gain_std", [0.0, 0.2])
def test_hessian_of_the_priors_is_that_of_their_squares(recording, trial_gain_std):
    posterior = posterior_of(recording, trial_gain_std=trial_gain_std)
    point = posterior.start()
    _, exact = posterior.prior_terms(point)
    for k in range(len(exact)):
        step = 1e-4 * np.eye(len(exact))[k]
        up, down = (posterior.prior_terms(posterior.evaluate(*posterior.moved(point, s)))[0] for s in (step, -step))
        np.testing.assert_allclose((up - down) / 2e-4, exact[k], atol=1e-3 * np.abs(exact).max())


@pytest.mark.parametrize("hidden_value", [np.nan, 3.0, -50.0])
def test_angles_of_frames_without_weight_are_never_read(recording, hidden_value):
    motion, angle = recording
    hidden = np.zeros(len(angle), bool)
    hidden[:20], hidden[130:140] = True, True  # a start and a gap
    reference = Posterior(motion, np.where(hidden[:, None], np.nan, angle), np.ones(len(angle)))
    changed = Posterior(motion, np.where(hidden[:, None], hidden_value, angle), 1.0 - hidden)
    expected = reference.objective(reference.start(), 50.0)
    assert changed.objective(changed.start(), 50.0) == pytest.approx(expected, rel=1e-10)


def test_no_frame_is_missed(recording):
    posterior = posterior_of(recording, weight=np.full(len(recording[1]), 0.5))
    assert posterior.n == 0.5 * len(recording[1])
    assert (posterior.start().error != 0).all()


def test_offset_of_the_goniometer_is_added_to_the_joint_angle(recording):
    motion, angle = recording
    shifted = motion.model.with_rows({("elbow_flexion", "goniometer_offset"): {"value": 0.2}})
    read = Posterior(motion.with_model(shifted), angle + 0.2, np.ones(len(angle))).start()
    reference = posterior_of(recording).start()
    np.testing.assert_allclose(read.error, reference.error, atol=1e-9)
    np.testing.assert_allclose(read.initial_state, reference.initial_state, atol=1e-9)


def test_measured_state_bridges_gaps_and_knows_the_velocity(recording):
    motion, _ = recording
    time = motion.trials.time
    ramp = (0.5 + 0.3 * time)[:, None]
    with_gap = ramp.copy()
    with_gap[30:45] = np.nan
    state = measured_state(motion.trials, with_gap, motion.model)
    inner = (time > 0.2) & (time < 1.8)
    np.testing.assert_allclose(state[inner, 0], ramp[inner], atol=0.005)
    np.testing.assert_allclose(state[inner, 1], 0.3, atol=0.01)


def test_start_that_hurls_the_limb_away_begins_at_rest(recording, monkeypatch):
    posterior = posterior_of(recording)
    solve, calls = March.solve, []

    def fail_first(self, *arguments, **options):
        calls.append(arguments)
        if len(calls) == 1:
            raise SimulationError("too fast")
        return solve(self, *arguments, **options)

    monkeypatch.setattr(March, "solve", fail_first)
    point = posterior.start()
    rest = posterior.motion.solve().state[posterior.motion.first]
    np.testing.assert_allclose(point.initial_state, rest, atol=1e-6)
    assert np.array_equal(point.raw, posterior.free.raw())


def one_trial(n):
    return [slice(0, n)]


def test_every_frame_of_white_noise_counts():
    error = np.random.default_rng(0).normal(size=(4000, 1))
    fraction = effective_fraction(error, np.ones((4000, 1)), one_trial(4000))
    assert fraction == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("memory", [0.5, 0.9])
def test_correlated_noise_counts_by_its_autocorrelation_time(memory):
    rng = np.random.default_rng(1)
    trials = [slice(k * 5000, (k + 1) * 5000) for k in range(4)]
    error = rng.normal(size=(20000, 1))
    for rows in trials:
        for i in range(rows.start + 1, rows.stop):
            error[i] += memory * error[i - 1]
    fraction = effective_fraction(error, np.ones_like(error), trials)
    assert fraction == pytest.approx((1 - memory) / (1 + memory), rel=0.25)  # of an AR(1) process


def test_a_perfect_fit_has_no_correlation_to_speak_of():
    assert effective_fraction(np.zeros((50, 1)), np.ones((50, 1)), one_trial(50)) == 1.0


def test_robust_weights_fall_with_the_error_and_respect_what_was_given():
    error = np.random.default_rng(0).normal(size=(500, 1))
    error[:5] = 30.0
    given = np.ones((500, 1))
    given[-10:] = 0.0
    weight = robust_weight(error, given)
    assert (weight[:5] < 0.02).all()
    assert (weight[-10:] == 0).all()
    order = np.argsort(np.abs(error[5:-10, 0]))
    assert (np.diff(weight[5:-10, 0][order]) <= 0).all()
    assert np.median(weight[5:-10]) == pytest.approx(1.1, abs=0.1)
