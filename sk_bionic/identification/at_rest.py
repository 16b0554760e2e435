"""Where a limb hangs while its muscles are silent, against what the goniometer reads then."""

import numpy as np

from ..trials.smoothing import smooth
from .suspicion import Suspicion

CUTOFF, STILL = 4.0, 0.15  # Hz and rad/s: of angles, and below which a limb rests
QUIET = 20.0  # percentile of the EMG of all muscles together below which they rest
SHORTEST = 0.5  # s of rest, at least
# By how much [rad] readings at rest may differ from where gravity and passive tissue would let the limb hang.
# Goniometers are put on by eye: twelve recorded men (seated and standing, their zeros as recorded) differ by up to 21
# deg.
FAR = np.deg2rad(35.0)
UNCERTAIN = 2.0  # how much more active muscles may be than the model's (EMG's gain and shape differ between subjects)
ANGLES = np.linspace(-np.pi, np.pi, 181)


def rest_suspicions(motion, angle, scaled=False):
    """Zeros that are off by the posture at rest.

    Gravity lets a relaxed limb hang; that posture needs neither muscles nor their parameters. Coordinates on which
    gravity acts less than passive tissue tell nothing.

    Parameters
    ----------
    motion : EquationOfMotion
        The model before its identification, on the trials.
    angle : ndarray (n_frames, n_coordinates)
        Measured [rad], NaN where unknown.
    scaled : bool
        Whether the EMG is in units of its own largest value: its level at rest is then that of the amplifier. Else the
        muscles may hold the limb with it, as they are in the model.

    Returns
    -------
    list of Suspicion
    """
    if motion.model.prescribed_names:
        return []  # what else moves the limb is not at rest
    resting = _resting(motion, angle)
    if resting.sum() < max(3.0, SHORTEST * motion.trials.sampling_rate):
        return []
    measured, model, out = np.median(angle[resting], axis=0), motion.model, []
    level = np.zeros(model.n_muscles)
    if not scaled:
        level = UNCERTAIN * np.asarray(motion.activations(model.parameters.as_dict()))[resting].mean(axis=0)
    scale = {"moment_arm_scale": np.ones(model.n_muscles)}
    _, arms = model.length_and_moment_arm(measured[None], model.parameters.as_dict() | scale)
    for d, name in enumerate(model.coordinate_names):
        arm = arms[0, d]
        # Which side holds more, nobody knows: the muscles of either side alone bound where the limb may be.
        sides = {side.tobytes(): side for side in (0 * level, level * (arm > 0), level * (arm < 0))}
        hanging = [_hanging(motion, d, measured, resting, side) for side in sides.values()]
        if None in hanging:
            continue
        nearest = float(np.clip(measured[d], min(hanging), max(hanging)))
        if abs(measured[d] - nearest) > FAR:
            out.append(_suspicion(name, float(np.rad2deg(measured[d])), float(np.rad2deg(nearest))))
    return out


def _resting(motion, angle):
    """Frames (n_frames,) in which nothing moves and the EMG is at its lowest."""
    excitation = motion.excitation
    level = (excitation / np.maximum(np.percentile(excitation, 95.0, axis=0), 1e-12)).mean(axis=1)
    known = np.isfinite(angle).all(axis=1)
    smoothed, velocity = np.zeros_like(angle), np.full_like(angle, np.inf)
    for rows in motion.trials.slices:
        time, here = motion.trials.time[rows], known[rows]
        if here.any():
            smoothed[rows] = np.column_stack([np.interp(time, time[here], column[here]) for column in angle[rows].T])
    smoothed = smooth(smoothed, motion.trials, CUTOFF)
    for rows in motion.trials.slices:
        if rows.stop - rows.start > 1:
            velocity[rows] = np.gradient(smoothed[rows], motion.trials.time[rows], axis=0)
    return known & (np.abs(velocity) < STILL).all(axis=1) & (level <= np.percentile(level, QUIET))


def _hanging(motion, d, measured, resting, activation):
    """Angle [rad] to which gravity, tissue and muscles of an activation (n_muscles,) bring a coordinate, the others as
    measured; None where gravity does not lead.
    """
    parameters = dict(motion.model.parameters.as_dict())
    off = ["limit_stiffness", "co_contraction_stiffness", *([] if activation.any() else ["max_isometric_force"])]
    parameters |= {name: np.zeros_like(parameters[name]) for name in off if name in parameters}
    torque = _torques(motion, d, measured, resting, parameters, activation)
    bare = ("joint_stiffness", "max_isometric_force")
    alone = parameters | {name: np.zeros_like(parameters[name]) for name in bare}
    gravity = _torques(motion, d, measured, resting, alone, activation)
    if np.ptp(gravity) / 2 < float(parameters["joint_stiffness"][d]):
        return None
    # The torque is what else would have to act: where it rises through 0, the posture is stable.
    stable = np.flatnonzero((torque[:-1] < 0) & (torque[1:] >= 0))
    if not len(stable):
        return None
    share = -torque[stable] / (torque[stable + 1] - torque[stable])
    roots = ANGLES[stable] + share * (ANGLES[1] - ANGLES[0])
    return float(roots[np.argmin(np.abs(roots - measured[d]))])


def _torques(motion, d, measured, resting, parameters, activation):
    """Torque [N m] that would have to act besides at each of `ANGLES` of coordinate `d`."""
    model, n = motion.model, len(ANGLES)
    angle = np.tile(measured, (n, 1))
    angle[:, d] = ANGLES
    none = np.zeros_like(angle)
    given = {name: np.full(n, np.median(column[resting])) for name, column in motion.frame_exogenous.items()}
    return model.residual(angle, none, none, np.tile(activation, (n, 1)), parameters, given)[:, d]


def _suspicion(name, reads, hanging):
    off = reads - hanging
    code = f"y - np.deg2rad({off:.0f})" if off > 0 else f"y + np.deg2rad({-off:.0f})"
    do, prep = ("Subtract", "from") if off > 0 else ("Add", "to")
    return Suspicion(
        "zero", name, off, "deg",
        f"At rest the angle {name!r} reads {reads:.0f} deg where the limb would hang at {hanging:.0f} deg: its zero "
        f"seems to be off by about {abs(off):.0f} deg (or the limb rests on something, or the posture is another than "
        "the model's).",
        f"Fit with {code} instead of y, or check posture and support.",
        f"{do} about {abs(off):.0f} deg {prep} the angle {name!r}, or check posture and support.",
    )  # fmt: skip
