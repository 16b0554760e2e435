"""The residual of a model at many points with all its derivatives.

Every point's residual depends on that point's inputs alone, so the gradient of the sum over points is the derivative
of each point. The same holds for muscles: force and equilibrium of one depend on its own length, activation, parameters
and tendon, so that one backward pass each gives the derivatives of all. The chain through lengths and moment arms is
that of polynomials; what is left, the skeleton, takes a short pass a degree of freedom.
"""

from typing import NamedTuple

import torch

BLOCK = 4096  # points at once: what their arithmetic leaves behind stays in the processor's cache


class Linearised(NamedTuple):
    """Residual (n_points, n_rows) and its derivatives, each (n_points, n_rows, size of the input)."""

    residual: torch.Tensor
    angle: torch.Tensor
    velocity: torch.Tensor
    acceleration: torch.Tensor
    activation: torch.Tensor | None
    parameters: dict


def linearise(model, angle, velocity, acceleration, activation, parameters, exogenous, wanted=(), motion_only=False):
    """Residual of the equation of motion, and of the elastic tendons' equilibrium, with all derivatives.

    Parameters
    ----------
    model : MusculoskeletalModel
    angle, velocity, acceleration : Tensor (n_points, n_states)
        States and their derivatives (see `MusculoskeletalModel.implicit_residual`), or those of the coordinates alone
        (n_points, n_coordinates): then elastic tendons follow in static equilibrium, and have no rows.
    activation : Tensor (n_points, n_muscles)
    parameters : dict of Tensor (n_muscles,) or (n_coordinates,)
    exogenous : dict of Tensor (n_points, 1)
    wanted : sequence of str
        Names of the parameters whose derivatives are wanted.
    motion_only : bool
        Leave out the derivative with respect to activation, which Newton's method does not need.

    Returns
    -------
    Linearised
        `parameters[name]` is (n_points, n_rows, n_muscles or n_coordinates).
    """
    inputs = [x.detach() for x in (angle, velocity, acceleration, activation)]
    parameters = {name: value.detach() for name, value in parameters.items()}
    found = []
    for first in range(0, max(1, len(angle)), BLOCK):
        rows = slice(first, first + BLOCK)
        given = {name: column[rows] for name, column in exogenous.items()}
        block = _Block(model, [x[rows] for x in inputs], parameters, given, wanted, motion_only)
        found.append(block.linearised())
    if len(found) == 1:
        return found[0]
    *arrays, by_parameter = zip(*found, strict=True)
    joined = [None if column[0] is None else torch.cat(column) for column in arrays]
    return Linearised(*joined, {name: torch.cat([own[name] for own in by_parameter]) for name in wanted})


