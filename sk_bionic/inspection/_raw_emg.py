"""Raw EMG over time, and its spectrum."""

import numpy as np
import pandas as pd
from scipy.signal import welch

from ..trials import find_trials
from ._plotting import GENERIC, in_words, label, plain, pyplot, styles

SIZE = 9.6, 1.35  # inches of a channel's row
N_COLUMNS = 900  # of the drawn signal, in each of which its smallest and largest value are kept
MAINS = (50.0, 60.0)  # Hz
LOWEST = 1e-5  # of the largest density, below which nothing is drawn


class RawEMGDisplay:
    """Raw EMG of a trial over time, one row a channel, with its power spectrum beside it.

    Parameters
    ----------
    emg : DataFrame (n_frames, n_channels)
        Raw EMG of one trial; index: time [s].
    trial : str
        Its name.

    Attributes
    ----------
    ax_ : ndarray of Axes (n_channels, 2)
    figure_ : Figure

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sk_bionic.inspection import RawEMGDisplay
    >>> index = pd.MultiIndex.from_product([["rest"], np.arange(2000) / 1000], names=["trial", "time"])
    >>> noise = pd.DataFrame(np.random.default_rng(0).normal(size=(2000, 1)), index, ["biceps"])
    >>> RawEMGDisplay.from_recording(noise).ax_.shape
    (1, 2)
    """

    def __init__(self, *, emg, trial):
        self.emg, self.trial = emg, trial

    @classmethod
    def from_recording(cls, X, *, trial=0, sampling_rate=None):
        """Draw a trial of a recording.

        Parameters
        ----------
        X : DataFrame or array-like (n_frames, n_channels)
            Raw EMG, as recorded.
        trial : int, default=0
            Position of the trial among those of X.
        sampling_rate : float, default=None
            Frames per second [Hz] where no index holds the time.

        Returns
        -------
        RawEMGDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            When nothing tells the time of the frames.
        """
        trials = find_trials(X, sampling_rate=sampling_rate)
        if trials is None:
            raise ValueError(
                "Nothing tells the time of the frames: pass `sampling_rate` [Hz], or a DataFrame whose index has the "
                "levels 'trial' and 'time' (s)."
            )
        rows = trials.slices[trial]
        names = getattr(X, "columns", [f"channel {k}" for k in range(np.shape(X)[1])])
        emg = pd.DataFrame(np.asarray(X, dtype=np.float64)[rows], trials.time[rows], [str(name) for name in names])
        return cls(emg=emg, trial=in_words(trials.names[trial])).plot()

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : array of Axes (n_channels, 2), default=None
            None makes a figure.

        Returns
        -------
        self
            The display, drawn.
        """
        plt, n = pyplot("RawEMGDisplay"), self.emg.shape[1]
        if ax is None:
            size = SIZE[0], SIZE[1] * n + 0.4
            options = {"width_ratios": [2.4, 1.0], "squeeze": False, "layout": "constrained", "sharex": "col"}
            _, ax = plt.subplots(n, 2, figsize=size, **options)
        self.ax_ = np.asarray(ax, dtype=object).reshape(n, 2)
        self.figure_ = self.ax_[0, 0].figure
        for (left, right), (name, signal), look in zip(self.ax_, self.emg.items(), styles(n), strict=True):
            self._draw_signal(left, name, signal, look["color"])
            self._draw_spectrum(right, name, signal, look["color"])
        self.ax_[-1, 0].set_xlabel("time [s]")
        self.ax_[-1, 1].set_xlabel("frequency [Hz]")
        return self

    @staticmethod
    def _draw_signal(axes, name, signal, colour):
        plain(axes)
        factor, unit = _unit(signal)
        time, values = outline(signal.index.to_numpy(), factor * signal.to_numpy())
        axes.plot(time, values, color=colour, lw=0.5, label=label(name))
        axes.set_ylabel(unit)
        axes.margins(x=0.01)
        axes.set_title(label(name), fontsize="small", loc="left")

    @staticmethod
    def _draw_spectrum(axes, name, signal, colour):
        plain(axes)
        time, values = signal.index.to_numpy(), signal.to_numpy()
        values = values[np.isfinite(values)]
        rate = (len(time) - 1) / (time[-1] - time[0])
        frequency, power = welch(values, rate, nperseg=min(len(values), max(8, int(rate))))
        for line in MAINS:
            axes.axvline(line, color=GENERIC, lw=0.6, ls=":")
        if power.max() > 0:
            axes.semilogy(
                frequency[1:], np.maximum(power[1:] / power.max(), LOWEST), color=colour, lw=1.0, label=label(name)
            )
        axes.set(ylim=(LOWEST, 2.0), xlim=(0.0, rate / 2), ylabel="power, relative")
        axes.set_title("spectrum (dotted: 50 and 60 Hz)", fontsize="small", loc="left")


def outline(time, values):
    """Fewer points that draw the same: the smallest and the largest of each of many short stretches, in their order."""
    length = -(-len(values) // N_COLUMNS)
    if length < 3:
        return time, values
    starts = np.arange(0, len(values), length)
    filled = np.where(np.isfinite(values), values, 0.0)
    places = [np.sort([a + int(f(filled[a : a + length])) for f in (np.argmin, np.argmax)]) for a in starts]
    at = np.unique(np.concatenate(places))
    return time[at], values[at]


def _unit(signal):
    """Factor and unit in which values in V read well; other numbers, such as counts, stay as they are."""
    size = float(np.nanmax(np.abs(signal.to_numpy()), initial=0.0))
    if 0.0 < size < 0.1:
        return (1e6, "EMG [µV]") if size < 1e-3 else (1e3, "EMG [mV]")
    return 1.0, "EMG"
