"""The last seconds of a stream: EMG, angle with its band, forces."""

import numpy as np

from ..inspection._plotting import DASHES, FLAGGED, PALETTE, PREDICTED, plain, pyplot

STANDARD_DEVIATIONS = 2.0  # half width of the band
SIZE = (8.0, 6.0)  # inches


class StreamDisplay:
    """The last seconds of a stream: EMG, angle with its band, muscle forces.

    Frames with flags are marked. `update` takes frames as they come; `draw` brings the figure up to date, and costs
    much more: call it some ten times a second.

    Parameters
    ----------
    stream : MotionStream
        Whose frames are shown.
    channels : sequence of str
        Names of what `update` is given as EMG.
    seconds : float, default=10.0
        How much of the past is shown [s].

    Attributes
    ----------
    ax_ : ndarray of Axes (3,)
        EMG, angles, forces.
    figure_ : Figure
        That they are in.

    Examples
    --------
    >>> from sk_bionic import PhysicsInformedMSKRegressor
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> from sk_bionic.streaming import StreamDisplay
    >>> X, y = make_elbow_flexion(n_trials=2, duration=2.0, random_state=0, return_X_y=True)
    >>> regressor = PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    >>> stream = regressor.stream(sampling_rate=100.0)
    >>> display = StreamDisplay(stream, X.columns)
    >>> for emg in X.to_numpy()[:50]:
    ...     display.update(stream.push(emg), emg)
    >>> display.draw().ax_.shape
    (3,)
    """

    def __init__(self, stream, channels, *, seconds=10.0):
        self.stream, self.channels, self.seconds = stream, tuple(channels), float(seconds)
        n = max(2, int(np.ceil(seconds * stream.frame_rate)))
        d, m = len(stream.coordinate_names), len(stream.muscle_names)
        self._rows, self._n = np.full((n, 2 + len(self.channels) + 2 * d + m), np.nan), 0
        self.figure_ = None

    def update(self, frame, emg):
        """Take a frame.

        Parameters
        ----------
        frame : StreamFrame or None
            As `push` returns it; None is left out.
        emg : array-like (n_channels,)
            What was pushed.
        """
        if frame is None:
            return
        row = self._rows[self._n % len(self._rows)]
        row[:] = np.concatenate([[frame.time, frame.flags != 0], emg, frame.angle, frame.angle_std, frame.force])
        self._n += 1

    def draw(self):
        """Bring the figure up to date; the first call makes it.

        Returns
        -------
        self
            The display, drawn.
        """
        plt = pyplot("StreamDisplay")
        if self.figure_ is None:
            self.figure_, self.ax_ = plt.subplots(3, 1, figsize=SIZE, sharex=True, layout="constrained")
        if self._n == 0:
            return self
        rows = np.roll(self._rows, -(self._n % len(self._rows)), axis=0)[-min(self._n, len(self._rows)) :]
        jump = np.flatnonzero(~(np.diff(rows[:, 0]) > 0.0))
        rows = rows[jump[-1] + 1 :] if len(jump) else rows
        rows = rows[rows[:, 0] > rows[-1, 0] - self.seconds]
        c, d = len(self.channels), len(self.stream.coordinate_names)
        time, parts = rows[:, 0] - rows[-1, 0], np.split(rows[:, 2:], [c, c + d, c + 2 * d], axis=1)
        for axes in self.ax_:
            axes.clear()
            plain(axes)
            axes.set_xlim(-self.seconds, 0.0)
            self._mark(axes, time, rows[:, 1] > 0)
        self._lines(self.ax_[0], time, parts[0], self.channels, "EMG")
        self._angles(self.ax_[1], time, np.rad2deg(parts[1]), np.rad2deg(parts[2]))
        self._lines(self.ax_[2], time, parts[3], self.stream.muscle_names, "force [N]")
        self.ax_[2].set_ylim(bottom=0.0)
        self.ax_[2].set_xlabel("time before the newest frame [s]")
        self.figure_.canvas.draw_idle()
        return self

    def _angles(self, axes, time, angle, std):
        names = self.stream.coordinate_names
        for k, name in enumerate(names):
            color = PREDICTED if len(names) == 1 else PALETTE[k % len(PALETTE)]
            half = STANDARD_DEVIATIONS * std[:, k]
            band = f"{STANDARD_DEVIATIONS:g} standard deviations" if k == 0 else None
            axes.fill_between(time, angle[:, k] - half, angle[:, k] + half, color=color, alpha=0.2, lw=0, label=band)
            axes.plot(time, angle[:, k], color=color, lw=1.6, label=name.replace("_", " "))
        low, high = angle.min(), angle.max()
        room = 0.35 * max(high - low, 10.0)  # a band that nobody can trust shall not flatten the line
        axes.set_ylim(low - room, high + room)
        axes.set_ylabel("angle [deg]")
        _explain(axes)

    @staticmethod
    def _lines(axes, time, values, names, what):
        for k, name in enumerate(names):
            dashes = DASHES[(k // len(PALETTE)) % len(DASHES)]
            axes.plot(
                time, values[:, k], color=PALETTE[k % len(PALETTE)], ls=dashes, lw=1.2, label=name.replace("_", " ")
            )
        axes.set_ylabel(what)
        _explain(axes)

    @staticmethod
    def _mark(axes, time, flagged):
        if flagged.any():
            axes.fill_between(
                time, 0.0, 1.0, where=flagged, transform=axes.get_xaxis_transform(), color=FLAGGED, alpha=0.12, lw=0,
                step="mid", label="flagged",
            )  # fmt: skip


def _explain(axes):
    """What the lines are, beside them."""
    axes.legend(frameon=False, fontsize="x-small", loc="upper left", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.2)
