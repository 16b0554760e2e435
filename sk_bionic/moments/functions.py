"""EMG-driven joint moments along measured motion, and a calibration, as functions."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .._inputs.frame_checks import check_finite
from ..identification.suspicion import suspicion_frame
from ..identification.tables import flagged
from ..musculoskeletal import MuscleGeometry, MusculoskeletalModel
from ..trials import find_trials
from .measuring import Frames, measure
from .regressor import EMGDrivenMomentRegressor, MomentFit


@dataclass(frozen=True)
class MomentCalibration:
    """Result of `calibrate_to_moments`.

    Parameters
    ----------
    model : MusculoskeletalModel
        With the identified values; `to_osim` and `PhysicsInformedMSKRegressor` take it.
    parameters : DataFrame
        One row per free parameter, as `parameters_` of the regressor; `attrs["synthesized_muscles"]` names muscles
        without EMG of their own.
    correlation : DataFrame
        Posterior correlation of the free parameters.
    noise_std : Series
        Standard deviation of measured minus modelled moment [N m] by coordinate; NaN where none was measured.
    identification : MomentFit
        Covariance, independent frames, convergence.
    findings : DataFrame
        What makes the calibration implausible: kind, what, value, unit, meaning, advice; empty where nothing does.
    geometry : MuscleGeometry or None
        The lengths and moment arms that were given.
    """

    model: MusculoskeletalModel
    parameters: pd.DataFrame
    correlation: pd.DataFrame
    noise_std: pd.Series
    identification: MomentFit
    findings: pd.DataFrame = field(default_factory=lambda: suspicion_frame([]))
    geometry: MuscleGeometry | None = None

    def __repr__(self):
        table = self.parameters
        errors = ", ".join(f"{name} {value:.3g}" for name, value in self.noise_std.dropna().items())
        counts = (
            f"{len(table)} free parameters, {int(table['identifiable'].sum())} determined, "
            f"{int(table['at_bound'].sum())} at a bound"
        )
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
        return predict_moments(self.model, X, geometry=self.geometry)


def predict_moments(model, X, *, geometry=None):
    """Moments that muscles and passive tissue exert about the joints while they move as measured.

    Parameters
    ----------
    model : MusculoskeletalModel
        Muscles and joints, with the parameters to use.
    X : DataFrame (n_frames, n_columns)
        EMG envelopes, 1 at full excitation, under the names of the model's channels, and every angle of the model [rad]
        under its coordinate's name; index levels ``trial`` and ``time`` [s]. Velocities come from a spline through
        the angles: low-pass them first.
    geometry : MuscleGeometry, optional
        Lengths and moment arms instead of those of the model's paths, found by trial and time; X then needs no angles.
        Where it has all of them, passive tissue acts.

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
    at = _measured(model, X, geometry)
    moments = at.at_frames(at.motion.moments())
    return flagged(pd.DataFrame(moments, X.index, list(model.coordinate_names)), model)


def predict_muscle_forces(model, X, *, geometry=None):
    """Tendon forces while the joints move as measured.

    Parameters
    ----------
    model : MusculoskeletalModel
        As in `predict_moments`.
    X : DataFrame (n_frames, n_columns)
        As in `predict_moments`.
    geometry : MuscleGeometry, optional
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
    at = _measured(model, X, geometry)
    forces = at.at_frames(np.maximum(at.motion.muscles().force, 0.0))
    return flagged(pd.DataFrame(forces, X.index, list(model.muscle_names)), model)


def calibrate_to_moments(model, X, moments, *, identify=None, sample_weight=None, geometry=None):
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
    geometry : MuscleGeometry, optional
        As in `predict_moments`.

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
        When the calibration can hardly be right: moments of the opposite sign or in another unit, EMG out of step or
        with a resting level, exchanged channels, ...
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
    _check_table(X)
    regressor = EMGDrivenMomentRegressor(
        model,
        geometry=geometry,
        unrecorded="raise",
        identify="as_marked" if identify is None else identify,
        emg_scale=None,
    )
    if not isinstance(moments, pd.DataFrame | pd.Series):
        raise ValueError(
            f"`moments` must be a DataFrame with columns among the coordinates {list(model.coordinate_names)} "
            f"of the model {model.name!r}. Got {type(moments).__name__}."
        )
    regressor.fit(X, moments, sample_weight)
    return MomentCalibration(
        regressor.model_, regressor.parameters_, regressor.parameter_correlation_, regressor.noise_std_,
        regressor.fitted_, regressor.findings_, geometry,
    )  # fmt: skip


def _measured(model, X, geometry):
    _check_table(X)
    values, names, trials = X.to_numpy(dtype=np.float64), [str(name) for name in X.columns], find_trials(X)
    check_finite(values, np.ones(len(names), bool), trials, names)
    return measure(model, Frames(values, names, trials, X.index), geometry)


def _check_table(X):
    if not isinstance(X, pd.DataFrame):
        raise ValueError(f"X must be a DataFrame whose columns name EMG channels and angles. Got {type(X).__name__}.")
    if find_trials(X) is None:
        raise ValueError("X needs a time axis: a pandas index with the levels 'trial' and 'time' (s).")
