"""A fit that cannot explain its recording says so, and what would; a clean one is silent."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor, calibrate_to_moments, load, predict_moments, save
from sk_bionic.cohort import fit_subjects
from sk_bionic.datasets import make_arm_reaching, make_elbow_flexion
from sk_bionic.exceptions import PlausibilityWarning
from sk_bionic.musculoskeletal import elbow


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
