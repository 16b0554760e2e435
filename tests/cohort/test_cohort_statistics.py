"""Group statistics: published values, the prior taken off, conditions compared, priors for the next subject."""

import numpy as np
import pandas as pd
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.cohort import Cohort, fit_subjects, random_effects
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.identification.tables import parameter_frame
from sk_bionic.musculoskeletal import elbow, knee

# Vaccination against tuberculosis, vaccinated and control, each with and without the disease, in 13 trials (Colditz et
# al. 1994, JAMA 271(9), 698-702).
TUBERCULOSIS = np.array([
    [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761],
    [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232], [17, 1699, 65, 1600],
    [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825],
])  # fmt: skip


@pytest.fixture(scope="module")
def risk():
    """Logarithm of the relative risk in each trial and its standard error."""
    a, b, c, d = TUBERCULOSIS.T
    return np.log(a / (a + b)) - np.log(c / (c + d)), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def test_published_values_of_a_meta_analysis(risk):
    """As R's metafor for these data (REML, test="knha"; Viechtbauer 2010, J. Statistical Software 36(3))."""
    effects = random_effects(*risk)
    assert effects.n == 13
    assert effects.mean == pytest.approx(-0.7145, abs=1e-4)
    assert effects.std_err == pytest.approx(0.1807, abs=1e-4)
    assert effects.between_std**2 == pytest.approx(0.3132, abs=1e-4)
    half = 2.1788 * effects.std_err  # Student's t, 12 degrees of freedom
    assert (effects.lower, effects.upper) == pytest.approx((effects.mean - half, effects.mean + half), abs=1e-4)
    assert 100 * effects.heterogeneity == pytest.approx(92.22, abs=0.01)


def test_variance_between_subjects_maximises_the_restricted_likelihood(risk):
    value, error = risk

    def minus_log_likelihood(between):
        weight = 1 / (error**2 + between)
        mean = (weight * value).sum() / weight.sum()
        return -np.log(weight).sum() + np.log(weight.sum()) + (weight * (value - mean) ** 2).sum()

    best = random_effects(value, error).between_std ** 2
    for factor in (0.9, 0.99, 1.01, 1.1):
        assert minus_log_likelihood(factor * best) > minus_log_likelihood(best)


def test_without_scatter_the_mean_is_that_of_the_errors_alone():
    value, error = np.array([1.0, 1.01, 0.99, 1.0]), np.array([0.1, 0.2, 0.1, 0.4])
    effects = random_effects(value, error)
    assert effects.between_std == 0 and effects.heterogeneity == 0
    assert effects.mean == pytest.approx(np.average(value, weights=error**-2))


def test_who_says_nothing_counts_for_nothing(risk):
    value, error = risk
    more = random_effects([*value, 7.0, np.nan], [*error, np.inf, 1.0])
    assert more == random_effects(value, error)
    assert random_effects([], []).n == 0
    alone = random_effects([2.0, 5.0], [0.1, np.inf])
    assert (alone.n, alone.mean, alone.upper) == (1, 2.0, np.inf)
    with pytest.raises(ValueError, match=r"positive. Got 0.0 in row 1"):
        random_effects([1.0, 2.0], [0.1, 0.0])


def test_intervals_hold_the_population_mean_and_the_next_subject():
    rng, hits = np.random.default_rng(0), []
    for _ in range(400):
        error = rng.uniform(0.1, 0.8, 8)
        subjects = rng.normal(3.0, 1.0, 8)
        effects = random_effects(subjects + error * rng.normal(size=8), error)
        hits.append(
            (
                effects.lower < 3 < effects.upper,
                effects.next_lower < rng.normal(3, 1) < effects.next_upper,
            )
        )
    mean, following = np.mean(hits, axis=0)
    assert 0.92 < mean < 0.99 and 0.90 < following < 0.99


