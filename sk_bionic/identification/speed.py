"""Joints that turn faster than their muscles can shorten."""

import numpy as np

from ._range import anatomical_ranges
from .signals import PLAUSIBLE_RATES
from .suspicion import Suspicion

SPAN = 0.05  # s over which speeds are taken
FASTEST = 20.0  # rad/s that no joint keeps up in a twentieth of its time
# Of the speed at which the fastest muscle of a direction shortens without any load. At half of it a muscle has a
# seventh of its force (Hill's curve), and a limb that it has to accelerate stays well below for all but moments.
SHARE = 0.5
LEAST_ARM = 5e-3  # m; muscles that are nearer to the joint do not move it


def speed_suspicions(angle, trials, model=None):
    """Joints that turn faster than any does; `angle` (n_frames, n_coordinates) [rad], NaN where unknown."""
    if trials.sampling_rate < PLAUSIBLE_RATES[0]:
        return []
    velocity = np.concatenate(
        [_velocity(angle[rows], trials.time[rows], trials.sampling_rate) for rows in trials.slices]
    )
    limits = np.full((2, angle.shape[1]), FASTEST)
    if model is not None:
        limits = np.minimum(limits, _unloaded(model, angle) * SHARE)
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


def _unloaded(model, angle):
    """Speed (2, n_coordinates) [rad/s] of the fastest muscle that increases, and that decreases, each angle."""
    parameters = model.parameters.as_dict()
    out, ranges = np.full((2, angle.shape[1]), np.inf), anatomical_ranges(model)
    # Where nobody knows the joints' ranges, nobody knows their moment arms: polynomials hold within them only.
    if None in ranges or model.name == "auto" or model.prescribed_names or len(ranges) != angle.shape[1]:
        return out
    low, high = np.array(ranges).T
    postures = low + (high - low) * np.array([[0.25], [0.5], [0.75]])
    scale = {"moment_arm_scale": np.ones(model.n_muscles)}
    arm = model.length_and_moment_arm(postures, parameters | scale)[1].mean(axis=0)
    shortening = parameters["max_contraction_velocity"] * parameters["optimal_fiber_length"]
    for k, sign in enumerate((1.0, -1.0)):
        for d in range(angle.shape[1]):
            own = sign * arm[d] > LEAST_ARM
            if own.any():
                out[k, d] = (shortening[own] / np.abs(arm[d][own])).max()
    return out
