"""The physics-informed criterion: data, equation of motion, muscle forces and priors."""

import numpy as np
import torch
from torch import nn

from ..dynamics.marching import March
from ..musculoskeletal.prior import FreeParameters
from ..trials import CentralDifferences


class AlongMotion(torch.autograd.Function):
    """The compiled equation along a motion, with the Jacobian that it gives.

    Inputs are angle, velocity and acceleration (n_inner, n_coordinates), raw parameters (n_raw,), and `Physics`;
    outputs the residual in torque scales (n_inner, n_coordinates) and muscle forces [N] (n_inner, n_muscles).
    """

    @staticmethod
    def forward(ctx, angle, velocity, acceleration, raw, physics):
        """Value and Jacobian in one pass."""
        of_angle, of_velocity, second = (x.detach().cpu().numpy() for x in (angle, velocity, acceleration))
        inner, d, wanted = physics.differences.inner, angle.shape[1], {"force", "jacobian"}
        if physics.trainable:
            state, second = physics.at_frames(of_angle, of_velocity, second)
            march = March(physics.motion, physics.parameters_by_name(), physics.free.index)
            found = march.along(state, second, settled=True, wanted=wanted)
        else:
            march, activations = physics.frozen
            state = np.stack([of_angle, of_velocity], axis=1)
            found = march.at(state, second, activations, inner, wanted=wanted)
            inner = slice(None)
        of_parameters = None, None
        if physics.trainable:
            by_raw = physics.free.derivative(raw.detach().cpu().numpy())
            of_parameters = found.residual_by_parameter[inner, :d] @ by_raw, found.force_by_parameter[inner] @ by_raw
        ctx.jacobian = found.residual_by_motion[inner, :d], found.force_by_state[inner, :, : 2 * d], *of_parameters
        return torch.from_numpy(found.residual[inner, :d]).to(angle), torch.from_numpy(found.force[inner]).to(angle)

    @staticmethod
    def backward(ctx, of_residual, of_force):
        """Gradients by the four inputs."""
        by_motion, by_state, residual_by_raw, force_by_raw = ctx.jacobian
        a, b = of_residual.cpu().numpy(), of_force.cpu().numpy()
        d = a.shape[1]
        motion = np.einsum("nr,nrs->ns", a, by_motion)
        motion[:, : 2 * d] += np.einsum("nm,nms->ns", b, by_state)
        raw = None
        if residual_by_raw is not None:
            raw = np.einsum("nr,nrp->p", a, residual_by_raw) + np.einsum("nm,nmp->p", b, force_by_raw)
            raw = torch.from_numpy(raw).to(of_residual)
        parts = np.split(motion, 3, axis=1)
        return *(torch.from_numpy(part).to(of_residual) for part in parts), raw, None


class Physics(nn.Module):
    """Residual and Hill forces of a model along a network's trajectory on the training trials.

    Elastic tendons follow the network's trajectory in static equilibrium with their fibers, their own velocity
    neglected: a network far from any motion of the limb still has forces, and every frame its own.

    Parameters
    ----------
    motion : EquationOfMotion
        The model on the training trials. Its current values are where the parameters start.
    trainable : bool
        Whether the free parameters are trained along with the network (the published method) or stay as they are.
    """

    def __init__(self, motion, trainable):
        super().__init__()
        self.motion, self.trainable = motion, trainable
        self.free = FreeParameters(motion.model.parameters)
        self.raw = nn.Parameter(torch.from_numpy(self.free.raw()), requires_grad=trainable)
        self.differences = CentralDifferences(motion.trials)
        self.weights = [torch.from_numpy(x) for x in (self.differences.first, self.differences.second)]
        self.frozen = None
        if not trainable:  # the equation stays as it is, and so do the activations
            parameters = self.parameters_by_name()
            self.frozen = March(motion, parameters), motion.activations(parameters)[self.differences.inner]

    def parameters_by_name(self):
        """Physiological parameters as the raw vector has them, dict of ndarray."""
        return self.motion.model.parameters.as_dict(self.free.values(self.raw.detach().cpu().numpy()))

    def at_frames(self, angle, velocity, acceleration):
        """States and accelerations of all frames, those at the trials' ends at rest."""
        n, d = self.motion.trials.n_frames, angle.shape[1]
        state, second = np.zeros((n, 2, d)), np.zeros((n, d))
        state[self.differences.inner, 0], state[self.differences.inner, 1] = angle, velocity
        second[self.differences.inner] = acceleration
        return state, second

    def _values_of(self, name):
        """Values of one parameter as the raw vector has them, differentiable in it."""
        rows, raw = self.motion.model.parameters.slices[name], self.raw.detach()
        values = torch.from_numpy(self.free.values(raw.numpy())[rows])
        own = [(column, row) for column, row in enumerate(self.free.index) if rows.start <= row < rows.stop]
        if not (self.trainable and own):
            return values
        slope, by_raw = np.zeros((len(values), self.free.n_raw)), self.free.derivative(raw.numpy())
        for column, row in own:
            slope[row - rows.start] = by_raw[column]
        return values + torch.from_numpy(slope) @ (self.raw - raw)  # the value, with its derivative

    def forward(self, measured_angle, normalised_force):
        """Non-dimensional residual (n_inner, n_coordinates) and force disagreement (n_inner, n_muscles) along a
        trajectory.

        Parameters
        ----------
        measured_angle : Tensor (n_frames, n_coordinates)
            Network's angle as a goniometer would read it [rad].
        normalised_force : Tensor (n_frames, n_muscles)
            Network's muscle forces in units of the maximal isometric forces.
        """
        inner = self.differences.inner
        angle = measured_angle - self._values_of("goniometer_offset")
        three = torch.stack([angle[inner - 1], angle[inner], angle[inner + 1]])
        velocity, acceleration = ((w[..., None] * three).sum(0) for w in self.weights)  # the total derivative in time
        residual, force = AlongMotion.apply(three[1], velocity, acceleration, self.raw, self)
        return residual, normalised_force[inner] - force / self._values_of("max_isometric_force")

    def prior(self):
        """Sum of squared deviations from the priors, in standard deviations."""
        raw = self.raw.detach()
        at, slope = self.free.prior_residual(raw.numpy()), self.free.prior_derivative(raw.numpy())
        residual = torch.from_numpy(at)
        if self.trainable:
            residual = residual + torch.from_numpy(slope) @ (self.raw - raw)
        return residual.square().sum()


