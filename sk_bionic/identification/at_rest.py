"""Motion that no limb makes: where it hangs while its muscles are silent, how fast it turns, how far it reaches."""

import numpy as np

from ..trials.filters import smooth
from .signals import PLAUSIBLE_RATES
from .suspicion import Suspicion

ALIKE = np.deg2rad(20.0)  # starts of a search closer than that are one
WITHOUT_RANGE = (0.0, np.pi / 3, -np.pi / 3, 2 * np.pi / 3, -2 * np.pi / 3, np.pi)


def anatomical_ranges(model):
    """Lowest and highest angle [rad] of every coordinate by its model, list of (float, float) or None."""
    return [_range_of(joint) for joint in model.free_joints]


def _range_of(joint):
    ends = [joint.parameters.get(name) for name in ("lower_limit", "upper_limit")]
    ends = [end.get("value") if isinstance(end, dict) else end for end in ends]
    return None if None in ends else (float(ends[0]), float(ends[1]))


def extent(angle):
    """Ends of the range (n_coordinates,) that angles (n_frames, n_coordinates) cover, outliers left out."""
    return np.nanpercentile(angle, [1.0, 99.0], axis=0)


def beyond(angle, model):
    """By how much [rad] angles (n_frames, n_coordinates) of joints leave the ranges of their model, the largest."""
    low, high = extent(angle)
    out = 0.0
    for d, ends in enumerate(anatomical_ranges(model)):
        if ends is not None:
            out = max(out, ends[0] - low[d], high[d] - ends[1])
    return float(out)


def starts_of_zero(model, angle, d):
    """Zeros of coordinate `d` [rad] that would bring its angles into the joint's range, where a search may start."""
    ends = anatomical_ranges(model)[d]
    if ends is None:
        return list(WITHOUT_RANGE)
    low, high = (float(e[d]) for e in extent(angle))
    out = []
    for start in ((low + high) / 2 - sum(ends) / 2, low - ends[0], high - ends[1], 0.0):
        inside = low - start > ends[0] - ALIKE and high - start < ends[1] + ALIKE
        if inside and all(abs(start - other) > ALIKE for other in out):
            out.append(start)
    return out or [(low + high) / 2 - sum(ends) / 2]


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
        level = UNCERTAIN * motion.activations_at(np.flatnonzero(resting)).mean(axis=0)
    scale = {"moment_arm_scale": np.ones(model.n_muscles)}
    _, arms = model.length_and_moment_arm(measured[None], model.parameters.as_dict() | scale)
    for d, name in enumerate(model.coordinate_names):
        arm = arms[0, d]
        # Which side holds more, nobody knows: the muscles of either side alone bound where the limb may be.
        sides = {side.tobytes(): side for side in (0 * level, level * (arm > 0), level * (arm < 0))}
        idle = _torques(motion, d, measured, resting, ["joint_stiffness", "max_isometric_force"], np.zeros(len(level)))
        if np.ptp(idle) / 2 < float(model.parameters.as_dict()["joint_stiffness"][d]):
            continue  # passive tissue does more than gravity
        # What the muscles' forces would be is of no weight where they are silent.
        off = [[] if side.any() else ["max_isometric_force"] for side in sides.values()]
        torques = [_torques(motion, d, measured, resting, *each) for each in zip(off, sides.values(), strict=True)]
        hanging = [_hanging(torque, measured[d]) for torque in torques]
        if None in hanging:
            continue
        nearest = float(np.clip(measured[d], min(hanging), max(hanging)))
        if abs(measured[d] - nearest) > FAR:
            out.append(_suspicion(name, float(np.rad2deg(measured[d])), float(np.rad2deg(nearest))))
    return out


def _resting(motion, angle):
    """Frames (n_frames,) in which nothing moves and the EMG is at its lowest."""
    excitation = motion.excitation
    high = [max(float(np.percentile(own, 95.0)), 1e-12) for own in excitation.T]  # one by one, for long recordings
    level = excitation @ (1.0 / np.array(high)) / len(high)
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


