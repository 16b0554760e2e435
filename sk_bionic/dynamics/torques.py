"""Joint torques along a motion that is given: EMG-driven forward moments, with exact derivatives."""

import torch

from ..musculoskeletal.skeleton import passive_torque
from .errors import SimulationError
from .excitation import ACTIVATION_PARAMETERS
from .prescribed import PrescribedMotion
from .tendons import tendon_sensitivity, tendons_along

# What a joint's own tissue adds to the torque of the muscles; nothing else of a coordinate matters for it.
PASSIVE_PARAMETERS = (
    "joint_stiffness",
    "joint_rest_angle",
    "joint_damping",
    "co_contraction_stiffness",
    "lower_limit",
    "upper_limit",
    "limit_stiffness",
    "limit_transition",
)


def measured_motion(motion, angle):
    """State (n_frames, 2, n_coordinates) of measured angles (n_frames, n_coordinates) [rad].

    Angles less the goniometer's offset [rad], and the velocities [rad/s] of a spline through them.
    """
    joint = angle - motion.model.parameters.as_dict()["goniometer_offset"].numpy()
    splines = [PrescribedMotion(motion.grid, column).at(motion.grid.frames) for column in joint.T]
    return torch.stack(splines, dim=-1)[:, :2]


def acting_parameters(model):
    """Names of the parameters on which the torque of muscles and tissue depends, list of str."""
    return [*model.parameters.muscle_names, *PASSIVE_PARAMETERS]


def torque_along(motion, state, parameters):
    """Torque of muscles and passive tissue along a given motion.

    Parameters
    ----------
    motion : Motion
    state : Tensor (n_frames, 2, n_coordinates)
        Angles [rad] and angular velocities [rad/s] (see `measured_motion`).
    parameters : dict of Tensor

    Returns
    -------
    ndarray (n_frames, n_coordinates)
        sum_m R_m F_m + tau_passive [N m], positive when it increases the angle: what inverse dynamics calls the joint's
        generalised force. Elastic tendons obey their own dynamics along the motion.

    Raises
    ------
    SimulationError
        When activation dynamics or tendons cannot be solved; names the trial.
    """
    activation = motion.dynamics.at_points(parameters, motion.grid.frames)[0]
    tendon = tendons_along(motion, state, parameters)
    return _torque(motion, state, activation, parameters, tendon).numpy()


def torque_and_derivative(motion, state, parameters, free):
    """As `torque_along`, with the exact derivative.

    Parameters
    ----------
    motion, state, parameters
        As in `torque_along`; with states of the elastic tendons behind the motion's (n_frames, 2, n_states), their
        solution starts there.
    free : FreeParameters
        Rows of `acting_parameters` only.

    Returns
    -------
    torque : ndarray (n_frames, n_coordinates)
        [N m].
    derivative : ndarray (n_frames, n_coordinates, n_free)
        With respect to the free parameters' values.
    states : Tensor (n_frames, 2, n_states)
        The motion with its tendons' states, from where a next evaluation may start.

    Raises
    ------
    SimulationError
        As `torque_along`.
    """
    activation, chain = motion.dynamics.at_points(parameters, motion.grid.frames)
    activation.requires_grad_()
    spread = {
        name: parameters[name].detach().expand(len(state), -1).clone().requires_grad_()
        for name in acting_parameters(motion.model)
    }
    states, tendon, by_free = _tendons(motion, state, parameters, free)
    torque = _torque(
        motion,
        states[..., : motion.model.n_coordinates],
        activation,
        {**parameters, **spread},
        tendon or None,
    )
    variables = [activation, *spread.values(), *tendon]
    derivative = []
    for column in torque.unbind(-1):
        grads = torch.autograd.grad(column.sum(), variables, retain_graph=True, allow_unused=True)
        active, *grads = (torch.zeros_like(v) if g is None else g for g, v in zip(grads, variables, strict=True))
        own = dict(zip(spread, grads, strict=False))
        for k, name in enumerate(ACTIVATION_PARAMETERS):
            own[name] = own[name] + active * chain[..., k]
        of_tendons = zip(grads[len(spread) :], by_free, strict=True)
        through = sum(torch.einsum("nt,ntf->nf", g, by) for g, by in of_tendons)
        derivative.append(_of_rows(free, own, len(state)) + through)
    return torque.detach().numpy(), torch.stack(derivative, dim=1).numpy(), states


def _tendons(motion, state, parameters, free):
    """All states, those of the elastic tendons with their rates as leaves, and their derivatives; none for rigid ones."""
    if not motion.model.n_tendon_states:
        return state, (), ()
    try:
        states, tendon, by_free = tendon_sensitivity(motion, state, parameters, free)
    except SimulationError:  # from states of parameters that are far away: start anew
        alone = state[..., : motion.model.n_coordinates]
        states, tendon, by_free = tendon_sensitivity(motion, alone, parameters, free)
    return states, tuple(values.clone().requires_grad_() for values in tendon), by_free


def _torque(motion, state, activation, parameters, tendon):
    at = state[:, 0], state[:, 1], activation, parameters, motion.frame_exogenous
    passive = passive_torque(*state.unbind(1), activation.sum(-1, keepdim=True), parameters)
    return motion.model.muscle_torque(*at, tendon=tendon) + passive


def _of_rows(free, derivatives, n_frames):
    """Columns (n_frames, n_free) of the free rows among derivatives by name (n_frames, n_owners)."""
    out, table = torch.zeros(n_frames, len(free), dtype=torch.float64), free.table
    for column, row in enumerate(free.index.tolist()):
        name = table.rows[row].name
        out[:, column] = derivatives[name][:, row - table.slices[name].start]
    return out
