"""EMG-driven joint moments along measured motion, and the calibration of a model to moments of inverse dynamics."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from . import _inputs as inputs
from ._inputs.frame_checks import check_finite
from .dynamics.equation import EquationOfMotion
from .dynamics.torques import acting_parameters, measured_motion, torque_along
from .identification.from_torques import TorqueIdentification, identify_torques
from .identification.identifiability import assess
from .identification.of_moments import implausible_calibration
from .identification.signals import angle_suspicions, any_constant, emg_suspicions
from .identification.suspicion import CONCLUSIVE, ordered, suspicion_frame
from .identification.telling import tell
from .musculoskeletal import MusculoskeletalModel
from .predictors.prediction import muscle_outputs, pull
from .results import correlation_frame, flagged, parameter_frame
from .trials import find_trials

__all__ = ["MomentCalibration", "calibrate_to_moments", "predict_moments", "predict_muscle_forces"]


@dataclass(frozen=True)
class MomentCalibration:
    """Result of `calibrate_to_moments`.

    Parameters
    ----------
    model : MusculoskeletalModel
        With the identified values; `to_osim` and `PhysicsInformedMSKRegressor` take it.
    parameters : DataFrame
        One row per free parameter, as `parameters_` of the regressor; `attrs["synthesized_muscles"]` names muscles without
        EMG of their own.
    correlation : DataFrame
        Posterior correlation of the free parameters.
    noise_std : Series
        Standard deviation of measured minus modelled moment [N m] by coordinate; NaN where none was measured.
    identification : TorqueIdentification
        Covariance, independent frames, convergence.
    findings : DataFrame
        What makes the calibration implausible: kind, what, value, unit, meaning, advice; empty where nothing does.
    """

    model: MusculoskeletalModel
    parameters: pd.DataFrame
    correlation: pd.DataFrame
    noise_std: pd.Series
    identification: TorqueIdentification
    findings: pd.DataFrame = field(default_factory=lambda: suspicion_frame([]))

    def __repr__(self):
        table = self.parameters
        errors = ", ".join(f"{name} {value:.3g}" for name, value in self.noise_std.dropna().items())
        counts = f"{len(table)} free parameters, {int(table['identifiable'].sum())} determined, {int(table['at_bound'].sum())} at a bound"
        odd = f", {len(self.findings)} finding(s)" if len(self.findings) else ""
        return f"MomentCalibration({self.model.name!r}: {errors} N m left; {counts}{odd})"

    def predict(self, X):
        """Moments of the identified model.

        Parameters
        ----------
        X : DataFrame (n_frames, n_columns)
            As in `predict_moments`.

        Returns
        -------
        DataFrame (n_frames, n_coordinates)
            As of `predict_moments`.
        """
        return predict_moments(self.model, X)


def predict_moments(model, X):
    """Moments that muscles and passive tissue exert about the joints while they move as measured.

    Parameters
    ----------
    model : MusculoskeletalModel
        Muscles and joints, with the parameters to use.
    X : DataFrame (n_frames, n_columns)
        EMG envelopes, 1 at full excitation, under the names of the model's channels, and every angle of the model [rad]
        under its coordinate's name; index levels ``trial`` and ``time`` [s]. Velocities come from a spline through
        the angles: low-pass them first.

    Returns
    -------
    DataFrame (n_frames, n_coordinates)
        Moments [N m], positive when they increase the angle: inverse dynamics' generalised forces. Those of prescribed
        coordinates (see `MusculoskeletalModel.prescribing`) are left out. A hole in a trial's time (more than half a
        second) ends it; NaN in parts of one or two frames beside it, with a warning.

    Raises
    ------
    ValueError
        When an EMG column or an angle is missing, a column is unknown, X has no time axis or holds NaN.
    SimulationError
        When activation dynamics or elastic tendons cannot be solved; names the trial.

    Examples
    --------
    >>> from sk_bionic import predict_moments
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> flexion = make_elbow_flexion(1, duration=2.0, angle_noise=0.0, random_state=0)
    >>> X = flexion.data.assign(elbow_flexion=flexion.target)
    >>> predict_moments(flexion.model, X).columns.tolist()
    ['elbow_flexion']
    """
    motion, angle, rows = _motion(model, X)
    torque = torque_along(motion, measured_motion(motion, angle), model.parameters.as_dict())
    return flagged(_at_rows(torque, rows, X.index, model.coordinate_names), model)


def predict_muscle_forces(model, X):
    """Tendon forces while the joints move as measured.

    Parameters
    ----------
    model : MusculoskeletalModel
        As in `predict_moments`.
    X : DataFrame (n_frames, n_columns)
        As in `predict_moments`.

    Returns
    -------
    DataFrame (n_frames, n_muscles)
        [N]. `attrs["synthesized_muscles"]` names muscles without EMG of their own.

    Raises
    ------
    ValueError, SimulationError
        As `predict_moments`.

    Examples
    --------
    >>> from sk_bionic import predict_muscle_forces
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> flexion = make_elbow_flexion(1, duration=2.0, angle_noise=0.0, random_state=0)
    >>> X = flexion.data.assign(elbow_flexion=flexion.target)
    >>> predict_muscle_forces(flexion.model, X).columns.tolist()
    ['biceps', 'triceps']
    """
    motion, angle, rows = _motion(model, X)
    muscles, _ = muscle_outputs(motion, measured_motion(motion, angle))
    return flagged(_at_rows(pull(muscles), rows, X.index, model.muscle_names), model)


def calibrate_to_moments(model, X, moments, *, identify=None, sample_weight=None):
    """Identify a model's parameters from joint moments of inverse dynamics, the motion being measured.

    What EMG-driven modelling calls calibration: the moments of the model on measured EMG and angles are fitted to
    measured ones, under the priors and bounds of its table of parameters.

    Parameters
    ----------
    model : MusculoskeletalModel
        Its values are start and centres of the priors.
    X : DataFrame (n_frames, n_columns)
        As `predict_moments` takes it.
    moments : DataFrame or Series (n_frames, n_measured)
        Moments of muscles and passive tissue [N m], index of X, columns named as the coordinates that they belong
        to; NaN where unknown. Coordinates without a column are free to have any moment.
    identify : sequence of str, optional
        Free parameters, as in `PhysicsInformedMSKRegressor`. Default: those that the model marks as free, as far as
        moments along a measured motion depend on them (not inertia, gravity or goniometer).
    sample_weight : array-like (n_frames,), optional
        Weight of each frame's moments.

    Returns
    -------
    MomentCalibration
        The identified model, its parameters with standard errors, and how well it fits.

    Raises
    ------
    ValueError
        As `predict_moments`; when `moments` does not fit X or the model; when `identify` names parameters that have no
        part in the moments.
    SimulationError
        As `predict_moments`.

    Warns
    -----
    UserWarning
        When muscles have no EMG of their own.
    PlausibilityWarning
        When the calibration can hardly be right: moments of the opposite sign or in another unit, EMG out of step or with
        a resting level, exchanged channels, ...
    ConvergenceWarning
        When the search ended before it settled.

    References
    ----------
    Lloyd and Besier (2003), J. Biomechanics 36(6), 765-776; Pizzolato et al. (2015), J. Biomechanics 48(14),
    3929-3936 (CEINMS).

    Examples
    --------
    >>> from sk_bionic import calibrate_to_moments, predict_moments
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> flexion = make_elbow_flexion(1, duration=2.0, angle_noise=0.0, random_state=0)
    >>> X = flexion.data.assign(elbow_flexion=flexion.target)
    >>> moments = 1.2 * predict_moments(flexion.model, X)
    >>> found = calibrate_to_moments(flexion.model, X, moments, identify=["max_isometric_force"])
    >>> bool((found.parameters["value"] > found.parameters["initial"]).all())
    True
    """
    model = _with_free(model, identify)
    motion, angle, rows = _motion(model, X)
    inputs.warn_of_synthesized(model)
    weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)[rows]
    measured = _measured(moments, X, model)[rows]
    found = identify_torques(motion, angle, measured, weight)
    if not found.converged:
        warnings.warn(
            f"The calibration had not settled after {found.n_iter} evaluations.",
            ConvergenceWarning,
            stacklevel=2,
        )
    signals = _odd_signals(model, X.iloc[rows], motion, angle)
    suspicions = ordered(signals)
    if not any_constant(motion.excitation) and not any(s.kind in CONCLUSIVE for s in signals):
        suspicions = ordered([*signals, *implausible_calibration(motion, angle, measured, weight, found)])
    tell(suspicions, stacklevel=3, where="`findings`")
    return MomentCalibration(
        found.model,
        parameter_frame(found.model, found.covariance, assess(found, motion.excitation)),
        correlation_frame(found.model, found.covariance),
        pd.Series(found.noise_std, list(found.model.coordinate_names), name="noise_std"),
        found,
        suspicion_frame(suspicions),
    )


def _odd_signals(model, X, motion, angle):
    emg = X[list(model.channels)].to_numpy(dtype=np.float64)
    inputs.warn_of_flat(emg, model.channels, motion.trials, stacklevel=5)
    return [
        *angle_suspicions(angle, motion.trials, model.coordinate_names),
        *emg_suspicions(emg, np.ones(emg.shape[1]), model.channels, motion.trials),
    ]


def _with_free(model, identify):
    if identify is not None:
        return model.identifying(identify)
    acting = acting_parameters(model)
    rows = model.parameters.rows
    idle = {(r.owner, r.name): {"free": False} for r in rows if r.free and r.name not in acting}
    return model.with_rows(idle)


def _motion(model, X):
    """The model on X's trials, the measured angles (n_frames, n_coordinates) of what is not prescribed, the rows of X.

    Parts beside a hole in time that are too short for an acceleration are left out.
    """
    if not isinstance(X, pd.DataFrame):
        raise ValueError(f"X must be a DataFrame whose columns name EMG channels and angles. Got {type(X).__name__}.")
    trials = find_trials(X)
    if trials is None:
        raise ValueError("X needs a time axis: a pandas index with the levels 'trial' and 'time' (s).")
    given = X.to_numpy(dtype=np.float64)
    names = [str(name) for name in X.columns]
    check_finite(given, np.ones(len(names), bool), trials, names)
    trials, rows = _parts(trials)
    given = given[rows]
    absent = [name for name in model.coordinate_names if name not in names]
    if absent:
        raise ValueError(
            f"X lacks the measured angles {absent} [rad] of the model {model.name!r}. Got the columns {names}."
        )
    others = [i for i, name in enumerate(names) if name not in model.coordinate_names]
    values, roles = given[:, others], inputs.assign_columns([names[i] for i in others], model)
    emg = values[:, roles.emg]
    inputs.warn_of_negative(emg, roles.emg_names, trials)
    inputs.check_amplitude(emg, roles.emg_names, trials)
    inputs.check_prescribed(values, roles, model, trials)
    exogenous = {name: values[:, column] for name, column in roles.exogenous.items()}
    motion = EquationOfMotion(model, trials, model.excitation(emg), exogenous)
    angle = given[:, [names.index(name) for name in model.coordinate_names]]
    for name, column in zip(model.coordinate_names, angle.T, strict=True):
        inputs.check_radians(name, column, trials)
    return motion, angle, rows


def _parts(trials):
    """Trials that end at holes, and the rows (n_frames,) of bool of those that have an acceleration."""
    parts = trials.parted()
    short, message = trials.short_parts(parts, inputs.FEWEST_FRAMES)
    if message:
        warnings.warn(message, UserWarning, stacklevel=4)
        rows = ~short[parts.trial_of_frame]
        parts = parts.without(short)
    else:
        rows = np.ones(trials.n_frames, dtype=bool)
    inputs.check_trial_lengths(parts)
    return parts, rows


def _at_rows(values, rows, index, names):
    """Values (n_rows, n_names) as a table of all frames, NaN beside `rows`."""
    table = pd.DataFrame(np.nan, index, list(names))
    table.loc[rows] = np.asarray(values)
    return table


def _measured(moments, X, model):
    """Moments (n_frames, n_coordinates) [N m], NaN where there are none."""
    moments = moments.to_frame() if isinstance(moments, pd.Series) else moments
    known = isinstance(moments, pd.DataFrame) and set(moments.columns) <= set(model.coordinate_names)
    if not known or not len(moments.columns):
        got = list(moments.columns) if isinstance(moments, pd.DataFrame) else type(moments).__name__
        raise ValueError(
            f"`moments` must be a DataFrame with columns among the coordinates {list(model.coordinate_names)} of the model {model.name!r}. Got {got}."
        )
    inputs.check_same_index(X, moments)
    values = moments.reindex(columns=list(model.coordinate_names)).to_numpy(dtype=np.float64)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise ValueError(f"`moments` is infinite in column {model.coordinate_names[column]!r}, row {row}.")
    return values
