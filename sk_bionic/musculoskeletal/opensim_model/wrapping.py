"""Paths that only OpenSim can measure, through its own Python package (extra ``[opensim]``)."""

import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from .geometry import active_wraps
from .muscles import is_muscle
from .upgrading import upgrade
from .xml import Node, parse_document

STEP = 1e-5  # rad, of the differences of lengths that give moment arms
INSTALL = 'pip install "sk-bionic[opensim]"'


def needs_opensim(model, names):
    """Dict of str to str: muscles whose paths wrap over surfaces or are of another class, and the reason."""
    found = {}
    for name in names:
        muscle = model.muscles[name]
        surfaces = active_wraps(model, muscle)
        if surfaces:
            found[name] = f"wraps over {surfaces[0].name!r} ({surfaces[0].class_name})"
        elif not muscle.points and muscle.function is None:
            found[name] = f"is a {muscle.path_class}"
    return found


def import_opensim(reasons):
    """The package `opensim`.

    Parameters
    ----------
    reasons : dict of str to str
        Muscle to why it is needed.

    Raises
    ------
    ImportError
        When it is not installed; names a muscle and the extra.
    """
    first = "opensim" not in sys.modules
    try:
        import opensim
    except ImportError as error:
        name, reason = next(iter(reasons.items()))
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        raise ImportError(
            f"The path of {name!r}{more} {reason}, which OpenSim has to measure: {INSTALL}. Without it, give "
            "`paths`, a file saved by `save_paths`, or choose other `muscles`."
        ) from error
    if (
        first
    ):  # whoever has imported it already may want its log, which else lists every missing file of the bones' surfaces
        opensim.Logger.setLevelString("error")
        opensim.Logger.removeFileSink()
    return opensim


