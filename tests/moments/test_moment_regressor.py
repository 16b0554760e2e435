"""The estimator of moments: what it recovers, what it says of its errors, scikit-learn's tools, files."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from sk_bionic import EMGDrivenMomentRegressor, calibrate_to_moments, load, predict_moments, predict_muscle_forces, save
from sk_bionic.datasets import make_arm_reaching
from sk_bionic.musculoskeletal import Coordinate, MuscleGeometry, MusculoskeletalModel, arm, elbow


def recording(seed=1, trials=("a", "b", "c"), noise=0.0):
    """EMG and angles of an arm, and the moments of an arm with other gains."""
    generator, time = np.random.default_rng(seed), np.arange(0.0, 2.0, 0.02)
    index = pd.MultiIndex.from_product([trials, time], names=["trial", "time"])
    X = pd.DataFrame(index=index)
    for name in arm().channels:
        speed, phase = generator.uniform(2, 9, len(trials)), generator.uniform(0, 6, len(trials))
        waves = [0.4 + 0.35 * np.sin(v * time + f) for v, f in zip(speed, phase, strict=True)]
        X[name] = np.concatenate(waves)
    for name, middle, size in zip(arm().coordinate_names, (0.4, 1.2), (0.6, 0.9), strict=True):
        X[name] = np.concatenate([middle + size * np.sin(v * time + v) for v in generator.uniform(2, 4, len(trials))])
    truth = arm().with_rows({(m, "emg_gain"): {"value": TRUE_GAIN[m]} for m in arm().muscle_names})
    y = predict_moments(truth, X)
    return X, y + generator.normal(0.0, noise, y.shape)


TRUE_GAIN = {name: gain for name, gain in zip(arm().muscle_names, (0.6, 1.4, 0.8, 1.2, 0.7, 0.9), strict=True)}


@pytest.fixture(scope="module")
def measured():
    return recording(noise=0.3)


@pytest.fixture(scope="module")
def fitted(measured):
    return EMGDrivenMomentRegressor(arm(), emg_scale=None).fit(*measured)


def geometry_of(model, X):
    """What MuscleAnalysis would have written of a model's motion."""
    angle = X[list(model.coordinate_names)].to_numpy()
    own = [muscle.path.along(angle) for muscle in model.muscles]
    table = lambda values: pd.DataFrame(np.column_stack(values), X.index, list(model.muscle_names))
    arms = {name: table([arm[:, d] for _, arm in own]) for d, name in enumerate(model.coordinate_names)}
    return MuscleGeometry(table([length for length, _ in own]), arms)


def without_skeleton(model, paths=False):
    muscles = model.muscles if paths else [replace(muscle, path=None) for muscle in model.muscles]
    return MusculoskeletalModel(muscles, [Coordinate(name) for name in model.coordinate_names], model.name)


def test_gains_are_recovered_within_their_stated_errors(fitted):
    gains = fitted.parameters_[fitted.parameters_["name"] == "emg_gain"].set_index("muscle")
    error = (gains["value"] - pd.Series(TRUE_GAIN)) / gains["std_err"]
    assert (error.abs() < 3.5).all()
    assert (gains["std_err"] < 0.2).all()
    np.testing.assert_allclose(fitted.noise_std_, 0.3, rtol=0.15)


def test_stated_band_holds_new_trials(fitted):
    X, y = recording(seed=7, trials=("d", "e"), noise=0.3)
    predicted, std = fitted.predict(X, return_std=True)
    inside = ((y - predicted).abs() < 1.645 * std).to_numpy().mean()
    assert 0.82 < inside < 0.97
    assert predicted.columns.tolist() == list(arm().coordinate_names) and predicted.index.equals(X.index)


