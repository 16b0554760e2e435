"""Identified parameters between their bounds."""

import itertools

import numpy as np

from ._plotting import FLAGGED, GENERIC, GRID, PREDICTED, label, panels
from ._words import BAND, interval, parameter_flag

ROW, MARGIN, WIDTH = 0.27, 1.1, 9.6  # inches


class ParametersDisplay:
    """Identified parameters with their errors, between bounds and beside the generic values.

    Every parameter has a bar from its lower to its upper bound. A parameter at its bound, or one that the recording
    does not determine, has another colour and marker and says so.

    Parameters
    ----------
    parameters : DataFrame
        As `PhysicsInformedMSKRegressor.parameters_`: muscle, name, unit, initial, value, std_err, lower, upper,
        at_bound, identifiable.

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.inspection import ParametersDisplay
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    >>> ParametersDisplay.from_estimator(regressor).figure_.savefig("parameters.png")
    """

    def __init__(self, *, parameters):
        self.parameters = parameters

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the parameters of a fitted `PhysicsInformedMSKRegressor`.

        Parameters
        ----------
        estimator : fitted PhysicsInformedMSKRegressor
            The estimator to draw.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ParametersDisplay
            The display, drawn.
        """
        return cls.from_parameters(estimator.parameters_, ax=ax)

    @classmethod
    def from_parameters(cls, parameters, *, ax=None):
        """Draw a table of parameters.

        Parameters
        ----------
        parameters : DataFrame
            As `PhysicsInformedMSKRegressor.parameters_`.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ParametersDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            When the table has no row: nothing was identified.
        """
        return cls(parameters=parameters).plot(ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            None makes a figure.

        Returns
        -------
        self
            The display, drawn.
        """
        if not len(self.parameters):
            raise ValueError("There is no identified parameter to draw: nothing was free (`identify=[]`?).")
        rows = list(self.parameters.sort_values("name", kind="stable", key=self._order).itertuples())
        names = [row.name for row in rows]
        # A gap between different kinds of parameters.
        height = np.cumsum([0.0, *(1.0 if a == b else 1.7 for a, b in itertools.pairwise(names))])
        size = (WIDTH, MARGIN + ROW * (height[-1] + 2.0))
        axes, self.figure_ = panels("ParametersDisplay", ax, 1, size=size)
        self.ax_ = axes[0]
        for row, y in zip(rows, height, strict=True):
            self._draw(self.ax_, row, y)
        self._finish(self.ax_, rows, height)
        return self

    @staticmethod
    def _order(names):
        """Order of first appearance, so that muscles stand together under each kind of parameter."""
        return names.map({name: i for i, name in enumerate(dict.fromkeys(names))})

    @staticmethod
    def _draw(axes, row, y):
        span = row.upper - row.lower
        place = lambda value: (value - row.lower) / span
        flag = parameter_flag(row)
        colour = FLAGGED if flag else PREDICTED
        axes.plot([0.0, 1.0], [y, y], color=GRID, lw=7, solid_capstyle="butt", zorder=1)
        axes.plot(place(row.initial), y, "|", color=GENERIC, ms=13, mew=1.8, zorder=2)
        if np.isfinite(row.std_err):
            half = BAND * row.std_err / span
            ends = np.clip([place(row.value) - half, place(row.value) + half], 0.0, 1.0)
            axes.plot(ends, [y, y], color=colour, lw=2.2, zorder=3)
        face = "white" if flag else colour
        marker = "D" if flag else "o"
        axes.plot(place(row.value), y, marker, color=colour, mfc=face, mew=1.6, ms=6, zorder=4)
        unit = "" if row.unit == "1" else f" {row.unit}"
        text = interval(row) + unit
        text += f", {flag}" if flag else ""
        axes.text(1.03, y, text, color=colour if flag else "#222222", fontsize="small", va="center")

    @staticmethod
    def _finish(axes, rows, height):
        axes.set_yticks(
            height,
            [f"{label(row.name)}, {label(row.muscle)}" for row in rows],
            fontsize="small",
        )
        axes.set_ylim(height[-1] + 0.8, -1.6)
        axes.set_xlim(-0.03, 1.03)
        axes.set_xticks([0.0, 0.5, 1.0], ["lower bound", "", "upper bound"], fontsize="small")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.plot([], [], "|", color=GENERIC, ms=11, mew=1.8, label="generic value")
        axes.plot([], [], "o-", color=PREDICTED, lw=2.2, ms=6, label="identified ± 2 standard errors")
        axes.plot(
            [],
            [],
            "D-",
            color=FLAGGED,
            mfc="white",
            mew=1.6,
            lw=2.2,
            ms=6,
            label="not to be relied on",
        )
        axes.legend(loc="upper left", ncols=3, frameon=False, fontsize="small", bbox_to_anchor=(-0.02, 1.0))
