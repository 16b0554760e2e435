"""A planar musculoskeletal model from an OpenSim model file."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..model import MusculoskeletalModel
from .chain import planar_chain
from .differences import check_constraints, differences, odd_lengths
from .elements import family_of, is_approximate, length_at, make_coordinate, make_joint, make_muscle, torque_scales
from .file import read_osim
from .fitting import fit_paths
from .path_files import load_paths
from .sampling import WIDEST, spanned_coordinates, widened
from .scattered import fit_scattered

TENDONS = ("rigid", "elastic", "as_stated")
DRIVES = ("emg", "excitation")


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
    channels=None,
    skeleton="auto",
):
    """Model of some angles of an OpenSim model, with the muscles that move them.

    Bodies and joints, muscle parameters and curves, straight paths (fixed, conditional and moving points) and
    FunctionBasedPaths are read in pure Python, from files of any version that OpenSim 4.6 opens. Paths that wrap over
    surfaces are measured by OpenSim itself, once (extra ``[opensim]``). All paths become polynomials of the angles.
    Only what the coordinates and muscles need has to be readable.

    Parameters
    ----------
    path : path-like
        The .osim file.
    coordinates : str or sequence of str
        Angles of the model, from proximal to distal, such as ``["hip_flexion_r", "knee_angle_r"]``; any angles of any
        joints, of one leg or both. Where they make a planar chain, of hinges or of joints that are close to one (a
        CustomJoint whose knee glides by less than 3 cm), the model has a skeleton and knows motion; else it knows
        moments and muscle forces (`EMGDrivenMomentRegressor`, `predict_moments`).
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
        columns are OpenSim's excitations, without delay and shape; they never fall below the muscle's
        ``minimum_activation`` (0.01 of Thelen's and Millard's, unless the file says otherwise).
    channels : dict, optional
        Muscle to the column of X that drives it, or a mixture of columns, as `Muscle` takes them. Default, and for
        muscles that it does not name: the muscle's own name.
    skeleton : {"auto", True, False}, default="auto"
        Whether the model has a skeleton. "auto": where the coordinates make a planar chain; a warning says why they do
        not. True: an error says so. False: moments and forces are all that is wanted.

    Returns
    -------
    MusculoskeletalModel
        Named after the file's model; coordinates and muscles have their names there. `path_errors` has the errors of
        the fitted paths.

    Raises
    ------
    ValueError
        When the file is faulty, the coordinates make no planar chain, a constraint other than a coupler of coordinates
        ties what they move, a muscle is unknown or spans none of them, its class is unknown and no `curves` are
        given, or OpenSim cannot measure a path. The message names the file and the element.
    ImportError
        When a path needs OpenSim, which is not installed.
    OSError
        When a file cannot be read.

    Warns
    -----
    UserWarning
        When a path is off by more than 0.1 mm in its length or 0.5 mm in a moment arm, a muscle's curves are only
        near those of its class, and of whatever acts on the coordinates in the file and has no counterpart here: forces
        (bushings, ligaments, springs, contact), actuators, locks, muscles that do not apply force, properties.

    Notes
    -----
    Bodies between two coordinates, and beyond the last one, are one rigid segment in the held posture. The plane is
    that of the first axis; others may be tilted by up to 20 degrees. A segment that carries another has its center of
    mass on the line between the two joints; centers of mass and orientations are those whose gravity torques agree best
    with the file's over the ranges. A single joint is exact, whatever its axis. SpringGeneralizedForce and
    CoordinateLimitForce become the joint's stiffness, damping and stops; without the latter, stops lie 0.2 rad outside
    the file's range. Loads in the hand need `load_distance` (see `MusculoskeletalModel.with_rows`).

    Where OpenSim's moment arm is not the slope of its length, as of paths over two wrapping surfaces or with
    conditional points, the moment arm is followed: it is what turns the joint. The length is then the integral of the
    moment arms, level with OpenSim's about the file's default posture, whatever the `ranges`, and `path_errors` has its
    error.

    Curves have the constants of the file. Activation follows the smooth rates of De Groote-Fregly (smoothing 10, also
    for the classes whose rates switch), starts in equilibrium (``default_activation`` has no effect), and explicit or
    implicit tendon dynamics are the same equation here.

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
    if skeleton not in ("auto", True, False):
        raise ValueError(f"`skeleton` must be 'auto', True or False. Got {skeleton!r}.")
    chain, why = _skeleton(model, coordinates, ranges, posture, skeleton)
    if why:
        warnings.warn(
            f"{Path(model.path).name}, {model.name!r}: the model has no skeleton, and knows moments and muscle "
            f"forces along measured motion, not motion: {why}",
            UserWarning,
            stacklevel=2,
        )
    base = posture | {n: float(np.clip(model.coordinates[n].default_value, *ranges[n])) for n in coordinates}
    check_constraints(model, coordinates, base)
    spans, idle = _spans(model, muscles, coordinates, base)
    channels = _channels(channels, spans)
    chosen = {name: model.muscles[name] for name in spans}
    families = {name: family_of(muscle, curves) for name, muscle in chosen.items()}
    if paths:
        fitted = _given_paths(paths, coordinates, spans)
    else:
        fitted = (fit_scattered if chain is None else fit_paths)(model, path, spans, ranges, base)
    _warn_of_what_differs(model, chosen, families, differences(model, coordinates, base, list(chosen.values()), idle))
    _warn_of_lengths(model, chosen, fitted, ranges)
    forces = [muscle.parameters["max_isometric_force"] for muscle in chosen.values()]
    scales = torque_scales(forces, [fitted[name] for name in spans], ranges)
    built = [
        make_muscle(muscle, fitted[n], families[n], drive, tendon=tendon, channel=channels.get(n))
        for n, muscle in chosen.items()
    ]
    if chain is None:
        joints = [make_coordinate(model, name, scale) for name, scale in zip(coordinates, scales, strict=True)]
    else:
        joints = [make_joint(model, s, ranges[s.coordinate], scale) for s, scale in zip(chain, scales, strict=True)]
    return MusculoskeletalModel(built, joints, name=model.name or Path(path).stem)


