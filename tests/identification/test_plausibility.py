"""A fit that cannot explain its recording says so, and what would; a clean one is silent."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sk_bionic import (
    EMGDrivenMomentRegressor,
    PhysicsInformedMSKRegressor,
    calibrate_to_moments,
    load,
    predict_moments,
    save,
)
from sk_bionic.cohort import fit_subjects
from sk_bionic.datasets import make_arm_reaching, make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.exceptions import PlausibilityWarning
from sk_bionic.identification._search import best_lead
from sk_bionic.identification.at_rest import rest_suspicions, speed_suspicions, unloaded
from sk_bionic.identification.of_moments import MomentCase
from sk_bionic.identification.signals import ridge
from sk_bionic.musculoskeletal import elbow, knee
from sk_bionic.trials import find_trials


@pytest.fixture(scope="module")
def flexion():
    return make_elbow_flexion(2, duration=4.0, random_state=3)


def fitted(X, y, **options):
    """The estimator and what its fit warned of as implausible."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation", **options).fit(X, y)
    return regressor, [str(w.message) for w in told if issubclass(w.category, PlausibilityWarning)]


def only_finding(X, y):
    regressor, told = fitted(X, y)
    assert len(told) == 1 and told[0].count("\n") == 1 and regressor.findings_["meaning"].iloc[0] in told[0]
    return regressor.findings_.iloc[0]


def test_a_clean_fit_is_silent(flexion):
    regressor, told = fitted(flexion.data, flexion.target)
    assert not told and regressor.findings_.empty


@pytest.mark.parametrize("turned, code", [(lambda y: -y, "-y"), (lambda y: np.pi - y, "np.pi - y")])
def test_the_opposite_sign_is_named_with_its_remedy(flexion, turned, code):
    finding = only_finding(flexion.data, turned(flexion.target))
    assert finding["kind"] == "sign" and f"Fit with {code} instead" in finding["advice"]


def test_the_sign_of_one_of_two_angles_is_named():
    reaching = make_arm_reaching(2, duration=4.0, random_state=1002)
    turned = reaching.target.assign(elbow_flexion=-reaching.target["elbow_flexion"])
    with pytest.warns(PlausibilityWarning):
        found = PhysicsInformedMSKRegressor("arm", prediction="simulation").fit(reaching.data, turned).findings_
    assert tuple(found.loc[0, ["kind", "what"]]) == ("sign", "elbow_flexion")


def test_the_wrong_rate_and_posture_are_named(flexion):
    X, y = flexion.data, flexion.target
    trial, time = (X.index.get_level_values(level) for level in ("trial", "time"))
    fast = pd.MultiIndex.from_arrays([trial, time / 2], names=X.index.names)
    regressor, _ = fitted(X.set_axis(fast), y.set_axis(fast))
    assert "rate" in set(regressor.findings_["kind"])
    lying = elbow().with_rows({("elbow_flexion", "segment_orientation"): {"initial": np.pi / 2, "value": np.pi / 2}})
    with pytest.warns(PlausibilityWarning, match="posture"):
        PhysicsInformedMSKRegressor(lying, prediction="simulation").fit(X, y)


@pytest.mark.parametrize("degrees", [-90, 15])
def test_a_moved_zero_is_named_with_its_size(flexion, degrees):
    finding = only_finding(flexion.data, flexion.target + np.deg2rad(degrees))
    assert finding["kind"] == "zero" and finding["value"] == pytest.approx(degrees, abs=5.0)


@pytest.mark.parametrize("seed", [0, 3])
def test_exchanged_channels_are_named(seed):
    """Of the seed 0, the opposite sign explains them nearly as well."""
    flexion = make_elbow_flexion(3, duration=4.0, random_state=seed)
    exchanged = flexion.data.rename(columns={"biceps": "triceps", "triceps": "biceps"})[["biceps", "triceps"]]
    assert only_finding(exchanged, flexion.target)["kind"] == "swapped"


@pytest.mark.parametrize(
    "change, kind",
    [
        (lambda X, y: (X + 0.08, y), "resting_level"),
        (lambda X, y: (X * 1.4 / X.to_numpy().max(), y), "amplitude"),
        (lambda X, y: (X * 100, y), "amplitude"),
        (lambda X, y: (X, np.deg2rad(y)), "angle_unit"),
        (lambda X, y: (X.assign(triceps=0.05 + 0.001 * np.sin(np.arange(len(X)))), y), "quiet"),
    ],
)
def test_odd_signals_are_named(flexion, change, kind):
    regressor, told = fitted(*change(flexion.data, flexion.target))
    assert told and kind in list(regressor.findings_["kind"])


