"""EMG gains of single trials as a nuisance of the identification."""

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.identification.identify import IdentificationSettings, identify
from sk_bionic.trials import find_trials

GAINS = np.exp([[-0.15, 0.1], [0.2, -0.15], [-0.05, 0.05]])  # of (trial, muscle); their mean logarithm is zero


@pytest.fixture(scope="module")
def recording():
    return make_elbow_flexion(n_trials=3, duration=3.0, angle_noise=0.005, random_state=3)


def motion_of(recording, gains=None):
    trials = find_trials(recording.data)
    emg = recording.data.to_numpy()
    return EquationOfMotion(recording.model, trials, emg if gains is None else emg / gains[trials.trial_of_frame])


def relative_errors(recording, identification):
    truth = recording.parameters.set_index(["muscle", "name"])["value"]
    rows = [r for r in identification.model.parameters.rows if r.free and (r.owner, r.name) in truth.index]
    return np.array([abs(r.value / truth[r.owner, r.name] - 1.0) for r in rows])


@pytest.fixture(scope="module")
def moved(recording):
    """Identification of trials whose EMG came with gains of their own, without and with the nuisance."""
    motion, angle = motion_of(recording, GAINS), recording.target.to_numpy()[:, None]
    return [identify(motion, angle, settings=IdentificationSettings(trial_gain_std=std)) for std in (0.0, 0.2)]


def test_gains_of_trials_are_recovered(moved):
    np.testing.assert_allclose(moved[1].trial_gain, GAINS, rtol=0.03)


def test_parameters_are_better_where_trials_have_gains_of_their_own(recording, moved):
    without, with_gains = (relative_errors(recording, one) for one in moved)
    assert np.median(with_gains) < 0.5 * np.median(without)
    assert moved[1].noise_std[0] < 0.5 * moved[0].noise_std[0]


def test_equal_trials_keep_equal_gains(recording):
    found = identify(
        motion_of(recording), recording.target.to_numpy()[:, None], settings=IdentificationSettings(trial_gain_std=0.2)
    )
    np.testing.assert_allclose(found.trial_gain, 1.0, atol=0.03)


def test_their_common_factor_is_left_to_the_maximal_forces(moved):
    np.testing.assert_allclose(np.log(moved[1].trial_gain).mean(axis=0), 0.0, atol=1e-3)


def test_a_single_trial_has_none(recording):
    first = recording.data.loc[["trial_00"]]
    alone = EquationOfMotion(recording.model, find_trials(first), first.to_numpy())
    angle = recording.target.loc[["trial_00"]].to_numpy()[:, None]
    a, b = (identify(alone, angle, settings=IdentificationSettings(trial_gain_std=std)) for std in (0.0, 0.2))
    np.testing.assert_allclose(a.model.parameters.value, b.model.parameters.value, rtol=1e-9)


def test_scaled_emg_is_what_the_gain_says(recording):
    motion, gains = motion_of(recording), np.tile([[0.8, 1.3]], (3, 1))
    parameters = motion.model.parameters.as_dict()
    by_gain = motion.with_trial_gains(gains).solve(parameters).state
    by_emg = EquationOfMotion(motion.model, motion.trials, motion.excitation * gains[0]).solve(parameters).state
    np.testing.assert_allclose(by_gain, by_emg, atol=1e-12)
