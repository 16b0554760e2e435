"""A small simulated recording and the configuration file that describes it."""

from pathlib import Path

import numpy as np

from ..atomic import replacing
from ..datasets import make_elbow_flexion
from ._outputs import check_output, write_table

CONFIG = """\
# What sk-bionic must know about your recordings. A line that begins with # is a remark: remove the # to make it count.
# Texts stand in quotes, lists in square brackets.

[data]
# Your recordings; * stands for anything. File names are relative to this file. One file is one trial, unless the files
# have a column "trial".
files = ["trial_*.csv"]
# Columns with the electrical activity of the muscles. The model "elbow" wants them under the names biceps and triceps.
# Where yours have other names, write it like this:  emg = {biceps = "EMG channel 1", triceps = "EMG channel 2"}
emg = ["biceps", "triceps"]
# The column with the measured joint angle, and its unit: "deg" or "rad" (.sto and .mot files say it themselves).
# 0 is the extended elbow, flexion is positive.
angle = ["elbow_flexion"]
angle_unit = "deg"
# The column with the time in seconds. Without such a column give the number of samples a second instead:
time = "time"
# sampling_rate = 100
# Times in milliseconds:
# time_unit = "ms"
# Files whose values stand between semicolons, with decimal commas:
# separator = ";"
# decimal = ","
# Angles that come from other files of the same names (trial_00.mot beside trial_00.c3d), or with the same text in place
# of the *. They are joined by their times ("time"), or by their first frames where both begin at the same moment but
# count from different zeros ("start"):
# angle_files = ["trial_*.mot"]
# clock = "time"
# How many frames a second the model shall see; needed where EMG and angle were sampled at different rates.
# frame_rate = 100
# Moments of inverse dynamics [N m], for 'sk-bionic moments', and the files that hold them:
# moments = ["elbow_flexion"]
# moment_files = ["trial_*_id.sto"]
# Further columns, such as the mass in the hand [kg]:
# other = ["hand_load_kg"]

# Only for raw EMG, which swings about zero: how envelopes are made of it. Leave this table out where the columns are
# envelopes already, as those of this example are.
# [emg]
# band = [20, 450]     # band-pass [Hz]; false: none
# low_pass = 4.0       # of the rectified signal [Hz]
# normalize = "max"    # what becomes 1: the largest value of all training trials

[estimator]
# "elbow", "wrist", "knee_seated", "knee_standing", "arm", "leg", or "auto": any joint, one muscle for each EMG
# column. Or the file of an OpenSim model, "my_model.osim": the angles and EMG columns must then have the names that
# they have in there.
model = "elbow"
# "hybrid": equations of motion and learning together (the best for most recordings); "simulation": the equations alone
# (the fastest); "network": a network trained on both at once.
prediction = "hybrid"
# The same number gives the same result again.
random_state = 0

[compare]
# "trials": leave out trials in turn; "end": test on the end of every trial; "first_repetition": train on the first one.
split = "trials"
methods = ["ridge", "random_forest", "time_only"]

[output]
# The file in which the fitted model is kept.
model = "elbow.skb"
"""

NEXT = """\
Written to {folder}: five recordings and the configuration file elbow.toml. Try, one after the other:

    cd {folder}
    sk-bionic check elbow.toml
    sk-bionic fit elbow.toml
    sk-bionic predict elbow.toml new_trial.csv --std --output prediction.csv
    sk-bionic predict elbow.toml new_trial.csv --what forces --output forces.sto
    sk-bionic compare elbow.toml
    sk-bionic report elbow.toml
"""


def write_example(arguments):
    """Write the example into a folder."""
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    flexion = make_elbow_flexion(n_trials=5, duration=5.0, random_state=0)
    table = flexion.data.join(np.rad2deg(flexion.target)).round(6)
    names = table.index.unique("trial")
    files = {folder / f"{name}.csv": table.loc[name] for name in names[:-1]}
    files[folder / "new_trial.csv"] = table.loc[names[-1]]
    for path in (*files, folder / "elbow.toml"):
        check_output(path, arguments.overwrite)
    for path, frame in files.items():
        write_table(frame, path)
    with replacing(folder / "elbow.toml") as file:
        file.write(CONFIG.encode())
    print(NEXT.format(folder=folder), end="")
