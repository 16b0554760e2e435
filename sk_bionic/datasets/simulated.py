"""Simulated elbow flexion with known truth: motion, muscle forces and parameters."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from .._inputs import own_random_state
from ._bursts import draw_bursts, with_hidden_muscle
from ._elbow_truth import depart, draw_model, integrate

DESCR = """\
Simulated elbow flexion from the EMG of biceps and triceps
----------------------------------------------------------
Forward dynamics of ``sk_bionic.musculoskeletal.elbow()``, two Hill-type muscles with rigid tendons
on a hinge with gravity, passive stiffness, damping and stops. Every `random_state` has free
parameters of its own: maximal force and optimal fiber length within 25 % of the preset's, tendon
slack length within a tenth of its fiber length, shape factor -2 to -0.5, delay 20 to 60 ms.

The excitations are smooth bursts of the muscles in turn and together; the EMG is their value at the
frames. Electromechanical delay and activation dynamics lie between EMG and muscle. An adaptive
integrator (LSODA, relative tolerance 1e-8) solves the equation of motion from rest in equilibrium;
the package's own solver has no part in it.

With a mismatch m > 0 the truth departs from every model of that family: a brachialis of m times
987 N that no EMG channel shows (half of the biceps' bursts, smeared, and one burst of its own),
moment arms m times 10 % larger or smaller, tendons that stretch by m times 4.9 % at the maximal
force (following the load at once), and m times 20 ms more delay. `parameters` and `model` hold the
true free parameters, the longer delay among them; brachialis, moment arms and stretch are in
neither.

data: EMG of biceps and triceps, normalised, nominally 0 to 1.
target: elbow_flexion [rad], 0 when extended, with the noise asked for; angle: without noise.
muscle_forces [N], activations: the truth at the frames.
parameters: muscle, name, value (SI) of every free parameter; model: the elbow that has them.
The index has the levels trial ("trial_00") and time [s].
"""

ADDITIVE_NOISE = 0.02  # part of the EMG noise that does not vanish with the EMG, of full EMG


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
    """Simulate one subject who flexes the elbow, with the truth beside the measurement.

    Parameters
    ----------
    n_trials : int, default=8
        Number of trials, each with excitations of its own.
    duration : float, default=5.0
        Duration of a trial [s], at least 1.
    sampling_rate : float, default=100
        Rate of the frames [Hz], at least 10. The motion does not depend on it.
    angle_noise : float, default=pi / 180
        Standard deviation of the white noise on the angle [rad].
    emg_noise : float, default=0.0
        Relative standard deviation of the white noise on the EMG. A fiftieth of it, in units of
        full EMG, is added besides; what falls below 0 is set to 0.
    mismatch : float, default=0.0
        How far the truth departs from the model, 0 to 1: a hidden muscle, other moment arms,
        stretching tendons, more delay.
    random_state : int, RandomState instance or None, default=None
        Seed of subject, excitations and noise; None: another subject at every call. The global
        random state is left alone. Subject and excitations stay the same whatever the noise,
        `mismatch` and `sampling_rate`.
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
            Columns muscle, name, value: the truth of every free parameter, in SI units.
        model : MusculoskeletalModel
            The elbow that has these values.
        feature_names, target_names : list of str
            Names of the columns.
        DESCR : str
            How the data were made.

    Examples
    --------
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> flexion = make_elbow_flexion(n_trials=2, random_state=0)
    >>> flexion.data.shape, flexion.target.name
    ((1000, 2), 'elbow_flexion')
    """
    subject, excitation, departure, *noise = _independent_generators(random_state)
    time = np.arange(round(duration * sampling_rate)) / sampling_rate
    model = draw_model(subject, mismatch)
    channels = draw_bursts(excitation, model, n_trials, duration)
    truth = depart(model, mismatch, departure)
    bursts = with_hidden_muscle(channels, departure, duration) if mismatch else channels
    motion = integrate(truth, bursts, time)
    index = _index(n_trials, time)
    emg = _frame(channels(time[:, None, None]), index, model.channel_names)
    angle = _frame(motion.angle, index, model.coordinate_names).iloc[:, 0]
    data = _with_emg_noise(emg, emg_noise, noise[0])
    target = angle + angle_noise * noise[1].normal(size=len(angle))
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        angle=angle,
        muscle_forces=_frame(motion.muscle_force, index, model.muscle_names),
        activations=_frame(motion.activation, index, model.muscle_names),
        parameters=_free_parameters(model),
        model=model,
        feature_names=list(data.columns),
        target_names=[target.name],
        DESCR=DESCR,
    )


def _independent_generators(random_state):
    """Generators for subject, excitations, departure from the model, EMG noise and angle noise."""
    own = own_random_state(random_state)
    return [np.random.RandomState(s) for s in own.randint(np.iinfo(np.int32).max, size=5)]


def _index(n_trials, time):
    names = [f"trial_{k:02d}" for k in range(n_trials)]
    return pd.MultiIndex.from_product([names, time], names=["trial", "time"])


def _frame(values, index, columns):
    """DataFrame of the first columns of values (n_frames, n_trials, n_columns)."""
    by_trial = values[..., : len(columns)].transpose(1, 0, 2).reshape(len(index), -1)
    return pd.DataFrame(by_trial, index, list(columns))


def _with_emg_noise(emg, emg_noise, rng):
    noise = emg_noise * rng.normal(size=(*emg.shape, 2))
    return (emg * (1.0 + noise[..., 0]) + ADDITIVE_NOISE * noise[..., 1]).clip(lower=0.0)


def _free_parameters(model):
    table = model.parameters.to_frame()
    return table.loc[table["free"], ["muscle", "name", "value"]].reset_index(drop=True)