class Fitted:
    """What a cohort takes of an estimator: a model with values, and their standard errors."""

    def __init__(self, values, relative_error):
        model = elbow()
        changes = {(r.owner, r.name): r.value for r in model.parameters.rows} | values
        self.model_ = model.with_values(np.array(list(changes.values())))
        free = self.model_.parameters.value[self.model_.parameters.free_index]
        self.parameters_ = parameter_frame(self.model_, np.diag((relative_error * np.abs(free)) ** 2))


FORCE = ("biceps", "max_isometric_force")


def cohort_of(forces, relative_error=0.02):
    return Cohort({f"S{k}": Fitted({FORCE: force}, relative_error) for k, force in enumerate(forces)})


def row(table, muscle="biceps", name="max_isometric_force"):
    return table.set_index(["muscle", "name"]).loc[(muscle, name)]


def test_the_share_of_the_prior_is_taken_off():
    """Posterior of a Gaussian prior and a Gaussian likelihood on the logarithm: the likelihood comes back."""
    generic = row(Fitted({}, 0.1).parameters_)["value"]
    prior, error, found = 0.5, 0.3, np.log(1.6)
    precision = prior**-2 + error**-2
    posterior = np.exp(found * error**-2 / precision) * generic
    cohort = Cohort({name: Fitted({FORCE: posterior}, precision**-0.5) for name in ("a", "b", "c")})
    summary = row(cohort.summary())
    assert summary["mean"] == pytest.approx(1.6 * generic, rel=1e-9)
    assert summary["between_std"] == 0
    one = row(Cohort({"a": Fitted({FORCE: posterior}, precision**-0.5)}).summary())
    assert one["std_err"] == pytest.approx(error * 1.6 * generic, rel=1e-9)
    assert one["n"] == 1 and np.isinf(one["upper"])


def test_a_doubted_model_widens_the_error_of_an_estimate_but_does_not_move_it():
    """What the angles say follows from the posterior; std_err says how wrong that may be."""
    generic = row(Fitted({}, 0.1).parameters_)["value"]
    sure, doubted = (Cohort({"a": Fitted({FORCE: 1.4 * generic}, 0.2)}) for _ in range(2))
    doubted.parameters_["std_err"] *= 2.0
    first, second = (row(one.summary()) for one in (sure, doubted))
    assert second["mean"] == pytest.approx(first["mean"]) and second["std_err"] > 1.9 * first["std_err"]


def test_ends_of_a_range_taken_from_the_angles_are_not_compared():
    assert not Cohort({"a": Fitted({}, 0.1)})._of_own_range().any()
    fitted = Fitted({}, 0.1)
    fitted.model_ = knee()
    fitted.parameters_ = parameter_frame(
        fitted.model_, np.diag(np.full(len(fitted.model_.parameters.free_index), 0.01))
    )
    cohort = Cohort({"a": fitted})
    names = set(cohort.parameters_["name"])
    assert names - set(cohort.compare(cohort).subjects["name"]) == {"lower_limit", "upper_limit", "joint_rest_angle"}


def test_values_that_come_from_their_prior_say_nothing():
    generic = row(Fitted({}, 0.1).parameters_)["value"]
    cohort = Cohort({
        "a": Fitted({FORCE: 1.2 * generic}, 0.02), "b": Fitted({FORCE: 1.3 * generic}, 0.02),
        "c": Fitted({FORCE: generic}, 0.4999),
    })  # fmt: skip
    assert row(cohort.summary())["n"] == 2


def test_conditions_are_compared_subject_by_subject():
    generic = row(Fitted({}, 0.1).parameters_)["value"]
    before = generic * np.array([0.8, 1.0, 1.3, 1.1])
    first, second = cohort_of(before), cohort_of([*(1.2 * before), generic])
    subjects, summary = first.compare(second)
    assert set(subjects["subject"]) == {"S0", "S1", "S2", "S3"}  # S4 has one condition only
    change = row(subjects.query("subject == 'S2'"))
    assert change["second"] / change["first"] == pytest.approx(1.2)
    assert change["difference"] == pytest.approx(np.log(1.2), rel=0.01)
    assert change["std_err"] == pytest.approx(np.sqrt(2) * 0.02, rel=0.01)
    assert change["z"] == pytest.approx(change["difference"] / change["std_err"])
    assert row(summary)["lower"] > 0  # of all subjects together; the other parameters have not changed
    assert row(summary, "triceps")["lower"] < 0 < row(summary, "triceps")["upper"]
    with pytest.raises(ValueError, match="no parameter of a subject in common"):
        first.compare(Cohort({"X": Fitted({}, 0.02)}))


