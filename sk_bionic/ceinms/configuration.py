"""CEINMS' configurations: what a calibration may change, and how a trial is executed."""

from dataclasses import dataclass
from pathlib import Path

from ._document import read_document
from .subject import ACTIVATIONS, COLUMNS, EXPONENTIAL

TENDONS = {
    "stiff": "rigid",
    "equilibriumelastic": "elastic",
    "integrationelastic": "elastic",
    "elasticbisec": "elastic",
    "elastic": "elastic",
}


@dataclass(frozen=True)
class Range:
    """A parameter that may change, and how far.

    Parameters
    ----------
    column : str
        As in `Subject.parameters`.
    groups : tuple of tuple of str, or None
        Muscles that share a value; None: every muscle for itself (``single``).
    common : bool
        Whether all muscles share a value (``global``).
    lower, upper : float
    relative : bool
        Whether the bounds are factors of the subject's value.
    """

    column: str
    groups: tuple | None
    common: bool
    lower: float
    upper: float
    relative: bool

    def bounds(self, value):
        """Lower and upper bound of a parameter whose value the subject's file gives as `value`."""
        pair = (self.lower * value, self.upper * value) if self.relative else (self.lower, self.upper)
        return min(pair), max(pair)


@dataclass(frozen=True)
class Penalty:
    """A penalty on muscles that leave a range of their normalised fiber length.

    Parameters
    ----------
    targets : tuple of str
        Muscles; empty: all.
    weight, exponent : float
    lower, upper : float
        Normalised fiber lengths without penalty.
    """

    targets: tuple
    weight: float
    exponent: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Step:
    """One step of a calibration: coordinates whose moments are fitted, by which parameters, under which penalties."""

    coordinates: tuple
    ranges: tuple
    penalties: tuple


@dataclass(frozen=True)
class Calibration:
    """A calibration's configuration.

    Parameters
    ----------
    steps : tuple of Step
    tendon : str
        "rigid" or "elastic".
    trials : tuple of Path
    path : Path
    activation_shape : str
        "exponential" or "piecewise".
    """

    steps: tuple
    tendon: str
    trials: tuple
    path: Path
    activation_shape: str = EXPONENTIAL


@dataclass(frozen=True)
class OpenLoop:
    """Execution that takes excitations as they are.

    Examples
    --------
    >>> from sk_bionic.ceinms import OpenLoop
    >>> OpenLoop()
    OpenLoop()
    """


