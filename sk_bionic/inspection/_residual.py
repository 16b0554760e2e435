"""Torque that the equation of motion leaves unexplained."""

import numpy as np
import pandas as pd

from sk_bionic.trials import find_trials
from sk_bionic.trials.filters import smooth

from ._plotting import FLAGGED, GENERIC, as_ax, chosen_trials, label, label_lines, of_trial, panels, plain, timed
from ._predictions import times_of

CUTOFF = 6.0  # Hz, usual for angles before inverse dynamics
SIZE = (4.4, 2.4)  # inches


class ResidualDisplay:
    """Residual of the equation of motion along the measured angles, beside the torque of the muscles.

    Parameters
    ----------
    residual : DataFrame (n_frames, n_coordinates)
        Torque that the equation leaves unexplained [N m], index levels trial and time [s].
    torque : DataFrame (n_frames, n_coordinates), default=None
        Torque of all muscles [N m], for comparison.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
    figure_ : Figure

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.inspection import ResidualDisplay
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    >>> ResidualDisplay.from_estimator(regressor, X, y).figure_.savefig("residual.png")
    """

    def __init__(self, *, residual, torque=None):
        self.residual = residual
        self.torque = torque

    @classmethod
    def from_estimator(cls, estimator, X, y, *, cutoff=CUTOFF, trials=None, ax=None):
        """Draw the residual of a fitted `PhysicsInformedMSKRegressor`.

        Parameters
        ----------
        estimator : fitted PhysicsInformedMSKRegressor
            The estimator to draw.
        X : DataFrame or array-like (n_frames, n_columns)
            EMG envelopes and external inputs.
        y : Series, DataFrame or array-like
            Measured angles [rad], NaN where unknown.
        cutoff : float, default=6.0
            Low-pass of the angles before they are differentiated twice [Hz], without lag; infinity: none.
        trials : sequence, default=None
            Trials to draw; None: all.
        ax : Axes or array of Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ResidualDisplay
            The display, drawn.
        """
        time = times_of(estimator, X)
        residual = estimator.residual(X, smoothed(y, find_trials(X, sampling_rate=estimator.sampling_rate), cutoff))
        names = estimator.model_.coordinate_names
        torque = timed(estimator.predict_joint_torques(X), names, **time)
        residual = timed(np.asarray(residual), names, **time)
        return cls(residual=residual, torque=torque[residual.columns]).plot(ax, trials=trials)

    @classmethod
    def from_predictions(
        cls,
        residual,
        *,
        torque=None,
        sampling_rate=None,
        trial=None,
        like=None,
        trials=None,
        ax=None,
    ):
        """Draw given residuals.

        Parameters
        ----------
        residual : DataFrame, Series or array-like (n_frames,) or (n_frames, n_coordinates)
            In N m.
        torque : same shape, default=None
            Torque of all muscles [N m].
        sampling_rate, trial, like, trials, ax : object
            As for `TrajectoryDisplay.from_predictions`.

        Returns
        -------
        ResidualDisplay
            The display, drawn.
        """
        time = {"like": like, "sampling_rate": sampling_rate, "trial": trial}
        residual = timed(residual, **time)
        if torque is not None:
            torque = timed(np.asarray(torque), residual.columns, **time)
        return cls(residual=residual, torque=torque).plot(ax, trials=trials)

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
        names = chosen_trials(self.residual, trials)
        places = [(coordinate, name) for coordinate in self.residual.columns for name in names]
        axes, self.figure_ = panels("ResidualDisplay", ax, len(places), size=SIZE, n_columns=2)
        for one, place in zip(axes, places, strict=True):
            self._draw(one, *place)
        self.ax_ = as_ax(axes)
        return self

    def _draw(self, axes, coordinate, name):
        frame, time = of_trial(self.residual, name)
        residual = frame[coordinate].to_numpy()
        plain(axes)
        axes.axhline(0.0, color="#888888", lw=0.8)
        lines = [("residual", residual, FLAGGED, 1.3)]
        if self.torque is not None:
            torque = of_trial(self.torque, name)[0][coordinate].to_numpy()
            lines.insert(0, ("muscles", torque, GENERIC, 1.1))
        for what, values, colour, width in lines:
            axes.plot(time, values, color=colour, lw=width, label=what)
        size = np.sqrt(np.nanmean(residual**2)) if np.isfinite(residual).any() else np.nan
        axes.set_title(
            f"{label(name)}, residual {size:.2g} N m (root mean square)",
            fontsize="small",
            loc="left",
        )
        axes.set(xlabel="time [s]", ylabel=f"torque, {label(coordinate)} [N m]")
        axes.margins(x=0.01)
        ends = [values[np.isfinite(values)][-1] if np.isfinite(values).any() else 0.0 for _, values, _, _ in lines]
        label_lines(axes, [line[0] for line in lines], ends, [line[2] for line in lines], spacing=0.1)


def smoothed(y, trials, cutoff):
    """Angles of the shape and type of y, low-passed; NaN where they were unknown."""
    trials, angle = trials.parted(), np.asarray(y, dtype=np.float64)
    columns = angle.reshape(len(angle), -1).copy()
    unknown = ~np.isfinite(columns)
    for rows in trials.slices:
        for j in np.flatnonzero(unknown[rows].any(axis=0)):
            known = ~unknown[rows, j]
            time = trials.time[rows]
            columns[rows, j] = np.interp(time, time[known], columns[rows, j][known]) if known.any() else 0.0
    columns = smooth(columns, trials, cutoff)
    columns[unknown] = np.nan
    columns = columns.reshape(angle.shape)
    if isinstance(y, pd.DataFrame):
        return pd.DataFrame(columns, y.index, y.columns)
    return pd.Series(columns, y.index, name=y.name) if isinstance(y, pd.Series) else columns
