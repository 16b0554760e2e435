"""Simulated motion of shoulder and elbow with known truth: angles, muscle forces and parameters."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from ..musculoskeletal import arm
from ._arm_bursts import draw_arm_bursts
from ._elbow_truth import draw_subject, integrate, with_wrong_geometry
from .simulated import _frame, _free_parameters, _independent_generators, _index, _with_emg_noise

DESCR = """\
Simulated motion of shoulder and elbow from the EMG of six muscles
------------------------------------------------------------------
Forward dynamics of ``sk_bionic.musculoskeletal.arm()``: upper arm and forearm as a double pendulum
in the sagittal plane, moved by three heads of triceps, two of biceps, and brachialis. Every
`random_state` has free parameters of its own: maximal force and optimal fiber length within 25 % of
the preset's, shape factor -2 to -0.5, delay 20 to 60 ms.

The excitations are smooth bursts of flexors, extensors and both, each muscle with a height, an
onset and a width of its own; the EMG is their value at the frames. Electromechanical delay and
activation dynamics lie between EMG and muscle. An adaptive integrator (LSODA, relative tolerance
1e-8) solves the equation of motion from rest in equilibrium; the package's own solver has no part
in it.

With a mismatch m > 0 the truth departs from every model of that family: moment arms m times 10 %
larger or smaller, tendons that stretch by m times 4.9 % at the maximal force (following the load at
once), and m times 20 ms more delay. `parameters` and `model` hold the true free parameters, the
longer delay among them; moment arms and stretch are in neither.

data: EMG of TRIlong, TRIlat, TRImed, BIClong, BICshort and BRA, normalised, nominally 0 to 1.
target: shoulder_elevation (0 hanging, forward positive) and elbow_flexion (0 extended) [rad], with
the noise asked for; angle: without noise.
muscle_forces [N], activations: the truth at the frames.
parameters: muscle, name, value (SI) of every free parameter; model: the arm that has them.
The index has the levels trial ("trial_00") and time [s].
"""


@validate_params(
    {
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "duration": [Interval(Real, 1.0, None, closed="left")],
        "sampling_rate": [Interval(Real, 10.0, None, closed="left")],
        "angle_noise": [Interval(Real, 0.0, None, closed="left"), "array-like"],
        "emg_noise": [Interval(Real, 0.0, None, closed="left")],
        "mismatch": [Interval(Real, 0.0, 1.0, closed="both")],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_arm_reaching(
    n_trials=8,
    *,
    duration=5.0,
    sampling_rate=100,
    angle_noise=np.pi / 180,
    emg_noise=0.0,
    mismatch=0.0,
    random_state=None,
    return_X_y=False,
):
    """Simulate one subject who moves shoulder and elbow, with the truth beside the measurement.

    Parameters
    ----------
    n_trials : int, default=8
        Number of trials, each with excitations of its own.
    duration : float, default=5.0
        Duration of a trial [s], at least 1.
    sampling_rate : float, default=100
        Rate of the frames [Hz], at least 10. The motion does not depend on it.
    angle_noise : float or array-like (2,), default=pi / 180
        Standard deviation of the white noise on both angles, or on each [rad].
    emg_noise : float, default=0.0
        Relative standard deviation of the white noise on the EMG. A fiftieth of it, in units of
        full EMG, is added besides; what falls below 0 is set to 0.
    mismatch : float, default=0.0
        How far the truth departs from the model, 0 to 1: other moment arms, stretching tendons,
        more delay.
    random_state : int, RandomState instance or None, default=None
        Seed of subject, excitations and noise; None: another subject at every call. The global
        random state is left alone. Subject and excitations stay the same whatever the noise,
        `mismatch` and `sampling_rate`.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch
        data : DataFrame (n_frames, 6)
            Normalised EMG; index levels "trial" and "time" [s].
        target : DataFrame (n_frames, 2)
            "shoulder_elevation" and "elbow_flexion" [rad], with noise.
        angle : DataFrame (n_frames, 2)
            The same without noise.
        muscle_forces, activations : DataFrame (n_frames, 6)
            True tendon forces [N] and activations.
        parameters : DataFrame
            Columns muscle, name, value: the truth of every free parameter, in SI units.
        model : MusculoskeletalModel
            The arm that has these values.
        feature_names, target_names : list of str
            Names of the columns.
        DESCR : str
            How the data were made.

    Examples
    --------
    >>> from sk_bionic.datasets import make_arm_reaching
    >>> reaching = make_arm_reaching(n_trials=1, duration=1.0, random_state=0)
    >>> reaching.target.columns.tolist()
    ['shoulder_elevation', 'elbow_flexion']
    """
    subject, excitation, departure, *noise = _independent_generators(random_state)
    time = np.arange(round(duration * sampling_rate)) / sampling_rate
    model = draw_subject(arm(), subject, mismatch)
    bursts = draw_arm_bursts(excitation, model, n_trials, duration)
    truth = with_wrong_geometry(model, model.muscles, mismatch, departure) if mismatch else model
    motion = integrate(truth, bursts, time)
    index = _index(n_trials, time)
    angle = _frame(motion.angle, index, model.coordinate_names)
    emg = _frame(bursts(time[:, None, None]), index, model.channel_names)
    data = _with_emg_noise(emg, emg_noise, noise[0])
    target = angle + np.asarray(angle_noise) * noise[1].normal(size=angle.shape)
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
        target_names=list(target.columns),
        DESCR=DESCR,
    )
