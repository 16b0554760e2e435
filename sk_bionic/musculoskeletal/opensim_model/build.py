"""A planar musculoskeletal model from an OpenSim model file."""

import warnings
from dataclasses import replace
from math import pi

import numpy as np

from ..model import MusculoskeletalModel
from ..muscle import Muscle
from ..parameters import DEFINITIONS
from ..path_fit import fit_path
from ..skeleton import Joint
from .chain import planar_chain
from .file import read_osim
from .muscle_classes import MUSCLE_CLASSES
from .path_files import load_paths
from .sampling import sample_paths, spanned_coordinates
from .wrapping import import_opensim, needs_opensim

TENDONS = ("rigid", "elastic", "as_stated")
DRIVES = ("emg", "excitation")
TYPICAL = 0.05  # part of what the muscles can do at most that a joint's typical torque is taken for
LARGEST_DEGREE = {1: 12, 2: 10}  # of a polynomial by how many angles a muscle spans; of more angles
DEGREE = 7
STOP_DISTANCE = (
    0.2  # rad, from the range that a file states to the stop: inside, the stop is not felt
)
WIDEST = 2 * pi


def from_osim(
    path,
    coordinates,
    muscles=None,
    *,
    paths=None,
    posture=None,
    ranges=None,
    tendon="rigid",
    curves=None,
    drive="emg",
):
    """Planar model of some angles of an OpenSim model, with the muscles that move them.

    Bodies and joints, muscle parameters and straight paths (fixed, conditional and moving points) are read in pure Python,
    from files of version 3 and 4. Paths that wrap over surfaces are measured by OpenSim itself, once (extra
    ``[opensim]``). All paths become polynomials of the angles.

    Parameters
    ----------
    path : path-like
        The .osim file.
    coordinates : str or sequence of str
        Angles of the model, from proximal to distal, such as ``["hip_flexion_r", "knee_angle_r"]``. Each must belong
        to a hinge (PinJoint), or to a joint that is close to one (a CustomJoint whose knee glides by less than 3 cm).
    muscles : sequence of str, optional
        Default: all muscles that span one of the coordinates.
    paths : path-like, optional
        File of fitted paths (see `save_paths`), which are then not measured: OpenSim is not needed.
    posture : dict of str to float, optional
        Values [rad or m] at which other coordinates are held; default: the file's.
    ranges : dict of str to tuple of float, optional
        Ranges [rad] of `coordinates` over which the paths are fitted, where those of the file are too wide (the
        polynomials of a smaller range are closer) or missing.
    tendon : {"rigid", "elastic", "as_stated"}, default="rigid"
        "as_stated": elastic unless the file says ``ignore_tendon_compliance``.
    curves : {"degroote_fregly", "thelen", "millard"}, optional
        Default: by the class of each muscle.
    drive : {"emg", "excitation"}, default="emg"
        "emg": electromechanical delay and shape factor start from the package's defaults and are free. "excitation":
        columns are OpenSim's excitations, without delay and shape.

    Returns
    -------
    MusculoskeletalModel
        Named after the file's model; coordinates and muscles have their names there. `path_errors` has the errors of the
        fitted paths.

    Raises
    ------
    ValueError
        When the file is faulty, the coordinates make no planar chain, a muscle is unknown or spans none of them, or its
        class is unknown and no `curves` are given.
    ImportError
        When a path needs OpenSim, which is not installed.
    OSError
        When a file cannot be read.

    Warns
    -----
    UserWarning
        When a path is off by more than 0.1 mm in its length or 0.5 mm in a moment arm, a muscle's curves are only
        near those of its class, or a passive force of the file is left out.

    Notes
    -----
    Bodies between two coordinates, and beyond the last one, are one rigid segment in the held posture. The plane is
    that of the first axis; others may be tilted by up to 20 degrees. A segment that carries another has its center of
    mass on the line between the two joints. A single joint is exact, whatever its axis. SpringGeneralizedForce and
    CoordinateLimitForce become the joint's stiffness, damping and stops; without the latter, stops lie 0.2 rad outside
    the file's range. Loads in the hand need `load_distance` (see `MusculoskeletalModel.with_rows`).

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import from_osim
    >>> model = from_osim("arm26.osim", ["r_shoulder_elev", "r_elbow_flex"])  # doctest: +SKIP
    >>> model.path_errors.max()  # doctest: +SKIP
    """
    _check_choice("tendon", tendon, TENDONS)
    _check_choice("drive", drive, DRIVES)
    model = read_osim(path)
    coordinates = (coordinates,) if isinstance(coordinates, str) else tuple(coordinates)
    _check_coordinates(model, coordinates, posture or {})
    ranges = _ranges(model, coordinates, ranges or {})
    chain = planar_chain(model, coordinates, ranges, posture or {})
    base = {
        name: float(np.clip(model.coordinates[name].default_value, *ranges[name]))
        for name in coordinates
    }
    base = {**(posture or {}), **base}
    spans = _spans(model, muscles, coordinates, base)
    families = {name: _family(model.muscles[name], curves) for name in spans}
    if paths is None:
        fitted = _fit_paths(model, path, spans, ranges, base)
    else:
        fitted = _given_paths(paths, coordinates, spans)
    _warn_of_curves([model.muscles[name] for name in spans], families)
    built = [_muscle(model.muscles[n], fitted[n], families[n], tendon, drive) for n in spans]
    scales = _torque_scales(model, fitted, ranges)
    joints = [
        _joint(model, segment, ranges[segment.coordinate], scale)
        for segment, scale in zip(chain, scales, strict=True)
    ]
    _warn_of_forces(model, coordinates)
    return MusculoskeletalModel(built, joints, name=model.name or "osim")