class TrainingLoss(nn.Module):
    """Data, equation of motion, muscle forces and priors in one criterion.

    loss = data + ode_weight * mean(residual^2) + force_weight * mean((F_network - F_Hill)^2) + prior / n_frames

    with the data term the weighted mean square of the standardised angle error over all angles that are known,
    the residual divided by the joint's torque scale, and forces in units of the maximal isometric force (Shi, Ma and
    Zhao 2023, arXiv 2309.05863, in non-dimensional form).

    Parameters
    ----------
    weight : Tensor (n_frames,) or (n_sources, n_frames)
        Weight of each frame in the data term; 0 where the frame is unlabelled or kept for validation.
    validation_weight : Tensor (n_frames,)
        Weight of each frame in the validation score, which is no part of the loss.
    center, scale : Tensor (n_coordinates,)
        Mean and standard deviation of the training angles [rad].
    ode_weight, force_weight : float
    physics : Physics or None
    source : Tensor of int (n_networks,), optional
        Row of `weight` that counts for each network; the equation of motion holds for the mean trajectory of the
        networks of row 0. Default: one network.

    Attributes
    ----------
    terms : dict of float
        Every term of the last call, before weighting, for the training history.
    """

    def __init__(
        self, weight, validation_weight, center, scale, ode_weight=0.0, force_weight=0.0, physics=None, source=None
    ):
        super().__init__()
        weight = torch.atleast_2d(weight)
        source = torch.zeros(1, dtype=torch.int64) if source is None else source
        share = weight / weight.sum(dim=1, keepdim=True)
        for name, value in (
            ("share", share[source]),
            ("validation_weight", validation_weight),
            ("center", center),
            ("scale", scale),
        ):
            self.register_buffer(name, value)
        self.n_first, self.validates = int((source == 0).sum()), bool(validation_weight.any())
        self.ode_weight, self.force_weight, self.physics = ode_weight, force_weight, physics
        self.terms = {}

    def forward(self, prediction, target):
        """Loss of the networks' outputs (angles, forces, angles of noisy inputs) against standardised angles
        (n_frames, n_coordinates), NaN where unknown. Angles of noisy inputs may be NaN in frames without weight, or
        that networks do not learn from in this step.
        """
        standardised, force, noisy = prediction
        first = slice(0, self.n_first)
        known = torch.isfinite(target).to(self.share.dtype)
        target = torch.nan_to_num(target)
        learnt = ~torch.isnan(noisy) & (known > 0)
        square = torch.where(learnt, noisy - target, 0.0).square().sum(dim=2)
        by_network = (self.share * square).sum(dim=1) / (self.share * learnt.sum(dim=2)).sum(dim=1)
        # Networks of other rows learn at the same pace, beside the equation of motion.
        loss, terms = by_network.sum() / self.n_first, {"data_loss": by_network[first].mean()}
        if self.validates:
            clean = (standardised[first] - target).square().mean(dim=0)
            weight = self.validation_weight[:, None] * known
            terms["validation_loss"] = (weight * clean).sum() / weight.sum()
        if self.physics is not None:
            mean, force = standardised[first].mean(dim=0), force[first].mean(dim=0)
            residual, disagreement = self.physics(mean * self.scale + self.center, force)
            terms["ode_loss"] = residual.square().mean()
            terms["force_loss"] = disagreement.square().mean()
            terms["prior_loss"] = self.physics.prior() / len(target)
            loss = loss + self.ode_weight * terms["ode_loss"] + self.force_weight * terms["force_loss"]
            loss = loss + terms["prior_loss"] if self.physics.trainable else loss
        self.terms = {name: float(term.detach()) for name, term in terms.items()}
        return loss
