"""Measured and predicted angles."""

import numpy as np

from ._plotting import MEASURED, PREDICTED, as_ax, chosen_trials, label, of_trial, panels, plain, timed  # fmt: skip
from ._predictions import predicted_angles

STANDARD_DEVIATIONS = 2.0  # half width of the band


class TrajectoryDisplay:
    """Measured and predicted joint angles over time, a panel for each trial and coordinate.

    Angles are given in radians and drawn in degrees.

    Parameters
    ----------
    measured, predicted : DataFrame (n_frames, n_coordinates)
        Angles [rad] with the index levels trial and time [s].
    std : DataFrame (n_frames, n_coordinates), default=None
        Standard deviation of measured minus predicted angle [rad].

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
    figure_ : Figure

    Examples
    --------
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.inspection import TrajectoryDisplay
    >>> flexion = make_elbow_flexion(n_trials=2, random_state=0)
    >>> display = TrajectoryDisplay.from_predictions(flexion.target, flexion.angle)
    >>> len(display.ax_)
    2
    """

    def __init__(self, *, measured, predicted, std=None):
        self.measured = measured
        self.predicted = predicted
        self.std = std

    @classmethod
    def from_estimator(cls, estimator, X, y, *, trials=None, ax=None):
        """Draw what a fitted estimator predicts.

        Parameters
        ----------
        estimator : fitted estimator
            With the band where ``predict(X, return_std=True)`` gives one.
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        y : Series, DataFrame or array-like
            Measured angles [rad], NaN where unknown.
        trials : sequence, default=None
            Trials to draw; None: all.
        ax : Axes or array of Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.
        """
        predicted, std, time = predicted_angles(estimator, X)
        return cls.from_predictions(y, predicted, std=std, trials=trials, ax=ax, **time)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        std=None,
        sampling_rate=None,
        trial=None,
        like=None,
        trials=None,
        ax=None,
    ):
        """Draw given predictions.

        Parameters
        ----------
        y_true, y_pred : Series, DataFrame or array-like (n_frames,) or (n_frames, n_coordinates)
            Angles [rad].
        std : same shape, default=None
            Standard deviation [rad].
        sampling_rate : float, default=None
            Frames per second [Hz] where no index holds the time.
        trial : array-like (n_frames,), default=None
            Trial of each frame, for arrays.
        like : DataFrame, default=None
            Where to read trials and time if neither from `y_true` nor `sampling_rate`, such as X.
        trials : sequence, default=None
            Trials to draw; None: all.
        ax : Axes or array of Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.
        """
        time = {"like": like, "sampling_rate": sampling_rate, "trial": trial}
        measured = timed(y_true, **time)
        others = [None if v is None else _matched(v, measured) for v in (y_pred, std)]
        return cls(measured=measured, predicted=others[0], std=others[1]).plot(ax, trials=trials)

    def plot(self, ax=None, *, trials=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            One for each coordinate and trial, coordinates first; None makes a figure.
        trials : sequence, default=None
            Trials to draw; None: all.

        Returns
        -------
        self
            The display, drawn.
        """
        names = chosen_trials(self.measured, trials)
        places = [(coordinate, name) for coordinate in self.measured.columns for name in names]
        axes, self.figure_ = panels("TrajectoryDisplay", ax, len(places))
        for number, (one, (coordinate, name)) in enumerate(zip(axes, places, strict=True)):
            self._draw(one, coordinate, name, first=number == 0)
        self.ax_ = as_ax(axes)
        return self

    def _draw(self, axes, coordinate, name, first):
        measured, time = of_trial(self.measured, name)
        measured = np.rad2deg(measured[coordinate].to_numpy())
        predicted = np.rad2deg(of_trial(self.predicted, name)[0][coordinate].to_numpy())
        plain(axes)
        if self.std is not None:
            half = STANDARD_DEVIATIONS * np.rad2deg(of_trial(self.std, name)[0][coordinate].to_numpy())
            band = f"{STANDARD_DEVIATIONS:g} standard deviations"
            axes.fill_between(
                time,
                predicted - half,
                predicted + half,
                color=PREDICTED,
                alpha=0.2,
                lw=0,
                label=band,
            )
        axes.plot(time, measured, color=MEASURED, lw=1.1, label="measured")
        axes.plot(time, predicted, color=PREDICTED, lw=1.6, label="predicted")
        error = measured - predicted
        known = np.isfinite(error)
        rmse = f", error {np.sqrt(np.mean(error[known] ** 2)):.1f}°" if known.any() else ""
        axes.set_title(f"{label(name)}{rmse}", fontsize="small", loc="left")
        axes.set(xlabel="time [s]", ylabel=f"{label(coordinate)} [deg]")
        axes.margins(x=0.01)
        if first:
            self._explain(axes)

    @staticmethod
    def _explain(axes):
        """One legend for all panels, above them where the figure makes room for it."""
        handles = axes.get_legend_handles_labels()
        if axes.figure.get_layout_engine() is None:
            axes.legend(*handles, frameon=False, fontsize="x-small")
        else:
            axes.figure.legend(*handles, loc="outside upper left", ncols=3, frameon=False, fontsize="small")


def _matched(values, measured):
    """Values (n_frames, ...) with the index and columns of the measured angles."""
    array = np.asarray(values, dtype=np.float64)
    if len(array) != len(measured) or array.size != measured.size:
        raise ValueError(
            f"Predictions must have the shape of the measured angles, {measured.shape}. Got {array.shape}."
        )
    out = measured.copy()
    out[:] = array.reshape(measured.shape)
    return out