def test_findings_are_saved_with_the_estimator(flexion, tmp_path):
    regressor, _ = fitted(flexion.data * 100, flexion.target, identify=[])
    save(regressor, tmp_path / "subject.skb")
    pd.testing.assert_frame_equal(load(tmp_path / "subject.skb").findings_, regressor.findings_)


def test_a_session_against_the_training_is_named(flexion):
    regressor, _ = fitted(flexion.data, flexion.target)
    part = flexion.data.index.get_level_values("trial") == "trial_01"
    with pytest.warns(PlausibilityWarning, match="new session.*opposite sign"):
        regressor.calibrate(flexion.data[part], -flexion.target[part])
    with pytest.warns(PlausibilityWarning, match="off by about 50 deg"):
        regressor.calibrate(flexion.data[part], flexion.target[part] + np.deg2rad(50))
    with warnings.catch_warnings():
        warnings.simplefilter("error", PlausibilityWarning)
        regressor.calibrate(flexion.data[part], flexion.target[part])
    assert regressor.findings_.empty


def test_a_cohort_tells_once_and_by_subject(flexion):
    X = pd.concat({name: flexion.data.loc["trial_00"] for name in ("A_1", "B_1")}, names=["trial"])
    y = pd.concat({name: flexion.target.loc["trial_00"] for name in ("A_1", "B_1")}, names=["trial"])
    X.loc["B_1", "biceps"] = (X.loc["B_1", "biceps"] * 100).to_numpy()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        cohort = fit_subjects(PhysicsInformedMSKRegressor("elbow", prediction="simulation", identify=[]), X, y)
    told = [str(w.message) for w in told if issubclass(w.category, PlausibilityWarning)]
    assert len(told) == 1 and "B: " in told[0]
    assert "B" in set(cohort.findings_["subject"])


@pytest.fixture(scope="module")
def measured(flexion):
    """EMG with the measured angle, and moments."""
    X = flexion.data.assign(elbow_flexion=flexion.angle)
    noise = np.random.default_rng(0).normal(0, 0.2, (len(X), 1))
    return X, predict_moments(flexion.model, X) + noise


class TestMoments:
    @staticmethod
    def calibrated(X, moments):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = calibrate_to_moments(elbow(), X, moments)
        return found, [str(w.message) for w in told if issubclass(w.category, PlausibilityWarning)]

    def test_a_clean_calibration_is_silent_and_shows_itself_in_a_line(self, measured):
        found, told = self.calibrated(*measured)
        assert not told and found.findings.empty
        assert "\n" not in repr(found) and "N m left" in repr(found)

    @pytest.mark.parametrize("factor, kind", [(-1.0, "moment_sign"), (1000.0, "moment_unit"), (1 / 70, "moment_unit")])
    def test_sign_and_unit_of_moments_are_named(self, measured, factor, kind):
        X, moments = measured
        found, told = self.calibrated(X, factor * moments)
        assert len(told) == 1 and list(found.findings["kind"]) == [kind]

    def test_emg_of_another_movement_does_not_explain_the_moments(self, measured):
        X, moments = measured
        other = make_elbow_flexion(2, duration=4.0, random_state=8).data
        found, told = self.calibrated(X.assign(biceps=other["biceps"], triceps=other["triceps"]), moments)
        assert told and found.findings["kind"].iloc[0] in (
            "unexplained",
            "lag",
            "moment_sign",
            "swapped",
            "zero",
            "sign",
        )


@pytest.mark.parametrize("moved, told", [(0.0, 0), (100.0, 1)])
def test_a_limb_that_hangs_elsewhere_at_rest_tells_its_zero(flexion, moved, told):
    equation = EquationOfMotion(elbow(), find_trials(flexion.data), flexion.data.to_numpy())
    found = rest_suspicions(equation, flexion.target.to_numpy()[:, None] + np.deg2rad(moved))
    assert len(found) == told and all(s.kind == "zero" and s.value > 35 for s in found)


