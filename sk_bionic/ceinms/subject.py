"""CEINMS' subject file: muscles, their curves as points, and which muscles span which coordinate."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ._document import read_document

# Element of the file to column of `Subject.parameters`, in the order of CEINMS' schema.
COLUMNS = {
    "emDelay": "electromechanical_delay",
    "c1": "c1",
    "c2": "c2",
    "shapeFactor": "emg_shape_factor",
    "optimalFibreLength": "optimal_fiber_length",
    "pennationAngle": "pennation_angle_at_optimal",
    "tendonSlackLength": "tendon_slack_length",
    "maxContractionVelocity": "max_contraction_velocity",
    "damping": "damping",
    "percentageChange": "percentage_change",
    "maxIsometricForce": "max_isometric_force",
    "strengthCoefficient": "strength_coefficient",
}
SPELLED = {"optimalFibreLength": ("optimalFiberLength",), "emDelay": ("electromechanicalDelay",)}
# What CEINMS takes where a file is silent.
USUAL = {
    "emDelay": 0.0,
    "maxContractionVelocity": 10.0,
    "percentageChange": 0.0,
    "damping": 0.1,
    "strengthCoefficient": 1.0,
}
CURVES = ("activeForceLength", "passiveForceLength", "forceVelocity", "tendonForceStrain")
EXPONENTIAL, PIECEWISE = ACTIVATIONS = ("exponential", "piecewise")
# Of the piecewise shape, whose node moves towards 0 excitation; Manal and Buchanan (2003) have at most 0.12.
LARGEST_PIECEWISE = 0.4
POSITIVE = ("optimalFibreLength", "tendonSlackLength", "maxContractionVelocity", "maxIsometricForce")


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve through points: the cubic spline of Forsythe, Malcolm and Moler, constant beyond its ends.

    Parameters
    ----------
    name : str
        As in the file.
    x, y : ndarray (n_points,)
        Abscissae, which increase, and ordinates.
    """

    name: str
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Subject:
    """A CEINMS subject.

    Parameters
    ----------
    parameters : DataFrame (n_muscles, 12)
        Index ``muscle``; columns ``electromechanical_delay`` [s], ``c1``, ``c2`` and ``emg_shape_factor``,
        ``optimal_fiber_length`` [m], ``pennation_angle_at_optimal`` [rad], ``tendon_slack_length`` [m],
        ``max_contraction_velocity`` [optimal fiber lengths per s], ``damping``, ``percentage_change`` (by which the
        optimal length is larger without activation), ``max_isometric_force`` [N], ``strength_coefficient``.
    curves : dict of str to Curve
        ``activeForceLength``, ``passiveForceLength``, ``forceVelocity`` and ``tendonForceStrain``.
    coordinates : dict of str to tuple of str
        Coordinate to the muscles that span it, in the order of the file.
    path : Path, optional
        The file.
    own_curves : dict of str to dict, default={}
        Curves of single muscles.
    activation_shape : {"exponential", "piecewise"}, default="exponential"
        How the filtered excitation becomes the activation. CEINMS has it in the configuration, not in the subject's
        file: `read_ceinms` sets it.

    Raises
    ------
    ValueError
        When the shape is unknown, or a piecewise one has a shape factor out of 0 to 0.4; names the muscle.
    """

    parameters: pd.DataFrame
    curves: dict
    coordinates: dict
    path: Path | None = None
    own_curves: dict = field(default_factory=dict)
    activation_shape: str = EXPONENTIAL

    def __post_init__(self):
        if self.activation_shape not in ACTIVATIONS:
            raise ValueError(f"`activation_shape` must be one of {ACTIVATIONS}. Got {self.activation_shape!r}.")
        factor = self.parameters["emg_shape_factor"]
        odd = factor.index[~factor.between(0.0, LARGEST_PIECEWISE)]
        if self.activation_shape == PIECEWISE and len(odd):
            where = f"{self.path.name}: " if self.path else ""
            raise ValueError(
                f"{where}the piecewise activation takes a <shapeFactor> of 0 (a line) to {LARGEST_PIECEWISE:g}, "
                f"usually at most 0.12. Got {factor[odd[0]]:g} of the muscle {odd[0]!r}: a factor below 0 is one of "
                "the exponential activation. Change it, or <piecewise/> in the configuration to <exponential/>."
            )

    @property
    def muscle_names(self):
        """Muscles, tuple of str."""
        return tuple(self.parameters.index)

    @property
    def coordinate_names(self):
        """Coordinates, tuple of str."""
        return tuple(self.coordinates)

    def with_parameters(self, parameters):
        """The same subject with other values.

        Parameters
        ----------
        parameters : DataFrame
            As `parameters`.

        Returns
        -------
        Subject
            Curves and coordinates as they are.
        """
        return replace(self, parameters=parameters)

    def __repr__(self):
        return f"Subject({len(self.parameters)} muscles, coordinates={self.coordinate_names})"


