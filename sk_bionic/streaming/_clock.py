"""Time stamps that come with jitter, made steady from what came before alone."""

FOLLOWING = 0.02  # of the deviation from a steady clock, that it follows at each frame


class SteadyClock:
    """Expected times of frames, as long as the stamps stay near them.

    Parameters
    ----------
    step : float
        Usual time between frames [s].
    jitter : float
        By how much a stamp may deviate from the expected time [s]; what deviates more is a gap, or a jump, and is
        believed.
    """

    def __init__(self, step, jitter):
        self.step, self.jitter, self.last = step, jitter, None

    def time(self, stamp):
        """Time [s] of the frame that bears a stamp."""
        if self.last is None or not abs(stamp - self.last - self.step) <= self.jitter:
            self.last = stamp
        else:
            self.last += self.step + FOLLOWING * (stamp - self.last - self.step)
        return self.last
