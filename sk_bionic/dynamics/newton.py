"""Newton's method on the rows of all trials at once."""

from typing import NamedTuple

import numpy as np
import torch

from .banded import BlockBidiagonal
from .errors import SimulationError

MAX_ITERATIONS, TOLERANCE, MAX_HALVINGS = 60, 1e-9, 8
MAX_STALLS = 3  # iterations in which no step length helped, after which Newton's method has failed
LARGEST = 1e60  # of the residual's rows, beyond which their squares would overflow
MAX_STEP = 1.0  # rad; an update that is larger is not trusted


class Root(NamedTuple):
    """Where Newton's iterations ended: the state, the residual's rows there and their Jacobian's blocks."""

    state: torch.Tensor
    rows: np.ndarray
    blocks: dict


class Newton:
    """Newton's iterations on all rows, trusted up to the first large update of every trial.

    A frame's update depends on earlier frames alone (the Jacobian is block lower bidiagonal), so up to there it is
    Newton's update of a shorter trial. The frames behind wait at rest where the trusted part ends.
    """

    def __init__(self, motion, drive, parameters, initial_state):
        self.motion, self.drive, self.parameters, self.initial_state = motion, drive, parameters, initial_state
        self.trial = motion.trials.trial_of_frame
        self.n_iter = self.n_stalls = 0

    def system(self, state):
        at = self.motion.evaluate(state, self.drive, self.parameters, motion_only=True)
        return Root(state, *self.motion.system(at, state, self.initial_state))

    def _per_trial(self, reduce, values):
        return reduce.reduceat(values, self.motion.first)

    def raise_if_failed(self, root):
        largest = self._per_trial(np.maximum, np.abs(root.rows).max(axis=1))
        k = int(np.argmax(np.where(np.isnan(largest), np.inf, largest)))
        if not largest[k] < TOLERANCE:
            # A tendon's row, a fraction of the muscle's force, counts as that fraction of the joint's typical torque.
            torque = largest[k] * float(self.motion.model.torque_scale.max())
            raise SimulationError(
                f"The simulation of trial {self.motion.trials.names[k]!r} did not converge: Newton's largest residual is {torque:.3g} N m. Check the units of "
                "EMG and time, or the model's parameters."
            )

    def solve(self, state):
        """The root after Newton's iterations."""
        root = self.system(state)
        # One trial's NaN would spread to all of them in the next solve, and hide whose it was.
        while np.isfinite(root.rows).all() and not np.abs(root.rows).max() < TOLERANCE and self._may_go_on():
            update = factorise(root.blocks).solve(-root.rows).reshape(state.shape)
            root = self._line_search(root, update, self._trusted(update))
            self.n_iter += 1
        return root

    def _may_go_on(self):
        return self.n_iter < MAX_ITERATIONS and self.n_stalls < MAX_STALLS

    def _trusted(self, update):
        """Frames (n_frames,) of bool before each trial's first large update."""
        frame = np.arange(len(update))
        small = np.abs(update[:, 0]).max(axis=1) <= MAX_STEP
        horizon = self._per_trial(np.minimum, np.where(small, len(frame), frame))
        return frame < horizon[self.trial]

    def _line_search(self, root, update, trusted):
        """Halve the steps of those trials whose residual over the trusted frames grows."""
        size = lambda rows: self._per_trial(
            np.add, np.where(trusted, (rows.clip(-LARGEST, LARGEST) ** 2).sum(axis=1), 0.0)
        )
        before, step = size(root.rows), np.ones(len(self.motion.first))
        for _ in range(MAX_HALVINGS):
            state = root.state + torch.from_numpy(step[self.trial][:, None, None] * update)
            moved = self.system(self._waiting(state, trusted))
            after = size(moved.rows)
            worse = ~(after <= before) & ~(after <= TOLERANCE**2 * len(trusted))
            if not worse.any():
                return moved
            step = np.where(worse, 0.5 * step, step)
        self.n_stalls += 1
        return moved

    def _waiting(self, state, trusted):
        """The state with the frames that are not trusted at rest at the angle of the last trusted one."""
        last = np.maximum.accumulate(np.where(trusted, np.arange(len(trusted)), self.motion.first[self.trial]))
        held = state[last] * torch.tensor([1.0, 0.0], dtype=torch.float64)[:, None]
        return torch.where(torch.from_numpy(trusted)[:, None, None], state, held)


def factorise(blocks):
    """LU factors of the Jacobian; a `SimulationError` where it is singular."""
    try:
        return BlockBidiagonal(blocks[0], blocks[-1])
    except np.linalg.LinAlgError as error:
        raise SimulationError(
            f"The equation of motion is singular: {error} Check that every joint has inertia."
        ) from error
