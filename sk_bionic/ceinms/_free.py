"""What a calibration may change, as coordinates with unit normal priors, and the parameters that they stand for."""

from dataclasses import dataclass, replace

import numpy as np

from .subject import LARGEST_PIECEWISE, PIECEWISE

# Prior standard deviations. Of a gain, on a log scale: a factor e; of lengths, forces and the like relative to the
# file's values; of the filter's coefficients and of the shape factor in their own units. Chosen on the walking of an
# adult and a child with six electrodes each and of a walker with nine, calibrated on one part of a stride and judged on
# other parts and strides, lengths free by 5 %, these scores in view; geometric mean of the error at hip / knee / ankle,
# over the moment's size: independent gains 0.53 / 0.69 / 0.54, correlated ones 0.47 / 0.66 / 0.56; those of muscles
# without a signal held within 0.6 as well 0.49 / 0.75 / 0.55, within 0.3 0.54 / 0.83 / 0.49. Gains or lengths of half
# the width, or larger errors of the model: equal or worse.
LOG_STD = {
    "strength_coefficient": 1.0,
    "max_isometric_force": 1.0,
    "tendon_slack_length": 0.06,
    "optimal_fiber_length": 0.1,
    "max_contraction_velocity": 0.2,
    "pennation_angle_at_optimal": 0.1,
    "electromechanical_delay": 0.5,
    "damping": 0.3,
    "percentage_change": 0.3,
}
LINEAR_STD = {"emg_shape_factor": 1.0, "c1": 0.2}
PIECEWISE_STD = 0.03  # of the factor of the piecewise shape, as of `Muscle`
TOGETHER = ("emg_shape_factor", "electromechanical_delay", "damping", "percentage_change", "max_contraction_velocity")
GAINS = ("strength_coefficient", "max_isometric_force")
FARTHEST = 3.0  # prior standard deviations that a gain may go
# Of the gain of muscles whose signal is missing in all trials: passive forces would decide how strong they are where
# it is there again. And the correlation of the excited ones', which share how EMG was normalised.
QUIET_STD, CORRELATION = 0.3, 0.5


@dataclass(frozen=True, eq=False)
class Coordinate:
    """One unknown: a value that some muscles share.

    Parameters
    ----------
    columns : tuple of str
        Of the parameters' table.
    muscles : ndarray of int
    center : ndarray (n_muscles,)
        Values at the prior's mean.
    scale : float
        Prior standard deviation, on a log scale where `logarithmic`.
    logarithmic : bool
    lower, upper : float
        Bounds in prior standard deviations.
    range : tuple of float
        What the configuration says, of the first muscle.
    is_excited : bool
        Whether it is a gain and something excites one of the muscles.
    """

    columns: tuple
    muscles: np.ndarray
    center: np.ndarray
    scale: float
    logarithmic: bool
    lower: float
    upper: float
    range: tuple
    is_excited: bool = False

    def values(self, x):
        """Values (n_muscles,) at x prior standard deviations."""
        return self.center * np.exp(self.scale * x) if self.logarithmic else self.center + self.scale * x

    @property
    def is_gain(self):
        """Whether it only scales forces."""
        return self.columns[0] in GAINS

    @property
    def of_activation(self):
        """Whether it changes activations."""
        return self.columns[0] in ("c1", "c2", "emg_shape_factor", "electromechanical_delay")


def coordinates_of(step, subject, generator, excited, *, lengths, keep_ranges=False):
    """Unknowns of a calibration's step.

    Gains are one a muscle group, as the file groups them, otherwise by function: muscles that act on the same
    coordinates under the same signals. The shape factor, and the two coefficients of the filter, are one for all
    muscles.

    Parameters
    ----------
    step : Step
    subject : Subject
    generator : ExcitationGenerator
    excited : set of str
        Muscles that something excites in the trials.
    lengths : bool
        Whether lengths may change.
    keep_ranges : bool, default=False
        Whether gains, too, stay within the file's ranges. EMG that is normalised to the maxima of walking, not of
        maximal contractions, needs smaller ones than any strength of a muscle; the prior bounds them well.

    Returns
    -------
    list of Coordinate
    """
    by_column = {r.column: r for r in step.ranges}
    acting = _acting(step, subject)
    found = []
    for column, limits in by_column.items():
        if column == "c2" and "c1" in by_column:
            continue
        if column in ("tendon_slack_length", "optimal_fiber_length", "pennation_angle_at_optimal") and not lengths:
            continue
        columns = ("c1", "c2") if column == "c1" and "c2" in by_column else (column,)
        for group in _groups(column, limits, subject, generator, acting):
            active = not excited.isdisjoint(group)
            quiet = not active and any(map(generator.measured, group))
            own = _coordinate(columns, [by_column[c] for c in columns], group, subject, beyond=not keep_ranges)
            found += [_of_gain(one, active, quiet) if one.is_gain else one for one in own]
    return found


