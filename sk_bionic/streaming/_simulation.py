"""The identified equation of motion, a frame at a time."""

import numpy as np

from ..identification.identifiability import known_otherwise
from ..identification.posterior import with_offset
from ..musculoskeletal.prior import FreeParameters
from ..predictors.predictor import offset_of
from ..predictors.start_states import BANDWIDTH
from ._limb import Limb
from .compiled.inputs import mix
from .compiled.limb import conclude


class SimulationCore:
    """Angles, forces and moments of a `SimulationPredictor` at the newest frame.

    Parameters
    ----------
    predictor : PredictorInTime
        With an `identification`.
    step : float
        Usual time between frames [s].
    """

    lag = 0.0

    def __init__(self, predictor, step):
        model = predictor.model
        free = FreeParameters(model.parameters)
        self.step, self.d, self.n_muscles = step, model.n_coordinates, model.n_muscles
        self.limb = Limb(model, step, free.index, 2 * self.d, predictor.session.delay)
        self.weights = np.ascontiguousarray(model.channel_weights)
        self.least = np.ascontiguousarray(np.broadcast_to(model.minimum_activation, self.n_muscles), dtype=np.float64)
        found = predictor.identification
        shaped = lambda covariance: np.ascontiguousarray(covariance).reshape(len(free), len(free))
        self.covariances = shaped(known_otherwise(found)), shaped(found.covariance), found.relative_variance()
        self.by_offset = with_offset(np.zeros((1, self.d, len(free))), free)[0]
        self.noise = np.ascontiguousarray(np.broadcast_to(predictor.identification.noise_std, self.d)) ** 2
        self.starts = predictor.start_states
        self.of_start = np.zeros((2 * self.d, 2 * self.d))
        self.span = np.full(self.d, np.inf) if self.starts is None else np.maximum(self.starts.span**2, 1e-12)
        self.offset = np.array(offset_of(model))
        self.out = np.zeros((2, 2 * self.d + self.n_muscles))
        self.n_free, self.excitation = len(free), np.zeros(self.n_muscles)

    def push(self, time, emg, external, prescribed, exogenous, fresh):
        """Values and variances (2, 2 n_coordinates + n_muscles) at a frame; whether the equation was solved.

        Parameters
        ----------
        time : float
            [s]
        emg : ndarray (n_channels,)
            In units of full excitation.
        external : ndarray (3,)
            Load [kg], couple [N m], orientation of the first segment [rad] or NaN.
        prescribed : ndarray (n_prescribed,)
            Angles that are given [rad].
        exogenous : ndarray (n_exogenous,)
            All external inputs in the order of the training's.
        fresh : bool
            Begin anew, at rest.
        """
        limb, excitation = self.limb, self.excitation
        mix(emg, self.weights, self.least, excitation)
        limb.take(time, excitation, external, prescribed)
        if fresh:
            start_moment(self.starts, excitation, self.d, self.of_start)
        solved = limb.go(fresh)
        conclude(
            self.d, self.n_free, limb.window, limb.tell(False), self.covariances, self.of_start, self.by_offset,
            self.noise, self.span, self.out,
        )  # fmt: skip
        self.out[0, : self.d] += self.offset
        return solved

    def copy_from(self, other):
        """Go on from where another core of the same predictor is."""
        self.limb.copy_from(other.limb)
        self.of_start[:], self.out[:] = other.of_start, other.out


def start_moment(starts, excitation, n_coordinates, out):
    """Expected outer product (2 n_coordinates, 2 n_coordinates) of what angles and velocities are at a start, about
    rest.

    As those of the training's starts whose EMG was like its own; what follows is not known yet.
    """
    if starts is None:
        return
    n = len(excitation)
    distance = np.abs(np.sqrt(excitation) - starts.opening[:, :n]) / starts.unit[:n]
    weight = starts.weight * np.exp(-0.5 * (distance.max(axis=1) / BANDWIDTH) ** 2)
    weight = weight / weight.sum() if weight.sum() > 0 else starts.weight / starts.weight.sum()
    deviation = starts.deviation[:, : 2 * n_coordinates]
    out[:] = np.einsum("s,si,sj->ij", weight, deviation, deviation)