def test_std_of_forces_is_the_propagated_posterior(fitted, measured):
    """Against forces of models drawn from the posterior."""
    X = measured[0].loc[["a"]]
    forces, std = fitted.predict_muscle_forces(X, return_std=True)
    model, free = fitted.model_, fitted.model_.parameters.free_index
    draws = []
    generator = np.random.default_rng(0)
    for _ in range(200):
        values = model.parameters.value.copy()
        values[free] += generator.multivariate_normal(np.zeros(len(free)), fitted.fitted_.covariance)
        draws.append(predict_muscle_forces(model.with_values(values), X).to_numpy())
    drawn = np.std(draws, axis=0)
    inner = forces.to_numpy() > 20.0
    np.testing.assert_allclose(std.to_numpy()[inner], drawn[inner], rtol=0.35)


def test_geometry_as_data_is_the_same_model(measured):
    X, y = measured
    model = arm()
    geometry = geometry_of(model, X)
    alone = without_skeleton(model)
    emg = X[list(model.channels)]
    tissue = predict_moments(model, X) - predict_moments(without_skeleton(model, paths=True), X)
    by_data = predict_moments(alone, emg, geometry=geometry)
    np.testing.assert_allclose(by_data + tissue, predict_moments(model, X), atol=0.02)
    regressor = EMGDrivenMomentRegressor(alone, geometry=geometry, emg_scale=None).fit(emg, y - tissue)
    whole = EMGDrivenMomentRegressor(model, emg_scale=None).fit(X, y)
    np.testing.assert_allclose(regressor.parameters_["value"], whole.parameters_["value"], rtol=0.02)
    rarer = emg.iloc[::2]
    inner = rarer.index.get_level_values("time") > 0.1  # at a trial's ends splines differ
    np.testing.assert_allclose(regressor.predict(rarer)[inner], regressor.predict(emg).iloc[::2][inner], atol=0.5)


def test_elastic_tendons_along_data_agree_with_those_along_angles(measured):
    X, _ = measured
    elastic = MusculoskeletalModel([replace(m, tendon="elastic") for m in arm().muscles], arm().joints, "soft")
    by_data = predict_muscle_forces(
        without_skeleton(elastic), X[list(elastic.channels)], geometry=geometry_of(elastic, X)
    )
    by_angles = predict_muscle_forces(elastic, X)
    np.testing.assert_allclose(by_data, by_angles, atol=0.01 * by_angles.to_numpy().max())


def test_muscles_without_electrodes_are_passive(measured):
    X, y = measured
    silent = arm().channels[0]
    with pytest.warns(UserWarning, match=f"X has no EMG of {silent}: nothing excites them"):
        regressor = EMGDrivenMomentRegressor(arm(), emg_scale=None).fit(X.drop(columns=silent), y)
    assert regressor.passive_muscles_ == (silent,)
    assert (regressor.predict_activations(X.drop(columns=silent))[silent] == 0.0).all()
    with pytest.raises(ValueError, match=rf"lacks the EMG columns \['{silent}'\]"):
        EMGDrivenMomentRegressor(arm(), unrecorded="raise").fit(X.drop(columns=silent), y)
    mixed = EMGDrivenMomentRegressor(arm(), channels={silent: {arm().channels[1]: 1.0}}, emg_scale=None)
    with pytest.warns(UserWarning, match="no EMG of their own but a stated mixture"):
        mixed.fit(X.drop(columns=silent), y)
    assert mixed.passive_muscles_ == ()


def test_scikit_learn_s_tools_take_it(measured):
    X, y = measured
    trials = X.index.get_level_values("trial")
    model = EMGDrivenMomentRegressor(arm(), emg_scale=None)
    scores = cross_val_score(model, X, y, groups=trials, cv=LeaveOneGroupOut(), scoring="neg_root_mean_squared_error")
    assert (scores > -0.45).all()
    search = GridSearchCV(model, {"identify": [["max_isometric_force"], "gains"]}, cv=LeaveOneGroupOut())
    search.fit(X, y, groups=trials)
    assert search.best_params_ == {"identify": "gains"}
    scaled = make_pipeline(MaxAbsScaler().set_output(transform="pandas"), EMGDrivenMomentRegressor("auto"))
    assert scaled.fit(X, y).predict(X).shape == y.shape
    assert clone(search.best_estimator_).get_params()["identify"] == "gains"


