"""CEINMS' excitation generator: which signals drive which muscle."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from ..atomic import replacing
from ._document import read_document

NEGATIVE = -0.02  # below which an excitation is no rounding of a filter


@dataclass(frozen=True, eq=False)
class ExcitationGenerator:
    """Weights of signals in the excitations of muscles.

    Parameters
    ----------
    signals : tuple of str
        Columns of the excitations' files.
    mapping : dict of str to dict of str to float
        Muscle to signals and weights; none, where the muscle has no EMG.
    path : Path, optional
        The file.
    """

    signals: tuple
    mapping: dict = field(default_factory=dict)
    path: Path | None = None

    def measured(self, muscle):
        """Whether a muscle has an excitation of its own.

        Parameters
        ----------
        muscle : str
            Its name.

        Returns
        -------
        bool
            False where no signal drives it.
        """
        return bool(self.mapping.get(muscle))

    def matrix(self, muscles, signals=None):
        """Weights of signals in muscles.

        Parameters
        ----------
        muscles : sequence of str
            Rows.
        signals : sequence of str, optional
            Columns; default: all. Signals that are not there count as none.

        Returns
        -------
        ndarray (n_muscles, n_signals)
            0 where a signal does not drive a muscle.
        """
        signals = list(self.signals if signals is None else signals)
        weights = np.zeros((len(muscles), len(signals)))
        for row, muscle in enumerate(muscles):
            for signal, weight in self.mapping.get(muscle, {}).items():
                if signal in signals:
                    weights[row, signals.index(signal)] += weight
        return weights

    def excitations(self, signals, muscles):
        """Excitations of muscles.

        Parameters
        ----------
        signals : DataFrame (n_frames, n_signals)
            Envelopes; NaN counts as no signal.
        muscles : sequence of str
            Columns of the result.

        Returns
        -------
        DataFrame (n_frames, n_muscles)
            Between 0 and 1, as CEINMS clips them.

        Warns
        -----
        UserWarning
            Where values were clipped; names the muscles and what to do.
        """
        values = np.nan_to_num(signals.to_numpy(dtype=np.float64)) @ self.matrix(muscles, signals.columns).T
        self._warn_of_negative(values, muscles, signals)
        high = [f"{m} ({values[:, i].max():.3g})" for i, m in enumerate(muscles) if (values[:, i] > 1 + 1e-9).any()]
        if high:
            trial = signals.index.get_level_values("trial")[0] if signals.index.nlevels > 1 else ""
            warnings.warn(
                f"Excitations above 1 are cut to 1, as CEINMS does: {', '.join(high[:5])}"
                f"{' and more' if len(high) > 5 else ''} in trial {trial!r}. Normalise the EMG by larger maxima.",
                UserWarning,
                stacklevel=2,
            )
        return pd.DataFrame(np.clip(values, 0.0, 1.0), signals.index, list(muscles))

    @staticmethod
    def _warn_of_negative(values, muscles, signals):
        low = [muscle for i, muscle in enumerate(muscles) if values[:, i].min(initial=0.0) < NEGATIVE]
        if low:
            trial = signals.index.get_level_values("trial")[0] if signals.index.nlevels > 1 else ""
            warnings.warn(
                f"Excitations of {', '.join(low[:5])} fall below {NEGATIVE} in trial {trial!r} and are cut to 0: "
                "envelopes are not negative. Rectify the EMG and low-pass it.",
                UserWarning,
                stacklevel=3,
            )


def read_excitation_generator(path):
    """Read a CEINMS excitation generator.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    ExcitationGenerator
        Its signals and weights.

    Raises
    ------
    ValueError
        When it is no such file, or maps a signal that is not listed; names file and muscle.
    OSError
        When the file cannot be read.
    """
    root = read_document(path, "excitationGenerator", "emgGenerator")
    signals = root.need("inputSignals").words
    mapping = {}
    for excitation in root.need("mapping").all("excitation"):
        muscle = excitation.attribute("id", "name")
        if not muscle:
            raise excitation.fault("an <excitation> needs the attribute id, a muscle.")
        inputs = {}
        for one in excitation.named(f"excitation {muscle!r}").all("input"):
            if one.text not in signals:
                raise one.fault(f"{one.text!r} is not among <inputSignals> {list(signals)}.")
            inputs[one.text] = inputs.get(one.text, 0.0) + _weight(one)
        mapping[muscle] = {signal: weight for signal, weight in inputs.items() if weight}
    return ExcitationGenerator(signals, mapping, root.path)


def _weight(one):
    text = one.attribute("weight", "weigth", default="1")  # the second spelling is that of CEINMS' manual
    try:
        return float(text)
    except ValueError:
        raise one.fault(f"the weight of {one.text!r} must be a number. Got {text!r}.") from None


def write_excitation_generator(generator, path):
    """Write an excitation generator as CEINMS reads it.

    Parameters
    ----------
    generator : ExcitationGenerator
        What to write.
    path : path-like
        The file appears complete or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    root = ElementTree.Element("excitationGenerator")
    ElementTree.SubElement(root, "inputSignals", type="EMG").text = " ".join(generator.signals)
    mapping = ElementTree.SubElement(root, "mapping")
    for muscle, inputs in generator.mapping.items():
        excitation = ElementTree.SubElement(mapping, "excitation", id=muscle)
        for signal, weight in inputs.items():
            ElementTree.SubElement(excitation, "input", weight=repr(float(weight))).text = signal
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    with replacing(path) as file:
        file.write(('<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n' + text + "\n").encode())
