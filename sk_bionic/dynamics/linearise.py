"""The residual of a model at many points with all its derivatives.

Every point's residual depends on that point's inputs alone, so the gradient of the sum over points is the derivative
of each point: one backward pass a degree of freedom, however many points and parameters there are.
"""

from typing import NamedTuple

import torch


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
    inputs = [x.detach().requires_grad_() for x in (angle, velocity, acceleration)]
    inputs.append(activation.detach().requires_grad_(not motion_only))
    spread = {name: parameters[name].detach().expand(len(angle), -1).clone().requires_grad_() for name in wanted}
    n_rows = angle.shape[1]
    equations = model.residual if n_rows == model.n_coordinates else model.implicit_residual
    residual = equations(*inputs, {**parameters, **spread}, exogenous)
    variables = inputs[: 3 if motion_only else 4] + list(spread.values())
    rows = []
    for d in range(n_rows):
        more = d + 1 < n_rows
        grads = torch.autograd.grad(residual[:, d].sum(), variables, retain_graph=more, allow_unused=True)
        rows.append([torch.zeros_like(v) if g is None else g for g, v in zip(grads, variables, strict=True)])
    derivatives = [torch.stack(column, dim=1) for column in zip(*rows, strict=True)]
    if motion_only:
        derivatives.insert(3, None)
    return Linearised(residual.detach(), *derivatives[:4], dict(zip(wanted, derivatives[4:], strict=True)))
