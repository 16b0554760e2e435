"""What an OpenSim model file says that a planar model of some of its angles has no counterpart for."""

from .geometry import resting_value
from .sampling import moves, steers

LONGEST_FIBER, SHORTEST_PATH = 3.0, 0.5  # in optimal fiber lengths; in tendon slack lengths: beyond, a unit is odd


def check_constraints(model, coordinates, base):
    """ValueError where an enforced constraint ties what a coordinate moves."""
    for component in model.others:
        acting = [n for n in coordinates if component.kind == "constraint" and _acts_on(model, component, n, base)]
        if acting:
            raise ValueError(
                f"{model.path}: the constraint {component} of {model.name!r} ties what {acting[0]!r} moves, and "
                "is not supported. Choose other "
                "coordinates, or take it out of a copy of the file (isEnforced false) where it may be left out."
            )


def differences(model, coordinates, base, muscles, left_out):
    """Sentences on what the file has and the planar model has not.

    Parameters
    ----------
    model : OsimModel
    coordinates : sequence of str
    base : dict of str to float
        Posture.
    muscles : sequence of OsimMuscle
        Those of the planar model.
    left_out : sequence of str
        Muscles that span the coordinates but do not act in the file.

    Returns
    -------
    list of str
    """
    return [
        *_of_constraints(model),
        *_of_forces(model, coordinates, base),
        *_of_limits(model, coordinates),
        *_of_coordinates(model, coordinates, base),
        *_of_muscles(muscles, left_out),
        *_of_controllers(model, muscles),
        *_relevant(model.notes, [*coordinates, *(muscle.name for muscle in muscles)]),
    ]


def _relevant(notes, names):
    """Those on names that the file has twice which name one of what was asked for."""
    return [note for note in notes if "_units" in note or any(repr(name) in note for name in names)]


def _acts_on(model, component, name, base):
    bodies = component.bodies if len(component.bodies) > 1 else component.bodies | {"ground"}
    return steers(model, name, component.coordinates) or moves(model, bodies, name, base)


def _of_constraints(model):
    """Those that do not tie the coordinates, yet may hold others at values that are not their defaults."""
    found = [str(component) for component in model.others if component.kind == "constraint"]
    if found:
        yield (
            "constraints between other bodies are not solved, which OpenSim may do before it begins: "
            f"{', '.join(found)}; other coordinates are held at the file's default values, or at those of `posture`"
        )


def _of_forces(model, coordinates, base):
    found = {"force": [], "actuator": []}
    for component in model.others:
        unknown = not component.bodies and not component.coordinates
        acts = unknown or any(_acts_on(model, component, n, base) for n in coordinates)
        if component.kind in found and acts:
            found[component.kind].append(str(component))
    if found["force"]:
        yield f"forces are left out: {', '.join(found['force'])}"
    if found["actuator"]:
        yield f"actuators are left out, nothing drives them here: {', '.join(found['actuator'])}"


def _of_limits(model, coordinates):
    for limit in (model.limits[name] for name in coordinates if name in model.limits):
        what = []
        if limit.lower_stiffness != limit.upper_stiffness:
            what.append("lower_stiffness and upper_stiffness are averaged")
        if limit.damping:
            what.append("damping is left out")
        if what:
            yield f"CoordinateLimitForce {limit.name!r}: {' and '.join(what)}"


def _of_coordinates(model, coordinates, base):
    for name, coordinate in model.coordinates.items():
        if name in coordinates:
            states = [("locked", coordinate.locked), ("prescribed", coordinate.prescribed is not None)]
            said = " and ".join(word for word, holds in states if holds)
            if said:
                yield f"Coordinate {name!r} is {said} in the file; here it moves"
        elif coordinate.prescribed is not None and name not in base:
            now, later = resting_value(coordinate), float(coordinate.prescribed(1.0))
            if now != later:
                yield f"Coordinate {name!r} has a prescribed_function of time; it is held at its value at 0 s, {now:g}"


def _of_muscles(muscles, left_out):
    by_departure = {}
    for muscle in muscles:
        for tag, text in muscle.departures.items():
            by_departure.setdefault((tag, text), []).append(muscle.name)
    for (tag, text), names in by_departure.items():
        yield f"{tag} {text} of {_listed(names)} is not followed"
    asked = [muscle.name for muscle in muscles if not muscle.applies_force]
    if asked:
        yield (
            f"{_listed(asked)} do not apply force in the file (appliesForce false or isDisabled true); asked for "
            "by name, they do here"
        )
    if left_out:
        yield (
            f"{_listed(left_out)} do not apply force in the file (appliesForce false or isDisabled true) and are "
            "left out"
        )


def _of_controllers(model, muscles):
    names = {"ALL", *(muscle.name for muscle in muscles)}
    found = [str(c) for c in model.others if c.kind == "controller" and c.driven & names]
    if found:
        yield f"controllers of these muscles are left out: {', '.join(found)}"


def odd_lengths(muscle, length):
    """A sentence where a muscle's path does not fit its fiber and tendon, as in another unit; empty where it does.

    Parameters
    ----------
    muscle : OsimMuscle
    length : float
        Of its path in the middle of the ranges [m].
    """
    optimal, slack = (muscle.parameters[name] for name in ("optimal_fiber_length", "tendon_slack_length"))
    if length < SHORTEST_PATH * slack or length - slack > LONGEST_FIBER * optimal:
        return (
            f"{muscle.name} is {length:.3g} m long, but has a tendon_slack_length of {slack:g} and an "
            f"optimal_fiber_length of {optimal:g} m: are they in meters?"
        )
    return ""


def _listed(names, most=6):
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
