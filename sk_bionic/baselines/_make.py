"""One way to every baseline: its name."""

from numbers import Integral

import numpy as np
from sklearn.ensemble import VotingRegressor
from sklearn.feature_selection import VarianceThreshold
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sk_bionic._inputs import own_seed
from sk_bionic.baselines import _features, _learners
from sk_bionic.baselines._low_pass import LowPassRegressor
from sk_bionic.model_selection import TrialOrBlockKFold

DEFAULT_LAGS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
# Trees take what they need of many columns and gain from a second of history; networks and kernels lose.
LONG_LAGS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
LAGS = {"extra_trees": LONG_LAGS}  # of the baselines that have lags of their own
#: What `make_baseline` can build.
BASELINE_NAMES = (
    "ridge",
    "random_forest",
    "extra_trees",
    "gaussian_process",
    "mlp",
    "gru",
    "mean",
    "joint_training",
    "time_only",
    "shuffled_emg",
)
MEMBERS = ("random_forest", "gru", "mlp")  # of the mean


def make_baseline(
    name,
    *,
    lags=None,
    sqrt=True,
    low_pass=True,
    sampling_rate=None,
    search=True,
    cv=4,
    model="auto",
    random_state=None,
):
    """Build a regressor of the joint angle as EMG users build it today, or a control.

    The history of every column (`LagEmbedding` of the square root of the envelope) goes
    standardised into a regressor whose hyperparameters a grid search chooses by the mean squared
    error, and the prediction through a low-pass (`LowPassRegressor`). The lags are computed before
    anything splits the frames: they learn nothing from the data, and a block cut out of a trial
    would otherwise leave a hole that the lags of the next frames reach into. Frames whose angle is
    NaN (unknown) give the lags of others, and are otherwise left out.

    Parameters
    ----------
    name : str
        "ridge";
        "random_forest";
        "extra_trees": extremely randomised trees on a longer history, of which nothing is searched;
        "gaussian_process": constant times squared exponential plus white noise, trained on at most
        1000 evenly spaced frames;
        "mlp": `NoisyMLPRegressor`, trained on at most 500 evenly spaced frames;
        "gru": `GRURegressor`, which reads the columns without lags;
        "mean": mean of the predictions of "random_forest", "gru" and "mlp", each with its own
        search and low-pass;
        "joint_training": the published physics-informed network,
        ``PhysicsInformedMSKRegressor(model, prediction="network")``, which takes the envelopes
        themselves and makes its own history; `lags` and `sqrt` do not concern it;
        "time_only": a control, a random forest that sees the time within the trial and no EMG:
        cyclic movements can be memorised from the clock alone, and a learner that does no better
        has learnt the protocol, not the muscles;
        "shuffled_emg": a control, "random_forest" on EMG whose half-second blocks are in random
        order, in training and prediction alike. It should do no better than the mean angle.
    lags : sequence of float, optional
        Lags of the EMG [s]. Default: 0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4 and 0.5; of the "extra_trees" 0, 0.03, 0.06,
        0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8 and 1.
    sqrt : bool, default=True
        Take the square root of the EMG first. Amplitudes are skewed, and most of the movement
        happens at low ones; every regressor gains from it on recorded EMG.
    low_pass : bool, default=True
        Smooth the predictions without lag, cut-off chosen on out-of-fold predictions.
    sampling_rate : float, default=None
        Rate of the frames [Hz] where the index of `X` holds no time.
    search : bool, default=True
        Search the hyperparameters. False: fixed, reasonable ones.
    cv : int or splitter, default=4
        Folds of the search and of the choice of the cut-off. A number means folds of whole trials
        where the training part has several, else contiguous blocks with a gap as long as the
        longest lag.
    model : MusculoskeletalModel or str, default="auto"
        The model of "joint_training", as `PhysicsInformedMSKRegressor` takes it.
    random_state : int or None, default=None
        Seed of forests, networks and the shuffled order. None: drawn now, without NumPy's global generator.

    Returns
    -------
    Pipeline or VotingRegressor
        A pipeline of the steps "features" and "regressor", the latter a `LowPassRegressor` unless
        ``low_pass=False``, of a GridSearchCV unless ``search=False``; for "mean" the mean of three
        such pipelines. Fit it on a DataFrame of envelopes with the index levels "trial" and "time"
        [s], or on an array with `sampling_rate`.

    Raises
    ------
    ValueError
        If there is no baseline of that name.

    Examples
    --------
    >>> from sk_bionic.baselines import make_baseline
    >>> make_baseline("ridge", search=False, low_pass=False)[-1][-1]
    SubsampledRegressor(estimator=Ridge(alpha=100.0), max_frames=None)
    """
    if name not in BASELINE_NAMES:
        raise ValueError(f"`name` must be one of {', '.join(BASELINE_NAMES)}. Got {name!r}.")
    if name == "mean":
        options = {"lags": lags, "sqrt": sqrt, "low_pass": low_pass, "search": search, "cv": cv}
        options |= {"sampling_rate": sampling_rate, "random_state": random_state}
        return VotingRegressor([(member, make_baseline(member, **options)) for member in MEMBERS])
    random_state = own_seed(random_state)
    lags = LAGS.get(name, DEFAULT_LAGS) if lags is None else lags
    if isinstance(cv, Integral):
        cv = TrialOrBlockKFold(cv, gap=max(lags), sampling_rate=sampling_rate)
    features = _features_of(name, lags, sqrt, sampling_rate, random_state)
    regressor, grid = _regressor_of(name, model, sampling_rate, random_state)
    if search and grid:
        regressor = GridSearchCV(regressor, grid, cv=cv, scoring=_known_error)
    if low_pass:
        regressor = LowPassRegressor(regressor, cv=cv, sampling_rate=sampling_rate)
    return Pipeline([("features", features), ("regressor", regressor)])


def _features_of(name, lags, sqrt, sampling_rate, random_state):
    if name == "joint_training":
        return "passthrough"
    if name == "time_only":
        return _features.clock(sampling_rate)
    shuffling = []
    if name == "shuffled_emg":
        blocks = _features.ShuffledBlocks(sampling_rate=sampling_rate, random_state=random_state)
        shuffling = [("shuffled", blocks)]
    return _features.history(lags, sqrt, sampling_rate, shuffling)


def _regressor_of(name, model, sampling_rate, random_state):
    """Pipeline of standardisation and regressor, and the grid of its search."""
    if name == "joint_training":
        return _learners.joint_training(random_state, sampling_rate, model), {}
    learner = _LEARNERS[name](random_state, sampling_rate)
    # A load that never changes in training teaches nothing, whatever it is in the test.
    steps = [("changing", VarianceThreshold()), ("scaler", StandardScaler())]
    if name == "gru":
        steps.insert(0, ("present", _features.present_columns()))
    pipeline = Pipeline([*steps, ("regressor", learner.regressor)]).set_output(transform="pandas")
    return pipeline, {f"regressor__{key}": values for key, values in learner.grid.items()}


_LEARNERS = {
    "ridge": _learners.ridge,
    "random_forest": _learners.random_forest,
    "extra_trees": _learners.extra_trees,
    "gaussian_process": _learners.gaussian_process,
    "mlp": _learners.mlp,
    "gru": _learners.gru,
    "time_only": _learners.time_forest,
    "shuffled_emg": _learners.random_forest,
}


def _known_error(estimator, X, y):
    """Minus the mean squared error over the frames whose angle is known."""
    error = np.asarray(y, dtype=np.float64) - estimator.predict(X)
    return -np.nanmean(np.square(error))
