"""CEINMS projects made in a test: a leg with three coordinates, gaits that differ, moments of a known subject."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd

CURVES = {
    "activeForceLength": (
        "-5 0 0.401 0.402 0.4035 0.52725 0.62875 0.71875 0.86125 1.045 1.2175 1.43875 1.61875 1.62 1.621 2.2 5",
        "0 0 0 0 0 0.226667 0.636667 0.856667 0.95 0.993333 0.77 0.246667 0 0 0 0 0",
    ),
    "passiveForceLength": (
        "-5 0.998 0.999 1 1.1 1.2 1.3 1.4 1.5 1.6 1.601 1.602 5",
        "0 0 0 0 0.035 0.12 0.26 0.55 1.17 2 2 2 2",
    ),
    "forceVelocity": ("-10 -1 -0.6 -0.3 -0.1 0 0.1 0.3 0.6 0.8 10", "0 0 0.08 0.2 0.55 1 1.4 1.6 1.7 1.75 1.75"),
    "tendonForceStrain": (
        " ".join(f"{0.001 * k:g}" for k in range(56)),
        None,  # as the usual exponential and linear parts
    ),
}
# Muscle: largest force N, optimal length m, slack length m, pennation rad, moment arms m about hip, knee, ankle.
LEG = {
    "glmax": (1500.0, 0.15, 0.12, 0.1, (-0.06, 0.0, 0.0)),
    "psoas": (1400.0, 0.11, 0.16, 0.15, (0.045, 0.0, 0.0)),
    "hamstrings": (2000.0, 0.11, 0.31, 0.15, (-0.06, -0.04, 0.0)),
    "rectus": (1100.0, 0.10, 0.33, 0.1, (0.04, 0.045, 0.0)),
    "vasti": (4500.0, 0.10, 0.15, 0.05, (0.0, 0.045, 0.0)),
    "gastrocnemius": (2000.0, 0.07, 0.38, 0.2, (0.0, -0.02, -0.045)),
    "soleus": (3500.0, 0.05, 0.25, 0.4, (0.0, 0.0, -0.045)),
    "tibialis": (900.0, 0.098, 0.22, 0.1, (0.0, 0.0, 0.04)),
}
COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
ELECTRODES = {m: {m: 1.0} for m in LEG if m != "psoas"}
WINDOW = (0.1, 0.9)
SHAPES = {"exponential": (-1.0, (-2.999, -0.001)), "piecewise": (0.05, (0.001, 0.12))}  # usual factor and range


def tendon_points():
    x = np.array([float(word) for word in CURVES["tendonForceStrain"][0].split()])
    return x, np.where(x < 0.01516, 0.10377 * np.expm1(91.0 * x) / (1 + 0 * x), 37.526 * x - 0.26029).clip(0)


def storage(path, table, title=None, in_degrees=None):
    """Write a table as CEINMS or OpenSim does."""
    lines = [title or "table", f"datacolumns {table.shape[1] + 1}", f"datarows {len(table)}"]
    lines += [] if in_degrees is None else [f"inDegrees={in_degrees}"]
    lines += ["endheader", "\t".join(["time", *table.columns])]
    rows = np.column_stack([table.index.to_numpy(), table.to_numpy()])
    lines += ["\t".join(f"{value:.10g}" for value in row) for row in rows]
    Path(path).write_text("\n".join(lines) + "\n")


def tag(name, children=(), text=None, **attributes):
    node = ElementTree.Element(name, attributes)
    node.text = None if text is None else str(text)
    node.extend(children)
    return node


def save(path, node):
    ElementTree.indent(node)
    Path(path).write_bytes(ElementTree.tostring(node, encoding="utf-8", xml_declaration=True))


def subject_xml(muscles, coordinates=COORDINATES, **changed):
    """<subject> of muscles as in `LEG`; `changed` maps a muscle to elements and their values."""
    curves = []
    for name, (x, y) in CURVES.items():
        if y is None:
            x, y = (" ".join(f"{v:.8g}" for v in values) for values in tendon_points())
        curves.append(tag("curve", [tag("name", text=name), tag("xPoints", text=x), tag("yPoints", text=y)]))
    usual = [tag("emDelay", text=0.015), tag("percentageChange", text=0.15), tag("damping", text=0.1)]
    mtus = []
    for name, (force, optimal, slack, pennation, _) in muscles.items():
        values = {
            "c1": -0.5, "c2": -0.5, "shapeFactor": -1.0, "optimalFibreLength": optimal, "pennationAngle": pennation,
            "tendonSlackLength": slack, "maxContractionVelocity": 10.0, "maxIsometricForce": force,
            "strengthCoefficient": 1.0, **changed.get(name, {}),
        }  # fmt: skip
        mtus.append(tag("mtu", [tag("name", text=name), *(tag(k, text=repr(v)) for k, v in values.items())]))
    dofs = []
    for i, coordinate in enumerate(coordinates):
        own = " ".join(name for name, row in muscles.items() if row[4][i] != 0)
        dofs.append(tag("dof", [tag("name", text=coordinate), tag("mtuNameSet", text=own)]))
    info = tag("uncalibrated", [tag("subjectID", text="made"), tag("additionalInfo", text="")])
    return tag(
        "subject",
        [tag("mtuDefault", usual + curves), tag("mtuSet", mtus), tag("dofSet", dofs), tag("calibrationInfo", [info])],
    )


def motion(seed, rate=100.0, duration=1.0, depth=1.0):
    """Angles (n, 3) [rad] and excitations of a gait-like motion."""
    random = np.random.default_rng(seed)
    time = np.arange(0.0, duration + 0.5 / rate, 1.0 / rate)
    phase = 2 * np.pi * time[:, None] / duration
    angle = np.array([[0.4, -0.7, 0.0]]) * depth + np.array([[0.35, 0.35, 0.2]]) * np.sin(
        phase + random.normal(0, 0.5, 3)
    )
    emg = {}
    for name in LEG:
        center, width = random.uniform(0, 1), random.uniform(0.08, 0.2)
        away = np.abs((time / duration - center + 0.5) % 1.0 - 0.5)
        emg[name] = 0.03 + random.uniform(0.2, 0.6) * depth * np.exp(-0.5 * (away / width) ** 2)
    return time, angle, pd.DataFrame(emg, pd.Index(time, name="time"))


def lengths_and_arms(time, angle, muscles=LEG):
    """Lengths (DataFrame) and moment arms (dict of DataFrames) of constant arms."""
    index = pd.Index(time, name="time")
    arms = {name: np.array(row[4]) for name, row in muscles.items()}
    rest = {name: row[2] + row[1] * np.cos(row[3]) for name, row in muscles.items()}
    neutral = np.array([0.4, -0.7, 0.0])
    length = pd.DataFrame({n: rest[n] - (angle - neutral) @ arms[n] for n in muscles}, index)
    tables = {
        c: pd.DataFrame({n: np.full(len(time), arms[n][i]) for n in muscles if arms[n][i] != 0}, index)
        for i, c in enumerate(COORDINATES)
    }
    return length, tables


def write_trial(folder, time, length, arms, emg, moments, window=WINDOW):
    """A trial's tables and its inputData file."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    storage(folder / "lmt.sto", length)
    for coordinate, table in arms.items():
        storage(folder / f"ma_{coordinate}.sto", table)
    storage(folder / "emg.mot", emg)
    storage(folder / "id.sto", moments.add_suffix("_moment"))
    files = [tag("momentArmsFile", text=f"ma_{c}.sto", dofName=c) for c in arms]
    save(
        folder / "trial.xml",
        tag(
            "inputData",
            [
                tag("muscleTendonLengthFile", text="lmt.sto"), tag("excitationsFile", text="emg.mot"),
                tag("momentArmsFiles", files), tag("externalTorquesFile", text="id.sto"),
                tag("startStopTime", text=f"{window[0]} {window[1]}"),
            ],
        ),
    )  # fmt: skip
    return folder / "trial.xml"


