"""A planar musculoskeletal model from an OpenSim model file."""

import warnings
from math import pi
from pathlib import Path

import numpy as np

from ..model import MusculoskeletalModel
from .chain import planar_chain
from .elements import family_of, is_approximate, make_joint, make_muscle, torque_scales
from .file import read_osim
from .fitting import fit_paths
from .path_files import load_paths
from .sampling import spanned_coordinates

TENDONS = ("rigid", "elastic", "as_stated")
DRIVES = ("emg", "excitation")
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
    posture = dict(posture or {})
    _check_coordinates(model, coordinates, posture)
    ranges = _ranges(model, coordinates, ranges or {})
    chain = planar_chain(model, coordinates, ranges, posture)
    base = posture | {n: float(np.clip(model.coordinates[n].default_value, *ranges[n])) for n in coordinates}
    spans = _spans(model, muscles, coordinates, base)
    chosen = {name: model.muscles[name] for name in spans}
    families = {name: family_of(muscle, curves) for name, muscle in chosen.items()}
    fitted = _given_paths(paths, coordinates, spans) if paths else fit_paths(model, path, spans, ranges, base)
    _warn_of_what_differs(model, coordinates, chosen, families)
    forces = [muscle.parameters["max_isometric_force"] for muscle in chosen.values()]
    scales = torque_scales(forces, [fitted[name] for name in spans], ranges)
    built = [make_muscle(muscle, fitted[n], families[n], tendon, drive) for n, muscle in chosen.items()]
    joints = [make_joint(model, s, ranges[s.coordinate], scale) for s, scale in zip(chain, scales, strict=True)]
    return MusculoskeletalModel(built, joints, name=model.name or Path(path).stem)


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
        raise ValueError(f"The coordinates {shifting} of {model.name!r} are no angles; a planar chain has hinges only.")


def _ranges(model, coordinates, given):
    unknown = [name for name in given if name not in coordinates]
    if unknown:
        raise ValueError(f"`ranges` names {unknown}, which are none of the coordinates {list(coordinates)}.")
    found = {name: tuple(map(float, given.get(name, model.coordinates[name].range))) for name in coordinates}
    for name, (low, high) in found.items():
        if not 0 < high - low <= WIDEST:
            raise ValueError(
                f"The range of {name!r} must be wider than 0 and at most 2 pi [rad]; give it in `ranges`. Got {low:g} to {high:g}."
            )
    return found


def _spans(model, muscles, coordinates, base):
    """Muscle to the coordinates that it spans."""
    names = [name for name, m in model.muscles.items() if m.applies_force] if muscles is None else list(muscles)
    unknown = [name for name in names if name not in model.muscles]
    if unknown:
        raise ValueError(f"The model {model.name!r} has no muscles {unknown}. It has {list(model.muscles)}.")
    spans = {name: spanned_coordinates(model, model.muscles[name], coordinates, base) for name in names}
    idle = [name for name, span in spans.items() if not span]
    if idle and muscles is not None:
        raise ValueError(f"The muscles {idle} of {model.name!r} span none of the coordinates {list(coordinates)}.")
    spans = {name: span for name, span in spans.items() if span}
    if not spans:
        raise ValueError(f"No muscle of {model.name!r} spans any of the coordinates {list(coordinates)}.")
    return spans


def _given_paths(file, coordinates, spans):
    found = load_paths(file, coordinates)
    missing = [name for name in spans if name not in found]
    if missing:
        raise ValueError(f"{file} has no paths of {missing}; it has {list(found)}. Choose among them by `muscles`.")
    return found


def _warn_of_what_differs(model, coordinates, muscles, families):
    near = [m for name, m in muscles.items() if is_approximate(m, families[name])]
    if near:
        constants = ", ".join(f"{tag} {text}" for tag, text in near[0].other_constants.items())
        warnings.warn(
            f"The {families[near[0].name]} curves are only near those of {[m.name for m in near]}: {near[0].name!r} is a {near[0].class_name}"
            + (f" with {constants}." if constants else "."),
            UserWarning,
            stacklevel=3,
        )
    others = {name: model.other_forces[name] for name in coordinates if name in model.other_forces}
    if others:
        warnings.warn(f"Passive forces of {model.name!r} are left out: {others}.", UserWarning, stacklevel=3)
