"""The physics-informed criterion: data, equation of motion, muscle forces and priors."""

import torch
from torch import nn

from ..dynamics.grid import CentralDifferences
from ..musculoskeletal.prior import FreeParameters


class Physics(nn.Module):
    """Residual and Hill forces of a model along a network's trajectory on the training trials.

    Elastic tendons follow the network's trajectory in static equilibrium with their fibers, their own velocity neglected:
    a network far from any motion of the limb still has forces, and every frame its own.

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
        self.raw = nn.Parameter(self.free.raw(), requires_grad=trainable)
        self.differences = CentralDifferences(motion.trials)
        self.frame_exogenous = motion.frame_exogenous
        self._frozen = None

    def parameters_by_name(self):
        """Physiological parameters as the raw vector has them, dict of Tensor."""
        return self.motion.model.parameters.as_dict(self.free.values(self.raw))

    def _activation(self, parameters):
        if not self.trainable and self._frozen is not None:
            return self._frozen
        state = self.motion.dynamics.solve(parameters)
        activation = self.motion.model.activation(state, parameters)[self.differences.inner]
        if not self.trainable:
            self._frozen = activation.detach()
        return activation

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
        p, inner, model = self.parameters_by_name(), self.differences.inner, self.motion.model
        angle = measured_angle - p["goniometer_offset"]
        velocity, acceleration = self.differences(angle)  # along the trial: the total derivative in time
        activation = self._activation(p)
        exogenous = {name: column[inner] for name, column in self.frame_exogenous.items()}
        residual, muscles = model.residual_and_muscles(angle[inner], velocity, acceleration, activation, p, exogenous)
        hill = muscles.tendon_force / p["max_isometric_force"]
        return residual / model.torque_scale, normalised_force[inner] - hill

    def prior(self):
        """Sum of squared deviations from the priors, in standard deviations."""
        return self.free.prior_residual(self.raw).square().sum()


class PhysicsInformedLoss(nn.Module):
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
        (n_frames, n_coordinates), NaN where unknown.
        """
        standardised, force, noisy = prediction
        first = slice(0, self.n_first)
        known = torch.isfinite(target).to(self.share.dtype)
        target = torch.nan_to_num(target)
        square = ((noisy - target).square() * known).sum(dim=2)
        by_network = (self.share * square).sum(dim=1) / (self.share @ known.sum(dim=1))
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
