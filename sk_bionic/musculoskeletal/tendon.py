"""The elastic tendon: its state, its equilibrium with the fiber, and the static solution of that equilibrium.

The tendon's state z is the force, in units of the maximal isometric force, that the De Groote-Fregly tendon would carry
at the tendon's length: for muscles of that family it is the normalised tendon force itself (the state that De Groote et
al. 2016 recommend), for the others a smooth measure of length close to it, which stays regular where their tendons are
slack and carry nothing. Below a force of -0.18 the length goes on linearly in z, so that every z has a length.

The equation of the state is the equilibrium

    ft(lt(z)) = (a fl(l) fv(v) + fp(l) + beta v) cos(pennation),

the fiber's length being what the tendon leaves of the muscle-tendon unit and its velocity having z' in it: a first-order
implicit equation F(z, z', t) = 0 (OpenSim's ``tendon_compliance_dynamics_mode = implicit``).
"""

import torch
from torch.nn.functional import softplus

from .curves import TENDON_OFFSET, tendon_length_at_force, tendon_shape
from .muscle import fiber_state, stretch

LINEAR_BELOW = 0.02  # of z + 0.2: where the length's logarithm is continued by its tangent
SLACK_WIDTH = 0.005  # of z: how sharply a slack tendon is held where its own curve is flat
LOW, LOWEST, HIGH = -0.1, -0.7, 0.5  # of the bracket about the static state; below, the tendon's length is negative
WIDENINGS, ITERATIONS, TOLERANCE, FLATTEST = 14, 100, 1e-13, 1e-6


def tendon_length(state, rate, parameters):
    """Length and lengthening velocity of tendons.

    Parameters
    ----------
    state, rate : Tensor (..., n_muscles)
        The tendon's state z and its derivative in time [1/s].
    parameters : dict of Tensor

    Returns
    -------
    length, velocity : Tensor (..., n_muscles)
        In m and m/s.
    """
    strain, slack = parameters["tendon_strain_at_one_norm_force"], parameters["tendon_slack_length"]
    above = stretch(state + TENDON_OFFSET, LINEAR_BELOW)
    length = slack * tendon_length_at_force(above - TENDON_OFFSET, strain)
    slope = slack / tendon_shape(strain) / (state + TENDON_OFFSET).clamp(min=LINEAR_BELOW)  # d(length)/d(state)
    return length, slope * rate


def elastic_tendon_state(state, rate, length, velocity, activation, parameters, curves, elastic):
    """Muscles some of whose tendons stretch, and how far those are from equilibrium.

    Parameters
    ----------
    state, rate : Tensor (..., n_muscles)
        Tendon state z and its derivative [1/s]; of no meaning where the tendon is rigid.
    length, velocity : Tensor (..., n_muscles)
        Length [m] and lengthening velocity [m/s] of the muscle-tendon unit.
    activation : Tensor (..., n_muscles)
    parameters : dict of Tensor
        Muscle parameters by name, each broadcastable to (..., n_muscles).
    curves : CurveSet
    elastic : Tensor (n_muscles,) of bool
        Which tendons stretch.

    Returns
    -------
    MuscleState
    Tensor (..., n_muscles)
        Tendon force minus the fiber's force along the tendon, in units of the maximal isometric force; 0 where the
        tendon is rigid.
    """
    slack, strain = parameters["tendon_slack_length"], parameters["tendon_strain_at_one_norm_force"]
    stretched, stretching = tendon_length(state, rate, parameters)
    along, shortening = length - torch.where(elastic, stretched, slack), torch.where(elastic, stretching, 0.0)
    fiber = fiber_state(along, velocity - shortening, activation, parameters, curves)
    maximal = parameters["max_isometric_force"]
    force = curves.tendon_force_length(stretched / slack, strain)
    held = force - curves.slack_stiffness * SLACK_WIDTH * softplus(-state / SLACK_WIDTH)
    equilibrium = torch.where(elastic, held - fiber.tendon_force / maximal, 0.0)
    return fiber._replace(tendon_force=torch.where(elastic, maximal * force, fiber.tendon_force)), equilibrium


def static_tendon_state(length, velocity, activation, parameters, curves):
    """Tendon state in equilibrium with the fiber, the tendon's own velocity neglected.

    Newton's method for all muscles and frames at once, inside a bracket that halves wherever a step would leave it.

    Parameters
    ----------
    length, velocity : Tensor (..., n_muscles)
        Length [m] and lengthening velocity [m/s] of the muscle-tendon unit; the fiber takes all of the velocity.
    activation : Tensor (..., n_muscles)
    parameters : dict of Tensor
        Parameters of muscles with elastic tendons, broadcastable to (..., n_muscles).
    curves : CurveSet

    Returns
    -------
    Tensor (..., n_muscles)
        State z, with its exact first derivative with respect to every input (implicit function theorem).
    """
    elastic = torch.ones(length.shape[-1], dtype=torch.bool)
    length, velocity, activation = torch.broadcast_tensors(length, velocity, activation)

    def equilibrium(z, detached):
        args = [a.detach() for a in (length, velocity, activation)] if detached else [length, velocity, activation]
        p = {n: v.detach() for n, v in parameters.items()} if detached else parameters
        return elastic_tendon_state(z, torch.zeros_like(z), *args, p, curves, elastic)[1]

    def linearised(z):
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            value = equilibrium(z, detached=True)
            (slope,) = torch.autograd.grad(value.sum(), z)
        return value.detach(), slope

    with torch.no_grad():
        z, slope = _bracketed_root(linearised, *_bracket(lambda z: equilibrium(z, detached=True), activation))
    # A slope of 0 (nothing holds the tendon) has no implicit function; the root stays where the bracket ended.
    return z - equilibrium(z, detached=False) / torch.where(slope > FLATTEST, slope, FLATTEST)


def _bracket(equilibrium, activation):
    """States below and above the root: the tendon's force exceeds the fiber's from some state on."""
    low = torch.full_like(activation, LOW)
    high = HIGH + 2.0 * activation.clamp(min=0.0)
    low = torch.where(equilibrium(low) > 0.0, LOWEST, low)
    for _ in range(WIDENINGS):
        above = equilibrium(high) < 0.0
        if not above.any():
            break
        high = torch.where(above, 2.0 * high, high)
    return low, high


def _bracketed_root(linearised, low, high):
    """Root between `low` (negative) and `high` (positive), and the slope there."""
    z = 0.5 * (low.clamp(min=0.0) + high.clamp(max=1.0))
    for _ in range(ITERATIONS):
        value, slope = linearised(z)
        low, high = torch.where(value < 0.0, z, low), torch.where(value < 0.0, high, z)
        newton = z - value / slope
        inside = (newton > low) & (newton < high)  # also False where the slope is 0
        moved = torch.where(inside, newton, 0.5 * (low + high))
        done = ((moved - z).abs() <= TOLERANCE * (1.0 + z.abs())) | (value == 0.0)
        z = torch.where(value == 0.0, z, moved)
        if done.all():
            break
    return z, linearised(z)[1]
