"""Forces of the muscles."""

import numpy as np

from ._plotting import as_ax, chosen_trials, label, label_lines, of_trial, panels, plain, styles, timed
from ._predictions import times_of

STANDARD_DEVIATIONS = 2.0
SIZE = (4.6, 2.6)  # inches


class MuscleForcesDisplay:
    """Predicted muscle forces over time, a panel for each trial.

    Parameters
    ----------
    forces : DataFrame (n_frames, n_muscles)
        Tendon forces [N] with the index levels trial and time [s].
    std : DataFrame (n_frames, n_muscles), default=None
        Their standard deviations [N].
    synthesized : sequence of str, default=()
        Muscles without EMG of their own, marked with an asterisk.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
    figure_ : Figure

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.inspection import MuscleForcesDisplay
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    >>> MuscleForcesDisplay.from_estimator(regressor, X).figure_.savefig("forces.png")
    """

    def __init__(self, *, forces, std=None, synthesized=()):
        self.forces = forces
        self.std = std
        self.synthesized = tuple(synthesized)

    @classmethod
    def from_estimator(cls, estimator, X, *, trials=None, ax=None):
        """Draw the forces that a fitted `PhysicsInformedMSKRegressor` predicts.

        Parameters
        ----------
        estimator : fitted PhysicsInformedMSKRegressor
            The estimator to draw.
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        trials : sequence, default=None
            Trials to draw; None: all.
        ax : Axes or array of Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        MuscleForcesDisplay
            The display, drawn.
        """
        try:
            forces, std = estimator.predict_muscle_forces(X, return_std=True)
        except ValueError:  # networks alone know no standard deviation
            forces, std = estimator.predict_muscle_forces(X), None
        return cls.from_predictions(
            forces, std=std, names=estimator.muscle_names_, synthesized=estimator.synthesized_muscles_,
            trials=trials, ax=ax, **times_of(estimator, X),
        )  # fmt: skip

    @classmethod
    def from_predictions(
        cls, forces, *, std=None, names=None, synthesized=(), sampling_rate=None, trial=None, like=None,
        trials=None, ax=None,
    ):  # fmt: skip
        """Draw given forces.

        Parameters
        ----------
        forces : DataFrame or array-like (n_frames, n_muscles)
            Tendon forces [N].
        std : same shape, default=None
            Standard deviations [N].
        names : sequence of str, default=None
            Of the muscles, where `forces` has no columns.
        synthesized : sequence of str, default=()
            Muscles without EMG of their own.
        sampling_rate, trial, like, trials, ax : object
            As for `TrajectoryDisplay.from_predictions`.

        Returns
        -------
        MuscleForcesDisplay
            The display, drawn.
        """
        time = {"like": like, "sampling_rate": sampling_rate, "trial": trial}
        forces = timed(forces, names, **time)
        if std is not None:
            std = timed(std, forces.columns, **time)
        return cls(forces=forces, std=std, synthesized=synthesized).plot(ax, trials=trials)

    def plot(self, ax=None, *, trials=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            One for each trial; None makes a figure.
        trials : sequence, default=None
            Trials to draw; None: all.

        Returns
        -------
        self
            The display, drawn.
        """
        names = chosen_trials(self.forces, trials)
        axes, self.figure_ = panels("MuscleForcesDisplay", ax, len(names), size=SIZE, n_columns=2)
        highest = 1.05 * self._upper().max(axis=None)
        for one, name in zip(axes, names, strict=True):
            self._draw(one, name, highest)
        self.ax_ = as_ax(axes)
        return self

    def _upper(self):
        return self.forces if self.std is None else self.forces + STANDARD_DEVIATIONS * self.std

    def _draw(self, axes, name, highest):
        forces, time = of_trial(self.forces, name)
        plain(axes)
        looks = styles(forces.shape[1])
        labels = [label(m) + ("*" if m in self.synthesized else "") for m in forces.columns]
        for muscle, look, text in zip(forces.columns, looks, labels, strict=True):
            force = forces[muscle].to_numpy()
            axes.plot(time, force, lw=1.5, label=text, **look)
            if self.std is not None:
                half = STANDARD_DEVIATIONS * of_trial(self.std, name)[0][muscle].to_numpy()
                low = np.maximum(force - half, 0.0)
                axes.fill_between(time, low, force + half, color=look["color"], alpha=0.2, lw=0, label=text)
        axes.set(xlabel="time [s]", ylabel="muscle force [N]", ylim=(0.0, highest))
        axes.set_title(label(name), fontsize="small", loc="left")
        axes.margins(x=0.01)
        label_lines(axes, labels, forces.iloc[-1].to_numpy(), [look["color"] for look in looks])
