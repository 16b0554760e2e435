"""Standard errors that hold where noise is correlated, EMG noisy or the model wrong."""

from functools import cache

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics import marching
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.measured import MeasuredMotion
from sk_bionic.identification import posterior
from sk_bionic.identification.from_torques import identify_torques
from sk_bionic.identification.identify import IdentificationSettings, identify
from sk_bionic.identification.standard_errors import Piece, blocks_of, standard_errors, widened
from sk_bionic.musculoskeletal import elbow
from sk_bionic.musculoskeletal.prior import FreeParameters
from sk_bionic.trials import find_trials

QUANTILE, SEEDS = 1.96, range(40, 45)
PLAIN = IdentificationSettings(exact_errors=False)


@cache
def simulated(seed, **departures):
    return make_elbow_flexion(3, random_state=seed, **departures)


@cache
def identified(seed, settings=IdentificationSettings(), **departures):
    """An elbow's identification, and deviations of its values from the truth in standard errors."""
    flexion = simulated(seed, **departures)
    motion = EquationOfMotion(elbow(), find_trials(flexion.data), flexion.data.to_numpy())
    found = identify(motion, flexion.target.to_numpy()[:, None], None, settings)
    table = found.model.parameters
    deviation = table.value[table.free_index] - flexion.parameters["value"].to_numpy()
    return found, deviation / np.sqrt(np.diag(found.covariance))


def covered(**departures):
    return np.mean([np.abs(identified(seed, **departures)[1]) < QUANTILE for seed in SEEDS])


def test_errors_of_a_model_that_is_right_are_hardly_wider_than_the_hessians():
    ratios, doubts = [], []
    for seed in SEEDS:
        found, plain = identified(seed)[0], identified(seed, PLAIN)[0]
        size = plain.covariance.max()
        assert np.linalg.eigvalsh((found.covariance - plain.covariance) / size)[0] > -1e-9
        ratios.append(np.sqrt(np.diag(found.covariance) / np.diag(plain.covariance)))
        doubts.append(found.doubt)
    assert 1.0 <= np.median(ratios) < 1.15
    assert np.median(doubts) == 0.0


@pytest.mark.parametrize("departures", [{"emg_noise": 0.05}, {"mismatch": 1.0}])
def test_intervals_hold_the_truth_where_emg_is_noisy_or_the_model_wrong(departures):
    assert covered(**departures) >= 0.85 > covered(settings=PLAIN, **departures)


def test_a_wrong_model_is_doubted():
    assert np.mean([identified(seed, mismatch=1.0)[0].doubt for seed in SEEDS]) > 0.2


def test_noise_of_the_emg_is_found_and_nothing_where_there_is_none():
    clean = [identified(seed)[0].force_noise for seed in SEEDS]
    noisy = [identified(seed, emg_noise=0.05)[0].force_noise for seed in SEEDS]
    # 5 % from frame to frame, low-passed by the activation: some 1 or 2 % are left.
    assert np.mean(clean) < 0.004 < 0.006 < np.mean(noisy) < 0.03


