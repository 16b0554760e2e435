"""The physics-informed criterion for a network of one's own."""

import numpy as np
import torch
from torch import nn

from .. import _inputs as inputs
from ..dynamics.equation import EquationOfMotion
from ..trials import Recording, find_trials
from .loss import Physics


class PhysicsInformedLoss(nn.Module):
    """Angle error and equation of motion in one criterion, for a skorch net (or a loop) of your own on whole trials.

    loss = mean((q - q_measured)^2) / angle_scale^2 + ode_weight * mean(r^2) + force_weight * mean((F - F_Hill)^2)

    over all known angles, with the residual r of the equation of motion along the predicted trajectory in units of the
    joint's torque scale, driven by the EMG of X, and muscle forces in units of the maximal isometric forces; with
    `identify`, plus the parameters' prior over the number of frames (Shi, Ma and Zhao 2023, arXiv 2309.05863, in
    non-dimensional form).

    Parameters
    ----------
    model : MusculoskeletalModel
        The limb. Identify it first (``PhysicsInformedMSKRegressor(prediction="simulation").fit(X, y).model_``): a
        model with generic parameters misleads a network.
    X : DataFrame
        EMG envelopes, 1 at full excitation, and external inputs of the training trials, with the index levels "trial"
        and "time" [s]: the frames that the network is trained on, in their order.
    ode_weight : float, default=0.1
        Weight of the equation of motion; 0: none.
    force_weight : float, default=0.1
        Counts where the network says forces.
    identify : bool, default=False
        Whether the model's free parameters are trained along: they are parameters of this module, so an optimiser
        must have them (skorch's has).
    angle_scale : float, default=None
        In rad. None: the standard deviation of the target.

    Attributes
    ----------
    terms : dict of float
        Every term of the last call, before weighting: data_loss, ode_loss and, where they count, force_loss and
        prior_loss.

    Notes
    -----
    Differences along a trial need its neighbours, so every call is on all frames of X in their order: in skorch,
    ``batch_size=-1``, ``train_split=None``, and no shuffling. A network gives joint angles [rad], (n_frames,) or
    (n_frames, n_coordinates), or a pair of these and normalised muscle forces (n_frames, n_muscles). Targets are angles
    [rad], NaN where unknown: there the equation holds alone.

    Examples
    --------
    >>> import numpy as np
    >>> from skorch import NeuralNet
    >>> from torch import nn
    >>> from sk_bionic import PhysicsInformedLoss
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> flexion = make_elbow_flexion(n_trials=2, duration=2.0, random_state=0)
    >>> perceptron = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    >>> net = NeuralNet(
    ...     perceptron, criterion=PhysicsInformedLoss, criterion__model=flexion.model, criterion__X=flexion.data,
    ...     criterion__ode_weight=0.1, batch_size=-1, train_split=None, max_epochs=3, verbose=0,
    ... )
    >>> frames = flexion.data.to_numpy(np.float32)
    >>> net = net.fit(frames, flexion.target.to_numpy(np.float32)[:, None])
    >>> sorted(net.criterion_.terms)
    ['data_loss', 'ode_loss']
    """

    def __init__(self, model, X, *, ode_weight=0.1, force_weight=0.1, identify=False, angle_scale=None):
        super().__init__()
        self.physics = Physics(EquationOfMotion.of(model, _recording(model, X)), trainable=identify)
        self.ode_weight, self.force_weight, self.angle_scale = ode_weight, force_weight, angle_scale
        self.n_frames, self.n_coordinates, self.n_muscles = len(X), model.n_coordinates, model.n_muscles
        self.terms = {}

    def forward(self, prediction, target):
        """Loss of a network's angles.

        Parameters
        ----------
        prediction : Tensor or pair of Tensor
            Angles [rad], or angles and normalised forces.
        target : Tensor (n_frames,) or (n_frames, n_coordinates)
            Measured angles [rad], NaN where unknown.

        Returns
        -------
        Tensor
            A number.

        Raises
        ------
        ValueError
            If these are not all frames of X, or not as many coordinates as the model has.
        """
        angle, force = prediction if isinstance(prediction, tuple | list) else (prediction, None)
        angle, target = (self._angles(x, what) for x, what in ((angle, "prediction"), (target, "target")))
        known = torch.isfinite(target)
        error = torch.where(known, angle - torch.nan_to_num(target), 0.0)
        terms = {"data_loss": error.square().sum() / known.sum().clamp(min=1) / self._scale(target[known]) ** 2}
        said = angle.new_zeros(self.n_frames, self.n_muscles) if force is None else force.to(angle)
        residual, disagreement = self.physics(angle, said)
        terms["ode_loss"] = residual.square().mean()
        loss = terms["data_loss"] + self.ode_weight * terms["ode_loss"]
        if force is not None:
            terms["force_loss"] = disagreement.square().mean()
            loss = loss + self.force_weight * terms["force_loss"]
        if self.physics.trainable:
            terms["prior_loss"] = self.physics.prior() / self.n_frames
            loss = loss + terms["prior_loss"]
        self.terms = {name: float(term.detach()) for name, term in terms.items()}
        return loss

    def values(self):
        """Values of the model's parameters, as trained where `identify` has it.

        Returns
        -------
        dict of ndarray
            By name, in the order of the model's muscles or coordinates.
        """
        return self.physics.parameters_by_name()

    def _angles(self, values, what):
        shape = tuple(values.shape)
        if shape not in {(self.n_frames,), (self.n_frames, 1)} and shape != (self.n_frames, self.n_coordinates):
            raise ValueError(
                f"The {what} has the shape {shape}, but X has {self.n_frames} frames and the model "
                f"{self.n_coordinates} coordinate(s). The equation of motion needs whole trials: pass all frames of X "
                "at once and in their order (skorch: batch_size=-1, train_split=None, no shuffling)."
            )
        values = values.reshape(self.n_frames, -1).double()
        if values.shape[1] != self.n_coordinates:
            raise ValueError(f"The {what} has one column, but the model {self.n_coordinates} coordinates.")
        return values

    def _scale(self, target):
        if self.angle_scale is not None:
            return self.angle_scale
        spread = float(target.std()) if len(target) > 1 else 0.0
        return spread if spread > 0 else 1.0


def _recording(model, X):
    """The trials of X, its columns told apart."""
    trials = find_trials(X)
    if trials is None:
        raise ValueError("Nothing tells the time: X must be a DataFrame with the index levels 'trial' and 'time' (s).")
    columns = Recording(trials, X.to_numpy(dtype=np.float64), {}, np.zeros((len(X), model.n_coordinates)))
    roles = inputs.assign_columns(tuple(map(str, X.columns)), model)
    return inputs.in_columns(columns, roles, np.ones(len(roles.emg)), model)