def _skeleton(model, coordinates, ranges, posture, wanted):
    """Segments of the planar chain, None where there are none; and why, in words, where that was not asked for."""
    if wanted is False:
        return None, ""
    try:
        return _chain(model, coordinates, ranges, posture), ""
    except ValueError as error:
        if wanted is True:
            raise
        return None, str(error)


def _chain(model, coordinates, ranges, posture):
    """Segments over the ranges; where a joint is no hinge within them (a knee's screw-home), over the file's own."""
    try:
        return planar_chain(model, coordinates, ranges, posture)
    except ValueError:
        whole = {name: widened(model.coordinates[name], own) for name, own in ranges.items()}
        if whole == ranges:
            raise
        try:
            return planar_chain(model, coordinates, whole, posture)
        except ValueError:
            pass
        raise


def _check_choice(name, got, known):
    if got not in known:
        raise ValueError(f"`{name}` must be one of {known}. Got {got!r}.")


def _check_coordinates(model, coordinates, posture):
    unknown = [name for name in (*coordinates, *posture) if name not in model.coordinates]
    if unknown or not coordinates or len(set(coordinates)) < len(coordinates):
        raise ValueError(
            f"`coordinates` must be different angles of {model.name!r}, which has {list(model.coordinates)}. Got "
            f"{list(coordinates)}" + (f", and {unknown} are not there." if unknown else ".")
        )
    twice = [name for name in posture if name in coordinates]
    driven = [c.dependent for c in model.couplers if c.dependent in coordinates]
    if twice or driven:
        why = "are held by `posture`" if twice else "follow others (CoordinateCouplerConstraint)"
        raise ValueError(
            f"The coordinates {twice or driven} of {model.name!r} {why}: leave them out of one of the two."
        )
    for name in coordinates:
        fault = model.joints[model.coordinates[name].joint].fault
        if fault:
            raise ValueError(fault)
    # A coupled one may turn by its own amount all the same (a spline through 0 0 and 1 1): the chain is the judge.
    shifting = [name for name in coordinates if model.coordinates[name].motion_type == "translational"]
    if shifting:
        raise ValueError(f"The coordinates {shifting} of {model.name!r} are no angles; moments are those about angles.")


