"""What a stream says of a frame."""

from enum import IntFlag
from inspect import Parameter, Signature
from typing import NamedTuple

import numpy as np


class StreamFlag(IntFlag):
    """What is wrong with a frame; 0: nothing.

    `MISSING`: a value is not finite; `DEAD`: a channel stands still; `SATURATED`: it stands still near its largest
    value, or raw EMG is cut off; `FAR_ABOVE`: EMG is more than twice the training's largest; `LOST`: frames before this
    one did not come; `LATE`: the frame is older than the last one, and was left out; `RESTARTED`: the motion begins
    anew, at rest; `FAILED`: the equation of motion was not solved; `UNSEEN`: a load, torque or posture outside the
    training's range; `RECOVERING`: what was wrong before may still matter.

    Parameters
    ----------
    value : int
        The flags' sum, as a frame has it.

    Examples
    --------
    >>> from sk_bionic.streaming import StreamFlag
    >>> StreamFlag.MISSING in StreamFlag(1 | 16)
    True
    """

    MISSING = 1
    DEAD = 2
    SATURATED = 4
    FAR_ABOVE = 8
    LOST = 16
    LATE = 32
    RESTARTED = 64
    FAILED = 128
    UNSEEN = 256
    RECOVERING = 512


# What its users call, beside all that the base class may be called with.
StreamFlag.__signature__ = Signature([Parameter("value", Parameter.POSITIONAL_ONLY)])


class StreamFrame(NamedTuple):
    """What is known at one frame of a stream.

    Parameters
    ----------
    time : float
        Of the frame [s]; with a fixed lag, the time that the angle belongs to.
    angle : ndarray (n_coordinates,)
        As the goniometer reads it [rad].
    angle_std : ndarray (n_coordinates,)
        Standard deviation of measured minus predicted angle [rad].
    force : ndarray (n_muscles,)
        Muscle forces [N].
    force_std : ndarray (n_muscles,)
        Their standard deviations [N].
    moment : ndarray (n_coordinates,)
        Of all muscles on each joint [N m].
    moment_std : ndarray (n_coordinates,)
        Their standard deviations [N m].
    flags : int
        See `StreamFlag`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_bionic.streaming import StreamFlag, StreamFrame
    >>> one = np.zeros(1)
    >>> frame = StreamFrame(0.01, one, one, one, one, one, one, int(StreamFlag.DEAD))
    >>> StreamFlag.DEAD in StreamFlag(frame.flags)
    True
    """

    time: float
    angle: np.ndarray
    angle_std: np.ndarray
    force: np.ndarray
    force_std: np.ndarray
    moment: np.ndarray
    moment_std: np.ndarray
    flags: int
