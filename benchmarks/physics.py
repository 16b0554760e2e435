"""Is the physics right, and how fast? Muscles against OpenSim, the simulator against scipy.

Prints its tables and keeps them in results/physics.md.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from _tables import environment, markdown

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.datasets._bursts import draw_bursts
from sk_bionic.datasets._elbow_truth import draw_model, integrate
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.trials import find_trials

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "musculoskeletal"))

from of_one import activation_rate, muscle_at, unit_of

HERE = Path(__file__).parent
REFERENCE = HERE.parents[1] / "shared" / "reference" / "opensim.json"
RESULT = HERE / "results" / "physics.md"
PASSIVE_STRAIN = 0.6  # of OpenSim's muscle at the maximal isometric force
N_SUBJECTS, DURATION, RATES = 10, 5.0, (50, 100, 200, 400)
PRECISE, USUAL = 1e-10, 1e-6  # relative tolerances of scipy
MANY_TRIALS = 100
PAGE = f"""\
# Physics

{{environment}}

## Muscles against OpenSim 4.6 (`DeGrooteFregly2016Muscle`, rigid tendon)

{{opensim}}

## Simulator against scipy (LSODA at rtol {PRECISE:g})

Pooled over {N_SUBJECTS} simulated elbows, one trial of {DURATION:g} s each, exact EMG.

{{accuracy}}

## Time from EMG to trajectory

Trials of {DURATION:g} s at 100 Hz, the same {N_SUBJECTS} elbows, one thread. Both sides evaluate
the same compiled functions: scipy through Python step by step, the simulator in compiled code throughout.

{{cost}}
"""


def opensim_agreement(path):
    """Largest differences to OpenSim's values, DataFrame; None where the file is missing."""
    if not path.exists():
        return None
    reference = json.loads(path.read_text())
    muscle, activation = reference["dgf_rigid"], reference["activation_degroote"]
    given = {name: float(value) for name, value in muscle["parameters"].items()}
    given["passive_fiber_strain_at_one_norm_force"] = PASSIVE_STRAIN
    rows = np.array(muscle["rows"], dtype=float)
    force = muscle_at(unit_of(given), *rows[:, :3].T).tendon_force
    columns = np.array(activation["rows"], dtype=float).T
    names = "activation_time_constant", "deactivation_time_constant"
    rate = activation_rate(*columns[:2], *(activation["parameters"][n] for n in names))
    return pd.DataFrame(
        [
            _difference("tendon force [N]", force, rows[:, -1]),
            _difference("activation rate [1/s]", rate, columns[-1]),
        ]
    )


def _difference(quantity, ours, theirs):
    return {
        "quantity": quantity,
        "values": len(theirs),
        "largest value": float(np.abs(theirs).max()),
        "largest difference": float(np.abs(ours - theirs).max()),
    }


def subject_of(seed):
    """A simulated subject's model and the excitations of one trial."""
    rng = np.random.RandomState(seed)
    model = draw_model(rng, mismatch=0.0)
    return model, draw_bursts(rng, model, 1, DURATION)


def trial_at(model, bursts, frames):
    """The simulator's problem: EMG at the frames, nothing else."""
    index = pd.Index(frames, name="time")
    emg = pd.DataFrame(bursts(frames[:, None, None])[:, 0], index, list(model.channel_names))
    return EquationOfMotion(model, find_trials(emg), emg.to_numpy())


def accuracy():
    """RMSE to scipy at a tight tolerance over all subjects, by frame rate; and the order."""
    finest = np.arange(round(DURATION * RATES[-1])) / RATES[-1]
    squares = {rate: [] for rate in RATES}
    for seed in range(N_SUBJECTS):
        model, bursts = subject_of(seed)
        exact = integrate(model, bursts, finest, rtol=PRECISE).angle[:, 0]
        for rate in RATES:
            every = RATES[-1] // rate
            angle = trial_at(model, bursts, finest[::every]).solve().angle
            squares[rate].append(np.mean(np.rad2deg(angle - exact[::every]) ** 2))
    rmse = np.sqrt([np.mean(squares[rate]) for rate in RATES])
    worst = np.sqrt([np.max(squares[rate]) for rate in RATES])
    order = np.append(np.nan, np.log2(rmse[:-1] / rmse[1:]))
    table = {"frames per s": RATES, "RMSE [deg]": rmse, "worst trial [deg]": worst, "order": order}
    return pd.DataFrame(table)


def seconds(function, *arguments):
    """Wall time of a call."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def cost():
    """Wall times from EMG to trajectory, 500 frames a trial, beside scipy on the same trials."""
    subjects = [subject_of(seed) for seed in range(N_SUBJECTS)]
    frames = np.arange(round(DURATION * 100)) / 100
    many = make_elbow_flexion(MANY_TRIALS, duration=DURATION, random_state=0)
    trials, emg = find_trials(many.data), many.data.to_numpy()
    simulate_one = lambda model, bursts: trial_at(model, bursts, frames).solve()
    simulate_many = lambda: EquationOfMotion(many.model, trials, emg).solve()
    rows = [
        ("this simulator", 1, [seconds(simulate_one, *s) for s in subjects * 2]),
        (f"this simulator, {MANY_TRIALS} trials at once", MANY_TRIALS, [seconds(simulate_many)]),
    ]
    for rtol in (USUAL, PRECISE):
        times = [seconds(integrate, *s, frames, rtol) for s in subjects]
        rows.append((f"scipy LSODA at rtol {rtol:g}", 1, times))
    return pd.DataFrame(
        {
            "what": [what for what, _, _ in rows],
            "calls": [len(times) for _, _, times in rows],
            "ms a trial, median": [1e3 * np.median(times) / n for _, n, times in rows],
            "slowest": [1e3 * max(times) / n for _, n, times in rows],
        }
    )


def report(reference):
    """The page, in Markdown."""
    agreement = opensim_agreement(reference)
    if agreement is None:
        opensim = f"Skipped: there is no {reference.name} (see `--reference`)."
    else:
        formats = {"values": "d", "largest value": ".1f", "largest difference": ".1e"}
        opensim = markdown(agreement, formats)
    formats = {"frames per s": "d", "RMSE [deg]": ".1e", "worst trial [deg]": ".1e"}
    times = {"calls": "d", "ms a trial, median": ".2f", "slowest": ".2f"}
    return PAGE.format(
        environment=environment(),
        opensim=opensim,
        accuracy=markdown(accuracy(), formats),
        cost=markdown(cost(), times),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    what = "JSON file of values computed with OpenSim"
    parser.add_argument("--reference", type=Path, default=REFERENCE, help=what)
    page = report(parser.parse_args().reference)
    print(page)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(page)


if __name__ == "__main__":
    main()
