"""Identification: what is recovered, what priors and bounds do, what stated errors are worth."""

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.exceptions import SimulationError
from sk_bionic.identification.identify import IdentificationSettings, _compare, _Run, identify
from sk_bionic.identification.posterior import Posterior
from sk_bionic.musculoskeletal import elbow
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import find_trials

NOISE = np.deg2rad(1.0)


def motion_of(data, model=None, exogenous=None):
    """The elbow (or another model) on EMG of biceps and triceps."""
    return EquationOfMotion(elbow() if model is None else model, find_trials(data), data.to_numpy(), exogenous)


def column(series):
    return series.to_numpy()[:, None]


def free_values(model):
    return model.parameters.value[model.parameters.free_index]


def row_of(model, owner, name):
    """Position of a parameter among the free ones."""
    rows = [model.parameters.rows[i] for i in model.parameters.free_index]
    return next(k for k, row in enumerate(rows) if (row.owner, row.name) == (owner, name))


@pytest.fixture(scope="module")
def short():
    """Two trials of 4 s at 50 Hz, without noise."""
    return make_elbow_flexion(2, duration=4.0, sampling_rate=50, angle_noise=0.0, random_state=5)


@pytest.fixture(scope="module")
def noisy(short):
    noise = np.random.RandomState(0).normal(size=(len(short.angle), 1))
    return column(short.angle) + NOISE * noise


@pytest.fixture(scope="module")
def identified(short, noisy):
    return identify(motion_of(short.data), noisy)


def test_gain_of_every_channel_is_recovered_where_the_rest_is_known(short):
    """Other electrodes on a known subject."""
    known = short.model.identifying("emg_gain")
    found = identify(motion_of(short.data / [1.6, 0.7], known), column(short.angle))
    np.testing.assert_allclose(free_values(found.model), [1.6, 0.7], rtol=1e-3)


def test_every_parameter_is_recovered_without_noise():
    flexion = make_elbow_flexion(3, angle_noise=0.0, random_state=1)
    found = identify(motion_of(flexion.data), column(flexion.target))
    assert found.converged
    np.testing.assert_allclose(free_values(found.model), flexion.parameters["value"], rtol=5e-4)
    assert np.rad2deg(found.noise_std) < 1e-3


def test_noise_is_estimated_and_known_to_be_white(identified):
    assert np.rad2deg(identified.noise_std) == pytest.approx(1.0, rel=0.15)
    assert identified.effective_fraction > 0.5


def test_objective_falls_with_every_step(short, noisy):
    steps = []
    identify(motion_of(short.data), noisy, on_step=lambda *step: steps.append(step[:2]))
    iterations, values = zip(*steps, strict=True)
    assert list(iterations) == sorted(iterations)
    assert values[-1] < values[0]


def test_result_is_the_least_objective_in_every_direction(short, noisy, identified):
    posterior = Posterior(motion_of(short.data), noisy, np.ones(len(noisy)))
    fraction = identified.effective_fraction
    raw = posterior.free.raw(free_values(identified.model))
    best = posterior.evaluate(raw, identified.initial_state, posterior.trial_gains.start)
    assert posterior.objective(best, fraction) == pytest.approx(identified.objective, abs=1e-6)
    for step in 0.1 * np.eye(posterior.free.n_raw + 4):
        for sign in (1, -1):
            beside = posterior.evaluate(*posterior.moved(best, sign * step))
            assert posterior.objective(beside, fraction) > identified.objective