def generator_xml(muscles, electrodes):
    signals = " ".join(dict.fromkeys(s for own in electrodes.values() for s in own))
    excitations = [
        tag("excitation", [tag("input", text=s, weight=repr(w)) for s, w in electrodes.get(m, {}).items()], id=m)
        for m in muscles
    ]
    return tag("excitationGenerator", [tag("inputSignals", text=signals, type="EMG"), tag("mapping", excitations)])


def model_xml(mode, tendon, activation="exponential"):
    return tag(
        "NMSmodel",
        [tag("type", [mode]), tag("tendon", [tag(tendon)]), tag("activation", [tag(activation)])],
    )


def calibration_xml(
    trials, tendon="equilibriumElastic", coordinates=COORDINATES, groups=None, activation="exponential"
):
    def parameter(name, sharing, kind, lower, upper):
        limits = tag(kind, [tag("range", text=f"{lower} {upper}")])
        return tag("parameter", [tag("name", text=name), sharing, limits])

    sharing = tag("single") if groups is None else tag("muscleGroups", [tag("muscles", text=g) for g in groups])
    parameters = [
        parameter("c1", tag("global"), "absolute", -0.95, -0.05),
        parameter("c2", tag("global"), "absolute", -0.95, -0.05),
        parameter("shapeFactor", tag("global"), "absolute", *SHAPES[activation][1]),
        parameter("tendonSlackLength", tag("single"), "relativeToSubjectValue", 0.95, 1.05),
        parameter("optimalFibreLength", tag("single"), "relativeToSubjectValue", 0.95, 1.05),
        parameter("strengthCoefficient", sharing, "absolute", 0.5, 2.5),
    ]
    step = tag(
        "step",
        [
            tag("dofs", text=" ".join(coordinates)), tag("objectiveFunction", [tag("minimizeTorqueError")]),
            tag("parameterSet", parameters),
        ],
    )  # fmt: skip
    return tag(
        "calibration",
        [
            model_xml(tag("openLoop"), tendon, activation),
            tag("calibrationSteps", [step]),
            tag("trialSet", text="\n".join(trials)),
        ],
    )