def _ranges(model, coordinates, given):
    unknown = [name for name in given if name not in coordinates]
    if unknown:
        raise ValueError(f"`ranges` names {unknown}, which are none of the coordinates {list(coordinates)}.")
    found = {name: tuple(map(float, given.get(name, model.coordinates[name].range))) for name in coordinates}
    for name, (low, high) in found.items():
        if not 0 < high - low <= WIDEST:
            raise ValueError(
                f"The range of {name!r} must be wider than 0 and at most 2 pi [rad]; give it in `ranges`. Got "
                f"{low:g} to {high:g}."
            )
    return found


def _spans(model, muscles, coordinates, base):
    """Muscle to the coordinates that it spans; and the names of those that span some but do not act."""
    names = list(model.muscles) if muscles is None else [muscles] if isinstance(muscles, str) else list(muscles)
    unknown = [name for name in names if name not in model.muscles]
    if unknown:
        raise ValueError(f"The model {model.name!r} has no muscles {unknown}. It has {list(model.muscles)}.")
    spans = {name: _spanned(model, model.muscles[name], coordinates, base) for name in names}
    outside = [name for name, span in spans.items() if not span]
    if outside and muscles is not None:
        raise ValueError(f"The muscles {outside} of {model.name!r} span none of the coordinates {list(coordinates)}.")
    spans = {name: span for name, span in spans.items() if span}
    idle = [name for name in spans if muscles is None and not model.muscles[name].applies_force]
    spans = {name: span for name, span in spans.items() if name not in idle}
    if not spans:
        raise ValueError(
            f"No muscle of {model.name!r} spans any of the coordinates {list(coordinates)}"
            + (f" and applies force ({idle} do not)." if idle else ".")
        )
    for name in spans:
        if model.muscles[name].fault:
            raise ValueError(f"{model.muscles[name].fault} Choose `muscles` without it.")
    return spans, idle


def _spanned(model, muscle, coordinates, base):
    if muscle.fault and muscle.function is None:  # what its path names tells where it goes
        muscle = replace(muscle, points=(), wraps=())
    return spanned_coordinates(model, muscle, coordinates, base)


def _channels(given, spans):
    channels = dict(given or {})
    unknown = [name for name in channels if name not in spans]
    if unknown:
        raise ValueError(
            f"`channels` must map muscles of the model to columns of X. Got {unknown}, which are none of its "
            f"muscles {list(spans)}."
        )
    return channels


def _given_paths(file, coordinates, spans):
    found = load_paths(file, coordinates)
    missing = [name for name in spans if name not in found]
    if missing:
        raise ValueError(f"{file} has no paths of {missing}; it has {list(found)}. Choose among them by `muscles`.")
    return found


def _warn_of_what_differs(model, muscles, families, others):
    near = [m for name, m in muscles.items() if is_approximate(m, families[name])]
    if near:
        warnings.warn(
            f"The {families[near[0].name]} curves are only near those of {[m.name for m in near]}: "
            f"{near[0].name!r} is a {near[0].class_name}.",
            UserWarning,
            stacklevel=3,
        )
    if others:
        warnings.warn(
            f"{Path(model.path).name}, {model.name!r}: {'; '.join(others)} (file: {model.path}).",
            UserWarning,
            stacklevel=3,
        )


def _warn_of_lengths(model, muscles, paths, ranges):
    middle = np.array([np.mean(limits) for limits in ranges.values()])
    odd = filter(None, (odd_lengths(m, length_at(paths[name], middle)) for name, m in muscles.items()))
    told = list(odd)
    if told:
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        warnings.warn(f"{Path(model.path).name}, {model.name!r}: {told[0]}{more}", UserWarning, stacklevel=3)
