"""A CEINMS project from its setup file."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from ._document import read_document
from ._paths import file_names, output_path, resolve
from .configuration import Calibration, Execution, read_calibration, read_execution
from .excitation_generator import ExcitationGenerator, read_excitation_generator
from .subject import Subject, read_subject
from .trial import read_trial


@dataclass(frozen=True, eq=False)
class CeinmsProject:
    """What a CEINMS setup file names, read and checked.

    Parameters
    ----------
    path : Path
        The setup file.
    subject : Subject
        Muscles, curves and coordinates.
    excitation_generator : ExcitationGenerator
        Which signals drive which muscle.
    trials : tuple of Trial
        Those of the calibration, or the one to execute.
    calibration : Calibration or None
        Of a calibration's setup.
    execution : Execution or None
        Of an execution's setup.
    output : Path
        File of the calibrated subject, or folder of the results.
    """

    path: Path
    subject: Subject
    excitation_generator: ExcitationGenerator
    trials: tuple
    calibration: Calibration | None
    execution: Execution | None
    output: Path

    def __repr__(self):
        kind = "calibration" if self.calibration else "execution"
        return f"CeinmsProject({kind} of {self.path.name}: {self.subject!r}, {len(self.trials)} trial(s))"


def read_ceinms(path):
    """Read a CEINMS project.

    Files are found relative to the file that names them, with either slash, whatever the case; a path of another
    machine by its end, with a warning.

    Parameters
    ----------
    path : path-like
        Setup of a calibration (``ceinmsCalibration``) or of an execution (``ceinms``).

    Returns
    -------
    CeinmsProject
        Subject, excitation generator, trials and configuration.

    Raises
    ------
    ValueError
        When a file is no such file, lacks something or contradicts another; names file, element, muscle or column.
    OSError
        When a file is missing or cannot be read.

    Warns
    -----
    UserWarning
        When a file was found in another place than named, a column is NaN, or a signal is missing.

    Examples
    --------
    >>> from sk_bionic.ceinms import calibrate, read_ceinms
    >>> project = read_ceinms("calibrationSetup.xml")  # doctest: +SKIP
    >>> found = calibrate(project)  # doctest: +SKIP
    """
    root = read_document(path, "ceinmsCalibration", "ceinms")
    subject = read_subject(resolve(root.need("subjectFile")))
    generator = read_excitation_generator(resolve(root.need("excitationGeneratorFile", "emgGeneratorFile")))
    calibrating = root.tag.lower() == "ceinmscalibration"
    calibration = execution = None
    if calibrating:
        element = root.need("calibrationFile")
        calibration = read_calibration(resolve(element), lambda e: [resolve(e, name) for name in file_names(e)])
        files = calibration.trials
    else:
        execution = read_execution(resolve(root.need("executionFile")))
        files = (resolve(root.need("inputDataFile", "trialFile")),)
    subject = replace(subject, activation_shape=(calibration or execution).activation_shape)
    _check(subject, generator, calibration, execution)
    trials = tuple(read_trial(file, subject, _used(generator, subject)) for file in files)
    tag, usual = ("outputSubjectFile", "calibratedSubject.xml") if calibrating else ("outputDirectory", "Output")
    element = root.find(tag)
    output = output_path(element) if element is not None and element.text else root.path.resolve().parent / usual
    return CeinmsProject(root.path, subject, generator, trials, calibration, execution, output)


def _used(generator, subject):
    """Signals that drive some muscle of the subject."""
    used = {signal for muscle in subject.muscle_names for signal in generator.mapping.get(muscle, {})}
    return [signal for signal in generator.signals if signal in used]


def _check(subject, generator, calibration, execution):
    strange = [muscle for muscle in generator.mapping if muscle not in subject.muscle_names]
    if strange:
        warnings.warn(
            f"{_name(generator)}: excitations of {', '.join(strange[:5])}, which the subject has not, are left out.",
            UserWarning,
            stacklevel=3,
        )
    if not any(generator.measured(muscle) for muscle in subject.muscle_names):
        raise ValueError(f"{_name(generator)} maps no signal to any muscle of the subject.")
    for owner, names in _coordinates(calibration, execution):
        unknown = [name for name in names if name not in subject.coordinates]
        if unknown:
            known = list(subject.coordinate_names)
            raise ValueError(f"{owner.path.name}: unknown coordinates {unknown}. The subject has {known}.")
    for owner, names in _muscles(calibration, execution):
        unknown = [name for name in names if name not in subject.muscle_names]
        if unknown:
            warnings.warn(
                f"{owner.path.name} names the muscles {', '.join(unknown[:5])}, which the subject has not: left out.",
                UserWarning,
                stacklevel=3,
            )


def _name(generator):
    return generator.path.name if generator.path else "The excitation generator"


def _coordinates(calibration, execution):
    if calibration:
        yield from ((calibration, step.coordinates) for step in calibration.steps)
    if execution:
        yield execution, execution.coordinates


def _muscles(calibration, execution):
    if calibration:
        for step in calibration.steps:
            yield from ((calibration, group) for r in step.ranges for group in r.groups or ())
    if execution:
        mode = execution.mode
        yield execution, (*getattr(mode, "synthesized", ()), *getattr(mode, "adjusted", ()))
