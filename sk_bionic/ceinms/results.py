"""Results of an execution as CEINMS writes them."""

from pathlib import Path

import numpy as np

from ..atomic import replacing
from .configuration import Hybrid


def tables(run):
    """What is written of an execution, file name to values (n_frames, n_columns) and their columns."""
    muscles, states = list(run.states.names), run.states
    found = {
        "Torques": (run.moments.to_numpy(), list(run.moments.columns)),
        "MuscleForces": (states.force, muscles),
        "Activations": (states.activation, muscles),
        "FibreLengths": (states.fiber_length, muscles),
        "NormFibreLengths": (states.norm_fiber_length, muscles),
        "FibreVelocities": (states.fiber_velocity, muscles),
        "NormFibreVelocities": (states.norm_fiber_velocity, muscles),
        "PennationAngles": (states.pennation_angle, muscles),
        "TendonLengths": (states.tendon_length, muscles),
        "AdjustedEmgs": (run.excitations.to_numpy(), muscles),
    }
    if isinstance(run.mode, Hybrid):
        found["MuscleForcesStd"] = (run.muscle_force_std.to_numpy(), muscles)
    return found


def write_results(run, folder):
    """Write an execution's results, a storage file each.

    Parameters
    ----------
    run : Run
        What to write.
    folder : path-like
        Is made if it is not there; files of these names are replaced, each whole or not at all.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    time, written = run.states.time, []
    for name, (values, columns) in tables(run).items():
        rows = np.column_stack([time, values]).tolist()
        lines = ["CEINMS output", f"datacolumns {len(columns) + 1}", f"datarows {len(rows)}", "endheader"]
        lines += ["\t".join(["time", *columns]), *("\t".join(map(repr, row)) for row in rows)]
        with replacing(folder / f"{name}.sto") as file:
            file.write(("\n".join(lines) + "\n").encode())
        written.append(folder / f"{name}.sto")
    return written
