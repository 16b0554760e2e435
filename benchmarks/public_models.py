"""Public OpenSim models beside OpenSim itself: path lengths, moment arms and isometric forces of from_osim.

usage: python benchmarks/public_models.py LISTED.json FOLDER... [--most N] [--singles]
       python benchmarks/public_models.py LISTED.json            (the table of what was compared so far)

FOLDERs hold bare or ordinary git repositories with .osim files at any depth. Every rotational coordinate that muscles
span is asked for alone, and each with the next one as a planar chain of two. OpenSim (extra ``[opensim]``) computes the
same from the whole file in a process of its own, at two postures. A row is "equal", "warned" (a difference whose muscle
a warning names), "refused" (a ValueError) or "different". The summary is written beside this file, in results/.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np

LENGTH, ARM, FORCE = (
    5e-4,
    1.5e-3,
    0.03,
)  # m, m, and part of the larger of the force and the maximal one: largest differences
POSTURES = (0.3, 0.75)  # parts of a range
LIMIT = 300  # s, for a model


def models_of(folder):
    """(repository, commit, path, content) of every .osim file of a git repository."""
    git = lambda *args: subprocess.run(["git", "-C", folder, *args], capture_output=True, check=True).stdout
    commit = git("rev-parse", "HEAD").decode().strip()
    for path in git("ls-tree", "-r", "-z", "HEAD", "--name-only").decode().split("\0"):
        if path.lower().endswith(".osim"):
            shown = subprocess.run(["git", "-C", folder, "show", f"HEAD:{path}"], capture_output=True, check=False)
            if shown.returncode == 0:  # else a file that the snapshot lacks
                yield Path(folder).parent.name, commit, path, shown.stdout


def compared(file, chains=True):
    """Rows of one model: coordinates, status and what was told."""
    import opensim
    import torch

    from sk_bionic.musculoskeletal import from_osim, read_osim

    opensim.Logger.setLevelString("off")
    try:
        ours = read_osim(file)
    except ValueError as error:
        return [("file", "refused", str(error)[:200])]
    try:
        theirs = _Reference(opensim, file)
    except RuntimeError as error:
        return [("file", "OpenSim refuses", str(error).split("\n")[0][:200])]
    rows, single = [], []
    angles = [c.name for c in ours.coordinates.values() if c.motion_type == "rotational"]
    names = [n for n in angles if not n.endswith(("_l", "_left"))]
    pairs = [list(pair) for pair in zip(names[:-1], names[1:], strict=True)] if chains else []
    for chosen in [[n] for n in names] + pairs:
        if len(chosen) > 1 and not set(chosen) <= set(single):
            continue
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                model = from_osim(file, chosen, drive="excitation")
            except (ValueError, ImportError) as error:
                kinds = {
                    "No muscle of": "no muscle",
                    "no planar chain": "no planar chain",
                    "the constraint": "constraint",
                }
                kind = next((kind for said, kind in kinds.items() if said in str(error)), "refused")
                rows.append((chosen, kind, f"{type(error).__name__}: {error}"[:200]))
                continue
        if len(chosen) == 1:
            single.append(chosen[0])
        texts = " | ".join(str(w.message) for w in told)
        rows.append((chosen, *_status(ours, theirs, model, chosen, texts, torch)))
    return rows


def _status(ours, theirs, model, chosen, texts, torch):
    limits = [ours.coordinates[n].range for n in chosen]
    worst, named = [], []
    for part in POSTURES:
        angle = np.array([low + part * (high - low) for low, high in limits])
        q = np.asarray(angle[None])
        muscles, arms = model.muscle_state(q, 0 * q, np.ones((1, model.n_muscles)))
        length = model.length_and_moment_arm(q)[0]
        theirs.pose(dict(zip(chosen, angle, strict=True)))
        for k, name in enumerate(model.muscle_names):
            expected = theirs.muscle(name, chosen)
            got = (float(length[0, k]), arms[0, :, k], float(muscles.tendon_force[0, k]))
            scale = ours.muscles[name].parameters["max_isometric_force"]
            off = [abs(got[0] - expected[0]) / LENGTH, np.abs(got[1] - expected[1]).max() / ARM,
                   0.0 if expected[2] is None else abs(got[2] - expected[2]) / (FORCE * max(scale,
                   expected[2]))]  # fmt: skip
            if max(off) > 1:
                told = name in texts or "are not solved" in texts  # the latter: OpenSim begins in another posture
                (named if told else worst).append((name, [round(float(x), 2) for x in off], angle.round(3).tolist()))
    if worst:
        return "different", str(worst[:4])
    return ("warned", str(named[:2])) if named else ("equal", texts[:100])


class _Reference:
    """OpenSim's own lengths, moment arms and rigid-tendon forces from the whole file."""

    def __init__(self, opensim, file):
        self.opensim, self.model = opensim, opensim.Model(file)
        found = self.model.updCoordinateSet()
        for i in range(found.getSize()):
            found.get(i).set_locked(False)  # or assembling would put what is asked for back
        self.state = self.model.initSystem()
        self.coordinates = {found.get(i).getName(): found.get(i) for i in range(found.getSize())}
        self.start = {name: c.getValue(self.state) for name, c in self.coordinates.items()}

    def pose(self, values):
        for other, value in self.start.items():
            if other not in values:
                self._set(other, value)
        for other, value in values.items():
            self._set(other, float(value))
        if self.model.getConstraintSet().getSize():
            self.model.assemble(self.state)
        self.model.realizePosition(self.state)

    def muscle(self, name, chosen):
        muscle = self.model.getMuscles().get(name)
        path = muscle.getPath()
        arms = [path.computeMomentArm(self.state, self.coordinates[n]) for n in chosen]
        length = path.getLength(self.state)
        return length, np.array(arms), self._force(muscle, length)

    def _set(self, name, value):
        coordinate = self.coordinates[name]
        if not coordinate.getLocked(self.state):
            coordinate.setValue(self.state, value, False)

    def _force(self, muscle, length):
        """Isometric force at full activation with a rigid tendon [N]; None where OpenSim has no such curves."""
        o, kind = self.opensim, muscle.getConcreteClassName()
        if kind not in ("Millard2012EquilibriumMuscle", "Thelen2003Muscle", "DeGrooteFregly2016Muscle"):
            return None
        own = getattr(o, kind).safeDownCast(muscle)
        optimal, along = muscle.get_optimal_fiber_length(), length - muscle.get_tendon_slack_length()
        if along < 0.15 * optimal:
            return None  # slack: both carry nothing
        fiber = float(np.hypot(along, optimal * np.sin(muscle.get_pennation_angle_at_optimal())))
        norm = fiber / optimal
        if kind.startswith("Millard"):
            active, passive = (
                own.getActiveForceLengthCurve().calcValue(norm),
                own.getFiberForceLengthCurve().calcValue(norm),
            )
        elif kind.startswith("DeGroote"):
            active, passive = own.calcActiveForceLengthMultiplier(norm), own.calcPassiveForceMultiplier(norm)
        else:
            active = np.exp(-((norm - 1) ** 2) / own.get_KshapeActive())
            strain, shape = own.get_FmaxMuscleStrain(), own.get_KshapePassive()
            passive = np.expm1(shape * max(norm - 1, 0.0) / strain) / np.expm1(shape)
        return muscle.get_max_isometric_force() * (active + passive) * along / fiber


