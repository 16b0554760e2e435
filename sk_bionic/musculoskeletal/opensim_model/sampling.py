"""Lengths and moment arms of the muscles of an OpenSim model over the ranges of some angles."""

from typing import NamedTuple

import numpy as np

from .geometry import active_wraps, body_poses, coordinate_values, muscle_tendon_lengths
from .wrapping import STEP, OpenSimPaths, needs_opensim

# Samples along each angle by how many of them a muscle spans; more would not change a polynomial of degree 8.
DENSITY = {1: 61, 2: 19, 3: 9}
SPARSEST = 6
MARGIN = (
    0.02  # of a range, at both ends: where splines of knees and patellae end, their slopes are not those of the path
)
WIDEST = 2 * np.pi + 1e-3  # rad; of a range that a file may have meant: -3.142 to 3.142 is a turn as well
KINK = 1e-4  # m; one-sided moment arms that differ by more straddle a jump of the length
JUMP = 3e-4  # m; by which a length must depart from its moment arms to count as a jump
APART = 1e-3  # m; or by which its slope must differ from them, however near the samples lie
HOLD = 1e-3  # weight of the lengths themselves where jumps are bridged
# Of a range: how far from the model's default posture a part of a broken path counts exp(-1/2) times as much. Wide
# enough that a sliver beside the default (a gastrocnemius at the straight knee) does not set the level of all the rest.
ABOUT_DEFAULT = 0.5


class Samples(NamedTuple):
    """What `fit_path` needs.

    Attributes
    ----------
    angles : ndarray (n_samples, n_coordinates)
        [rad]; constant where a coordinate is not spanned.
    lengths : ndarray (n_samples,)
        As the model has them [m].
    smooth_lengths : ndarray (n_samples,)
        With jumps bridged, so that they are the integral of the moment arms [m].
    moment_arms : ndarray (n_samples, n_coordinates)
        [m].
    jump : float
        Largest jump of the length between neighbouring samples [m], 0.0 where there is none.
    """

    angles: np.ndarray
    lengths: np.ndarray
    smooth_lengths: np.ndarray
    moment_arms: np.ndarray
    jump: float


def spanned_coordinates(model, muscle, coordinates, base):
    """Which coordinates change the distance between what a muscle's path is fixed to, tuple of str.

    Parameters
    ----------
    model : OsimModel
    muscle : OsimMuscle
    coordinates : sequence of str
    base : dict of str to float
        Posture about which they are moved.
    """
    if muscle.function is not None:
        return tuple(n for n in coordinates if steers(model, n, muscle.function.coordinates))
    bodies = muscle.bodies | {wrap.body for wrap in active_wraps(model, muscle)}
    return tuple(n for n in coordinates if steers(model, n, muscle.coordinates) or moves(model, bodies, n, base))


def steers(model, name, others):
    """Whether a coordinate is one of others, or moves one by an enforced coupler."""
    reached, before = {name}, set()
    while reached != before:
        before = set(reached)
        reached |= {c.dependent for c in model.couplers if reached & set(c.independent)}
    return bool(reached & set(others))


def moves(model, bodies, name, base):
    """Whether a coordinate moves some bodies against one another.

    Where a joint that cannot be read is in between, only what lies on its near side can be told; a ValueError names it
    when the coordinate acts beyond it.
    """
    bodies = sorted(bodies)
    poses = body_poses(model, {**base, name: base[name] + np.array([0.0, 0.1, 0.37])})
    if not all(body in poses for body in bodies):
        return _moves_in_tree(model, bodies, name)
    first, *others = (poses[body] for body in bodies) if bodies else [np.eye(4)]
    relative = (np.linalg.inv(first) @ other for other in others)
    return any(np.abs(pose - pose[0]).max() > 1e-9 for pose in relative)


def _moves_in_tree(model, bodies, name):
    """Whether a joint of the coordinate lies between some bodies, by the tree of joints alone."""
    known = [joint for joint in model.joints.values() if joint.parent and joint.child]
    above = {joint.child.body: joint for joint in known}

    def ancestors(body):
        found = []
        while body in above and above[body] not in found:
            found.append(above[body])
            body = found[-1].parent.body
        return {joint.name for joint in found}

    chains = [ancestors(body) for body in bodies]
    between = set().union(*chains) - set.intersection(*chains) if chains else set()
    return any(steers(model, name, model.joints[joint].coordinates) for joint in between)


