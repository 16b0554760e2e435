"""Simulated elbow flexion with known truth, a benchmark for motion, forces and identified parameters."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from ._bursts import draw_bursts, with_hidden_muscle
from ._elbow_truth import depart, draw_model, integrate

DESCR = """\
Simulated elbow flexion from the EMG of biceps and triceps
----------------------------------------------------------
Forward dynamics of ``sk_bionic.musculoskeletal.elbow()`` with free parameters of its own for every
`random_state`: two Hill-type muscles with rigid tendons on a hinge with gravity, passive stiffness,
damping and stops. The excitations are sums of raised-cosine bursts; the EMG is their value at the
frames (times noise, if asked for). Electromechanical delay and activation dynamics lie between it and
the muscles. An adaptive Runge-Kutta method of order 8 integrates the equation of motion from rest in
equilibrium; the package's own solver has no part in it.

With a mismatch m > 0 the truth departs from every model of that family: a brachialis of m times 987 N
that no EMG channel shows (driven by half of the biceps' bursts, smeared, and one burst of its own),
moment arms m times 10 % larger or smaller, tendons that stretch by m times 4.9 % at the maximal force
(always in equilibrium with the fiber; the velocity of stretching is neglected), and m times 20 ms more
delay. `parameters` and `model` hold the true values of the free parameters, the longer delay among
them; brachialis, moment arms and stretch are in neither.

data: EMG of biceps and triceps, normalised, nominally 0 to 1.
target: elbow_flexion [rad] with the noise asked for; angle: the same without noise.
muscle_forces [N], activations: the truth at the frames.
parameters: muscle, name and value (SI units) of every free parameter; model: the elbow with them.
The index has the levels trial ("trial_00") and time [s].
"""

ADDITIVE_NOISE = 0.02  # of full EMG, in units of `emg_noise`


@validate_params(
    {
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "duration": [Interval(Real, 1.0, None, closed="left")],
        "sampling_rate": [Interval(Real, 10.0, None, closed="left")],
        "angle_noise": [Interval(Real, 0.0, None, closed="left")],
        "emg_noise": [Interval(Real, 0.0, None, closed="left")],
        "mismatch": [Interval(Real, 0.0, 1.0, closed="both")],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_elbow_flexion(
    n_trials=8,
    *,
    duration=5.0,
    sampling_rate=100,
    angle_noise=np.deg2rad(1.0),
    emg_noise=0.0,
    mismatch=0.0,
    random_state=None,
    return_X_y=False,
):
    """Elbow flexion of one simulated subject, with the truth beside it.

    Parameters
    ----------
    n_trials : int, default=8
        Number of trials, all of the same subject, each with excitations of its own.
    duration : float, default=5.0
        Duration of a trial [s], at least 1.
    sampling_rate : float, default=100
        Rate of the frames [Hz], at least 10. The truth does not depend on it.
    angle_noise : float, default=pi/180
        Standard deviation of the white noise on the angle [rad].
    emg_noise : float, default=0.0
        Relative standard deviation of white noise that multiplies the EMG; a hundredth... of it is added as well. EMG never
        falls below 0.
    mismatch : float between 0 and 1, default=0.0
        How far the truth departs from the model: hidden muscle, wrong moment arms, stretching
        tendons, more delay.
    random_state : int, RandomState instance or None, default=None
        Seed of subject, excitations and noise. None: another subject in every call. The global random state is never touched.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch
        data : DataFrame (n_frames, 2)
            Normalised EMG of "biceps" and "triceps"; index levels "trial" and "time" [s].
        target : Series (n_frames,)
            "elbow_flexion" [rad], 0 when extended, with noise.
        angle : Series (n_frames,)
            The same without noise.
        muscle_forces, activations : DataFrame (n_frames, 2)
            True tendon forces [N] and activations.
        parameters : DataFrame
            Columns muscle, name, value: the truth of every free parameter, SI units.
        model : MusculoskeletalModel
            The elbow with these values.
        feature_names, target_names : list of str
        DESCR : str

    Examples
    --------
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> flexion = make_elbow_flexion(n_trials=2, random_state=0)
    >>> flexion.data.shape, flexion.target.name
    ((1000, 2), 'elbow_flexion')
    """
    subject, bursts_rng, hidden, angle_rng, emg_rng = _independent_streams(random_state)
    time = np.arange(round(duration * sampling_rate)) / sampling_rate
    model = draw_model(subject, mismatch)
    channels = draw_bursts(bursts_rng, model, n_trials, duration)
    truth = depart(model, mismatch, hidden)
    excitations = channels if truth is model else with_hidden_muscle(channels, hidden, duration)
    motion = integrate(truth, excitations, time)
    index = _index(n_trials, time)
    frame = lambda values: pd.DataFrame(_by_trial(values)[:, : model.n_muscles], index, list(model.muscle_names))  # noqa: E731
    emg = frame(channels(time[:, None, None]))
    data = _noisy(emg, emg_noise, emg_rng)
    angle = pd.Series(_by_trial(motion.angle[..., None])[:, 0], index, name="elbow_flexion")
    target = angle + angle_rng.normal(size=len(angle)) * angle_noise
    if return_X_y:
        return data, target
    return Bunch(
        data=data, target=target, angle=angle, muscle_forces=frame(motion.muscle_force), activations=frame(motion.activation),
        parameters=_free_parameters(model), model=model, feature_names=list(data.columns), target_names=[target.name], DESCR=DESCR,
    )  # fmt: skip


def _independent_streams(random_state):
    """A random generator each for subject, excitations, hidden muscle, angle noise and EMG noise, so that no choice of one argument moves the rest."""
    fresh = np.random.RandomState() if random_state is None else random_state  # None would draw from the global state
    seeds = check_random_state(fresh).randint(np.iinfo(np.int32).max, size=5)
    return [np.random.RandomState(seed) for seed in seeds]


def _by_trial(values):
    """(n_frames, n_trials, n_columns) -> (n_trials * n_frames, n_columns), one trial after the other."""
    return values.transpose(1, 0, 2).reshape(-1, values.shape[-1])


def _index(n_trials, time):
    names = [f"trial_{k:02d}" for k in range(n_trials)]
    return pd.MultiIndex.from_product([names, time], names=["trial", "time"])


def _noisy(emg, emg_noise, rng):
    multiplied, added = rng.normal(size=(2, *emg.shape))
    return (emg * (1.0 + emg_noise * multiplied) + ADDITIVE_NOISE * emg_noise * added).clip(lower=0.0)


def _free_parameters(model):
    table = model.parameters.to_frame()
    return table.loc[table["free"], ["muscle", "name", "value"]].reset_index(drop=True)