class _Block:
    """The residual at some of the points. Muscle-wise derivatives are (n_points, n_muscles)."""

    def __init__(self, model, inputs, parameters, exogenous, wanted, motion_only):
        (self.state, self.rate, self.second, self.activation), self.d = inputs, model.n_coordinates
        self.model, self.parameters, self.exogenous = model, parameters, exogenous
        self.wanted, self.motion_only = wanted, motion_only
        self.motion = self.state[:, : self.d], self.rate[:, : self.d]
        self.has_tendons = self.state.shape[1] > self.d
        self.elastic = torch.nonzero(model.elastic)[:, 0] if self.has_tendons else torch.zeros(0, dtype=torch.long)
        self.length, self.lengthening, self.arm = model.muscle_tendon_units(*self.motion, parameters, exogenous)
        self.arm_slope, self.lengthening_slope = model.moment_arm_slopes(*self.motion, parameters, exogenous)

    def linearised(self):
        force, by_force, equilibrium, by_equilibrium = self._muscles()
        balance, by_balance = self._skeleton()
        residual = torch.cat([balance - (self.arm * force[:, None]).sum(-1), equilibrium], dim=1)
        angle, velocity = self._of_states(force, by_force, by_equilibrium, by_balance)
        columns = {name: by_balance[name] for name in by_balance.keys() - {"angle", "velocity"}}
        own = {name: self._of_muscles(by_force[name], by_equilibrium[name]) for name in self._muscle_wise()}
        if "moment_arm_scale" in self.wanted:
            own["moment_arm_scale"] = self._of_scale(force, by_force, by_equilibrium)
        acceleration = self._padded(columns.pop("acceleration"), self.state.shape[1])
        all_rows = {name: self._padded(column, column.shape[2]) for name, column in columns.items()}
        activation = all_rows.pop("activation", None)
        if activation is not None:
            activation = activation + own.pop("activation")
        return Linearised(residual, angle, velocity, acceleration, activation, {**all_rows, **own})

    def _muscle_wise(self):
        """What muscles depend on one by one, and whose derivatives are asked for."""
        names = self.model.parameters.muscle_names
        wanted = [name for name in self.wanted if name in names and name != "moment_arm_scale"]
        return wanted if self.motion_only else ["activation", *wanted]

    def _spread(self, names):
        n = len(self.state)
        return {name: self.parameters[name].expand(n, -1).clone().requires_grad_() for name in names}

    def _muscles(self):
        """Forces, equilibria of elastic tendons, and the derivatives of both by name of the input."""
        leaf = lambda x: x.detach().requires_grad_()
        leaves = {"length": leaf(self.length), "lengthening": leaf(self.lengthening)}
        tendon = None
        if self.has_tendons:
            tendon = leaf(self.state[:, self.d :]), leaf(self.rate[:, self.d :])
            leaves |= dict(zip(("tendon", "tendon_rate"), tendon, strict=True))
        activation = leaf(self.activation) if not self.motion_only else self.activation
        own = self._spread(name for name in self._muscle_wise() if name != "activation")
        leaves |= own if self.motion_only else {"activation": activation, **own}
        with torch.enable_grad():
            units = leaves["length"], leaves["lengthening"]
            found = self.model.state_at_length(*units, activation, {**self.parameters, **own}, tendon)
            force, equilibrium = found[0].tendon_force, found[1]
        by_equilibrium = {name: None for name in leaves}
        if self.has_tendons:
            by_equilibrium = _gradients(equilibrium, leaves, retain_graph=True)
        else:
            equilibrium = equilibrium[:, :0]
        return force.detach(), _gradients(force, leaves), equilibrium.detach(), by_equilibrium

    def _skeleton(self):
        """Torques without those of the muscles, and their derivatives (n_points, n_coordinates, size)."""
        motion = [x[:, : self.d].detach().requires_grad_() for x in (self.state, self.rate, self.second)]
        leaves = dict(zip(("angle", "velocity", "acceleration"), motion, strict=True))
        activation = self.activation
        if not self.motion_only:
            activation = leaves["activation"] = self.activation.detach().requires_grad_()
        own = self._spread(name for name in self.wanted if name not in self.model.parameters.muscle_names)
        leaves |= own
        with torch.enable_grad():
            p = {**self.parameters, **own}
            balance = self.model.torque_balance(*motion, activation, p, self.exogenous, 0.0)
        rows = [_gradients(balance[:, k], leaves, retain_graph=k + 1 < self.d) for k in range(self.d)]
        return balance.detach(), {name: torch.stack([row[name] for row in rows], dim=1) for name in leaves}

    def _of_states(self, force, by_force, by_equilibrium, by_balance):
        """Derivatives of all rows with respect to states and rates."""
        by_angle = by_balance["angle"] - (self.arm_slope * force[:, None, None]).sum(-1)
        found = []
        for name, own, tendon in (("angle", by_angle, "tendon"), ("velocity", by_balance["velocity"], "tendon_rate")):
            rows = own - torch.einsum("ndm,nem->nde", self.arm, self._through_paths(by_force, name))
            if self.has_tendons:
                pull = -self.arm[:, :, self.elastic] * by_force[tendon][:, None]
                of_tendons = self._through_paths(by_equilibrium, name)[:, :, self.elastic].mT
                below = torch.cat([of_tendons, torch.diag_embed(by_equilibrium[tendon])], dim=2)
                rows = torch.cat([torch.cat([rows, pull], dim=2), below], dim=1)
            found.append(rows)
        return found

    def _through_paths(self, by_muscle, name):
        """Derivative (n_points, n_coordinates, n_muscles) by way of length and lengthening velocity."""
        if name == "velocity":
            return -self.arm * by_muscle["lengthening"][:, None]
        return self.lengthening_slope * by_muscle["lengthening"][:, None] - self.arm * by_muscle["length"][:, None]

    def _of_muscles(self, by_force, by_equilibrium):
        """Derivative (n_points, n_rows, n_muscles) of all rows from muscle-wise ones."""
        rows = -self.arm * by_force[:, None]
        return torch.cat([rows, torch.diag_embed(by_equilibrium)[:, self.elastic]], dim=1) if self.has_tendons else rows

    def _of_scale(self, force, by_force, by_equilibrium):
        """Derivative with respect to the scales of the moment arms, in which the paths are linear."""
        scale = self.parameters["moment_arm_scale"]
        at = [
            self.model.muscle_tendon_units(*self.motion, {**self.parameters, "moment_arm_scale": s}, self.exogenous)
            for s in (torch.ones_like(scale), torch.zeros_like(scale))
        ]
        length, lengthening, arm = (one - zero for one, zero in zip(*at, strict=True))
        through = lambda by: by["length"] * length + by["lengthening"] * lengthening
        rows = self._of_muscles(through(by_force), through(by_equilibrium) if self.has_tendons else None)
        rows[:, : self.d] -= arm * force[:, None]
        return rows

    def _padded(self, rows, width):
        """Rows of the equation of motion with zeros below, for the tendons, and to the right."""
        n_below = self.state.shape[1] - self.d
        return torch.nn.functional.pad(rows, (0, width - rows.shape[2], 0, n_below))


def _gradients(values, leaves, retain_graph=False):
    """Gradient of the sum of values by name of the leaf; zero where nothing depends on it."""
    found = torch.autograd.grad(
        values.sum(), list(leaves.values()), retain_graph=retain_graph, allow_unused=True, materialize_grads=True
    )
    return dict(zip(leaves, found, strict=True))