@pytest.mark.parametrize("with_data", [False, True])
def test_what_is_saved_predicts_the_same(measured, tmp_path, with_data):
    X, y = measured
    if with_data:
        regressor = EMGDrivenMomentRegressor(
            without_skeleton(arm()), geometry=geometry_of(arm(), X), identify=["max_isometric_force"]
        )
        X = X[list(arm().channels)]
    else:
        regressor = EMGDrivenMomentRegressor(without_skeleton(arm(), paths=True), identify="lengths")
    regressor.fit(X, y)
    save(regressor, tmp_path / "subject.skb")
    loaded = load(tmp_path / "subject.skb")
    for one, other in zip(loaded.predict(X, return_std=True), regressor.predict(X, return_std=True), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    pd.testing.assert_frame_equal(loaded.parameters_, regressor.parameters_)


def test_rows_without_time_are_held_postures(measured):
    X, y = measured
    rows = X.reset_index(drop=True).iloc[::10]
    regressor = EMGDrivenMomentRegressor(arm(), emg_scale=None).fit(rows, y.reset_index(drop=True).iloc[::10])
    predicted = regressor.predict(rows)
    pd.testing.assert_frame_equal(regressor.predict(rows.iloc[::-1]).iloc[::-1], predicted)
    still = pd.concat([rows.iloc[[3]]] * 40, ignore_index=True)
    still.index = pd.MultiIndex.from_product([["still"], np.arange(40) / 20], names=["trial", "time"])
    held = predict_moments(regressor.model_, still)
    np.testing.assert_allclose(held.iloc[0], predicted.iloc[3], rtol=1e-9)


def test_a_model_without_a_skeleton_refuses_motion(measured):
    from sk_bionic import PhysicsInformedMSKRegressor

    X, _ = make_arm_reaching(1, duration=1.0, random_state=0, return_X_y=True)
    y = pd.DataFrame(0.1, X.index, list(arm().coordinate_names)) + np.random.default_rng(0).normal(0, 0.1, (len(X), 2))
    model = without_skeleton(arm(), paths=True)
    with pytest.raises(ValueError, match="has no skeleton.*EMGDrivenMomentRegressor"):
        PhysicsInformedMSKRegressor(model, prediction="simulation").fit(X, y)
    with pytest.raises(ValueError, match="have no paths: give their lengths and moment arms as data"):
        predict_moments(without_skeleton(arm()), measured[0])


def test_faults_of_geometry_name_what_is_missing(measured):
    X, y = measured
    geometry = geometry_of(arm(), X)
    model, emg = without_skeleton(arm()), X[list(arm().channels)]
    first = arm().muscle_names[0]
    with pytest.raises(ValueError, match=rf"no length of the muscles \['{first}'\]"):
        predict_moments(model, emg, geometry=geometry.take(muscles=arm().muscle_names[1:]))
    with pytest.raises(ValueError, match="no trial 'c'"):
        predict_moments(model, emg, geometry=geometry.at(emg.loc[["a", "b"]].index))
    with pytest.raises(ValueError, match="no `moment_arm_scale`"):
        scaled = model.with_rows({(first, "moment_arm_scale"): {"value": 1.1}})
        predict_moments(scaled, emg, geometry=geometry)
    with pytest.raises(ValueError, match=f"{first}/moment_arm_scale"):
        calibrate_to_moments(model, emg, y, identify=[f"{first}/moment_arm_scale"], geometry=geometry)


def test_a_moment_alone_and_its_name(measured):
    X, y = measured
    second = arm().coordinate_names[1]
    regressor = EMGDrivenMomentRegressor(arm(), emg_scale=None).fit(X, y[second])
    np.testing.assert_allclose(regressor.predict(X), y[second], atol=2.0)
    with pytest.raises(ValueError, match="must have columns among the coordinates"):
        EMGDrivenMomentRegressor(arm()).fit(X, y.rename(columns=lambda name: name + "_moment"))
    with pytest.raises(ValueError, match="must be named as its coordinate"):
        EMGDrivenMomentRegressor(elbow()).fit(
            X.iloc[:, :3].set_axis(["biceps", "triceps", "elbow_flexion"], axis=1), y[[second]].set_axis(["x"], axis=1)
        )


def with_a_push(X, y, size=6.0):
    """Moments to which something adds that no muscle of the model does, but that the posture tells."""
    extra = size * np.sin(4.0 * X[arm().coordinate_names[0]])
    return y + extra.to_numpy()[:, None] * np.eye(2)[0]


def test_hybrid_learns_what_the_muscles_lack_and_keeps_them_where_they_are_right():
    X, y = recording(noise=0.3, trials=tuple("abcdef"))
    new, of_new = recording(seed=7, trials=("g", "h"), noise=0.3)
    settings = {"emg_scale": None, "random_state": 0}
    muscles = EMGDrivenMomentRegressor(arm(), **settings).fit(X, with_a_push(X, y))
    hybrid = EMGDrivenMomentRegressor(arm(), prediction="hybrid", **settings).fit(X, with_a_push(X, y))
    error = lambda one: ((one.predict(new) - with_a_push(new, of_new)) ** 2).mean() ** 0.5
    pushed, other = arm().coordinate_names
    assert error(hybrid)[pushed] < 0.8 * error(muscles)[pushed]
    np.testing.assert_allclose(hybrid.hybrid_weights_.sum(axis=1), 1.0)
    assert hybrid.hybrid_weights_.loc[other, "trees"] < 0.05 < hybrid.hybrid_weights_.loc[pushed, "trees"]
    assert error(hybrid)[other] < 1.1 * error(muscles)[other]
    pd.testing.assert_frame_equal(hybrid.predict_muscle_forces(new), muscles.predict_muscle_forces(new))


def test_hybrid_band_is_of_frames_held_out(tmp_path):
    X, y = recording(noise=0.3, trials=tuple("abcdef"))
    new, of_new = recording(seed=7, trials=("g", "h"), noise=0.3)
    hybrid = EMGDrivenMomentRegressor(arm(), prediction="hybrid", emg_scale=None, random_state=0)
    predicted, std = hybrid.fit(X, with_a_push(X, y)).predict(new, return_std=True)
    inside = ((with_a_push(new, of_new) - predicted).abs() < 1.645 * std).to_numpy().mean()
    assert 0.7 < inside < 0.99
    save(hybrid, tmp_path / "hybrid.skbionic")
    np.testing.assert_array_equal(load(tmp_path / "hybrid.skbionic").predict(new), predicted)
    np.testing.assert_array_equal(clone(hybrid).fit(X, with_a_push(X, y)).predict(new), predicted)


def test_hybrid_of_postures_of_geometry_and_of_unknown_moments(measured):
    X, y = measured
    rows, moments = X.reset_index(drop=True).iloc[::10], y.reset_index(drop=True).iloc[::10]
    settings = {"emg_scale": None, "prediction": "hybrid", "random_state": 0}
    assert EMGDrivenMomentRegressor(arm(), **settings).fit(rows, moments).score(rows, moments) > 0.7
    alone, geometry = without_skeleton(arm()), geometry_of(arm(), X)
    emg, first = X[list(arm().channels)], arm().coordinate_names[0]
    by_data = EMGDrivenMomentRegressor(alone, geometry=geometry, **settings).fit(emg, y[[first]])
    assert by_data.score(emg, y[[first]]) > 0.9
    assert by_data.predict(emg).columns.tolist() == [first]


@pytest.mark.parametrize("n_known", [1, 3])
def test_hybrid_bands_are_known_where_few_trials_or_frames_have_moments(n_known):
    X, y = recording(noise=0.3, trials=tuple("abcd"))
    trial = X.index.get_level_values("trial")
    known = trial == "a" if n_known == 1 else np.arange(len(X)) < n_known  # a whole trial, or a few frames
    hybrid = EMGDrivenMomentRegressor(arm(), prediction="hybrid", emg_scale=None, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted, std = hybrid.fit(X, y[known].reindex(X.index)).predict(X, return_std=True)
    assert (std > 0).all(axis=None)
    pd.testing.assert_frame_equal(hybrid.predict(X), predicted)
    assert ((predicted - y).abs() < 2.0 * std).to_numpy().mean() > 0.7