def _check_choice(name, got, known):
    if got not in known:
        raise ValueError(f"`{name}` must be one of {known}. Got {got!r}.")


def _check_coordinates(model, coordinates, posture):
    unknown = [name for name in (*coordinates, *posture) if name not in model.coordinates]
    if unknown or not coordinates or len(set(coordinates)) < len(coordinates):
        raise ValueError(
            f"`coordinates` must be different angles of {model.name!r}, which has {list(model.coordinates)}. Got {list(coordinates)}"
            + (f", and {unknown} are not there." if unknown else ".")
        )
    twice = [name for name in posture if name in coordinates]
    driven = [c.dependent for c in model.couplers if c.dependent in coordinates]
    if twice or driven:
        why = "are held by `posture`" if twice else "follow others (CoordinateCouplerConstraint)"
        raise ValueError(
            f"The coordinates {twice or driven} of {model.name!r} {why}: leave them out of one of the two."
        )
    shifting = [name for name in coordinates if model.coordinates[name].motion_type != "rotational"]
    if shifting:
        raise ValueError(
            f"The coordinates {shifting} of {model.name!r} are no angles; a planar chain has hinges only."
        )


def _ranges(model, coordinates, given):
    unknown = [name for name in given if name not in coordinates]
    if unknown:
        raise ValueError(
            f"`ranges` names {unknown}, which are none of the coordinates {list(coordinates)}."
        )
    found = {
        name: tuple(map(float, given.get(name, model.coordinates[name].range)))
        for name in coordinates
    }
    for name, (low, high) in found.items():
        if not 0 < high - low <= WIDEST:
            raise ValueError(
                f"The range of {name!r} must be wider than 0 and at most 2 pi [rad]; give it in `ranges`. Got {low:g} to {high:g}."
            )
    return found


def _spans(model, muscles, coordinates, base):
    """Muscle to the coordinates that it spans."""
    names = (
        [name for name, m in model.muscles.items() if m.applies_force]
        if muscles is None
        else list(muscles)
    )
    unknown = [name for name in names if name not in model.muscles]
    if unknown:
        raise ValueError(
            f"The model {model.name!r} has no muscles {unknown}. It has {list(model.muscles)}."
        )
    spans = {
        name: spanned_coordinates(model, model.muscles[name], coordinates, base) for name in names
    }
    idle = [name for name, span in spans.items() if not span]
    if idle and muscles is not None:
        raise ValueError(
            f"The muscles {idle} of {model.name!r} span none of the coordinates {list(coordinates)}."
        )
    spans = {name: span for name, span in spans.items() if span}
    if not spans:
        raise ValueError(
            f"No muscle of {model.name!r} spans any of the coordinates {list(coordinates)}."
        )
    return spans


def _family(muscle, curves):
    if curves is None and muscle.class_name not in MUSCLE_CLASSES:
        raise ValueError(
            f"Muscle {muscle.name!r} is a {muscle.class_name}; known are {list(MUSCLE_CLASSES)}. Give the family of its `curves`, or choose "
            "other `muscles`."
        )
    return curves or MUSCLE_CLASSES[muscle.class_name].curves


def _given_paths(file, coordinates, spans):
    found = load_paths(file, coordinates)
    missing = [name for name in spans if name not in found]
    if missing:
        raise ValueError(
            f"{file} has no paths of {missing}; it has {list(found)}. Choose among them by `muscles`."
        )
    return found


def _fit_paths(model, file, spans, ranges, base):
    reasons = needs_opensim(model, spans)
    if reasons:
        import_opensim(reasons)  # before the others are measured
    fitted, poor = {}, []
    for name, samples in sample_paths(model, file, spans, ranges, base).items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            degree = LARGEST_DEGREE.get(len(spans[name]), DEGREE)
            found = fit_path(
                samples.smooth_lengths, samples.angles, samples.moment_arms, degree=degree
            )
        if samples.jump:
            error = _length_error(found, samples)
            found = replace(found, length_error=error)
        if caught or samples.jump:
            jump = f", its length jumps by {1e3 * samples.jump:.2g} mm" if samples.jump else ""
            poor.append(
                f"{name} ({1e3 * found.length_error:.2g} mm, {1e3 * found.moment_arm_error:.2g} mm{jump})"
            )
        fitted[name] = found
    if poor:
        warnings.warn(
            f"Paths of {model.name!r} whose polynomials are off by more than 0.1 mm in length or 0.5 mm in a moment arm (root mean square): "
            f"{', '.join(poor)}. Narrower `ranges` make them closer.",
            UserWarning,
            stacklevel=3,
        )
    return fitted


