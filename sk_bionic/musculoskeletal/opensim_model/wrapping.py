"""Paths that only OpenSim can measure, through its own Python package (extra ``[opensim]``)."""

import sys

import numpy as np

INSTALL = 'pip install "sk-bionic[opensim]"'


def needs_opensim(model, names):
    """Those of the muscles whose paths wrap over surfaces or follow functions, with the reason: dict of str to str."""
    found = {}
    for name in names:
        surfaces = [w for w in model.muscles[name].wraps if model.wrap_objects[w].active]
        if surfaces:
            found[name] = f"wraps over {surfaces[0]!r} ({model.wrap_objects[surfaces[0]].class_name})"
        elif not model.muscles[name].points:
            found[name] = "follows a function of the coordinates"
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
            f"The path of {name!r}{more} {reason}, which OpenSim has to measure: {INSTALL}. Without it, give `paths`, a file saved by "
            "`save_paths`, or choose other `muscles`."
        ) from error
    if (
        first
    ):  # whoever has imported it already may want its log, which else lists every missing file of the bones' surfaces
        opensim.Logger.setLevelString("error")
        opensim.Logger.removeFileSink()
    return opensim


class OpenSimPaths:
    """The muscle paths of a model as OpenSim computes them.

    Parameters
    ----------
    file : path-like
        The .osim file.
    reasons : dict of str to str
        Muscle to why OpenSim is needed.

    Raises
    ------
    ImportError
        As `import_opensim`.
    """

    def __init__(self, file, reasons):
        self.model = import_opensim(reasons).Model(str(file))
        self.state = self.model.initSystem()

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
        coordinates = {name: self.model.getCoordinateSet().get(name) for name in values}
        paths = [self.model.getMuscles().get(name).getPath() for name in names]
        for coordinate in coordinates.values():
            coordinate.setLocked(self.state, False)
        n_postures = len(next(iter(values.values())))
        lengths, arms = (
            np.empty((n_postures, len(names))),
            np.empty((len(span), n_postures, len(names))),
        )
        for i in range(n_postures):
            for name, coordinate in coordinates.items():
                coordinate.setValue(self.state, float(values[name][i]), False)
            self.model.realizePosition(self.state)
            lengths[i] = [path.getLength(self.state) for path in paths]
            for d, name in enumerate(span):
                arms[d, i] = [path.computeMomentArm(self.state, coordinates[name]) for path in paths]
        return lengths, arms
