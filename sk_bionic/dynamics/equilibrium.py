"""Rest: the angle at which a limb under constant activation stays."""

import torch

from .linearise import linearise

N_START_ANGLES, ITERATIONS, TOLERANCE = 61, 60, 1e-8
LONGEST_STEP = 0.3  # rad


def _most_stable_start(model, activation, parameters, exogenous):
    """Angle (n_trials, 1) of a single joint where the torque changes sign from up to down, nearest to the middle of
    its range.
    """
    low, high = parameters["lower_limit"][0] - 0.2, parameters["upper_limit"][0] + 0.2
    angles = torch.linspace(float(low), float(high), N_START_ANGLES, dtype=torch.float64)
    n_trials = len(activation)
    grid = angles.repeat(n_trials)[:, None]
    repeat = lambda x: x.repeat_interleave(N_START_ANGLES, dim=0)
    zero = torch.zeros_like(grid)
    exogenous = {name: repeat(column) for name, column in exogenous.items()}
    residual = model.residual(grid, zero, zero, repeat(activation), parameters, exogenous).reshape(n_trials, -1)
    stable = (residual[:, :-1] <= 0) & (residual[:, 1:] > 0)  # the torque is minus the residual
    middle = 0.5 * (angles[1:] + angles[:-1])
    distance = torch.where(stable, (middle - middle.mean()).abs(), torch.inf)
    return middle[distance.argmin(dim=1)][:, None]


def _instability(stiffness):
    """What must be added to a stiffness (n_trials, d, d) for its steps to go down in energy, (n_trials,)."""
    lowest = torch.linalg.eigvalsh(0.5 * (stiffness + stiffness.mT))[:, 0]
    return -2.0 * lowest.clamp(max=0.0)


def rest_angle(model, activation, parameters, exogenous):
    """Stable equilibrium of every trial.

    Pseudo-transient continuation (Kelley and Keyes 1998, SIAM J. Numer. Anal. 35(2), 508-523): implicit Euler steps
    of the overdamped motion q' = torque, whose length grows as the torque vanishes; unlike Newton's method it does
    not settle on an unstable equilibrium.

    Parameters
    ----------
    model : MusculoskeletalModel
    activation : Tensor (n_trials, n_muscles)
    parameters : dict of Tensor
    exogenous : dict of Tensor (n_trials, 1)

    Returns
    -------
    Tensor (n_trials, n_coordinates)
        Angle [rad] at which the joint is at rest; the best found where no equilibrium exists.
    """
    with torch.no_grad():
        if model.n_coordinates == 1:
            angle = _most_stable_start(model, activation, parameters, exogenous)
        else:
            middle = 0.5 * (parameters["lower_limit"] + parameters["upper_limit"])
            angle = middle.expand(len(activation), -1).clone()
    zero = torch.zeros_like(angle)
    scale = model.torque_scale
    identity = torch.eye(model.n_coordinates, dtype=torch.float64)
    first = None
    for _ in range(ITERATIONS):
        at = linearise(model, angle, zero, zero, activation, parameters, exogenous, motion_only=True)
        residual = at.residual / scale
        size = residual.abs().amax(dim=1)
        if size.max() < TOLERANCE:
            break
        first = size.clamp(min=1e-3) if first is None else first
        stiffness = at.angle / scale[:, None]
        slowness = size / first + _instability(stiffness)  # the step's inverse length
        update = torch.linalg.solve(stiffness + slowness[:, None, None] * identity, -residual[..., None])[..., 0]
        angle = angle + update * (LONGEST_STEP / update.abs().amax(dim=1, keepdim=True).clamp(min=LONGEST_STEP))
    return angle