def _of_gain(unknown, active, quiet):
    """A gain, marked as excited or not, and held where its signal is missing."""
    if not quiet:
        return replace(unknown, is_excited=active)
    ratio = unknown.scale / QUIET_STD
    ends = {name: float(np.clip(getattr(unknown, name) * ratio, -FARTHEST, FARTHEST)) for name in ("lower", "upper")}
    return replace(unknown, scale=QUIET_STD, **ends)


def prior_covariance(unknowns):
    """Prior covariance (n, n) of unknowns in prior standard deviations."""
    gains = np.array([unknown.is_excited for unknown in unknowns])
    return np.where(gains[:, None] & gains, CORRELATION, 0.0) + np.diag(np.where(gains, 1.0 - CORRELATION, 1.0))


def _acting(step, subject):
    """Muscles that span a coordinate of the step, in the subject's order."""
    own = {muscle for coordinate in step.coordinates for muscle in subject.coordinates[coordinate]}
    return [muscle for muscle in subject.muscle_names if muscle in own]


def _groups(column, limits, subject, generator, acting):
    if column in TOGETHER or column in ("c1", "c2") or limits.common:
        return [acting]
    if limits.groups is not None:
        groups = [[muscle for muscle in group if muscle in acting] for group in limits.groups]
        return [group for group in groups if group]
    return by_function(subject, generator, acting) if column in GAINS else [[muscle] for muscle in acting]


def by_function(subject, generator, muscles):
    """Muscles grouped by the signals that drive them and the coordinates that they act on."""
    groups = {}
    for muscle in muscles:
        spanned = tuple(c for c, own in subject.coordinates.items() if muscle in own)
        groups.setdefault((tuple(sorted(generator.mapping.get(muscle, {}))), spanned), []).append(muscle)
    return list(groups.values())


def _coordinate(columns, limits, group, subject, *, beyond):
    """The unknown of a group, none where its range is a point."""
    index = np.array([subject.muscle_names.index(muscle) for muscle in group])
    given = subject.parameters[columns[0]].to_numpy()[index]
    if len(columns) > 1:
        given = (given + subject.parameters[columns[1]].to_numpy()[index]) / 2
    logarithmic = columns[0] in LOG_STD
    scale = LOG_STD[columns[0]] if logarithmic else LINEAR_STD.get(columns[0], LINEAR_STD["c1"])
    if logarithmic and not (given > 0).all():
        return []
    relative = limits[0].relative
    if not relative:
        given = np.full(len(index), np.exp(np.log(given).mean()) if logarithmic else given.mean())
    bounds = [limit.bounds(given[0]) for limit in limits]
    if columns[0] == "emg_shape_factor" and subject.activation_shape == PIECEWISE:
        scale = PIECEWISE_STD
        bounds.append((0.0, LARGEST_PIECEWISE))
        if not bounds[0][1] > 0.0:
            raise ValueError(
                f"The range of <shapeFactor>, {bounds[0][0]:g} to {bounds[0][1]:g}, is one of the exponential "
                "activation; the piecewise one takes 0 to 0.12. Change the range, or <piecewise/> to <exponential/>."
            )
    lower, upper = max(b[0] for b in bounds), min(b[1] for b in bounds)
    if not lower < upper:
        return []
    given = given if relative else np.clip(given, lower, upper)
    to_x = lambda v: (np.log(max(v, 1e-12) / given[0]) if logarithmic else v - given[0]) / scale
    low, high, file = to_x(lower), to_x(upper), (lower, upper)
    if columns[0] in GAINS and beyond:
        low, high = min(low, -FARTHEST), max(high, FARTHEST)
    return [Coordinate(columns, index, given, scale, logarithmic, low, high, file)]