def test_a_model_twice_as_heavy_as_the_limb_is_named(flexion):
    rows = [r for r in elbow().parameters.rows if r.name in ("segment_mass", "moment_of_inertia")]
    heavy = elbow().with_rows({(r.owner, r.name): {"initial": 2 * r.value, "value": 2 * r.value} for r in rows})
    with pytest.warns(PlausibilityWarning, match="2 times as heavy in the model"):
        PhysicsInformedMSKRegressor(heavy, prediction="simulation").fit(flexion.data, flexion.target)


def test_a_knee_faster_than_its_muscles_is_named():
    time = np.arange(0, 2, 0.01)
    trials = find_trials(np.zeros(len(time)), sampling_rate=100.0)
    slow, fast = (np.sin(2 * np.pi * f * time)[:, None] for f in (0.8, 3.5))
    assert not speed_suspicions(slow, trials, unloaded(knee("seated"), 1))
    assert speed_suspicions(fast, trials, unloaded(knee("seated"), 1))[0].kind == "rate"


def _with_dropout(flexion):
    X = flexion.data.copy()
    X.loc[("trial_01", slice(2.0, 3.0)), "biceps"] = 0.0
    return X, flexion.target


def _with_turned_trial(flexion):
    y = flexion.target.copy()
    y.loc["trial_02"] = -y.loc["trial_02"].to_numpy()
    return flexion.data, y


def _with_noise(flexion):
    noise = 0.002 * np.abs(np.random.default_rng(0).normal(size=len(flexion.data)))
    return flexion.data.assign(triceps=noise), flexion.target


@pytest.mark.parametrize(
    "spoil, kind, words",
    [
        (_with_dropout, "dropout", "trial 'trial_01', from 2.00 s on"),
        (_with_turned_trial, "trial_sign", "trial 'trial_02'"),
        (_with_noise, "quiet", "'triceps' stays below"),
    ],
)
def test_one_trial_or_channel_of_several_is_named(spoil, kind, words):
    flexion = make_elbow_flexion(4, duration=5.0, random_state=3)
    regressor, told = fitted(*spoil(flexion))
    assert list(regressor.findings_["kind"])[:1] == [kind] and words in told[0]


def test_channels_exchanged_in_a_new_session_are_named(flexion):
    regressor, _ = fitted(flexion.data, flexion.target)
    exchanged = flexion.data.rename(columns={"biceps": "triceps", "triceps": "biceps"})[["biceps", "triceps"]]
    with pytest.warns(
        PlausibilityWarning, match="new session the channels 'biceps' and 'triceps' seem to be exchanged"
    ):
        regressor.calibrate(exchanged, flexion.target)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PlausibilityWarning)
        regressor.calibrate(flexion.data, flexion.target)


def test_linear_learner_is_ridge_regression():
    random = np.random.default_rng(0)
    features, target = random.normal(size=(40, 5)), random.normal(size=40)
    slopes, constant = ridge(features, target, 0.3)
    expected = Ridge(0.3).fit(features, target)
    np.testing.assert_allclose(slopes, expected.coef_, rtol=1e-9)
    np.testing.assert_allclose(constant, expected.intercept_, rtol=1e-9)


def test_a_joint_without_moments_hides_no_lag():
    time = np.arange(600) / 100
    excitation = np.random.default_rng(0).uniform(size=(600, 2))
    moment = np.roll(np.sqrt(excitation[:, 0]), 20)  # 0.2 s late
    trials = find_trials(pd.DataFrame(excitation, pd.MultiIndex.from_product([["a"], time], names=["trial", "time"])))
    case = SimpleNamespace(excitation=excitation, trials=trials, usual_lead=0.0, target=moment[:, None])
    alone = best_lead(case)
    assert abs(alone) == pytest.approx(0.2)
    case.target = np.column_stack([np.full(600, np.nan), moment])
    assert best_lead(case) == alone
    case.target = np.column_stack([np.where(time < 3, moment, np.nan), np.where(time < 3, np.nan, moment)])
    assert best_lead(case) == 0.0  # no frame knows both: nothing is claimed


def test_a_counterfactual_whose_moments_are_no_numbers_is_none(flexion):
    """As where a zero is tried that takes paths far out of the range of their polynomials."""
    X = flexion.data.assign(elbow_flexion=flexion.target)
    moments = predict_moments(elbow(), X)
    regressor = EMGDrivenMomentRegressor(elbow())
    at = regressor.fit(X, moments)._measured(X)
    case = MomentCase.of(at.motion, at.of_motion(at.angle), None, moments=at.of_motion(moments.to_numpy()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert case.explained() is not None
        assert case.with_angle(case.angle + 1e160).explained() is None
