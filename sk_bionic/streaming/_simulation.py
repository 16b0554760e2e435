"""The identified equation of motion, a frame at a time."""

import numpy as np

from ..identification.posterior import with_offset
from ..musculoskeletal.prior import FreeParameters
from ..predictors.prediction import offset_of
from ..predictors.start_states import BANDWIDTH
from ._limb import Limb
from .compiled.inputs import mix
from .compiled.limb import simulate


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
    solved = 0

    def __init__(self, predictor, step):
        model = predictor.model
        free = FreeParameters(model.parameters)
        self.step, self.d, self.n_muscles = step, model.n_coordinates, model.n_muscles
        self.limb = Limb(model, step, free.index.numpy(), 2 * self.d, predictor.session.delay)
        self.weights = np.ascontiguousarray(model.channel_weights)
        self.least = np.ascontiguousarray(np.broadcast_to(model.minimum_activation, self.n_muscles), dtype=np.float64)
        self.covariance = np.ascontiguousarray(predictor.identification.covariance).reshape(len(free), len(free))
        self.by_offset = with_offset(np.zeros((1, self.d, len(free))), free)[0]
        self.noise = np.ascontiguousarray(np.broadcast_to(predictor.identification.noise_std, self.d)) ** 2
        self.starts = predictor.start_states
        self.of_start = np.zeros((2 * self.d, 2 * self.d))
        self.span = np.full(self.d, np.inf) if self.starts is None else np.maximum(self.starts.span**2, 1e-12)
        self.offset = np.array(offset_of(model))
        self.out = np.zeros((2, 2 * self.d + self.n_muscles))
        self.n_free = len(free)

    def push(self, time, emg, external, prescribed, fresh):
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
        fresh : bool
            Begin anew, at rest.
        """
        limb = self.limb
        frame = limb.frame
        frame.time[0] = time
        mix(emg, self.weights, self.least, frame.excitation)
        frame.external[:] = external
        frame.prescribed[:] = prescribed
        if fresh:
            self._expect_start(frame.excitation)
        status = simulate(
            limb.body, limb.columns, limb.window, frame, self.step, fresh, limb.at, limb.interval, limb.told,
            self.covariance, self.of_start, self.by_offset, self.noise, self.span, self.out,
        )  # fmt: skip
        self.out[0, : self.d] += self.offset
        return status == self.solved

    def _expect_start(self, excitation):
        """How far from rest a motion may be that begins with this EMG: as the training's starts whose EMG was like it."""
        starts = self.starts
        if starts is None:
            return
        distance = np.abs(np.sqrt(excitation) - starts.opening[:, : self.n_muscles]) / starts.unit[: self.n_muscles]
        weight = starts.weight * np.exp(-0.5 * (distance.max(axis=1) / BANDWIDTH) ** 2)
        weight = weight / weight.sum() if weight.sum() > 0 else starts.weight / starts.weight.sum()
        deviation = starts.deviation[:, : 2 * self.d]
        self.of_start[:] = np.einsum("s,si,sj->ij", weight, deviation, deviation)

    def copy_from(self, other):
        """Go on from where another core of the same predictor is."""
        self.limb.copy_from(other.limb)
        self.of_start[:], self.out[:] = other.of_start, other.out
