"""A CEINMS subject of a musculoskeletal model, so that its execution modes serve whoever has no CEINMS project."""

import numpy as np
import pandas as pd

from .subject import COLUMNS, Curve, Subject

# Of the parameters that this package's models have, and those that CEINMS' alone have.
SHARED = (
    "optimal_fiber_length",
    "pennation_angle_at_optimal",
    "tendon_slack_length",
    "max_contraction_velocity",
    "max_isometric_force",
)
OWN = {
    "electromechanical_delay": 0.015,
    "c1": -0.5,
    "c2": -0.5,
    "emg_shape_factor": -1.0,
    "damping": 0.1,
    "percentage_change": 0.15,
    "strength_coefficient": 1.0,
}
SPANS = 1e-4  # m, of a moment arm, from which a muscle acts on a coordinate
# Points of CEINMS' own template of a subject, after Lloyd and Besier (2003); the tendon's of Zajac (1989) below its
# linear part.
LOW, HIGH = [-5, 0, 0.401, 0.402, 0.4035], [1.61875, 1.62, 1.621, 2.2, 5]  # where there is no active force
ACTIVE = (
    [*LOW, 0.52725, 0.62875, 0.71875, 0.86125, 1.045, 1.2175, 1.43875, *HIGH],
    [*[0] * 5, 0.226667, 0.636667, 0.856667, 0.95, 0.993333, 0.77, 0.246667, *[0] * 5],
)
PASSIVE = (
    [-5, 0.998, 0.999, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.601, 1.602, 5],
    [0, 0, 0, 0, 0.035, 0.12, 0.26, 0.55, 1.17, 2, 2, 2, 2],
)
VELOCITY = (
    [-10, -1, -0.6, -0.3, -0.1, 0, 0.1, 0.3, 0.6, 0.8, 10],
    [0, 0, 0.08, 0.2, 0.55, 1, 1.4, 1.6, 1.7, 1.75, 1.75],
)
STRAIN = np.r_[-10.0, -0.002, -0.001, np.linspace(0.0, 0.1, 41)]


def usual_curves():
    """The four curves of a subject for which there are none, dict of name to Curve."""
    # Zajac (1989): exponential up to a strain of 0.01516, then linear.
    tendon = np.where(
        STRAIN < 0.01516, 0.10377 * np.expm1(91.0 * np.clip(STRAIN, 0.0, 0.02)), 37.526 * STRAIN - 0.26029
    )
    points = {
        "activeForceLength": ACTIVE,
        "passiveForceLength": PASSIVE,
        "forceVelocity": VELOCITY,
        "tendonForceStrain": (STRAIN, tendon),
    }
    return {name: Curve(name, np.asarray(x, float), np.asarray(y, float)) for name, (x, y) in points.items()}


def make_subject(model, geometry, **values):
    """A CEINMS subject with the muscles of a model.

    Parameters
    ----------
    model : MusculoskeletalModel
        Lengths, pennation, largest forces and velocities are its own; curves are those of CEINMS' template.
    geometry : MuscleGeometry
        Its coordinates, and the muscles that have moment arms about them, are the subject's.
    **values : float
        Of parameters that the model does not have: ``electromechanical_delay`` [s], ``c1``, ``c2``,
        ``emg_shape_factor``, ``damping``, ``percentage_change``.

    Returns
    -------
    Subject
        Of the muscles that both know.

    Raises
    ------
    ValueError
        When model and geometry share no muscle, or a value is unknown.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sk_bionic.ceinms import make_subject
    >>> from sk_bionic.musculoskeletal import MuscleGeometry, elbow
    >>> index = pd.MultiIndex.from_product([["lift"], [0.0, 0.1, 0.2]], names=["trial", "time"])
    >>> length = pd.DataFrame(0.3, index, list(elbow().muscle_names))
    >>> geometry = MuscleGeometry(length, {"elbow_flexion": length * 0.1})
    >>> make_subject(elbow(), geometry, c1=-0.3).parameters["c1"].unique().tolist()
    [-0.3]
    """
    unknown = sorted(set(values) - set(OWN))
    if unknown:
        raise ValueError(f"Unknown parameters {unknown}. Possible are {list(OWN)}.")
    names = [name for name in model.muscle_names if name in geometry.muscle_names]
    if not names:
        raise ValueError(
            f"Model and geometry share no muscle: {list(model.muscle_names)[:5]} and {list(geometry.muscle_names)[:5]}."
        )
    rows = {(row.owner, row.name): row.value for row in model.parameters.rows}
    table = {column: [rows[name, column] for name in names] for column in SHARED}
    table |= {column: float(values.get(column, value)) for column, value in OWN.items()}
    index = pd.Index(names, name="muscle")
    parameters = pd.DataFrame(table, index)[list(COLUMNS.values())].astype(float)
    arms = geometry.arms(muscles=names)
    coordinates = {
        coordinate: tuple(np.array(names)[np.abs(arms[:, i]).max(axis=0) > SPANS].tolist())
        for i, coordinate in enumerate(geometry.coordinate_names)
    }
    return Subject(parameters, usual_curves(), coordinates)
