"""The NMSM Pipeline's .osimx file: muscle parameters that a personalisation found, beside an OpenSim model."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from ..atomic import replacing
from ..ceinms._document import read_document
from ..ceinms._paths import resolve

# Element of the file to column of `Osimx.muscles`.
COLUMNS = {
    "electromechanical_delay": "electromechanical_delay",
    "activation_time_constant": "activation_time_constant",
    "activation_nonlinearity_constant": "activation_nonlinearity",
    "emg_scale_factor": "emg_scale_factor",
    "optimal_fiber_length": "optimal_fiber_length",
    "tendon_slack_length": "tendon_slack_length",
    "max_isometric_force": "max_isometric_force",
}
POSITIVE = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")
REMARK = {column: f"Optimized {element.replace('_', ' ')}" for element, column in COLUMNS.items()}
LATEST = "1.4.0"  # of the pipeline, where nothing says another


@dataclass(frozen=True, eq=False)
class Osimx:
    """A personalisation of the NMSM Pipeline.

    Parameters
    ----------
    name : str
        Of the model.
    model_file : str
        The .osim file, as the file names it.
    muscles : DataFrame (n_muscles, 7)
        Index ``muscle``; columns ``electromechanical_delay`` [s], ``activation_time_constant`` [s],
        ``activation_nonlinearity``, ``emg_scale_factor``, ``optimal_fiber_length`` [m], ``tendon_slack_length`` [m] and
        ``max_isometric_force`` [N]; NaN for what the file does not say.
    version : str, optional
        Of the pipeline.
    path : Path, optional
        The file that it was read from; what else that holds (contact surfaces, synergies) is kept when it is written.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_bionic.nmsm import Osimx, read_osimx, write_osimx
    >>> muscles = pd.DataFrame({"tendon_slack_length": [0.25]}, pd.Index(["soleus_r"], name="muscle"))
    >>> write_osimx(Osimx("leg", "leg.osim", muscles), "leg.osimx")
    >>> float(read_osimx("leg.osimx").muscles.at["soleus_r", "tendon_slack_length"])
    0.25
    """

    name: str
    model_file: str
    muscles: pd.DataFrame
    version: str = LATEST
    path: Path | None = field(default=None)

    @property
    def model_path(self):
        """The .osim file, Path; FileNotFoundError where it is neither where the file says nor near."""
        if self.path is None:
            return Path(self.model_file)
        element = read_document(self.path, "NMSMPipelineDocument").below("associated_osim_model")
        return resolve(element)

    def with_muscles(self, muscles):
        """The same personalisation with other values.

        Parameters
        ----------
        muscles : DataFrame
            As `muscles`; columns that it lacks become NaN.

        Returns
        -------
        Osimx
            All else as it is.
        """
        return replace(self, muscles=muscles.reindex(columns=list(COLUMNS.values())))

    def applied(self, parameters):
        """Muscle parameters with the personalised values in place of generic ones.

        Parameters
        ----------
        parameters : DataFrame
            Index of muscles; columns of which ``optimal_fiber_length``, ``tendon_slack_length`` and
            ``max_isometric_force`` are replaced where this file has a value.

        Returns
        -------
        DataFrame
            A new one; muscles and columns as of `parameters`.
        """
        found = parameters.copy()
        for column in set(POSITIVE) & set(found.columns):
            own = self.muscles[column].dropna() if column in self.muscles else pd.Series(dtype=float)
            known = found.index.intersection(own.index)
            found.loc[known, column] = own[known]
        return found


def read_osimx(path):
    """Read a personalisation of the NMSM Pipeline.

    Parameters
    ----------
    path : path-like
        The .osimx file, or the .xml that the pipeline calls so.

    Returns
    -------
    Osimx
        Its muscles' parameters and the model's name.

    Raises
    ------
    ValueError
        When it is no such file, or a value is no number or cannot be; names file and muscle.
    OSError
        When it cannot be read.

    Examples
    --------
    >>> from sk_bionic.nmsm import read_osimx
    >>> personal = read_osimx("subject_mtp.osimx").muscles  # doctest: +SKIP
    """
    root = read_document(path, "NMSMPipelineDocument")
    model = root.need("OsimxModel")
    muscle_set = model.find("RCNLMuscleSet")
    muscles = [] if muscle_set is None else _members(muscle_set)
    names = [muscle.attribute("name") or "" for muscle in muscles]
    twice = sorted({name for name in names if names.count(name) > 1 or not name})
    if twice:
        raise root.fault(f"each <RCNLMuscle> needs a name of its own. Got {twice}.")
    rows = [_values(muscle.named(f"muscle {name!r}")) for name, muscle in zip(names, muscles, strict=True)]
    table = pd.DataFrame(rows, pd.Index(names, name="muscle"), list(COLUMNS.values()), dtype=np.float64)
    version = (root.attribute("Version") or LATEST).replace("_dot_", ".")
    file = model.need("associated_osim_model").text
    return Osimx((model.attribute("name") or "").replace("_dot_", "."), file, table, version, root.path)


def _members(muscle_set):
    """Muscles of a set, directly or in <objects>."""
    objects = muscle_set.find("objects")
    return [*muscle_set.all("RCNLMuscle"), *([] if objects is None else objects.all("RCNLMuscle"))]


def _values(muscle):
    values = {}
    for element, column in COLUMNS.items():
        found = muscle.find(element)
        values[column] = np.nan if found is None or not found.text else found.number
        if column in POSITIVE and not (np.isnan(values[column]) or values[column] > 0):
            raise muscle.fault(f"<{element}> must be positive. Got {values[column]:g}.")
    return values


def write_osimx(osimx, path):
    """Write a personalisation as the NMSM Pipeline reads it.

    Parameters
    ----------
    osimx : Osimx
        What was read from a file keeps whatever else that holds.
    path : path-like
        The file appears complete or not at all.

    Raises
    ------
    ValueError
        When a muscle's value is infinite.
    OSError
        When a file cannot be read or written.

    Examples
    --------
    >>> from sk_bionic.nmsm import read_osimx, write_osimx
    >>> personal = read_osimx("subject_mtp.osimx")  # doctest: +SKIP
    >>> write_osimx(personal.with_muscles(personal.muscles * 1.0), "again.osimx")  # doctest: +SKIP
    """
    if np.isinf(osimx.muscles.to_numpy(dtype=np.float64)).any():
        raise ValueError("A value of the muscles is infinite.")
    root, model = _template(osimx)
    old = next((child for child in model if isinstance(child.tag, str) and child.tag == "RCNLMuscleSet"), None)
    place = len(model) if old is None else list(model).index(old)
    if old is not None:
        model.remove(old)
    muscle_set = ElementTree.Element("RCNLMuscleSet")
    model.insert(place, muscle_set)
    for name, row in osimx.muscles.iterrows():
        muscle = ElementTree.SubElement(muscle_set, "RCNLMuscle", name=str(name))
        for element, column in COLUMNS.items():
            if column in row and np.isfinite(row[column]):
                muscle.append(ElementTree.Comment(REMARK[column]))
                ElementTree.SubElement(muscle, element).text = repr(float(row[column]))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    with replacing(path) as file:
        file.write(('<?xml version="1.0" encoding="utf-8"?>\n' + text + "\n").encode())


def _template(osimx):
    if osimx.path is not None:
        root = read_document(osimx.path, "NMSMPipelineDocument")
        return root.node, root.need("OsimxModel").node
    root = ElementTree.Element("NMSMPipelineDocument", Version=osimx.version.replace(".", "_dot_"))
    model = ElementTree.SubElement(root, "OsimxModel", name=osimx.name.replace(".", "_dot_"))
    ElementTree.SubElement(model, "associated_osim_model").text = osimx.model_file
    return root, model
