"""Calibration of a CEINMS project: the maximum a posteriori under its configuration.

CEINMS minimises the error of the moments by simulated annealing, anywhere within the ranges. Here gains, shape,
filter and lengths have priors about the file's values, and the most probable ones are found by Levenberg and
Marquardt's method.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ._problem import Problem
from .muscles import Muscles
from .subject import Subject

SMALL_MOMENT, LARGE_MOMENT = 1.5, 2000.0  # N m that a moment reaches in N m/kg, or in N mm
OPPOSITE = -0.8  # correlation of measured moments with those of the uncalibrated subject


@dataclass(frozen=True, eq=False)
class CeinmsCalibration:
    """Result of `calibrate`.

    Parameters
    ----------
    subject : Subject
        With the calibrated values.
    parameters : DataFrame
        One row per unknown: muscles, name, initial, value, std_err, lower and upper (what was allowed), range_lower and
        range_upper (what the configuration says), at_bound.
    error : DataFrame
        One row per trial and coordinate: moment error before and after, and the moment's own size (root mean square)
        [N m].
    n_iter : int
        Evaluations.
    """

    subject: Subject
    parameters: pd.DataFrame
    error: pd.DataFrame
    n_iter: int

    def __repr__(self):
        mean = self.error.groupby("coordinate")["calibrated"].mean()
        return f"CeinmsCalibration({', '.join(f'{k} {v:.3g}' for k, v in mean.items())} N m)"


def calibrate(project, *, lengths=True, keep_ranges=False):
    """Calibrate the subject of a CEINMS project to its trials' external moments.

    Parameters
    ----------
    project : CeinmsProject
        Of a calibration's setup.
    lengths : bool, default=True
        Whether lengths and pennation may change, where the configuration lets them.
    keep_ranges : bool, default=False
        Whether gains (strength coefficients, largest forces), too, keep to the configuration's ranges. Lengths, shape
        and filter always do. EMG that is normalised to the maxima of walking, not of maximal contractions, needs
        gains that no strength of a muscle explains; the prior, a factor e, bounds them.

    Returns
    -------
    CeinmsCalibration
        The calibrated subject, what was found, and how well it fits.

    Raises
    ------
    ValueError
        When the project is no calibration's, or a coordinate has no moments.

    Examples
    --------
    >>> from sk_bionic.ceinms import calibrate, read_ceinms
    >>> found = calibrate(read_ceinms("calibrationSetup.xml"))  # doctest: +SKIP
    """
    if project.calibration is None:
        raise ValueError(f"{project.path.name} is the setup of an execution; a calibration's is needed.")
    _doubts(project)
    subject, tables, n_iter = project.subject, [], 0
    for step in project.calibration.steps:
        problem = Problem(project, subject, step, lengths, keep_ranges)
        subject, table, n = problem.solve()
        tables.append(table)
        n_iter += n
    return CeinmsCalibration(subject, pd.concat(tables, ignore_index=True), _errors(project, subject), n_iter)


def _doubts(project):
    """Warn of moments that can hardly be those of the muscles: of another unit or sign."""
    for trial in project.trials:
        muscles = Muscles(project.subject, trial, project.excitation_generator, project.calibration.tendon)
        made, measured = muscles.moments(muscles.solve(project.subject.parameters).force), trial.moments.to_numpy()
        for i, name in enumerate(project.subject.coordinate_names):
            known = np.isfinite(measured[:, i])
            size = np.abs(measured[known, i]).max(initial=0.0)
            if not known.any():
                continue
            if size < SMALL_MOMENT or size > LARGE_MOMENT:
                warnings.warn(
                    f"Trial {trial.name!r}: moments of {name} reach {size:.3g} N m. If they are per kg of body mass "
                    "or in another unit, convert the file of external torques to N m.",
                    UserWarning,
                    stacklevel=3,
                )
            elif known.sum() > 2 and np.corrcoef(made[known, i], measured[known, i])[0, 1] < OPPOSITE:
                warnings.warn(
                    f"Trial {trial.name!r}: moments of {name} run against those of the uncalibrated muscles. "
                    "Their sign must be that of the coordinate and its moment arms, as inverse dynamics has it.",
                    UserWarning,
                    stacklevel=3,
                )


def _errors(project, subject):
    rows = []
    for trial in project.trials:
        muscles = Muscles(subject, trial, project.excitation_generator, project.calibration.tendon)
        measured = trial.moments.to_numpy()
        before, after = (
            muscles.moments(muscles.solve(s.parameters).force) - measured for s in (project.subject, subject)
        )
        for i, name in enumerate(subject.coordinate_names):
            if np.isfinite(measured[:, i]).any():
                sizes = [np.sqrt(np.nanmean(v[:, i] ** 2)) for v in (before, after, measured)]
                rows.append((trial.name, name, *sizes))
    return pd.DataFrame(rows, columns=["trial", "coordinate", "uncalibrated", "calibrated", "size"])
