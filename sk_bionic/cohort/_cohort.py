"""The fitted subjects, their parameters side by side, and what these say about the group."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..identification.identifiability import WEAK_INFORMATION
from ..identification.suspicion import Suspicion, suspicion_frame
from ._effects import RandomEffects, random_effects
from ._prior import FEWEST_SUBJECTS, OF_OWN_RANGE, own_ranges, with_prior

FINDING_COLUMNS = list(Suspicion._fields[:6])
KEY = ["muscle", "name"]  # of a parameter
# Where the angles add less than this part of the prior's own precision, they narrow it by less than a tenth: the
# parameter is not determined, and taking its prior off would multiply whatever is wrong with the model.
LEAST_INFORMATION = WEAK_INFORMATION


class Failure(NamedTuple):
    """Why a subject has no estimator.

    Parameters
    ----------
    exception : Exception
        What its fit raised.
    traceback : str
        Where, as Python prints it.
    """

    exception: Exception
    traceback: str


class Comparison(NamedTuple):
    """Parameters of the same subjects in two conditions: the result of `Cohort.compare`.

    Parameters
    ----------
    subjects : DataFrame
        One row for each subject and parameter of both: subject, muscle, name, unit, scale, first, second (values),
        difference, std_err, z. The difference is second minus first, of the logarithm where `scale` is "log"; z is the
        difference over its standard error.
    summary : DataFrame
        One row a parameter: muscle, name, unit, scale and the fields of `RandomEffects` of the differences.

    Examples
    --------
    >>> from sklearn import clone
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.cohort import Cohort
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=2, random_state=0, return_X_y=True)
    >>> regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation")
    >>> conditions = [
    ...     Cohort({"S0": clone(regressor).fit(X.loc[[trial]], y.loc[[trial]])}) for trial in ("trial_00", "trial_01")
    ... ]
    >>> comparison = conditions[0].compare(conditions[1])
    >>> bool(comparison.subjects["z"].abs().max() < 4)
    True
    """

    subjects: pd.DataFrame
    summary: pd.DataFrame


class Cohort:
    """Fitted subjects.

    Made by `fit_subjects`, or of estimators that were fitted elsewhere.

    Parameters
    ----------
    estimators : dict
        From the subject's name to its fitted estimator (`PhysicsInformedMSKRegressor`, or a Pipeline or search that
        ends in one).
    failures : dict, optional
        From the subject's name to a `Failure`.
    seconds : dict, optional
        Duration of every fit [s].

    Attributes
    ----------
    estimators_ : dict
    failures_ : dict
    fit_time_ : Series
        Seconds by subject.
    findings_ : DataFrame
        The `findings_` of all estimators (what makes a fit implausible) with the column subject in front.
    parameters_ : DataFrame
        The `parameters_` of all estimators with the columns subject in front and, at the end, `scale`: "log" where
        the prior is one of the logarithm, else "identity"; prior_scale, the prior's standard deviation there.

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.cohort import Cohort
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> fitted = {}
    >>> for seed in (0, 1):
    ...     X, y = make_elbow_flexion(n_trials=1, random_state=seed, return_X_y=True)
    ...     fitted[f"S{seed}"] = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    >>> cohort = Cohort(fitted)
    >>> cohort.summary()[["muscle", "name", "n"]].head(2)
        muscle                 name  n
    0   biceps  max_isometric_force  2
    1  triceps  max_isometric_force  2
    """

    def __init__(self, estimators, failures=None, seconds=None):
        self.estimators_, self.failures_ = dict(estimators), dict(failures or {})
        self.fit_time_ = pd.Series(dict(seconds or {}), dtype=np.float64, name="seconds")
        tables = [_table(name, estimator) for name, estimator in self.estimators_.items()]
        self.parameters_ = pd.concat(tables, ignore_index=True)
        findings = [
            getattr(regressor_of(one), "findings_", suspicion_frame([])).assign(subject=name)[
                ["subject", *FINDING_COLUMNS]
            ]
            for name, one in self.estimators_.items()
        ]
        self.findings_ = pd.concat(findings, ignore_index=True)

    def __len__(self):
        return len(self.estimators_)

    def __repr__(self):
        failed = f", {len(self.failures_)} failed" if self.failures_ else ""
        return f"Cohort({len(self)} subjects{failed})"

    def summary(self):
        """What the subjects say about their population, one row a parameter.

        Every estimate is weighed by its standard error, after the share of its prior is taken off: all subjects have
        the same prior, which must not count as often as there are subjects. Estimates that come from the prior, or lie
        on a bound, are left out; `caveat` says how many subjects are left.

        Returns
        -------
        DataFrame
            Columns muscle, name, unit, scale and the fields of `RandomEffects`, in the parameter's unit, and caveat.
            Where `scale` is "log" the mean is the geometric one, intervals are asymmetric, and std_err and between_std
            are those of the logarithm times the mean. No interval goes beyond the parameter's bounds. `caveat` is empty
            where every subject's recording determines the parameter and there are three subjects at least.
        """
        estimates = _estimates(self.parameters_)
        rows = [
            (
                *key,
                part["unit"].iloc[0],
                part["scale"].iloc[0],
                *random_effects(part["estimate"], part["error"]),
                _caveat(part),
            )
            for key, part in estimates.groupby(KEY, sort=False)
        ]
        summary = pd.DataFrame(rows, columns=[*KEY, "unit", "scale", *RandomEffects._fields, "caveat"])
        return _in_units(summary, self.parameters_)

    def compare(self, other):
        """Compare the same subjects in two conditions: whether their parameters agree within their errors.

        Parameters
        ----------
        other : Cohort
            The second condition. Subjects and parameters that only one of the two has are left out, and so are those
            that are the recording's rather than the subject's: the ends of the range of a joint, and its angle at rest,
            where the model takes them from the angles.

        Returns
        -------
        Comparison
            By subject and parameter, and the mean change of each parameter.

        Raises
        ------
        ValueError
            When the two have no parameter of a subject in common.
        """
        first, second = (_estimates(one.parameters_[~one._of_own_range()]) for one in (self, other))
        both = pd.merge(first, second, on=["subject", *KEY, "unit", "scale"], suffixes=("_1", "_2"))
        if both.empty:
            raise ValueError(
                f"The cohorts have no parameter of a subject in common. Subjects: {list(self.estimators_)} and "
                f"{list(other.estimators_)}."
            )
        subjects = both[["subject", *KEY, "unit", "scale"]].assign(
            first=both["value_1"],
            second=both["value_2"],
            difference=both["estimate_2"] - both["estimate_1"],
            std_err=np.hypot(both["error_1"], both["error_2"]),
        )
        subjects["z"] = subjects["difference"] / subjects["std_err"]
        rows = [
            (
                *key,
                part["unit"].iloc[0],
                part["scale"].iloc[0],
                *random_effects(part["difference"], part["std_err"]),
            )
            for key, part in subjects.groupby(KEY, sort=False)
        ]
        return Comparison(subjects, pd.DataFrame(rows, columns=[*KEY, "unit", "scale", *RandomEffects._fields]))

    def _of_own_range(self):
        """Rows (n_parameters,) of bool of `parameters_` that a model takes from the recorded range."""
        models = [regressor_of(one).model_ for one in self.estimators_.values()]
        own = {name for model in models for name in own_ranges(model)}
        return self.parameters_["muscle"].isin(own) & self.parameters_["name"].isin(OF_OWN_RANGE)

    def prior(self, model=None):
        """A model whose priors are what these subjects say about the next one.

        The prior of a parameter is centred on the random-effects mean; its standard deviation makes 95 % of it the
        interval of the next subject, and is never larger than before. Parameters that fewer than three subjects
        tell of keep the prior that they have, and so do the ends of the joint's range where the model takes them from
        the subject's own angles.

        Parameters
        ----------
        model : MusculoskeletalModel, optional
            Default: the model that the first subject was fitted with.

        Returns
        -------
        MusculoskeletalModel
            For the `model` of the next estimator.
        """
        if model is None:
            model = next(regressor_of(one) for one in self.estimators_.values()).model_
            table = model.parameters
            model = model.with_values(np.array([row.initial for row in table.rows]))
        return with_prior(model, self.summary())


def regressor_of(estimator):
    """The regressor at the end of a fitted pipeline or search.

    Raises
    ------
    ValueError
        When there is no estimator with `parameters_`.
    """
    last = getattr(estimator, "best_estimator_", estimator)
    last = last.steps[-1][1] if hasattr(last, "steps") else last
    if not hasattr(last, "parameters_"):
        raise ValueError(
            "A cohort is made of fitted estimators that have `parameters_`, or pipelines and searches that end in "
            f"one. Got {type(last).__name__}. "
            "Fit it, and give X a time axis."
        )
    return last


def _table(subject, estimator):
    regressor = regressor_of(estimator)
    table = regressor.model_.parameters
    of = {(row.owner, row.name): row for row in table.rows}
    rows = [of[key] for key in zip(regressor.parameters_["muscle"], regressor.parameters_["name"], strict=True)]
    frame = regressor.parameters_.assign(
        scale=[row.transformation for row in rows], prior_scale=[row.prior_scale for row in rows]
    )
    frame.insert(0, "subject", subject)
    return frame


def _estimates(parameters):
    """The table with `estimate` and `error`: what the angles alone say, on the prior's scale.

    A value is the mean of the prior's centre and of what the angles say, weighed by their precisions: narrowing^2 and
    1 - narrowing^2 (both are Gaussian there). `std_err`, which may be wider than the posterior where the model is in
    doubt, is the error of that mean; what the prior's scatter has in it is taken off. Infinite error where the angles
    say nothing.
    """
    log = (parameters["scale"] == "log").to_numpy()
    value, initial = (parameters[name].to_numpy(np.float64) for name in ("value", "initial"))
    scale, narrowing = (parameters[name].to_numpy(np.float64) for name in ("prior_scale", "narrowing"))
    error = parameters["std_err"].to_numpy(np.float64) / np.where(log, value, 1.0) / scale
    center = np.where(log, np.log(np.where(log, initial, 1.0)), initial)
    reached = np.where(log, np.log(np.where(log, value, 1.0)), value)
    informed = (narrowing**-2 - 1.0 > LEAST_INFORMATION) & ~parameters["at_bound"].to_numpy(bool)
    narrowing = np.where(informed, narrowing, np.nan)
    share = 1.0 - narrowing**2
    alone = np.sqrt(np.maximum(error, narrowing) ** 2 - narrowing**4) / share
    return parameters.assign(
        estimate=np.where(informed, center + (reached - center) / share, np.nan),
        error=np.where(informed, scale * alone, np.inf),
    )


def _caveat(part):
    """What a row of the summary must not be taken for, in words."""
    n, of = int(np.isfinite(part["error"]).sum()), len(part)
    if n == 0:
        return f"no recording of {of} determines it: nothing is known but the prior"
    left_out = f"determined in {n} of {of} subjects" if n < of else ""
    few = "the next subject's interval needs three" if n < FEWEST_SUBJECTS else ""
    return "; ".join(text for text in (left_out, few) if text)


def _in_units(summary, parameters):
    """Statistics of logarithms as those of the values; intervals end at the parameters' bounds."""
    out, log = summary.copy(), (summary["scale"] == "log").to_numpy()
    bounds = parameters.groupby(KEY, sort=False)
    lowest, highest = (bounds[name].agg(how).to_numpy(np.float64) for name, how in (("lower", "min"), ("upper", "max")))
    for name in ("mean", "lower", "upper", "next_lower", "next_upper"):
        low, high = (np.where(log, np.log(np.where(log, end, 1.0)), end) for end in (lowest, highest))
        inside = np.clip(summary[name], low, high).to_numpy() if name != "mean" else summary[name].to_numpy()
        # An interval that nobody knows stays infinite.
        values = np.where(np.isfinite(summary[name]), inside, summary[name])
        out[name] = np.where(log, np.exp(np.where(log, values, 0.0)), values)
    for name in ("std_err", "between_std"):
        out[name] = np.where(log, summary[name] * out["mean"], summary[name])
    return out