def linear(rng, n_trials=6, n=400, correlated=True):
    """Pieces of a linear model whose noise lasts for half a second, as large as the first regressor; the estimate."""
    design = rng.normal(size=(n_trials, n // 40, 2)).repeat(40, axis=1)
    last = rng.normal(size=(n_trials, n // 40)).repeat(40, axis=1) if correlated else rng.normal(size=(n_trials, n))
    error = last * (np.abs(design[..., 0]) if correlated else 1.0)
    flat = design.reshape(-1, 2)
    prior = np.diag([1e-6, 1e-6, 4.0])
    estimate = np.linalg.solve(flat.T @ flat, flat.T @ error.ravel())
    left = error - design @ estimate
    full = np.concatenate([design, np.zeros((n_trials, n, 1))], axis=2)
    n_blocks = blocks_of([n] * n_trials, 80.0)
    pieces = [
        Piece(
            np.arange(3), full[k][:, None], np.zeros((n, 1, 0)), np.full((n, 1), 1 / left.var()), left[k][:, None],
            n_blocks[k],
        )
        for k in range(n_trials)
    ]  # fmt: skip
    return pieces, prior, estimate


@pytest.mark.parametrize(("correlated", "low", "high"), [(False, 0.8, 1.3), (True, 0.75, 1.3)])
def test_errors_are_the_scatter_of_repeated_estimates_though_noise_lasts(correlated, low, high):
    rng = np.random.RandomState(0)
    runs = [linear(rng, correlated=correlated) for _ in range(60)]
    stated = [
        np.sqrt(np.diag(standard_errors(lambda run=run: iter(run[0]), run[1], 1.0, 3).covariance)) for run in runs
    ]
    scatter = np.std([estimate for *_, estimate in runs], axis=0)
    ratio = np.median(stated, axis=0)[:2] / scatter
    assert (ratio > low).all() and (ratio < high).all(), ratio
    np.testing.assert_allclose(np.array(stated)[:, 2], 0.5, rtol=1e-6)  # no data: the prior's own


def smooth(rng, off, n=4000):
    """A piece whose errors are white from frame to frame, and `off` times what a fixed parameter does; the prior."""
    time = np.arange(n) / 100.0
    design, by_fixed = np.stack([np.sin(time), np.cos(1.7 * time)], axis=1), np.sin(0.6 * time)
    error = rng.normal(size=n) + off * by_fixed
    error -= design @ np.linalg.lstsq(design, error)[0]
    piece = Piece(np.arange(2), design[:, None], by_fixed[:, None, None], np.ones((n, 1)), error[:, None], 40)
    return piece, 1e-6 * np.eye(2)


@pytest.mark.parametrize("off", [0.0, 0.5])
def test_what_a_fixed_parameter_does_to_the_errors_is_doubted(off):
    for seed in range(10):
        piece, prior = smooth(np.random.RandomState(seed), off)
        found = standard_errors(lambda piece=piece: iter([piece]), prior, 1.0, 2)
        assert (found.doubt > 0.9) == (off > 0)


@pytest.mark.parametrize("seed", range(2))
def test_errors_and_doubts_are_the_same_where_derivatives_are_marched_piece_by_piece(seed, monkeypatch):
    """True parameters that are not free lie off their priors' centres."""
    made = make_elbow_flexion(3, duration=5.0, mismatch=0.5, random_state=100 + seed)
    model = elbow()
    motion = EquationOfMotion(model, find_trials(made.data), model.excitation(made.data.to_numpy()))
    whole = identify(motion, made.target.to_numpy()[:, None])
    monkeypatch.setattr(posterior, "MARCHED_ONCE", 0)
    monkeypatch.setattr(marching, "PIECE", 10_000)  # 130 frames of those that are not free
    pieces = identify(motion, made.target.to_numpy()[:, None])
    np.testing.assert_allclose(pieces.covariance, whole.covariance, rtol=1e-2, atol=1e-4 * whole.covariance.max())
    assert abs(pieces.doubt - whole.doubt) < 1e-3


def test_errors_of_rounding_doubt_nothing():
    piece, prior = smooth(np.random.RandomState(0), 0.5)
    for size, doubted in ((1.0, True), (1e-8, False)):
        smaller = piece._replace(error=size * piece.error)
        assert (standard_errors(lambda piece=smaller: iter([piece]), prior, 1.0, 2).doubt > 0.9) == doubted


def test_widened_covariance_is_below_neither_and_the_wider_one_where_they_are_ordered():
    rng = np.random.RandomState(1)
    one, other = (a @ a.T for a in rng.normal(size=(2, 4, 4)))
    both = widened(one, other)
    assert np.linalg.eigvalsh(both - one)[0] > -1e-10 and np.linalg.eigvalsh(both - other)[0] > -1e-10
    np.testing.assert_allclose(widened(one, 1.4 * one, 0.5), one)
    np.testing.assert_allclose(widened(one, 3.0 * one, 0.5), 2.5 * one)


def test_a_single_short_trial_has_blocks_enough_and_trials_are_never_joined():
    assert sum(blocks_of([500], 100.0)) == 24
    assert blocks_of([300] * 100, 100.0) == [3] * 100
    assert blocks_of([5] * 50, 100.0) == [1] * 50


@pytest.mark.parametrize("wrong", [False, True])
def test_torques_of_a_model_with_other_moment_arms_are_doubted_and_their_errors_hold(wrong):
    deviations, doubts = [], []
    for seed in SEEDS:
        flexion = simulated(seed)
        rng, truth = np.random.RandomState(seed), flexion.model
        if wrong:
            arms = {(m, "moment_arm_scale"): {"value": 1.0 + 0.1 * rng.choice([-1, 1])} for m in truth.muscle_names}
            truth = truth.with_rows(arms | {("elbow_flexion", "joint_rest_angle"): {"value": 1.4}})
        given = find_trials(flexion.data), flexion.data.to_numpy(), flexion.angle.to_numpy()[:, None]
        torque = MeasuredMotion.of_angles(truth, *given).moments()
        model = elbow().identifying(["max_isometric_force", "emg_shape_factor", "electromechanical_delay"])
        lengths = truth.parameters.as_dict()["optimal_fiber_length"]
        model = model.with_rows(
            {
                (m, "optimal_fiber_length"): {"value": v, "initial": v}
                for m, v in zip(truth.muscle_names, lengths, strict=True)
            }
        )
        found = identify_torques(MeasuredMotion.of_angles(model, *given), torque + 0.5 * rng.normal(size=torque.shape))
        free = FreeParameters(found.model.parameters)
        true = truth.parameters.value[free.index]
        deviations.append((found.model.parameters.value[free.index] - true) / np.sqrt(np.diag(found.covariance)))
        doubts.append(found.doubt)
    assert np.mean(np.abs(deviations) < QUANTILE) >= 0.85
    assert (np.median(doubts) > 0.5) == wrong