def _length_error(path, samples):
    exponents, coefficients = np.array(list(path.terms)), np.array(list(path.terms.values()))
    lengths = np.prod(samples.angles[:, None, :] ** exponents, axis=2) @ coefficients
    return float(np.sqrt(np.mean((lengths - samples.lengths) ** 2)))


def _muscle(muscle, path, family, tendon, drive):
    values = {name: _given(name, value) for name, value in muscle.parameters.items()}
    if (
        MUSCLE_CLASSES.get(muscle.class_name, None) is None
        or MUSCLE_CLASSES[muscle.class_name].curves != family
    ):
        # What another family of curves has, the class's own values do not describe.
        for name in ("fiber_damping", "passive_fiber_strain_at_one_norm_force"):
            values.pop(name, None)
    if drive == "excitation":
        values["electromechanical_delay"] = {"value": 0.0, "free": False}
        values["emg_shape_factor"] = {"value": DEFINITIONS["emg_shape_factor"].upper, "free": False}
    stretches = tendon == "elastic" or (tendon == "as_stated" and not muscle.rigid_tendon)
    return Muscle(
        muscle.name,
        path,
        parameters=values,
        curves=family,
        tendon="elastic" if stretches else "rigid",
    )


def _given(name, value):
    """A value of the file; bounds that it lies outside of give way."""
    d = DEFINITIONS[name]
    if d.relative or d.lower <= value <= d.upper:
        return {"value": value}
    return {"value": value, "lower": min(value, d.lower), "upper": max(value, d.upper)}


def _torque_scales(model, paths, ranges):
    """A twentieth of what the muscles on the stronger side can exert at the middle of the ranges [N m]."""
    middle = np.array([np.mean(limits) for limits in ranges.values()])
    torques = []
    for name, path in paths.items():
        exponents, coefficients = np.array(list(path.terms)), np.array(list(path.terms.values()))
        arms = []
        for d in range(len(middle)):
            lowered = exponents - np.eye(len(middle), dtype=int)[d]
            slopes = exponents[:, d] * np.prod(middle ** np.maximum(lowered, 0), axis=1)
            arms.append(-slopes @ coefficients)
        if name in model.muscles:
            torques.append(model.muscles[name].parameters["max_isometric_force"] * np.array(arms))
    torques = np.array(torques)
    return np.maximum(
        0.1, TYPICAL * np.maximum(torques.clip(min=0).sum(0), (-torques).clip(min=0).sum(0))
    )


def _joint(model, segment, limits, scale):
    name = segment.coordinate
    parameters = {
        "moment_of_inertia": segment.moment_of_inertia,
        "segment_mass": segment.mass,
        "center_of_mass": segment.center_of_mass,
        "segment_orientation": segment.orientation,
        **_tissue(model, name),
        **_stops(model, name, limits),
    }
    if segment.length:
        parameters["segment_length"] = segment.length
    return Joint(name, float(scale), parameters, parent=segment.parent, direction=segment.direction)


def _tissue(model, name):
    spring = model.springs.get(name)
    if spring is None:
        return {"joint_damping": 0.0}
    values = {
        "joint_stiffness": spring.stiffness,
        "joint_rest_angle": spring.rest_angle,
        "joint_damping": spring.viscosity,
    }
    return {key: _given(key, value) for key, value in values.items()}


def _stops(model, name, limits):
    limit = model.limits.get(name)
    if limit is None:
        low, high = limits[0] - STOP_DISTANCE, limits[1] + STOP_DISTANCE
        return {
            "lower_limit": _given("lower_limit", low),
            "upper_limit": _given("upper_limit", high),
        }
    values = {
        "lower_limit": limit.lower,
        "upper_limit": limit.upper,
        "limit_stiffness": 0.5 * (limit.lower_stiffness + limit.upper_stiffness),
        "limit_transition": limit.transition
        / 4,  # a softplus is as wide as four times its parameter
    }
    return {key: _given(key, value) for key, value in values.items()}


def _warn_of_curves(muscles, families):
    approximate = [m for m in muscles if m.other_constants or _is_approximate(m, families[m.name])]
    if approximate:
        first = approximate[0]
        constants = ", ".join(f"{tag} {text}" for tag, text in first.other_constants.items())
        warnings.warn(
            f"The {families[first.name]} curves are only near those of {[m.name for m in approximate]}: {first.name!r} is a {first.class_name}"
            + (f" with {constants}." if constants else "."),
            UserWarning,
            stacklevel=3,
        )


def _is_approximate(muscle, family):
    known = MUSCLE_CLASSES.get(muscle.class_name)
    return known is not None and known.approximate and known.curves == family


def _warn_of_forces(model, coordinates):
    others = {name: model.other_forces[name] for name in coordinates if name in model.other_forces}
    if others:
        warnings.warn(
            f"Passive forces of {model.name!r} are left out: {others}.", UserWarning, stacklevel=3
        )
