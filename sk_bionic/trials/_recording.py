"""What was recorded: EMG, external inputs and, where they are known, angles."""

from dataclasses import dataclass, field, replace

import numpy as np

from ._trials import Trials
from ._work_frames import shifted


@dataclass(frozen=True, eq=False)
class Recording:
    """Frames of EMG, with what else was measured beside it.

    Parameters
    ----------
    trials : Trials or None
        When each frame was measured; None: the frames are unrelated.
    emg : ndarray (n_frames, n_channels)
        Envelopes, 1 at full excitation; of unrelated frames, all columns as they are.
    external : dict of ndarray (n_frames,)
        External inputs by name, prescribed angles among them.
    angle : ndarray (n_frames, n_coordinates) or None
        Measured angles [rad], NaN where unknown.
    weight : ndarray (n_frames,) or None
        Weight of each frame's angles.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.trials import Recording, find_trials
    >>> emg = np.array([[0.1], [0.2], [0.3]])
    >>> recording = Recording(find_trials(emg, sampling_rate=10.0), emg, angle=np.array([[0.0], [0.5], [1.0]]))
    >>> recording.hiding(np.array([False, True, False])).angle.ravel().tolist()
    [0.0, nan, 1.0]
    """

    trials: Trials | None
    emg: np.ndarray
    external: dict = field(default_factory=dict)
    angle: np.ndarray | None = None
    weight: np.ndarray | None = None

    @property
    def n_frames(self):
        """Number of frames."""
        return len(self.emg)

    @property
    def labelled(self):
        """Frames with a known angle, ndarray of bool (n_frames,)."""
        return np.isfinite(self.angle).any(axis=1)

    def take(self, frames):
        """Some of the frames.

        Parameters
        ----------
        frames : ndarray of int or of bool, or slice
            Increasing rows, at least one of every trial.

        Returns
        -------
        Recording
            Of those frames.
        """
        part = lambda values: None if values is None else values[frames]
        return Recording(
            None if self.trials is None else self.trials.take(frames),
            self.emg[frames],
            {name: column[frames] for name, column in self.external.items()},
            part(self.angle),
            part(self.weight),
        )

    def hiding(self, mask):
        """The recording without the angles of some frames.

        Parameters
        ----------
        mask : ndarray of bool (n_frames,)
            Frames whose angles nobody shall know.

        Returns
        -------
        Recording
            With NaN in their place.
        """
        return replace(self, angle=np.where(mask[:, None], np.nan, self.angle))

    def in_session(self, session):
        """The recording as the electrodes of the training would have taken it.

        Parameters
        ----------
        session : Session
            What differs from the training: gain of every channel, and delay [s].

        Returns
        -------
        Recording
            With another EMG, or the same where nothing differs.
        """
        differs = not np.all(np.asarray(session.emg_gain) == 1.0)
        emg = self.emg * session.emg_gain if differs else self.emg
        return replace(self, emg=shifted(emg, self.trials, session.delay) if session.delay else emg)