def hybrid_xml(alpha, beta, gamma, synthesized, adjusted):
    weights = [tag(k, text=v) for k, v in (("alpha", alpha), ("beta", beta), ("gamma", gamma))]
    lists = [tag("synthMTUs", text=" ".join(synthesized)), tag("adjustMTUs", text=" ".join(adjusted))]
    return tag("hybrid", weights + lists)


def setup_xml(kind, **files):
    return tag(kind, [tag(name, text=value) for name, value in files.items()])


class Project:
    """A folder with subject, two trials, and setups of calibration and execution."""

    def __init__(
        self, folder, truth=None, electrodes=ELECTRODES, tendon="equilibriumElastic", noise=0.0, seeds=(1, 2),
        activation="exponential",
    ):  # fmt: skip
        from sk_bionic.ceinms.excitation_generator import read_excitation_generator
        from sk_bionic.ceinms.muscles import Muscles
        from sk_bionic.ceinms.subject import read_subject
        from sk_bionic.ceinms.trial import read_trial

        self.folder = Path(folder)
        usual = {m: {"shapeFactor": SHAPES[activation][0]} for m in LEG}
        save(self.folder / "subject.xml", subject_xml(LEG, **usual))
        true = {m: usual[m] | (truth or {}).get(m, {}) for m in LEG}
        save(self.folder / "truth.xml", subject_xml(LEG, **true))
        save(self.folder / "excitationGenerator.xml", generator_xml(LEG, electrodes))
        save(self.folder / "all.xml", generator_xml(LEG, {m: {m: 1.0} for m in LEG}))
        random, self.moments = np.random.default_rng(0), {}
        subject, everything = (
            replace(read_subject(self.folder / "truth.xml"), activation_shape=activation),
            read_excitation_generator(self.folder / "all.xml"),
        )
        for k, seed in enumerate(seeds, 1):
            time, angle, emg = motion(seed, depth=1.0 if k % 2 else 1.3)
            length, arms = lengths_and_arms(time, angle)
            moments = pd.DataFrame(0.0, pd.Index(time, name="time"), list(COORDINATES))
            name = f"gait{k}"
            file = write_trial(self.folder / name, time, length, arms, emg, moments, (time[0], time[-1]))
            trial = read_trial(file, subject, everything.signals)
            muscles = Muscles(subject, trial, everything, "rigid" if tendon == "stiff" else "elastic")
            moments[:] = muscles.moments(muscles.solve(subject.parameters).force)
            self.moments[name] = moments + noise * random.normal(size=moments.shape)
            write_trial(self.folder / name, time, length, arms, emg, self.moments[name])
        save(self.folder / "calibrationCfg.xml", calibration_xml(["gait1/trial.xml"], tendon, activation=activation))
        self.tendon, self.activation = tendon, activation
        self.write_calibration("calibrationSetup.xml", "calibrationCfg.xml")
        self.write_execution("openLoop", tag("openLoop"), "gait2", "calibratedSubject.xml")

    def write_calibration(self, name, configuration):
        setup = setup_xml(
            "ceinmsCalibration", subjectFile="subject.xml", excitationGeneratorFile="excitationGenerator.xml",
            calibrationFile=configuration, outputSubjectFile="calibratedSubject.xml",
        )  # fmt: skip
        save(self.folder / name, setup)

    def write_execution(self, name, mode, trial, subject, generator="excitationGenerator.xml"):
        """Setup `<name>Setup.xml` of an execution; its path."""
        model = model_xml(mode, self.tendon, self.activation)
        save(self.folder / f"{name}Cfg.xml", tag("execution", [model, tag("offline")]))
        setup = setup_xml(
            "ceinms", subjectFile=subject, inputDataFile=f"{trial}/trial.xml", executionFile=f"{name}Cfg.xml",
            excitationGeneratorFile=generator, outputDirectory=f"{name}Output",
        )  # fmt: skip
        save(self.folder / f"{name}Setup.xml", setup)
        return self.folder / f"{name}Setup.xml"