def test_covariance_is_the_inverse_of_the_objectives_hessian(short, noisy):
    identified = identify(motion_of(short.data), noisy, None, IdentificationSettings(exact_errors=False))
    posterior = Posterior(motion_of(short.data), noisy, np.ones(len(noisy)))
    fraction = identified.effective_fraction
    raw = posterior.free.raw(free_values(identified.model))
    best = posterior.evaluate(raw, identified.initial_state, posterior.trial_gains.start)

    def gradient(step):
        point = posterior.evaluate(*posterior.moved(best, step))
        return posterior.data_terms(point, fraction)[0] + posterior.prior_terms(point)[0]

    steps = 1e-4 * np.eye(posterior.free.n_raw + 4)
    hessian = np.stack([(gradient(step) - gradient(-step)) / 2e-4 for step in steps])
    by_raw = posterior.free.derivative(raw)
    numerical = by_raw @ np.linalg.inv(hessian)[:8, :8] @ by_raw.T
    ratio = np.sqrt(np.diag(identified.covariance) / np.diag(numerical))
    np.testing.assert_allclose(ratio, 1.0, atol=0.15)  # Gauss-Newton leaves second derivatives out


def test_stated_errors_are_the_spread_over_repeated_noise(short):
    truth, motion = short.parameters["value"].to_numpy(), motion_of(short.data)
    deviations = []
    for seed in range(12):
        noise = np.random.RandomState(seed).normal(size=(len(short.angle), 1))
        found = identify(motion, column(short.angle) + NOISE * noise)
        deviations.append((free_values(found.model) - truth) / np.sqrt(np.diag(found.covariance)))
    # Below 1, for the priors pull all repetitions the same way.
    assert 0.4 < np.mean(np.square(deviations)) < 1.6
    assert np.mean(np.abs(deviations) < 1.96) > 0.85


def test_angles_that_are_hidden_do_not_matter(short, noisy):
    hidden = np.zeros(len(noisy), bool)
    hidden[40:70], hidden[200:215] = True, True
    garbage = np.where(hidden[:, None], 2.5, noisy)
    missing = identify(motion_of(short.data), np.where(hidden[:, None], np.nan, noisy))
    without_weight = identify(motion_of(short.data), garbage, 1.0 - hidden)
    np.testing.assert_allclose(free_values(missing.model), free_values(without_weight.model), rtol=1e-6)
    assert (missing.frame_weight[hidden] == 0).all()
    assert (missing.frame_weight[~hidden] == 1).all()


def test_robust_loss_withstands_artefacts(short, noisy):
    truth, rng = short.parameters["value"].to_numpy(), np.random.RandomState(1)
    hit = rng.uniform(size=len(noisy)) < 0.03
    sign = rng.choice([-1.0, 1.0], len(noisy))
    spoilt = noisy + np.deg2rad(30.0) * (hit * sign)[:, None]
    plain, robust = (
        identify(motion_of(short.data), spoilt, settings=IdentificationSettings(robust=r)) for r in (False, True)
    )
    error = [np.abs(np.log(free_values(f.model) / truth)).mean() for f in (plain, robust)]
    assert error[1] < 0.8 * error[0]
    assert (robust.frame_weight[hit] < 0.1).all()
    assert np.rad2deg(robust.noise_std) < 1.5 < np.rad2deg(plain.noise_std)


def test_muscles_of_a_group_share_one_value(short, noisy):
    names = ["max_isometric_force", "biceps+triceps/electromechanical_delay"]
    found = identify(motion_of(short.data, elbow().identifying(names)), noisy)
    delay = found.model.parameters.as_dict()["electromechanical_delay"]
    assert delay[0] == delay[1] != 0.04
    std = np.sqrt(np.diag(found.covariance))
    assert std[2] == pytest.approx(std[3])
    assert found.covariance[2, 3] == pytest.approx(std[2] * std[3])


def test_best_of_several_starts_is_returned_with_all_of_them(short, noisy, identified):
    found = identify(
        motion_of(short.data), noisy, settings=IdentificationSettings(n_starts=3, random_state=np.random.RandomState(0))
    )
    objectives = [objective for objective, _ in found.starts]
    assert len(found.starts) == 3
    assert found.objective == pytest.approx(min(objectives), abs=1e-6)
    np.testing.assert_array_equal(free_values(found.model), found.starts[int(np.argmin(objectives))][1])
    assert found.objective <= identified.objective + 0.1