def sample_paths(model, file, spans, ranges, base):
    """Samples of several muscles.

    Parameters
    ----------
    model : OsimModel
    file : path-like
        The .osim file, for OpenSim itself where a path wraps.
    spans : dict of str to tuple of str
        Muscle to the coordinates that it spans.
    ranges : dict of str to tuple
        All coordinates of the chain, in the order of the samples' columns, with their ranges [rad].
    base : dict of str to float
        Values of these and other coordinates, where they are not the model's defaults.

    Returns
    -------
    dict of str to Samples

    Raises
    ------
    ImportError
        When a path needs OpenSim, which is not installed.
    """
    wrapped = needs_opensim(model, spans)
    by_opensim = _by_opensim(OpenSimPaths(file, model, wrapped)) if wrapped else None
    samples = {}
    for span in dict.fromkeys(spans.values()):
        same = [name for name, own in spans.items() if own == span]
        for measure, names in (
            (_measure, [name for name in same if name not in wrapped]),
            (by_opensim, [name for name in same if name in wrapped]),
        ):
            if names:
                samples |= _sample(model, measure, names, span, ranges, base)
    return {name: samples[name] for name in spans}


def _sample(model, measure, names, span, ranges, base):
    """`Samples` of muscles that span the same coordinates."""
    found = _on_grid(model, measure, names, span, ranges, base)
    jumping = [name for name, own in found.items() if own.jump]
    if jumping:
        # Which part of a broken length is off must not change with `ranges`: the whole range tells, about the default.
        wide = {n: widened(model.coordinates[n], ranges[n]) if n in span else ranges[n] for n in ranges}
        whole = _on_grid(model, measure, jumping, span, wide, base) if wide != ranges else found
        default = {n: float(model.coordinates[n].default_value) if n in span else base[n] for n in ranges}
        for name in jumping:
            found[name] = _level(found[name], whole[name], default, wide)
    return found


def _on_grid(model, measure, names, span, ranges, base):
    axes = [_axis(*ranges[name], DENSITY.get(len(span), SPARSEST)) for name in span]
    grid = dict(zip(span, np.meshgrid(*axes, indexing="ij"), strict=True))
    lengths, arms = measure(model, {**base, **grid}, names, span)
    return {name: _samples(axes, grid, lengths[..., k], arms[..., k], ranges, base) for k, name in enumerate(names)}


def widened(coordinate, own):
    """The file's range of a coordinate, with what is asked for; only the latter where the file has no sensible one."""
    low, high = coordinate.range
    return (min(low, own[0]), max(high, own[1])) if 0 < high - low <= WIDEST else own


def _level(samples, whole, default, ranges):
    """Samples whose bridged lengths have the level of the path about the default posture, told over the whole range."""
    here, there = (s.smooth_lengths - s.lengths for s in (samples, whole))  # each constant between two jumps
    centre, width = np.array([(default[n], ranges[n][1] - ranges[n][0]) for n in ranges]).T
    away = (whole.angles - centre) / np.where(width > 0, ABOUT_DEFAULT * width, 1.0)
    level = _weighted_median(there, np.exp(-0.5 * (away**2).sum(axis=1)))
    low, high = samples.angles.min(axis=0), samples.angles.max(axis=0)
    shared = ((whole.angles >= low - 1e-9) & (whole.angles <= high + 1e-9)).all(axis=1)
    if not shared.any():
        shared = np.arange(len(there)) == np.argmin(np.abs(whole.angles - 0.5 * (low + high)).sum(axis=1))
    nearest = np.argmin(np.abs(samples.angles[:, None] - whole.angles[shared]).sum(axis=2), axis=0)
    gap = float(np.median(there[shared] - here[nearest])) - level
    return samples._replace(smooth_lengths=samples.smooth_lengths + gap, jump=whole.jump)


def _weighted_median(values, weights):
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, 0.5 * cumulated[-1])])


def _measure(model, values, names, span):
    """Lengths (..., n_muscles) and moment arms (n_spanned, ..., n_muscles) of straight paths and functions."""
    here = muscle_tendon_lengths(model, values, names)
    arms = []
    for name in span:
        before, after = (
            muscle_tendon_lengths(model, {**values, name: values[name] + step}, names) for step in (-STEP, STEP)
        )
        left, right = (before - here) / STEP, (here - after) / STEP
        steady = np.where(np.abs(left) < np.abs(right), left, right)
        arms.append(np.where(np.abs(left - right) > KINK, steady, 0.5 * (left + right)))
    arms = np.stack(arms)
    for k, name in enumerate(names):
        function = model.muscles[name].function
        if function is not None and function.moment_arms:
            arms[..., k] = [_given_arm(model, function, values, about) for about in span]
    return here, arms


