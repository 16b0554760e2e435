"""Joint moments of a recorded motion by virtual work, for the part of a trial that no file has them of."""

import numpy as np
from scipy.interpolate import make_interp_spline

from sk_bionic.musculoskeletal.opensim_model.geometry import body_poses
from sk_bionic.musculoskeletal.skeleton import GRAVITY

STEP = 1e-5  # rad, of the differences that give the bodies' partial velocities
UP = np.array([0.0, 1.0, 0.0])


def joint_moments(model, time, values, coordinates, contact):
    """Generalised forces of muscles and tissue along a motion.

    Parameters
    ----------
    model : OsimModel
    time : ndarray (n_frames,)
        [s].
    values : dict of str to ndarray (n_frames,)
        Motion of every coordinate that moves [rad or m], low-passed.
    coordinates : sequence of str
        Whose moments are wanted.
    contact : tuple of str and three ndarray (n_frames, 3)
        Body on which the ground acts, force [N], its point [m] and its free moment [N m], all in the ground.

    Returns
    -------
    ndarray (n_frames, n_coordinates)
        sum over bodies of (partial velocity) m (a - g) + (partial angular velocity) dL/dt, minus the work of the
        ground: Kane's equations solved for what the joints must supply [N m].
    """
    poses = body_poses(model, values)
    effort = {body.name: _effort(body, time, poses[body.name]) for body in model.bodies.values()}
    body, force, point, couple = contact
    moments = np.zeros((len(time), len(coordinates)))
    for k, name in enumerate(coordinates):
        ends = [body_poses(model, {**values, name: values[name] + s * STEP}) for s in (-1.0, 1.0)]
        for other, (linear, angular, center) in effort.items():
            shift, turn = _partial(*(end[other] for end in ends), poses[other], center)
            moments[:, k] += _dot(shift, linear) + _dot(turn, angular)
        shift, turn = _partial(*(end[body] for end in ends), poses[body], point)
        moments[:, k] -= _dot(shift, force) + _dot(turn, couple)
    return moments


def _effort(body, time, pose):
    """m (a - g) [N], rate of angular momentum about the center of mass [N m], and that center [m]."""
    turn = pose[:, :3, :3]
    center = pose[:, :3, 3] + turn @ np.array(body.mass_center)
    acceleration = make_interp_spline(time, center, k=5)(time, nu=2)
    spin = _axial(make_interp_spline(time, turn, k=5)(time, nu=1) @ turn.mT)
    xx, yy, zz, xy, xz, yz = body.inertia
    inertia = turn @ np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) @ turn.mT
    momentum = (inertia @ spin[..., None])[..., 0]
    rate = make_interp_spline(time, momentum, k=5)(time, nu=1)
    return body.mass * (acceleration + GRAVITY * UP), rate, center


def _partial(before, after, pose, point):
    """Partial velocity (n_frames, 3) of a point of a body, and partial angular velocity of the body."""
    change = (after - before) / (2 * STEP)
    turn = _axial(change[:, :3, :3] @ pose[:, :3, :3].mT)
    return change[:, :3, 3] + np.cross(turn, point - pose[:, :3, 3]), turn


def _axial(skew):
    """Vector (..., 3) of skew matrices."""
    return np.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], axis=-1)


def _dot(a, b):
    return (a * b).sum(axis=-1)