class OpenSimPaths:
    """The muscle paths of a model as OpenSim computes them.

    OpenSim gets a copy of the file that holds the skeleton and these paths only: whatever else it could not open, such
    as classes of plugins or Thelen's muscles with a rigid tendon, does not matter to a path.

    Parameters
    ----------
    file : path-like
        The .osim file.
    model : OsimModel
        What it holds.
    reasons : dict of str to str
        Muscle to why OpenSim is needed.

    Raises
    ------
    ImportError
        As `import_opensim`.
    ValueError
        When OpenSim cannot open the file; names it.
    """

    def __init__(self, file, model, reasons):
        self.opensim = import_opensim(reasons)
        self.file, self.names = file, list(reasons)
        self.text = paths_only(file, model, reasons)
        self._tell(self._open)

    def _open(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "paths.osim"
            copy.write_bytes(self.text)
            self.model = self.opensim.Model(str(copy))
            self.state = self.model.initSystem()
        forces, found = self.model.getForceSet(), self.model.getCoordinateSet()
        self.coordinates = {found.get(i).getName(): found.get(i) for i in range(found.getSize())}
        self.paths = {name: self.opensim.PathActuator.safeDownCast(forces.get(name)).getPath() for name in self.names}

    def _tell(self, call):
        try:
            return call()
        except RuntimeError as error:  # whatever OpenSim throws
            first = str(error).split("\n", 1)[0].strip()
            raise ValueError(
                f"{Path(self.file).name}: OpenSim cannot measure the paths of {self.names}: {first} (file: {self.file})"
            ) from error

    def measure(self, values, names, span):
        """Lengths and moment arms.

        Parameters
        ----------
        values : dict of str to ndarray (n_postures,)
            Value of every coordinate [rad or m].
        names : sequence of str
            Muscles.
        span : sequence of str
            Coordinates about which moment arms are wanted.

        Returns
        -------
        lengths : ndarray (n_postures, n_muscles)
            [m].
        moment_arms : ndarray (n_spanned, n_postures, n_muscles)
            [m].
        """
        return self._tell(lambda: self._measure(values, names, span))

    def _measure(self, values, names, span):
        n_postures = len(next(iter(values.values())))
        lengths = np.empty((n_postures, len(names)))
        arms = np.empty((len(span), n_postures, len(names)))
        for i in range(n_postures):
            posture = {name: float(values[name][i]) for name in values if name in self.coordinates}
            lengths[i] = self._lengths(posture, names)
            for d, name in enumerate(span):
                about = self.coordinates[name]
                arms[d, i] = [self.paths[muscle].computeMomentArm(self.state, about) for muscle in names]
            if not np.isfinite(arms[:, i]).all():
                # Where an ellipsoid's wrap fails, NaN stays in the path, whatever the posture, until the file is opened
                # again.
                self._open()
                slopes = self._slopes(posture, names, span)
                arms[:, i] = np.where(np.isfinite(arms[:, i]), arms[:, i], slopes)
        return lengths, arms

    def _lengths(self, posture, names):
        for name, value in posture.items():
            self.coordinates[name].setValue(self.state, value, False)
        self.model.realizePosition(self.state)
        return np.array([self.paths[muscle].getLength(self.state) for muscle in names])

    def _slopes(self, posture, names, span):
        """What the lengths tell of the moment arms (n_spanned, n_muscles) [m]: of both sides the flatter, not a
        jump."""
        here = self._lengths(posture, names)
        before, after = (
            np.array([self._lengths({**posture, name: posture[name] + step}, names) for name in span])
            for step in (-STEP, STEP)
        )
        left, right = (before - here) / STEP, (here - after) / STEP
        return np.where(np.abs(left) < np.abs(right), left, right)


_LOOKS = ("attached_geometry", "VisibleObject", "geometry", "Geometry", "Appearance", "FrameGeometry")
_KEPT = ("Ground", "gravity", "BodySet", "JointSet", "ConstraintSet", "ContactGeometrySet", "FrameSet", "components")
_STILL = {"locked": "false", "clamped": "false", "prescribed": "false"}


def paths_only(file, model, names):
    """A model file of the skeleton and the paths of some muscles, as path actuators.

    Joints that cannot be read are welded: nothing that is measured moves them.

    Parameters
    ----------
    file : path-like
    model : OsimModel
    names : collection of str

    Returns
    -------
    bytes
    """
    root = parse_document(file).element
    upgrade(root, model.version)
    whole = root.find("Model")
    muscles = [e for home in ("ForceSet/objects", "components") for e in whole.findall(home + "/*")]
    forces = ElementTree.Element("ForceSet", name="forceset")
    objects = ElementTree.SubElement(forces, "objects")
    for name in names:
        objects.append(_path_actuator(next(e for e in muscles if e.get("name") == name and is_muscle(Node(e, file)))))
    for child in list(whole):
        if child.tag not in _KEPT:
            whole.remove(child)
    for default in root.findall("defaults"):
        root.remove(default)
    _keep(whole.find("components"), lambda e: e.tag.endswith(("Frame", "Joint", "Body")))
    followed = {coupler.name for coupler in model.couplers if _is_readable(model, coupler)}
    _keep(whole.find("ConstraintSet/objects"), lambda e: "Coupler" in e.tag and e.get("name", "") in followed)
    # the file of a mesh is not beside the copy
    _keep(whole.find("ContactGeometrySet/objects"), lambda e: e.tag != "ContactMesh")
    whole.append(forces)
    for element in whole.iter():
        for look in [child for child in element if child.tag in _LOOKS]:
            element.remove(look)
        if element.tag == "Coordinate":
            for tag, text in _STILL.items():
                for found in element.findall(tag):
                    found.text = text
    _weld(root, model)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _is_readable(model, coupler):
    names = (coupler.dependent, *coupler.independent)
    return not any(model.joints[model.coordinates[name].joint].fault for name in names)


def _keep(home, wanted):
    for element in [] if home is None else [e for e in home if not wanted(e)]:
        home.remove(element)


def _path_actuator(muscle):
    actuator = ElementTree.Element("PathActuator", name=muscle.get("name"))
    path = next((e for e in muscle.iter() if e.tag.endswith("Path") and len(e)), None)
    if path is None:  # before version 2: the muscle holds its points
        path = ElementTree.Element("GeometryPath")
        path.extend([e for e in muscle if e.tag.endswith(("PointSet", "WrapSet"))])
    actuator.append(path)
    return actuator


def _weld(root, model):
    faulty = {joint.name for joint in model.joints.values() if joint.fault}
    for joint in root.iter():
        if joint.tag.endswith("Joint") and joint.get("name") in faulty:
            joint.tag = "WeldJoint"
            for child in [e for e in joint if e.tag in ("coordinates", "CoordinateSet", "SpatialTransform")]:
                joint.remove(child)