def run(listed, folders, most, more):
    """Compare all models; the list of files and the rows go to `listed`."""
    seen, rows = set(), []
    for folder in folders:
        for repository, commit, path, content in models_of(folder):
            digest = hashlib.sha256(content).hexdigest()
            if digest in seen or len(seen) >= most:
                continue
            seen.add(digest)
            with tempfile.TemporaryDirectory() as place:
                file = Path(place) / "model.osim"
                file.write_bytes(content)
                command = [sys.executable, __file__, "--one", str(file), *more]
                try:
                    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, cwd=place)
                    found = json.loads(done.stdout.strip().splitlines()[-1])
                except subprocess.TimeoutExpired:
                    found = [("file", "too long", "")]
                except (ValueError, IndexError):
                    found = [("file", "aborted", done.stderr[-300:])]
            rows.append({"repository": repository, "commit": commit, "path": path, "rows": found})
            Path(listed).write_text(json.dumps(rows, indent=1))
    return rows


def summary(rows):
    """Table of the counts, what differs or was refused by name, and the repositories."""
    counts = Counter(row[1] for model in rows for row in model["rows"])
    lines = [
        f"# {len(rows)} public OpenSim models, {sum(counts.values())} coordinates and chains beside OpenSim "
        f"{version('opensim')}\n"
    ]
    lines += [__doc__.split("\n\n")[2].replace("\n", " ") + "\n", "| outcome | number |", "|---|---|"]
    lines += [f"| {kind} | {number} |" for kind, number in counts.most_common()]
    lines += ["\n| repository | commit | models |", "|---|---|---|"]
    for (repository, commit), number in Counter((m["repository"], m["commit"]) for m in rows).items():
        lines.append(f"| {repository.replace('+', '/')} | {commit} | {number} |")
    lines.append(
        "\nNot equal, not warned, and refused for another reason than a constraint or axes that make no plane:\n"
    )
    for model in rows:
        for chosen, kind, told in model["rows"]:
            if kind in ("different", "refused", "aborted", "too long", "OpenSim refuses", "OpenSim fails"):
                lines.append(f"- {model['path']}, {chosen}: {kind}. {told}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--one")
    parser.add_argument("--singles", action="store_true", help="no chains of two")
    parser.add_argument("--most", type=int, default=10**6)
    parser.add_argument("listed", nargs="?")
    parser.add_argument("folders", nargs="*")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(compared(given.one, not given.singles)))
    else:
        compared_rows = (
            run(given.listed, given.folders, given.most)
            if given.folders
            else json.loads(Path(given.listed).read_text())
        )
        (Path(__file__).parent / "results" / "public_models.md").write_text(summary(compared_rows))