def test_poor_optimum_does_not_win_by_counting_few_frames(short):
    # Errors of a radian: the fewer frames count, the lower an objective of its own would be.
    angle = column(short.angle) + np.random.RandomState(0).normal(size=(len(short.angle), 1))
    posterior = Posterior(motion_of(short.data), angle, np.ones(len(angle)))
    good = posterior.start(posterior.free.raw(short.parameters["value"].to_numpy(copy=True)))
    poor = posterior.start(posterior.free.raw() + 1.0)
    runs = [_Run(point, fraction, posterior.weight, 1, True) for point, fraction in ((good, 1.0), (poor, 0.1))]
    own = [posterior.objective(run.point, run.fraction * posterior.n) for run in runs]
    assert own[1] < own[0]
    compared = _compare(posterior, [*runs, None])
    assert compared[0] < compared[1] < compared[2] == np.inf


def test_failed_starts_are_listed_and_skipped(short, noisy, monkeypatch):
    start, calls = Posterior.start, []

    def fail_second(self, raw=None):
        calls.append(raw)
        if not np.array_equal(raw, calls[0]):
            raise SimulationError("no motion")
        return start(self, raw)

    monkeypatch.setattr(Posterior, "start", fail_second)
    found = identify(
        motion_of(short.data), noisy, settings=IdentificationSettings(n_starts=2, random_state=np.random.RandomState(0))
    )
    assert found.starts[1] == (np.inf, None)
    assert found.converged


def test_model_that_cannot_be_simulated_names_the_trial(short, noisy):
    in_second = find_trials(short.data).trial_of_frame == 1
    motion = motion_of(short.data, exogenous={"external_torque_nm": 1e12 * in_second})
    with pytest.raises(SimulationError, match="trial_01.*did not converge.*N m.*units"):
        identify(motion, noisy)


def test_values_stay_within_bounds_that_exclude_the_truth(short, noisy):
    truth = short.parameters.set_index(["muscle", "name"])["value"]
    force = truth["biceps", "max_isometric_force"]
    narrow = {
        "lower": 0.4 * force,
        "initial": 0.6 * force,
        "value": 0.6 * force,
        "upper": 0.8 * force,
    }
    model = elbow().with_rows({("biceps", "max_isometric_force"): narrow})
    found = identify(motion_of(short.data, model), noisy)
    value = free_values(found.model)[row_of(model, "biceps", "max_isometric_force")]
    assert 0.78 * force < value < 0.8 * force
    free = FreeParameters(found.model.parameters)
    assert (free_values(found.model) > free.lower).all()
    assert (free_values(found.model) < free.upper).all()


def test_prior_keeps_what_the_data_do_not_tell(short):
    data = short.data.assign(triceps=0.02)
    motion = motion_of(data)
    angle = motion.solve(short.model.parameters.as_dict()).angle
    found = identify(motion, angle + NOISE * np.random.RandomState(0).normal(size=angle.shape))
    k = row_of(found.model, "triceps", "electromechanical_delay")
    assert free_values(found.model)[k] == pytest.approx(0.04, abs=1e-4)
    prior_std = FreeParameters(found.model.parameters).prior_std()
    assert np.sqrt(found.covariance[k, k]) == pytest.approx(prior_std[k], rel=1e-3)


def test_tighter_prior_pulls_harder(short, noisy):
    truth = free_values(short.model)
    rows = short.model.parameters.rows
    distances = []
    for scale in (1.0, 0.02):
        priors = {
            (rows[i].owner, rows[i].name): {"prior_scale": scale * rows[i].prior_scale}
            for i in short.model.parameters.free_index
        }
        found = identify(motion_of(short.data, elbow().with_rows(priors)), noisy)
        distances.append(np.abs(np.log(free_values(found.model) / free_values(elbow()))).mean())
    assert distances[1] < 0.5 * distances[0]
    assert distances[0] > 0.5 * np.abs(np.log(truth / free_values(elbow()))).mean()
