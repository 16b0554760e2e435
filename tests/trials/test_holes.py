"""A hole in a trial's time ends it, everywhere; frames that a movement does not need change nothing but the time."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sk_bionic import PhysicsInformedMSKRegressor, calibrate_to_moments, predict_moments
from sk_bionic.baselines._low_pass import LowPassRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.model_selection import BlockedKFold, RepetitionKFold, TrialKFold, find_repetitions, where_known
from sk_bionic.preprocessing import EMGEnvelope, LagEmbedding
from sk_bionic.trials import Trials, find_trials
from sk_bionic.trials._work_frames import WorkFrames

FLEXION = make_elbow_flexion(2, duration=5.0, angle_noise=0.0, random_state=0)


def simulation(**parameters):
    return PhysicsInformedMSKRegressor(FLEXION.model, prediction="simulation", **parameters)


def generic(**parameters):
    return simulation(identify=[], **parameters)


def without(table, *holes, trial="trial_01"):
    """The rows of a table outside some times of one trial."""
    names, time = (table.index.get_level_values(level) for level in ("trial", "time"))
    gone = np.zeros(len(table), dtype=bool)
    for start, stop in holes:
        gone |= (names == trial) & (time >= start - 1e-9) & (time < stop - 1e-9)
    return table[~gone]


def rmse(a, b):
    return float(np.rad2deg(np.sqrt(np.nanmean(np.square(np.asarray(a) - np.asarray(b))))))


class TestRegressor:
    @pytest.mark.parametrize(
        ("hole", "left_out"),
        [
            ((0.8, 2.5), "0 to 0.79 s"),
            ((0.02, 1.5), "0 to 0.01 s"),
            ((2.0, 4.99), "4.99 to 4.99 s"),
            ((1.0, 2.5), None),
        ],
    )
    def test_short_parts_are_left_out_of_the_fit_by_name(self, hole, left_out):
        X, y = without(FLEXION.data, hole), without(FLEXION.target, hole)
        regressor = generic()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            regressor.fit(X, y)
        messages = [str(w.message) for w in caught if "too short to learn from" in str(w.message)]
        assert bool(messages) == (left_out is not None)
        if left_out:
            assert "'trial_01'" in messages[0] and left_out in messages[0]
            assert [w.filename for w in caught if "too short" in str(w.message)] == [__file__]
        assert np.isfinite(regressor.predict(X)).all()

    def test_a_fit_is_that_of_the_parts(self):
        hole = (0.5, 2.0)
        X, y = without(FLEXION.data, hole), without(FLEXION.target, hole)
        names, time = (X.index.get_level_values(level) for level in ("trial", "time"))
        by_hand = ~((names == "trial_01") & (time < 0.5))
        with pytest.warns(UserWarning, match="left out"):
            held = simulation(identify=["max_isometric_force"]).fit(X, y)
        alone = simulation(identify=["max_isometric_force"]).fit(X[by_hand], y[by_hand])
        assert np.array_equal(held.max_isometric_force_, alone.max_isometric_force_)

    def test_what_follows_a_hole_is_predicted_as_a_trial_of_its_own(self):
        regressor = generic().fit(FLEXION.data, FLEXION.target)
        X = without(FLEXION.data, (1.0, 2.5))
        behind = (X.index.get_level_values("trial") == "trial_01") & (X.index.get_level_values("time") > 2.0)
        assert np.allclose(regressor.predict(X)[behind], regressor.predict(X[behind]))

    @pytest.mark.parametrize("prediction", ["simulation", "hybrid", "network"])
    def test_every_prediction_has_a_row_for_each_of_x(self, prediction):
        settings = {"prediction": prediction, "max_epochs": 2, "n_networks": 1, "forest": False, "identify": []}
        settings |= {"ode_weight": 0.1, "output_cutoff": 2.0}
        regressor = PhysicsInformedMSKRegressor(FLEXION.model, random_state=0, **settings).fit(
            FLEXION.data, FLEXION.target
        )
        X = without(FLEXION.data, (0.01, 1.0), (1.02, 2.0), (2.3, 3.0))  # parts of 1, 2, 30 and 200 frames
        outputs = [regressor.predict(X), regressor.predict_muscle_forces(X), regressor.predict_activations(X)]
        outputs += [regressor.predict_joint_torques(X), regressor.simulate(X)]
        assert all(len(out) == len(X) and np.isfinite(out).all(axis=None) for out in outputs)
        assert np.isfinite(regressor.score(X, FLEXION.target.loc[X.index]))

    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_the_shortest_trials_are_at_rest_in_equilibrium(self, n):
        regressor = generic().fit(FLEXION.data, FLEXION.target)
        trial = FLEXION.data.loc[["trial_01"]]
        assert np.allclose(regressor.predict(trial.iloc[:n]), regressor.predict(trial.iloc[:20])[:n], atol=1e-6)
        array = generic(sampling_rate=100.0).fit(
            FLEXION.data.loc["trial_00"].to_numpy(), FLEXION.target.loc["trial_00"].to_numpy()
        )
        assert array.predict(trial.iloc[:n].to_numpy()).shape == (n,)
        assert regressor.residual(trial.iloc[:n], FLEXION.target.loc[trial.index[:n]]).shape == (n,)

    def test_calibrate_takes_recordings_with_holes(self):
        regressor = generic().fit(FLEXION.data, FLEXION.target)
        X, y = without(FLEXION.data, (0.3, 1.5)), without(FLEXION.target, (0.3, 1.5))
        assert rmse(regressor.calibrate(X, y + 0.1).predict(X), y + 0.1) < 8.0

    def test_nothing_left_to_learn_from_is_an_error(self):
        X, y = (without(t.loc[["trial_01"]], (0.2, 2.0)) for t in (FLEXION.data, FLEXION.target))
        y = y.where(y.index.get_level_values("time") < 0.2)
        with pytest.warns(UserWarning, match="left out"), pytest.raises(ValueError, match="nothing to learn from"):
            generic().fit(X, y)


class TestScore:
    def test_unknown_angles_do_not_count(self):
        regressor = generic().fit(FLEXION.data, FLEXION.target)
        some = FLEXION.target.where(np.arange(len(FLEXION.target)) % 3 > 0)
        known = some.notna().to_numpy()
        y, predicted = some[known], regressor.predict(FLEXION.data)[known]
        expected = 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
        assert regressor.score(FLEXION.data, some) == pytest.approx(expected)
        weight = np.where(known, 1.0, 5.0)
        assert regressor.score(FLEXION.data, some, sample_weight=weight) == pytest.approx(expected)

    def test_each_coordinate_on_its_own_frames(self):
        from sk_bionic.model_selection._score import r2_where_known

        rng = np.random.default_rng(0)
        y = rng.normal(size=(60, 2))
        predicted = y + 0.3 * rng.normal(size=y.shape)
        y[:20, 0], y[30:, 1] = np.nan, np.nan
        parts = [r2_where_known(y[20:, 0], predicted[20:, 0]), r2_where_known(y[:30, 1], predicted[:30, 1])]
        assert r2_where_known(y, predicted) == pytest.approx(np.mean(parts))
        y[:, 1] = np.nan
        with pytest.raises(ValueError, match="Column 1 of y has no known angle"):
            r2_where_known(y, predicted)

    @pytest.mark.parametrize("scoring", ["neg_root_mean_squared_error", "r2", "neg_median_absolute_error"])
    def test_metrics_of_scikit_learn_where_angles_are_known(self, scoring):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(50, 3))
        y = X @ [1.0, 2.0, 3.0] + rng.normal(size=50)
        regressor, some = Ridge().fit(X, y), np.where(np.arange(50) < 20, np.nan, y)
        assert where_known(scoring)(regressor, X, some) == pytest.approx(get_scorer(scoring)(regressor, X[20:], y[20:]))
        assert cross_val_score(Ridge(), X, y, scoring=where_known(scoring), error_score="raise").shape == (5,)
        with pytest.raises(ValueError, match="known angle"):
            where_known(scoring)(regressor, X, np.full(50, np.nan))

    def test_searches_score_partly_known_angles(self):
        y = FLEXION.target.where(np.arange(len(FLEXION.target)) % 3 > 0)
        search = GridSearchCV(generic(), {"robust": [True, False]}, cv=TrialKFold(2)).fit(FLEXION.data, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()


class TestTransformers:
    @staticmethod
    def raw(duration=6.0, rate=1000.0, seed=0):
        time = np.arange(int(duration * rate)) / rate
        rng = np.random.default_rng(seed)
        emg = rng.normal(size=(len(time), 2)) * (0.05 + np.sin(np.pi * time / 2) ** 2)[:, None]
        return pd.DataFrame(
            emg, pd.MultiIndex.from_product([["a"], time], names=["trial", "time"]), ["biceps", "triceps"]
        )

    def test_the_rate_is_that_of_the_usual_step(self):
        X = without(self.raw(), (2.0, 4.0), trial="a")
        assert EMGEnvelope().fit(X).sampling_rate_ == pytest.approx(1000.0)

    @pytest.mark.parametrize(
        "transformer", [EMGEnvelope(rest=None), EMGEnvelope(causal=True), LagEmbedding((0.0, 0.1, 0.5))]
    )
    def test_nothing_crosses_a_hole(self, transformer):
        X = without(self.raw(), (2.0, 2.3), (4.0, 5.0), trial="a")
        time = X.index.get_level_values("time")
        changed = X.copy()
        changed[time > 4.5] *= 20.0
        transformer = transformer.fit(X)
        one, other = transformer.transform(X), transformer.transform(changed)
        assert np.array_equal(one[time < 4.5], other[time < 4.5]) and not np.allclose(
            one[time > 4.5], other[time > 4.5]
        )
        alone = transformer.transform(X[time > 4.5])
        assert np.allclose(one[time > 4.5], alone)

    def test_a_part_too_short_for_the_filters_is_named(self):
        X = without(self.raw(), (0.1, 2.0), trial="a")
        with pytest.warns(UserWarning, match=r"'a': its part from 0 to 0.099 s .* 100 rows, fewer than the 251"):
            envelope = EMGEnvelope().fit_transform(X)
        assert np.isfinite(envelope).all() and (envelope >= 0).all()

    @pytest.mark.parametrize("cv", [BlockedKFold(3, gap=0.2), BlockedKFold(9), RepetitionKFold(2)])
    def test_a_pipeline_from_raw_emg_is_searched_with_the_splitters(self, cv):
        X = self.raw()
        time = X.index.get_level_values("time")
        y = pd.Series(0.8 - 0.6 * np.cos(np.pi * time), X.index)
        pipeline = make_pipeline(EMGEnvelope(), LagEmbedding((0.0, 0.1)), Ridge()).set_output(transform="pandas")
        search = GridSearchCV(pipeline, {"ridge__alpha": [1.0, 100.0]}, cv=cv, error_score="raise")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            assert np.isfinite(search.fit(X, y).cv_results_["mean_test_score"]).all()

    def test_the_resting_level_is_taken_off_and_kept(self):
        rng = np.random.default_rng(0)
        X = self.raw(20.0)
        noisy = X + 0.05 * rng.normal(size=X.shape)
        X["triceps"] *= np.sin(np.pi * X.index.get_level_values("time") / 8) > 0
        noisy["triceps"] = X["triceps"] + 0.05 * rng.normal(size=len(X))
        clean = EMGEnvelope(rest=None, normalize=None).fit_transform(X)
        kept = EMGEnvelope(rest=None, normalize=None).fit_transform(noisy)
        transformer = EMGEnvelope(normalize=None).fit(noisy)
        freed = transformer.transform(noisy)
        at_rest = clean[:, 1] < 0.01
        assert np.median(kept[at_rest, 1]) > 0.03 and np.median(freed[at_rest, 1]) < 0.02
        assert np.abs(freed - clean)[:, 1].mean() < 0.5 * np.abs(kept - clean)[:, 1].mean()
        part = noisy.iloc[2000:6000]  # new frames are freed of the training's level, not of their own
        expected = np.sqrt(
            np.maximum(EMGEnvelope(rest=None, normalize=None).fit_transform(part) ** 2 - transformer.rest_**2, 0)
        )
        assert np.allclose(transformer.transform(part), expected)

    def test_the_level_under_envelopes_is_subtracted(self):
        X = FLEXION.data - FLEXION.data.min()
        freed = EMGEnvelope(band=None, low_pass=None, rest=0.02).fit_transform(X + 0.08)
        assert np.allclose(freed, X / X.max(), atol=5e-3)
        kept = EMGEnvelope(band=None, low_pass=None).fit(X + 0.08)
        assert not kept.rest_.any()

    def test_power_is_halved_where_the_documentation_says(self):
        time = np.arange(20000) / 1000.0
        for frequency, low_pass in ((3.583, 4.0), (4.0, 4.0 / (np.sqrt(2) - 1) ** (1 / 8))):
            envelope = EMGEnvelope(band=None, low_pass=low_pass, normalize=None, sampling_rate=1000.0)
            out = envelope.fit_transform((2 + np.sin(2 * np.pi * frequency * time))[:, None])[5000:15000, 0]
            assert np.var(out) / 0.5 == pytest.approx(0.5, rel=0.01)


class TestSplittersAndBaselines:
    def test_a_hole_ends_a_repetition(self):
        time = np.arange(0.0, 12.0, 0.01)
        y = pd.Series(1 - np.cos(np.pi * time), pd.MultiIndex.from_product([["a"], time], names=["trial", "time"]))
        cut = without(y, (4.9, 7.1), trial="a")
        number = find_repetitions(cut)
        at = cut.index.get_level_values("time")
        assert number[at < 4.5].max() == 2 and (np.diff(number) >= 0).all()
        assert set(number[at > 7.0]) & set(number[at < 5.0]) == set()

    def test_smoothing_of_baselines_does_not_cross_a_hole(self):
        X = without(FLEXION.data, (2.0, 3.0))
        y = FLEXION.target.loc[X.index]
        regressor = LowPassRegressor(Ridge(), cutoff=1.0).fit(X, y)
        changed = X.copy()
        behind = (X.index.get_level_values("trial") == "trial_01") & (X.index.get_level_values("time") > 2.5)
        changed[behind] *= 3.0
        assert np.array_equal(regressor.predict(X)[~behind], regressor.predict(changed)[~behind])


class TestDisplays:
    def test_lines_end_at_a_hole(self):
        pytest.importorskip("matplotlib").use("Agg")
        from sk_bionic.inspection import ResidualDisplay, TrajectoryDisplay

        regressor = generic().fit(FLEXION.data, FLEXION.target)
        X, y = without(FLEXION.data, (2.0, 3.0)), without(FLEXION.target, (2.0, 3.0))
        axes = TrajectoryDisplay.from_estimator(regressor, X, y, trials="trial_01").ax_
        for line in axes.lines:
            time, angle = line.get_data()
            assert not np.isfinite(angle[(time > 2.0) & (time < 2.99)]).any() and np.isnan(angle).sum() == 1
        ResidualDisplay.from_estimator(regressor, X, y)

    def test_recordings_with_holes_are_checked(self):
        from sk_bionic.inspection import check_recording

        X, y = without(FLEXION.data, (0.3, 2.0)), without(FLEXION.target, (0.3, 2.0))
        assert "trial_01" in set(check_recording(X, y).findings["trial"])


class TestMoments:
    def test_moments_along_a_motion_with_a_hole_are_those_of_its_parts(self):
        X = FLEXION.data.assign(elbow_flexion=FLEXION.target)
        cut = without(X, (1.0, 2.5))
        behind = (cut.index.get_level_values("trial") == "trial_01") & (cut.index.get_level_values("time") > 2.0)
        assert np.allclose(predict_moments(FLEXION.model, cut)[behind], predict_moments(FLEXION.model, cut[behind]))

    def test_parts_without_an_acceleration_are_unknown(self):
        X = FLEXION.data.assign(elbow_flexion=FLEXION.target)
        cut = without(X, (0.02, 2.5))
        with pytest.warns(UserWarning, match="'trial_01'.*0 to 0.01 s"):
            moments = predict_moments(FLEXION.model, cut)
        unknown = (cut.index.get_level_values("trial") == "trial_01") & (cut.index.get_level_values("time") < 0.1)
        assert moments[unknown].isna().all(axis=None) and moments[~unknown].notna().all(axis=None)
        with pytest.warns(UserWarning, match="'trial_01'"):
            found = calibrate_to_moments(FLEXION.model, cut, 1.2 * moments, identify=["max_isometric_force"])
        assert (found.parameters["value"] > found.parameters["initial"]).all()


class TestWorkFrames:
    def test_fast_frames_are_worked_at_the_rate_of_a_movement(self):
        fast = make_elbow_flexion(1, duration=3.0, sampling_rate=1000, angle_noise=0.0, random_state=0)
        slow = make_elbow_flexion(1, duration=3.0, sampling_rate=100, angle_noise=0.0, random_state=0)
        regressor = PhysicsInformedMSKRegressor(fast.model, prediction="simulation", identify=[]).fit(
            fast.data, fast.target
        )
        predicted = regressor.predict(fast.data)
        assert regressor._read(fast.data)[0].trials.n_frames == 300
        assert len(predicted) == 3000 and rmse(predicted, fast.target) < 0.2
        assert rmse(regressor.predict(slow.data), slow.target) < 0.3
        forces = regressor.predict_muscle_forces(fast.data)
        assert forces.index.equals(fast.data.index)
        assert np.abs(forces - fast.muscle_forces).max(axis=None) < 0.05 * fast.muscle_forces.max(axis=None)

    def test_every_frame_is_worked_where_that_is_asked_for(self):
        fast = make_elbow_flexion(1, duration=1.0, sampling_rate=400, random_state=0)
        regressor = generic(frame_rate=None).fit(fast.data, fast.target)
        assert regressor._read(fast.data)[0].trials.n_frames == 400

    @pytest.mark.parametrize("n", [1, 2, 3, 7, 100, 1001])
    @pytest.mark.parametrize("frame_rate", [None, 100.0, 30.0])
    def test_constants_ramps_and_ends_are_preserved(self, n, frame_rate):
        trials = Trials(("a", "b"), np.array([0, n, n + 50]), np.concatenate([np.arange(n), np.arange(50)]) / 1000.0)
        work = WorkFrames.of(trials, frame_rate)
        ramp = np.column_stack([np.ones(n + 50), 3 * trials.time])
        assert np.allclose(work.back(work.means(ramp)), ramp)
        labels, weight = work.labels(ramp, np.full(n + 50, 0.5))
        assert np.allclose(labels, work.means(ramp)) and np.allclose(weight, 0.5)

    def test_sparse_labels_stay_at_their_times(self):
        trials = find_trials(np.zeros((2000, 1)), sampling_rate=1000.0)
        angle = np.full((2000, 1), np.nan)
        angle[3::20, 0] = np.sin(trials.time[3::20])
        labels, _ = WorkFrames.of(trials, 100.0).labels(angle, np.ones(2000))
        work = WorkFrames.of(trials, 100.0).trials
        known = np.isfinite(labels[:, 0])
        assert 95 <= known.sum() <= 110
        assert np.abs(labels[known, 0] - np.sin(work.time[known])).max() < 4e-3  # 4 ms at 1 rad/s

    def test_raw_emg_in_a_pipeline_is_searched(self):
        flexion = make_elbow_flexion(2, duration=3.0, sampling_rate=1000, random_state=0)
        rng = np.random.default_rng(0)
        raw = flexion.data * rng.normal(size=flexion.data.shape)
        pipeline = make_pipeline(EMGEnvelope(), generic().set_params(model="elbow")).set_output(transform="pandas")
        scores = cross_val_score(pipeline, raw, flexion.target, cv=BlockedKFold(2, gap=0.1))
        assert np.isfinite(scores).all()


class TestTwoLimbs:
    def test_columns_that_name_a_side_get_advice_that_works(self):
        X = pd.concat([FLEXION.data.add_suffix("_r"), FLEXION.data.add_suffix("_l")], axis=1)
        y = pd.concat([FLEXION.target.rename("right"), FLEXION.target.rename("left")], axis=1)
        with pytest.raises(ValueError, match="holds the channels of.*one estimator a limb.*rename") as error:
            PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
        advice = str(error.value).rsplit("Rename the columns: ", 1)[1].rstrip(".")
        one = eval(advice, {"X": X})
        assert one.equals(FLEXION.data)
        generic().fit(one, y["right"])

    def test_one_side_alone(self):
        X = FLEXION.data.add_prefix("left ")
        with pytest.raises(ValueError, match=r"'left biceps': 'biceps'"):
            PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, FLEXION.target)