def test_the_prior_of_the_next_subject_is_the_interval_that_the_group_states():
    generic = row(Fitted({}, 0.1).parameters_)["value"]
    cohort = cohort_of(generic * np.array([1.3, 1.4, 1.5, 1.6, 1.45, 1.38]))
    rows = {(r.owner, r.name): r for r in cohort.prior(elbow()).parameters.rows}
    summary = row(cohort.summary())
    force = rows[FORCE]
    assert force.initial == force.value == pytest.approx(summary["mean"], rel=1e-9)
    assert np.exp(1.96 * force.prior_scale) == pytest.approx(summary["next_upper"] / summary["mean"], rel=1e-6)
    assert force.prior_scale < 0.5  # the generic one
    before = {(r.owner, r.name): r for r in elbow().parameters.rows}
    fixed = ("biceps", "tendon_slack_length")  # was not identified
    assert rows[fixed] == before[fixed]
    assert all(r.lower < r.initial < r.upper for r in rows.values() if r.free)
    of_first = {(r.owner, r.name): r for r in cohort.prior().parameters.rows}
    assert of_first[FORCE] == force and of_first[fixed] == before[fixed]
    few = cohort_of(generic * np.array([1.3, 1.5])).prior(elbow())
    assert few.parameters.rows == elbow().parameters.rows  # two subjects are no population


def population(n, seed, **recording):
    """Recordings of subjects about half as strong again as the preset, with longer fibers and shorter delays."""
    rng, recordings = np.random.default_rng(seed), {}
    for k in range(n):
        model = elbow()
        factor = {"max_isometric_force": (1.5, 0.08), "optimal_fiber_length": (1.12, 0.02), "emg_shape_factor": (0.5,
        0.1),
                  "electromechanical_delay": (1.5, 0.05)}  # fmt: skip
        values = [
            r.value * factor[r.name][0] * np.exp(factor[r.name][1] * rng.normal()) if r.name in factor else r.value
            for r in model.parameters.rows
        ]
        truth = model.with_values(np.array(values))
        X = make_elbow_flexion(random_state=seed + k, **recording).data
        simulated = PhysicsInformedMSKRegressor(truth, prediction="simulation", identify=[]).fit(X, np.zeros(len(X)))
        angle = pd.Series(simulated.simulate(X), X.index)
        recordings[f"S{k}"] = X, angle + np.deg2rad(1.0) * rng.normal(size=len(X)), angle
    return recordings


@pytest.mark.filterwarnings("ignore::sk_bionic.exceptions.IdentifiabilityWarning")
def test_earlier_subjects_help_where_labels_are_few():
    recording = {"duration": 2.0, "sampling_rate": 50}
    earlier = population(5, 10, n_trials=2, **recording)
    later = population(3, 50, n_trials=2, **recording)
    X, y = (
        pd.concat([one[part].rename(f"{name}_{{}}".format, level="trial") for name, one in earlier.items()])
        for part in (0, 1)
    )
    cohort = fit_subjects(PhysicsInformedMSKRegressor("elbow", prediction="simulation"), X, y)
    errors = {"generic": [], "cohort": []}
    for X, y, angle in later.values():
        new = X.index.get_level_values("trial") == "trial_01"
        few = y[~new].where(np.arange((~new).sum()) < 15)  # 0.3 s of labels
        for prior, model in {"generic": "elbow", "cohort": cohort.prior(elbow())}.items():
            regressor = PhysicsInformedMSKRegressor(model, prediction="simulation").fit(X[~new], few)
            errors[prior].append(np.sqrt(np.mean((regressor.predict(X[new]) - angle[new]) ** 2)))
    assert np.mean(errors["cohort"]) < 0.5 * np.mean(errors["generic"])