def _given_arm(model, function, values, about):
    """Moment arm about a coordinate of a path whose file has functions for them: couplers pass theirs on."""
    before, here, after = (
        coordinate_values(model, {**values, about: values[about] + step}) for step in (-STEP, 0.0, STEP)
    )
    arguments = [here[name] for name in function.coordinates]
    rates = [(after[name] - before[name]) / (2 * STEP) for name in function.coordinates]
    return sum(arm(*arguments) * rate for arm, rate in zip(function.moment_arms, rates, strict=True))


def _axis(low, high, n_samples):
    margin = MARGIN * (high - low)
    return np.linspace(low + margin, high - margin, n_samples)


def _by_opensim(paths):
    """As `_measure`, by OpenSim."""

    def measure(model, values, names, span):
        everything = coordinate_values(model, values)
        shape = np.shape(values[span[0]])
        lengths, arms = paths.measure({n: v.ravel() for n, v in everything.items()}, names, span)
        return lengths.reshape(*shape, -1), arms.reshape(len(span), *shape, -1)

    return measure


def _samples(axes, grid, lengths, arms, ranges, base):
    columns = [grid[n].ravel() if n in grid else np.full(lengths.size, base[n]) for n in ranges]
    by_name = dict(zip(grid, arms, strict=True))
    all_arms = [by_name[n].ravel() if n in grid else np.zeros(lengths.size) for n in ranges]
    smooth, jump = bridge_jumps(axes, lengths, arms)
    return Samples(np.stack(columns, -1), lengths.ravel(), smooth.ravel(), np.stack(all_arms, -1), jump)


def bridge_jumps(axes, lengths, arms):
    """Lengths whose slopes are the moment arms, without jumps and where a path over several surfaces has others.

    What turns a joint is the moment arm; where the length does something else, it goes on as the moment arms say.

    Parameters
    ----------
    axes : sequence of ndarray
        Angles [rad] along each dimension.
    lengths : ndarray of the shape of the grid
        [m].
    arms : sequence of ndarray
        Moment arms [m] about each of the angles.

    Returns
    -------
    ndarray
        The lengths themselves where nothing jumps; else of any level.
    jump : float
        The largest one [m].
    """
    number = np.arange(lengths.size).reshape(lengths.shape)
    starts, ends, steps, jumps = [], [], [], []
    for d, (axis, arm) in enumerate(zip(axes, arms, strict=True)):
        before, after = (np.take(number, i, axis=d) for i in (range(len(axis) - 1), range(1, len(axis))))
        width = np.expand_dims(np.diff(axis), [k for k in range(lengths.ndim) if k != d])
        by_arms = -0.5 * (arm.flat[before] + arm.flat[after]) * width
        by_lengths = lengths.flat[after] - lengths.flat[before]
        jumping = np.abs(by_lengths - by_arms) > np.minimum(JUMP, APART * np.broadcast_to(width, by_arms.shape))
        starts.append(before.ravel()), ends.append(after.ravel())
        steps.append(np.where(jumping, by_arms, by_lengths).ravel())
        jumps.append(np.where(jumping, np.abs(by_lengths - by_arms), 0.0).ravel())
    jump = float(np.concatenate(jumps).max(initial=0.0))
    if jump == 0.0:
        return lengths, 0.0
    start, end, step = (np.concatenate(parts) for parts in (starts, ends, steps))
    matrix = np.zeros((len(start) + lengths.size, lengths.size))
    edge = np.arange(len(start))
    matrix[edge, start], matrix[edge, end] = -1.0, 1.0
    matrix[len(start) :] = HOLD * np.eye(lengths.size)
    rhs = np.concatenate([step, HOLD * lengths.ravel()])
    bridged = np.linalg.lstsq(matrix, rhs, rcond=None)[0].reshape(lengths.shape)
    return bridged, jump


def measured_at(model, file, spans, postures, base):
    """Lengths and moment arms of several muscles at scattered postures.

    Parameters
    ----------
    model, file, spans, base
        As in `sample_paths`.
    postures : dict of tuple of str to ndarray (n_postures, n_spanned)
        Spanned coordinates to their values [rad].

    Returns
    -------
    dict of str to tuple
        Muscle to lengths (n_postures,) and moment arms (n_postures, n_spanned) [m].
    """
    wrapped = needs_opensim(model, spans)
    by_opensim = _by_opensim(OpenSimPaths(file, model, wrapped)) if wrapped else None
    found = {}
    for span, angles in postures.items():
        values = base | dict(zip(span, angles.T, strict=True))
        same = [name for name, own in spans.items() if own == span]
        for measure, names in (
            (_measure, [name for name in same if name not in wrapped]),
            (by_opensim, [name for name in same if name in wrapped]),
        ):
            if names:
                lengths, arms = measure(model, values, names, span)
                found |= {name: (lengths[..., k], arms[..., k].T) for k, name in enumerate(names)}
    return found
