"""Ranges that joints have, as far as their models state them."""

import numpy as np

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