def read_subject(path):
    """Read a CEINMS subject file.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Subject
        Its muscles, curves and coordinates.

    Raises
    ------
    ValueError
        When a muscle lacks a value that no default supplies, a curve is no curve, or a coordinate names a muscle that
        is not there; names file and muscle.
    OSError
        When the file cannot be read.
    """
    root = read_document(path, "subject")
    default = root.find("mtuDefault", "default")
    mtus = [(mtu.need("name").text, mtu) for mtu in root.need("mtuSet").all("mtu")]
    if not mtus:
        raise root.fault("<mtuSet> has no <mtu>.")
    twice = {name for name, _ in mtus if [n for n, _ in mtus].count(name) > 1}
    if twice:
        raise root.fault(f"several muscles are called {sorted(twice)}.")
    table = pd.DataFrame([_values(mtu.named(f"muscle {name!r}"), default) for name, mtu in mtus])
    table.index = pd.Index([name for name, _ in mtus], name="muscle")
    curves = _curves(default) if default is not None else {}
    own = {name: _curves(mtu.named(f"muscle {name!r}")) for name, mtu in mtus if mtu.find("curve")}
    missing = [name for name in CURVES if name not in curves and not all(name in c for c in own.values() or [{}])]
    if missing:
        raise root.fault(f"<mtuDefault> lacks the curves {missing}.")
    return Subject(table, curves, _coordinates(root, table.index), root.path, own)


def _values(mtu, default):
    values = {}
    for element, column in COLUMNS.items():
        found = mtu.find(element, *SPELLED.get(element, ()))
        if found is None and default is not None:
            found = default.find(element, *SPELLED.get(element, ()))
        if found is None and element not in USUAL:
            raise mtu.fault(f"<{element}> is missing, and <mtuDefault> has none.")
        values[column] = USUAL[element] if found is None else found.number
        if found is not None and (found.attribute("unit") or "rad").startswith("deg"):
            values[column] = np.deg2rad(values[column])
        if element in POSITIVE and not values[column] > 0:
            raise mtu.fault(f"<{element}> must be positive. Got {values[column]:g}.")
    return values


def _curves(element):
    return {curve.name: curve for curve in map(_curve, element.all("curve"))}


def _curve(element):
    given = element.need("name").text
    name = next((name for name in CURVES if name.lower() == given.lower()), given)
    x, y = np.array(element.need("xPoints").numbers), np.array(element.need("yPoints").numbers)
    if len(x) != len(y) or len(x) < 4:
        raise element.fault(
            f"curve {given!r} has {len(x)} xPoints and {len(y)} yPoints; it needs four or more of each."
        )
    if not (np.diff(x) > 0).all():
        raise element.fault(f"xPoints of the curve {given!r} must increase.")
    return Curve(name, x, y)


def _coordinates(root, muscles):
    coordinates = {}
    for dof in root.need("dofSet").all("dof"):
        name = dof.need("name").text
        own = dof.need("mtuNameSet").words
        strange = [muscle for muscle in own if muscle not in muscles]
        if strange:
            raise dof.fault(f"coordinate {name!r} names the muscles {strange}, which <mtuSet> has not.")
        coordinates[name] = own
    if not coordinates:
        raise root.fault("<dofSet> has no <dof>.")
    return coordinates
