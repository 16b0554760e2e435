"""Terms of the loss over the epochs of a training."""

import numpy as np

from ._plotting import label_lines, panels, plain, styles

TERMS = {
    "train_loss": "total",
    "data_loss": "angle",
    "ode_loss": "equation of motion",
    "force_loss": "muscle forces",
    "prior_loss": "prior",
    "valid_loss": "held out",
}
SIZE = (6.0, 3.4)  # inches


class LossDisplay:
    """Loss terms over epochs.

    Parameters
    ----------
    history : list of dict
        As `PhysicsInformedMSKRegressor.history_`: one entry an epoch.

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure

    Examples
    --------
    >>> from sk_bionic.inspection import LossDisplay
    >>> history = [{"epoch": k, "train_loss": 1.0 / k, "data_loss": 0.9 / k} for k in range(1, 20)]
    >>> LossDisplay.from_history(history).figure_.savefig("losses.png")
    """

    def __init__(self, *, history):
        self.history = history

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the training of a fitted `PhysicsInformedMSKRegressor`.

        Parameters
        ----------
        estimator : fitted PhysicsInformedMSKRegressor
            The estimator to draw.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LossDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            When no network was trained.
        """
        return cls.from_history(estimator.history_, ax=ax)

    @classmethod
    def from_history(cls, history, *, ax=None):
        """Draw a history.

        Parameters
        ----------
        history : list of dict
            One entry an epoch; terms that are missing or not positive throughout are left out.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LossDisplay
            The display, drawn.
        """
        return cls(history=history).plot(ax)

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
        terms = self._terms()
        if not terms:
            raise ValueError(
                "There is no loss to draw: no network was trained (prediction='simulation', or `max_epochs=0`)."
            )
        axes, self.figure_ = panels("LossDisplay", ax, 1, size=SIZE)
        self.ax_ = axes[0]
        plain(self.ax_)
        looks = styles(len(terms))
        for (name, values), look in zip(terms.items(), looks, strict=True):
            epochs = np.arange(1, len(values) + 1)
            self.ax_.plot(epochs, values, lw=1.6, marker="o" if len(values) == 1 else None, label=name, **look)
        self.ax_.set(yscale="log", xlabel="epoch", ylabel="loss [no unit]")
        self.ax_.margins(x=0.01)
        ends = [values[np.isfinite(values)][-1] for values in terms.values()]
        label_lines(self.ax_, list(terms), ends, [look["color"] for look in looks])
        return self

    def _terms(self):
        """Values (n_epochs,) of each term by its name in words, NaN where it is not positive."""
        terms = {}
        for key, name in TERMS.items():
            values = np.array([epoch.get(key, np.nan) for epoch in self.history], dtype=float)
            values = np.where(values > 0, values, np.nan)  # a logarithmic axis shows no others
            if np.isfinite(values).any():
                terms[name] = values
        return terms
