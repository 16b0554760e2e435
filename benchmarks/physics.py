"""Is the physics right, and what does it cost? Muscles against OpenSim, the simulator against scipy.

Prints its tables and keeps them in results/physics.md.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from _tables import environment, markdown

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.datasets._bursts import draw_bursts
from sk_bionic.datasets._elbow_truth import draw_model, integrate
from sk_bionic.dynamics.simulate import Motion
from sk_bionic.musculoskeletal.activation import activation_rate
from sk_bionic.musculoskeletal.muscle import rigid_tendon_state
from sk_bionic.trials import find_trials

HERE = Path(__file__).parent
REFERENCE = HERE.parents[1] / "shared" / "reference" / "opensim.json"
RESULT = HERE / "results" / "physics.md"
PASSIVE_STRAIN = 0.6  # of OpenSim's muscle at the maximal isometric force
N_SUBJECTS, DURATION, RATES = 10, 5.0, (50, 100, 200, 400)
PRECISE, USUAL = 1e-10, 1e-6  # relative tolerances of scipy
REPETITIONS, MANY_TRIALS = 20, 100


def opensim_agreement(path):
    """Largest differences to OpenSim's values, DataFrame; None where the file is missing."""
    if not path.exists():
        return None
    reference = json.loads(path.read_text())
    muscle, activation = reference["dgf_rigid"], reference["activation_degroote"]
    given = {**muscle["parameters"], "passive_fiber_strain_at_one_norm_force": PASSIVE_STRAIN}
    parameters = {name: torch.tensor(float(value)).double() for name, value in given.items()}
    rows = torch.tensor(muscle["rows"], dtype=torch.float64)
    force = rigid_tendon_state(*rows[:, :3].T, parameters).tendon_force
    columns = torch.tensor(activation["rows"], dtype=torch.float64).T
    names = "activation_time_constant", "deactivation_time_constant"
    constants = torch.tensor([activation["parameters"][n] for n in names], dtype=torch.float64)
    rate = activation_rate(*columns[:2], *constants)
    compared = [
        ("tendon force [N]", rows[:, -1], force),
        ("activation rate [1/s]", columns[-1], rate),
    ]
    return pd.DataFrame(
        {
            "quantity": [name for name, _, _ in compared],
            "values": [len(theirs) for _, theirs, _ in compared],
            "largest value": [float(theirs.abs().max()) for _, theirs, _ in compared],
            "largest difference": [float((ours - theirs).abs().max()) for _, theirs, ours in compared],
        }
    )


def subject_of(seed):
    """A simulated subject's model and the excitations of one trial."""
    rng = np.random.RandomState(seed)
    model = draw_model(rng, mismatch=0.0)
    return model, draw_bursts(rng, model, 1, DURATION)


def trial_at(model, bursts, frames):
    """The simulator's problem: EMG at the frames, nothing else."""
    index = pd.Index(frames, name="time")
    emg = pd.DataFrame(bursts(frames[:, None, None])[:, 0], index, list(model.channel_names))
    return Motion(model, find_trials(emg), emg.to_numpy())


def accuracy():
    """RMSE to scipy at a tight tolerance over all subjects, by frame rate; and the order."""
    finest = np.arange(round(DURATION * RATES[-1])) / RATES[-1]
    squares = {rate: [] for rate in RATES}
    for seed in range(N_SUBJECTS):
        model, bursts = subject_of(seed)
        exact = integrate(model, bursts, finest, rtol=PRECISE).angle[:, 0]
        for rate in RATES:
            every = RATES[-1] // rate
            angle = trial_at(model, bursts, finest[::every]).solve().angle.numpy()
            squares[rate].append(np.mean(np.rad2deg(angle - exact[::every]) ** 2))
    rmse = np.sqrt([np.mean(squares[rate]) for rate in RATES])
    worst = np.sqrt([np.max(squares[rate]) for rate in RATES])
    order = np.append(np.nan, np.log2(rmse[:-1] / rmse[1:]))
    table = {"frames per s": RATES, "RMSE [deg]": rmse, "worst trial [deg]": worst, "order": order}
    return pd.DataFrame(table)


def seconds(function, repetitions):
    """Median wall time of a call."""
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def cost():
    """Wall times from EMG to trajectory, 500 frames a trial, beside scipy on the same trial."""
    model, bursts = subject_of(0)
    frames = np.arange(round(DURATION * 100)) / 100
    many = make_elbow_flexion(MANY_TRIALS, duration=DURATION, random_state=0)
    trials, emg = find_trials(many.data), many.data.to_numpy()
    measured = {
        "this simulator, 1 trial": seconds(
            lambda: trial_at(model, bursts, frames).solve(), REPETITIONS
        ),
        f"this simulator, {MANY_TRIALS} trials at once": seconds(
            lambda: Motion(many.model, trials, emg).solve(), 3
        ),
    }
    for rtol in (USUAL, PRECISE):
        measured[f"scipy LSODA at rtol {rtol:g}, 1 trial"] = seconds(
            lambda rtol=rtol: integrate(model, bursts, frames, rtol=rtol), 3
        )
    per_trial = [s / (MANY_TRIALS if "at once" in what else 1) for what, s in measured.items()]
    table = {"what": list(measured), "ms": np.array(list(measured.values())) * 1e3}
    return pd.DataFrame({**table, "ms a trial": np.array(per_trial) * 1e3})


def report(reference):
    """The page, in Markdown."""
    agreement = opensim_agreement(reference)
    if agreement is None:
        opensim = f"Skipped: there is no {reference.name} (see `--reference`)."
    else:
        formats = {"values": "d", "largest value": ".1f", "largest difference": ".1e"}
        opensim = markdown(agreement, formats)
    formats = {"frames per s": "d", "RMSE [deg]": ".1e", "worst trial [deg]": ".1e"}
    return "\n\n".join(
        [
            "# Physics\n\n" + environment(),
            "## Muscles against OpenSim 4.6 (`DeGrooteFregly2016Muscle`, rigid tendon)\n\n" + opensim,
            f"## Simulator against scipy (LSODA at rtol {PRECISE:g}), {N_SUBJECTS} simulated elbows, "
            f"one trial of {DURATION:g} s each\n\n" + markdown(accuracy(), formats),
            f"## Time from EMG to trajectory, trials of {DURATION:g} s at 100 Hz, one thread\n\n"
            f"Medians of {REPETITIONS} calls (one trial) or 3 (the rest). Both sides evaluate the same "
            "torch functions; scipy calls them step by step, the simulator on all frames at once."
            "\n\n" + markdown(cost(), {"ms": ".0f", "ms a trial": ".0f"}),
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--reference", type=Path, default=REFERENCE, help="JSON file of values computed with OpenSim"
    )
    torch.set_num_threads(1)
    page = report(parser.parse_args().reference) + "\n"
    print(page)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(page)


if __name__ == "__main__":
    main()