def _hanging(torque, measured):
    """Angle [rad] to which the torque at `ANGLES` [N m] brings a coordinate, near where it was measured; None where
    there is none.
    """
    # The torque is what else would have to act: where it rises through 0, the posture is stable.
    stable = np.flatnonzero((torque[:-1] < 0) & (torque[1:] >= 0))
    if not len(stable):
        return None
    share = -torque[stable] / (torque[stable + 1] - torque[stable])
    roots = ANGLES[stable] + share * (ANGLES[1] - ANGLES[0])
    return float(roots[np.argmin(np.abs(roots - measured))])


def _torques(motion, d, measured, resting, off, activation):
    """Torque [N m] that would have to act besides at each of `ANGLES` of coordinate `d`, without stops and what is
    `off`, names of parameters.
    """
    model, n, parameters = motion.model, len(ANGLES), motion.model.parameters.as_dict()
    off = ["limit_stiffness", "co_contraction_stiffness", *off]
    parameters |= {name: np.zeros_like(parameters[name]) for name in off if name in parameters}
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


SPAN = 0.05  # s over which speeds are taken
FASTEST = 20.0  # rad/s that no joint keeps up in a twentieth of its time
# Of the speed at which the fastest muscle of a direction shortens without any load. At half of it a muscle has a
# seventh of its force (Hill's curve), and a limb that it has to accelerate stays well below for all but moments.
SHARE = 0.5
LEAST_ARM = 5e-3  # m; muscles that are nearer to the joint do not move it


def speed_suspicions(angle, trials, unloaded=np.inf):
    """Joints that turn faster than any does; `angle` (n_frames, n_coordinates) [rad], NaN where unknown, and speeds of
    muscles that are `unloaded` (see the function of that name).
    """
    if trials.sampling_rate < PLAUSIBLE_RATES[0]:
        return []
    velocity = np.concatenate(
        [_velocity(angle[rows], trials.time[rows], trials.sampling_rate) for rows in trials.slices]
    )
    limits = np.minimum(np.full((2, angle.shape[1]), FASTEST), unloaded * SHARE)
    limit = np.where(velocity > 0, limits[0], limits[1])
    known = np.isfinite(velocity)
    if not known.any():
        return []
    share = np.where(known, np.abs(velocity) / limit, np.nan)
    worst = int(np.argmax([np.nanpercentile(s, 95.0) if np.isfinite(s).any() else 0.0 for s in share.T]))
    if not np.nanpercentile(share[:, worst], 95.0) > 1.0:
        return []
    fast = float(np.nanpercentile(np.abs(velocity[:, worst]), 95.0))
    return [
        Suspicion(
            "rate", "", fast, "rad/s", f"The joint turns at {fast:.0f} rad/s, faster than its muscles move a limb: the "
            "rate seems too high, or the angle in another unit.",
            "Check `sampling_rate`, the unit of the time stamps and that of the angle.",
            "Check sampling_rate, the unit of the time stamps and that of the angle.",
        )
    ]  # fmt: skip


def _velocity(angle, time, rate):
    width = max(1, round(SPAN * rate))
    return (angle[width:] - angle[:-width]) / (time[width:] - time[:-width])[:, None]


def unloaded(model, n_angles):
    """Speed (2, n_angles) [rad/s] of the fastest muscle that increases, and that decreases, each angle."""
    parameters = model.parameters.as_dict()
    out, ranges = np.full((2, n_angles), np.inf), anatomical_ranges(model)
    # Where nobody knows the joints' ranges, nobody knows their moment arms: polynomials hold within them only.
    if None in ranges or model.name == "auto" or model.prescribed_names or len(ranges) != n_angles:
        return out
    low, high = np.array(ranges).T
    postures = low + (high - low) * np.array([[0.25], [0.5], [0.75]])
    scale = {"moment_arm_scale": np.ones(model.n_muscles)}
    arm = model.length_and_moment_arm(postures, parameters | scale)[1].mean(axis=0)
    shortening = parameters["max_contraction_velocity"] * parameters["optimal_fiber_length"]
    for k, sign in enumerate((1.0, -1.0)):
        for d in range(n_angles):
            own = sign * arm[d] > LEAST_ARM
            if own.any():
                out[k, d] = (shortening[own] / np.abs(arm[d][own])).max()
    return out