@dataclass(frozen=True)
class Hybrid:
    """Execution that finds excitations from moments and signals, frame by frame.

    It minimises, as CEINMS' code does, ``alpha sum (moment - measured)^2 + beta sum e^2 + gamma sum |e - signal|``: the
    first sum over coordinates, the second over all muscles, the third over `adjusted`. With signals and all three
    weights this is EMG-assisted; with every muscle in `synthesized` it is static optimisation.

    Parameters
    ----------
    alpha, beta, gamma : float
        Weights of squared moment errors [1/(N m)^2], of squared excitations, of departures from signals.
    synthesized : tuple of str
        Muscles whose excitation is found from the moments alone.
    adjusted : tuple of str
        Muscles whose signal is adjusted. Those in neither keep their signals.

    Raises
    ------
    ValueError
        When a weight is negative or a muscle in both lists.

    Examples
    --------
    >>> from sk_bionic.ceinms import Hybrid
    >>> Hybrid(1.0, 2.0, 50.0, synthesized=("psoas_r",), adjusted=("soleus_r",)).beta
    2.0
    """

    alpha: float = 1.0
    beta: float = 1.0
    gamma: float = 1.0
    synthesized: tuple = ()
    adjusted: tuple = ()

    def __post_init__(self):
        for name in ("alpha", "beta", "gamma"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must not be negative. Got {getattr(self, name)!r}.")
        both = sorted(set(self.synthesized) & set(self.adjusted))
        if both:
            raise ValueError(f"The muscles {both} are both synthesized and adjusted.")


@dataclass(frozen=True)
class Execution:
    """An execution's configuration.

    Parameters
    ----------
    mode : OpenLoop or Hybrid
        How excitations come about.
    tendon : str
        "rigid" or "elastic".
    coordinates : tuple of str
        Coordinates whose moments a hybrid mode tracks; empty: all.
    path : Path, optional
        The file.
    activation_shape : str
        "exponential" or "piecewise".
    """

    mode: OpenLoop | Hybrid
    tendon: str = "elastic"
    coordinates: tuple = ()
    path: Path | None = None
    activation_shape: str = EXPONENTIAL


def read_execution(path):
    """Read an execution's configuration.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Execution

    Raises
    ------
    ValueError
        When it asks for what CEINMS does not know; names file and element.
    OSError
        When the file cannot be read.
    """
    root = read_document(path, "execution")
    model = root.need("NMSmodel")
    kind = model.need("type")
    hybrid = kind.find("hybrid")
    if hybrid is None and kind.find("openLoop") is None:
        raise kind.fault(f"<type> must hold <openLoop> or <hybrid>. Got {[c.tag for c in kind.children]}.")
    coordinates = root.find("elaboratedDoFs", "dofs")
    mode = OpenLoop() if hybrid is None else _hybrid(hybrid)
    names = () if coordinates is None else coordinates.words
    return Execution(mode, _tendon(model), names, root.path, _activation_shape(model))


def _hybrid(element):
    weights = {name: element.need(name).number for name in ("alpha", "beta", "gamma")}
    lists = {
        "synthesized": element.find("synthMTUs", "predictedMuscles"),
        "adjusted": element.find("adjustMTUs", "trackedMuscles"),
    }
    try:
        return Hybrid(**weights, **{key: () if e is None else e.words for key, e in lists.items()})
    except ValueError as error:
        raise element.fault(str(error)) from error


def _tendon(model):
    tendon = model.find("tendon")
    kinds = [] if tendon is None else [child.tag for child in tendon.children]
    if len(kinds) != 1 or kinds[0].lower() not in TENDONS:
        raise model.fault(
            f"<tendon> must hold one of <stiff>, <equilibriumElastic>, <integrationElastic>. Got {kinds}."
        )
    return TENDONS[kinds[0].lower()]


def _activation_shape(model):
    activation = model.find("activation")
    found = [] if activation is None else [child.tag for child in activation.children]
    if found and found[0].lower() not in ACTIVATIONS:
        raise model.fault(f"<activation> must hold <exponential> or <piecewise>. Got <{found[0]}>.")
    return found[0].lower() if found else EXPONENTIAL


def read_calibration(path, trials):
    """Read a calibration's configuration.

    Parameters
    ----------
    path : path-like
    trials : callable
        Takes the ``trialSet`` element and returns the files that it names.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        When a step names no coordinate, an unknown parameter or no range; names file and element.
    OSError
        When the file cannot be read.
    """
    root = read_document(path, "calibration")
    steps = [_step(step.named(f"step {i}")) for i, step in enumerate(root.need("calibrationSteps").all("step"), 1)]
    if not steps:
        raise root.fault("<calibrationSteps> has no <step>.")
    files = tuple(trials(root.need("trialSet")))
    if not files:
        raise root.fault("<trialSet> names no trial.")
    model = root.need("NMSmodel")
    return Calibration(tuple(steps), _tendon(model), files, root.path, _activation_shape(model))


def _step(step):
    ranges = tuple(_range(parameter) for parameter in step.need("parameterSet").all("parameter"))
    objective = step.find("objectiveFunction")
    penalties = () if objective is None else tuple(filter(None, map(_penalty, objective.all("penalty"))))
    return Step(step.need("dofs", "dofSet").words, ranges, penalties)


def _range(parameter):
    name = parameter.need("name").text
    known = {element.lower(): column for element, column in COLUMNS.items()}
    known["optimalfiberlength"] = COLUMNS["optimalFibreLength"]
    if name.lower() not in known:
        raise parameter.fault(f"unknown parameter {name!r}. CEINMS knows {', '.join(COLUMNS)}.")
    groups = parameter.find("muscleGroups")
    limits = parameter.find("absolute", "relativeToSubjectValue", "relative")
    if limits is None:
        raise parameter.fault(f"parameter {name!r} needs <absolute> or <relativeToSubjectValue> with a <range>.")
    pair = limits.need("range").numbers
    if len(pair) != 2 or pair[0] > pair[1]:
        raise limits.fault(f"the <range> of {name!r} must be two numbers, the lower first. Got {pair}.")
    return Range(
        known[name.lower()],
        None if groups is None else tuple(group.words for group in groups.all("muscles")),
        parameter.find("global") is not None,
        *pair,
        limits.tag.lower() != "absolute",
    )


def _penalty(element):
    kind = element.find("targetsType", "type")
    if kind is not None and "fibre" not in kind.text.lower() and "fiber" not in kind.text.lower():
        return None
    targets, limits = element.find("targets"), element.find("range")
    names = () if targets is None or targets.text.lower() == "all" else targets.words
    lower, upper = (0.5, 1.5) if limits is None else limits.numbers
    weight, exponent = (element.find(tag) for tag in ("weight", "exponent"))
    return Penalty(
        names,
        1.0 if weight is None else weight.number,
        2.0 if exponent is None else exponent.number,
        lower,
        upper,
    )
