"""The README's figure: one recorded knee, predicted from EMG alone after a fit on its first repetition.

Subject and task are the first healthy man of the data set in alphabetical order, seated, whatever comes out. The
recording is downloaded once (EMG Dataset in Lower Limb, CC BY 4.0, doi 10.24432/C5ZW3P).
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import fetch_knee_emg
from sk_bionic.model_selection import first_repetition_split

FIGURE = Path(__file__).parent.parent / "docs" / "figures" / "recorded_knee.png"
SUBJECT, TASK = "N01", "sitting"
BAND = 1.645  # standard deviations: 90 %
SHOWN = 20.0  # s of the test part


def predicted(data_home):
    """Test part of the record, its predicted angle and standard deviation [rad], and muscle forces [N]."""
    X, y = fetch_knee_emg(subjects=[SUBJECT], tasks=(TASK,), data_home=data_home, return_X_y=True)
    X_train, X_test, y_train, y_test = first_repetition_split(X, y)
    regressor = PhysicsInformedMSKRegressor("knee_seated", random_state=0).fit(X_train, y_train)
    angle, std = regressor.predict(X_test, return_std=True)
    return X_test, y_test, angle, std, regressor.predict_muscle_forces(X_test)


def draw(X, measured, angle, std, forces):
    """EMG, angle with its band, and muscle forces, one above the other; letters that a telephone shows."""
    time = X.index.get_level_values("time").to_numpy()
    time = time - time[0]
    shown = time <= SHOWN
    plt.rcParams.update({"font.size": 17, "axes.spines.top": False, "axes.spines.right": False})
    figure, (above, middle, below) = plt.subplots(
        3, figsize=(10, 9), sharex=True, height_ratios=(1, 1.6, 1), layout="constrained"
    )
    for k, name in enumerate(X.columns):
        label = name.replace("_", " ")
        emg = X[name].to_numpy()
        above.plot(time[shown], (emg / emg.max())[shown], color=f"C{k + 3}", lw=2, label=label)
        below.plot(time[shown], forces[name].to_numpy()[shown], color=f"C{k + 3}", lw=2)
    degrees, half = np.rad2deg(np.asarray(angle)), BAND * np.rad2deg(np.asarray(std))
    middle.fill_between(time[shown], (degrees - half)[shown], (degrees + half)[shown], color="C0", alpha=0.2, lw=0)
    middle.plot(time[shown], np.rad2deg(measured.to_numpy())[shown], color="0.2", lw=3, label="measured")
    middle.plot(time[shown], degrees[shown], color="C0", lw=3, label="predicted, 90 % band")
    above.set(ylabel="EMG [max]", yticks=(0, 1))
    middle.set(ylabel="knee angle [deg]")
    below.set(ylabel="force [N]", xlabel="time [s]", xlim=(0, min(SHOWN, time[-1])))
    for axes, columns in ((above, 2), (middle, 2)):
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False, fontsize=15)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-home")
    parser.add_argument("--output", type=Path, default=FIGURE)
    arguments = parser.parse_args()
    X, measured, angle, std, forces = predicted(arguments.data_home)
    draw(X, measured, angle, std, forces).savefig(arguments.output, dpi=90)
    error = np.rad2deg(np.sqrt(np.nanmean((np.asarray(angle) - measured.to_numpy()) ** 2)))
    print(f"{arguments.output}: {SUBJECT}_{TASK}, {error:.1f} deg off after the first repetition.")


if __name__ == "__main__":
    main()
