"""Errors of several estimators, trial by trial."""

import numpy as np
import pandas as pd

from ._plotting import GENERIC, PREDICTED, as_ax, label, panels, plain, timed
from ._predictions import times_of

ROW, MARGIN, WIDTH = 0.34, 1.0, 5.6  # inches


class ModelComparisonDisplay:
    """Errors of several estimators on the same trials, the best one on top.

    One dot a trial, the median as a bar with its value, half of the trials within the thick line.

    Parameters
    ----------
    errors : DataFrame
        Root mean square errors [rad]: rows with the index levels coordinate and trial, a column for each estimator.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
        One for each coordinate.
    figure_ : Figure

    Examples
    --------
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.inspection import ModelComparisonDisplay
    >>> flexion = make_elbow_flexion(n_trials=3, random_state=0)
    >>> predictions = {"truth": flexion.angle, "rest": 0.0 * flexion.angle}
    >>> display = ModelComparisonDisplay.from_predictions(flexion.target, predictions)
    >>> display.errors.columns.tolist()
    ['truth', 'rest']
    """

    def __init__(self, *, errors):
        self.errors = errors

    @classmethod
    def from_estimators(cls, estimators, X, y, *, ax=None):
        """Compare fitted estimators.

        Parameters
        ----------
        estimators : dict of fitted estimator
            By the name to show.
        X : DataFrame or array-like (n_frames, n_columns)
            Trials that none of them has seen, or the comparison is one of memories.
        y : Series, DataFrame or array-like
            Measured angles [rad].
        ax : Axes or array of Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ModelComparisonDisplay
            The display, drawn.
        """
        predictions = {name: estimator.predict(X) for name, estimator in estimators.items()}
        time = {}
        for estimator in estimators.values():
            time = times_of(estimator, X)
            if time.get("like") is not None or time.get("sampling_rate"):
                break
        return cls.from_predictions(y, predictions, ax=ax, **time)

    @classmethod
    def from_predictions(cls, y_true, predictions, *, sampling_rate=None, trial=None, like=None, ax=None):
        """Compare predictions.

        Parameters
        ----------
        y_true : Series, DataFrame or array-like (n_frames,) or (n_frames, n_coordinates)
            Measured angles [rad], NaN where unknown.
        predictions : dict of array-like, each of the shape of `y_true`
            By the name to show [rad].
        sampling_rate, trial, like, ax : object
            As for `TrajectoryDisplay.from_predictions`.

        Returns
        -------
        ModelComparisonDisplay
            The display, drawn.
        """
        measured = timed(y_true, like=like, sampling_rate=sampling_rate, trial=trial)
        errors = {name: _errors(measured, values) for name, values in predictions.items()}
        return cls(errors=pd.DataFrame(errors)).plot(ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            One for each coordinate; None makes a figure.

        Returns
        -------
        self
            The display, drawn.
        """
        if not self.errors.shape[1]:
            raise ValueError("There is no estimator to compare: pass at least one.")
        coordinates = list(self.errors.index.get_level_values("coordinate").unique())
        size = (WIDTH, MARGIN + ROW * self.errors.shape[1])
        axes, self.figure_ = panels("ModelComparisonDisplay", ax, len(coordinates), size=size, n_columns=2)
        for one, coordinate in zip(axes, coordinates, strict=True):
            self._draw(one, np.rad2deg(self.errors.loc[coordinate]), coordinate)
        self.ax_ = as_ax(axes)
        return self

    @staticmethod
    def _draw(axes, errors, coordinate):
        errors = errors[errors.median().sort_values(kind="stable").index]
        plain(axes)
        axes.grid(visible=False, axis="y")
        largest = errors.max(axis=None)
        for row, name in enumerate(errors):
            values = errors[name].dropna().to_numpy()
            colour = PREDICTED if row == 0 else GENERIC
            low, median, high = np.percentile(values, [25, 50, 75])
            axes.plot([low, high], [row, row], color=colour, lw=5, alpha=0.35, solid_capstyle="butt")
            axes.plot(values, np.full(len(values), row), "o", color=colour, ms=4, alpha=0.6, mew=0)
            axes.plot(median, row, "|", color=colour, ms=16, mew=2.5)
            axes.text(1.02, row, f"{median:.1f}°", color=colour, va="center", fontsize="small",
                      transform=axes.get_yaxis_transform())  # fmt: skip
        axes.set_yticks(range(errors.shape[1]), [label(name) for name in errors], fontsize="small")
        axes.set(ylim=(errors.shape[1] - 0.5, -0.5), xlim=(0.0, 1.05 * largest))
        axes.set_xlabel(f"root mean square error of a trial [deg], {label(coordinate)}", fontsize="small")
        axes.tick_params(axis="y", length=0)
        axes.set_title("median", fontsize="small", loc="right", color=GENERIC)
        axes.spines["left"].set_visible(False)


def _errors(measured, predicted):
    """Root mean square error of each coordinate and trial [rad], Series."""
    array = np.asarray(predicted, dtype=np.float64)
    if array.size != measured.size:
        raise ValueError(f"Predictions must have the shape of y, {measured.shape}. Got {array.shape}.")
    square = (measured - array.reshape(measured.shape)) ** 2
    errors = np.sqrt(square.groupby(level="trial", sort=False).mean()).T.stack()
    return errors.rename_axis(["coordinate", "trial"])
