"""Planar chains that weigh what the file's bodies weigh, although axes are tilted and masses lie beside the plane."""

from itertools import product

import numpy as np

from ..skeleton import GRAVITY
from .geometry import body_poses

N_POSTURES = {2: 7, 3: 5}  # along each coordinate, by how many there are
FEWEST_POSTURES = 3
STEP = 1e-4  # rad, of the differences that give torques
HOLD = 0.05  # weight of the chain as it was projected, where the postures do not tell


def weighed(model, segments, base, ranges):
    """Segments whose gravity torques agree best with those of the file's bodies over the ranges.

    A tilted axis feels a mass that lies beside its plane, the same in all postures: no projection into the plane has
    that torque, a turned segment nearly has. First moments and orientations are linear in the torques: with phi_i the
    angle of segment i, the torque on it is g (a_i sin(phi_i) + b_i cos(phi_i)).

    Parameters
    ----------
    model : OsimModel
    segments : list of Segment
        Projected into the plane, from proximal to distal.
    base : dict of str to float
        Values of other coordinates.
    ranges : dict of str to tuple
        [rad].

    Returns
    -------
    list of Segment
        With `center_of_mass` and `orientation` changed; a single segment, which is exact, as it was.
    """
    if len(segments) == 1:
        return segments
    turns, carried = _turns(segments)
    beyond = (carried - np.eye(len(segments))).T @ [s.mass for s in segments]
    length, mass = (np.array([getattr(s, name) for s in segments]) for name in ("length", "mass"))
    first = mass * [s.center_of_mass for s in segments] + length * beyond
    postures = _postures(segments, ranges)
    phi = postures @ turns.T + carried @ [s.orientation for s in segments]
    columns = [GRAVITY * wave(phi)[:, None, :] * turns.T for wave in (np.sin, np.cos)]  # (postures, joints, segments)
    matrix = np.concatenate(columns, axis=2).reshape(-1, 2 * len(segments))
    torque = _torques(model, segments, base, postures).reshape(-1)
    hold = HOLD * GRAVITY * np.sqrt(len(postures)) * np.eye(2 * len(segments))
    projected = np.concatenate([first, np.zeros(len(segments))])
    found = np.linalg.lstsq(np.vstack([matrix, hold]), np.concatenate([torque, hold @ projected]), rcond=None)[0]
    along, aside = np.split(found, 2)
    centers = np.maximum((np.hypot(along, aside) - length * beyond) / mass, 0.0)
    own = np.linalg.solve(carried, np.arctan2(aside, along))  # a segment's turn without that of those which carry it
    return [
        s._replace(center_of_mass=float(c), orientation=s.orientation + float(turn))
        for s, c, turn in zip(segments, centers, own, strict=True)
    ]


def _turns(segments):
    """d(angle of segment i) / d(angle of joint j), and whether joint j moves segment i, each (n, n)."""
    names = [s.coordinate for s in segments]
    carried = np.eye(len(segments))
    for i, segment in enumerate(segments):
        if segment.parent is not None:
            carried[i] += carried[names.index(segment.parent)]
    return carried * [s.direction for s in segments], carried


def _postures(segments, ranges):
    n = N_POSTURES.get(len(segments), FEWEST_POSTURES)
    return np.array(list(product(*(np.linspace(*ranges[s.coordinate], n) for s in segments))))


def _torques(model, segments, base, postures):
    """Slopes (n_postures, n_joints) of the potential energy of all bodies of the chain [N m]."""
    bodies = [model.bodies[name] for s in segments for name in s.bodies]
    names = [s.coordinate for s in segments]

    def energy(angles):
        poses = body_poses(model, {**base, **dict(zip(names, angles.T, strict=True))})
        # A body that no coordinate moves has a single pose; so has its energy.
        centers = (poses[b.name] @ np.append(b.mass_center, 1.0) for b in bodies)
        return sum(
            -b.mass * (np.asarray(c)[..., :3] @ np.array(model.gravity)) for b, c in zip(bodies, centers, strict=True)
        )

    steps = STEP * np.eye(len(names))
    return np.stack([(energy(postures + step) - energy(postures - step)) / (2 * STEP) for step in steps], axis=1)
