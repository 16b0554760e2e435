"""CEINMS projects on the command line: what CEINMScalibrate and CEINMS do."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

from ..ceinms import (
    calibrate,
    execute,
    fit_mixtures,
    propose_mixtures,
    propose_synergists,
    read_ceinms,
    read_excitation_generator,
    write_excitation_generator,
    write_results,
    write_subject,
)
from ..ceinms.configuration import Hybrid


def ceinms(arguments):
    """Calibrate the subject of a CEINMS project, or execute a trial of it."""
    return {"calibrate": _calibrate, "run": _run}[arguments.job](arguments)


def _calibrate(arguments):
    project = read_ceinms(arguments.setup)
    if project.calibration is None:
        raise ValueError(
            f"{arguments.setup} is the setup of an execution: 'sk-bionic ceinms run {arguments.setup}' runs it."
        )
    path = _folder_of(Path(arguments.output) if arguments.output else project.output)
    _describe(project, f"{len(project.trials)} trial(s) {', '.join(trial.name for trial in project.trials)}")
    begin, settings = (
        time.perf_counter(),
        {"lengths": not arguments.fixed_lengths, "keep_ranges": arguments.keep_ranges},
    )
    propose = {"function": propose_mixtures, "synergists": propose_synergists}.get(arguments.missing)
    if propose is not None:
        own, project = project, replace(project, excitation_generator=propose(project))
        _tell_lent(own.excitation_generator, project.excitation_generator)
    found = calibrate(project, **settings)
    if arguments.missing == "synergies":
        generator = fit_mixtures(project, found.subject)
        if generator is not project.excitation_generator:
            project = replace(project, excitation_generator=generator)
            found = calibrate(project, **settings)
    print(f"Calibrated in {time.perf_counter() - begin:.1f} s.\n")
    print("Error of the moments [N m] (root mean square), and the moments' own size:\n")
    print(found.error.to_string(index=False, float_format=lambda x: f"{x:.3g}") + "\n")
    _tell_bounds(found.parameters)
    _keep(path)
    write_subject(found.subject, path, calibration=project.calibration.path)
    print(f"Calibrated subject written to {path}.")
    beside = _beside(path)
    if project.excitation_generator.path is None:
        write_excitation_generator(project.excitation_generator, beside)
        print(
            f"Excitation generator with mixtures written to {beside}. 'sk-bionic ceinms run' takes it for this subject "
            "in open loop; for CEINMS itself name it in the setup of the execution."
        )
    elif beside.exists():
        beside.replace(beside.with_name(f"{beside.stem}.before.xml"))
        print(f"{beside.name} of an earlier calibration is kept as {beside.stem}.before.xml.")


def _beside(subject):
    """Where the excitation generator of a calibrated subject with mixtures stands."""
    return subject.with_name(f"{subject.stem}_excitationGenerator.xml")


def _tell_lent(before, after):
    """Which muscles without a signal are driven by which signals."""
    lent = {}
    for muscle, own in after.mapping.items():
        if own and not before.measured(muscle):
            lent.setdefault(tuple(own), []).append(muscle)
    for signals, muscles in lent.items():
        print(f"Without a signal of their own, driven by {', '.join(signals)}: {', '.join(muscles)}.")


def _tell_bounds(table):
    gains = table[table["name"].isin(["strength_coefficient", "max_isometric_force"])]
    outside = gains[(gains["value"] < gains["range_lower"]) | (gains["value"] > gains["range_upper"])]
    for row in outside.itertuples():
        print(
            f"Gain of {_few(row.muscles)}: {row.value:.3g}, beyond the configuration's {row.range_lower:g} to "
            f"{row.range_upper:g}."
        )
    for row in table[table["at_bound"]].itertuples():
        print(f"At its bound: {row.name} = {row.value:.3g} of {_few(row.muscles)}.")
    if len(outside):
        print("  Usual where EMG was not normalised to maximal contractions; --keep-ranges keeps to the configuration.")
    if len(outside) or table["at_bound"].any():
        print()


def _few(muscles):
    names = muscles.split()
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _keep(path):
    """An earlier subject of that name stays beside the new one."""
    before = path.with_name(f"{path.stem}.before{path.suffix}")
    if path.exists() and not before.exists():
        shutil.copy2(path, before)
        print(f"The earlier {path.name} is kept as {before.name}.")


def _run(arguments):
    project = read_ceinms(arguments.setup)
    if project.execution is None:
        raise ValueError(
            f"{arguments.setup} is the setup of a calibration: 'sk-bionic ceinms calibrate {arguments.setup}' runs it."
        )
    folder = Path(arguments.output) if arguments.output else project.output
    trial, mode = project.trials[0], project.execution.mode
    _describe(project, repr(trial))
    if arguments.missing != "passive" and not isinstance(mode, Hybrid):
        project = _with_lent(project)
    begin = time.perf_counter()
    run = execute(
        project.subject, trial, project.excitation_generator, mode,
        tendon=project.execution.tendon, coordinates=project.execution.coordinates,
    )  # fmt: skip
    kind = "Hybrid execution" if isinstance(mode, Hybrid) else "Open loop"
    more = f", objective {run.objective:.6g}" if isinstance(mode, Hybrid) else ""
    print(f"{kind}, {project.execution.tendon} tendons, in {time.perf_counter() - begin:.2f} s{more}.")
    for name, error in run.error.dropna().items():
        size = trial.moments[name].pow(2).mean() ** 0.5
        print(f"  {name}: error {error:.3g} N m of {size:.3g} N m (root mean square)")
    written = write_results(run, folder)
    print(f"{', '.join(path.name for path in written)} written to {folder}.")


def _with_lent(project):
    """The project with the signals that the calibration of its subject lent to muscles without any."""
    beside, own = _beside(project.subject.path), project.excitation_generator
    if not beside.exists():
        return project
    calibrated = read_excitation_generator(beside)
    lent = {m: mixture for m, mixture in calibrated.mapping.items() if mixture and not own.measured(m)}
    lent = {m: mixture for m, mixture in lent.items() if set(mixture) <= set(own.signals)}
    if not lent:
        return project
    after = replace(own, mapping={**own.mapping, **lent})
    print(f"As in the calibration ({beside.name}; --missing passive leaves it out):")
    _tell_lent(own, after)
    return replace(project, excitation_generator=after)


def _describe(project, what):
    subject = project.subject
    driven = sum(project.excitation_generator.measured(muscle) for muscle in subject.muscle_names)
    print(
        f"Read {project.path.name}: {len(subject.muscle_names)} muscles, {driven} with a signal; coordinates "
        f"{', '.join(subject.coordinate_names)}; {what}."
    )


def _folder_of(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
