"""OpenSim models through our parser and through OpenSim: coordinates, muscles, lengths; conversion by a model."""

from functools import lru_cache

import numpy as np
from _public_readers import Content, opensim_storage, table_content

from sk_bionic.io import read_sto
from sk_bionic.musculoskeletal.opensim_model import read_osim
from sk_bionic.musculoskeletal.opensim_model.geometry import muscle_tendon_lengths

_PARAMETERS = {
    "max_isometric_force": "getMaxIsometricForce",
    "optimal_fiber_length": "getOptimalFiberLength",
    "tendon_slack_length": "getTendonSlackLength",
    "pennation_angle_at_optimal": "getPennationAngleAtOptimalFiberLength",
}
_MOTIONS = ("undefined", "rotational", "translational", "coupled")
_POSTURES = (0.0, 0.3, 0.7)  # shares of the way from the default value to the range's end


def our_model(path):
    """Coordinates and muscles; what `read_osim` itself says it cannot read is not compared."""
    model = read_osim(path)
    found, unread = {}, set()
    for name, coordinate in model.coordinates.items():
        if coordinate.motion_type == "unknown":
            unread.add(name)
        found[f"{name}, motion"] = coordinate.motion_type
        found[f"{name}, default"] = coordinate.default_value
        found[f"{name}, range"] = _range(coordinate.range)
    for name, muscle in model.muscles.items():
        if muscle.fault or set(_PARAMETERS) - set(muscle.parameters):
            unread.add(name)
        found.update({f"{name}, {key}": value for key, value in muscle.parameters.items() if key in _PARAMETERS})
    return Content(found, unread=unread)


def opensim_model(path):
    model, _ = _loaded(path)
    found = {}
    for name, coordinate in _numbered(_members(model.getCoordinateSet())):
        if coordinate.getJoint().getName().startswith("free_"):
            continue  # OpenSim's own, for bodies that no joint of the file holds
        found[f"{name}, motion"] = _MOTIONS[coordinate.getMotionType()]
        found[f"{name}, default"] = coordinate.getDefaultValue()
        found[f"{name}, range"] = _range((coordinate.getRangeMin(), coordinate.getRangeMax()))
    for muscle in model.getMuscleList():
        found.update({f"{muscle.getName()}, {key}": getattr(muscle, get)() for key, get in _PARAMETERS.items()})
    return Content(found)


@lru_cache(maxsize=1)
def _loaded(path):
    import opensim

    model = opensim.Model(str(path))
    return model, model.initSystem()


def lengths(path):
    """Lengths of the muscles that our parser knows without OpenSim, by both, at some postures; (ours, OpenSim's)."""
    ours, theirs = Content(), Content()
    parsed = read_osim(path)
    model, state = _loaded(path)
    for share in _POSTURES:
        posture = {}
        for coordinate in _members(model.getCoordinateSet()):
            if coordinate.getDefaultLocked() or coordinate.isConstrained(state):
                continue
            lower, upper = coordinate.getRangeMin(), coordinate.getRangeMax()
            start = coordinate.getDefaultValue()
            end = upper if share < 0.5 else lower
            if not np.isfinite(end) or abs(end) > 10:
                end = start
            posture[coordinate.getName()] = start + share * (end - start)
            coordinate.setValue(state, posture[coordinate.getName()], False)
        model.assemble(state)
        model.realizePosition(state)
        values = {c.getName(): c.getValue(state) for c in _members(model.getCoordinateSet())}
        muscles = {muscle.getName(): muscle for muscle in model.getMuscleList()}
        for names in _readable(parsed, values, list(muscles)):
            found = muscle_tendon_lengths(parsed, values, names)
            ours.values.update({f"{name} at {share:g}": value for name, value in zip(names, found, strict=True)})
            theirs.values.update({f"{name} at {share:g}": muscles[name].getLength(state) for name in names})
    return ours, theirs


def _readable(parsed, values, names):
    """Lists of the muscles that need no OpenSim: halved until those that wrap stand alone."""
    if not names:
        return
    try:
        muscle_tendon_lengths(parsed, values, names)
    except ValueError:
        if len(names) > 1:
            yield from _readable(parsed, values, names[: len(names) // 2])
            yield from _readable(parsed, values, names[len(names) // 2 :])
    else:
        yield names


def converted(path, models):
    """A file in degrees in radians, by us and by OpenSim with the first model that knows one of its columns."""
    labels = set(read_sto(path, degrees=False).columns)
    for name in models:
        try:
            coordinates = read_osim(name).coordinates
            if not labels & {part for key in coordinates for part in (key, f"/jointset/{key}/value")}:
                continue
            engine = _loaded(name)[0].getSimbodyEngine()
        except (ValueError, RuntimeError):
            continue
        ours = read_sto(path, model=name)
        columns = {column: ours[column].to_numpy() for column in ours}
        return Content({"time": ours.index.get_level_values("time"), **columns}), _converted(path, engine)
    return None


def _converted(path, engine):
    import opensim

    try:
        table = opensim.TimeSeriesTable(str(path))
    except RuntimeError:
        storage = opensim.Storage(str(path))
        engine.convertDegreesToRadians(storage)
        return opensim_storage(path, storage)
    engine.convertDegreesToRadians(table)
    return table_content(table)


def _range(ends):
    """Of a coordinate without a range, OpenSim says 10 rad or m where the file, or the default, says 99999.9."""
    return "none" if abs(ends[0]) == abs(ends[1]) and (abs(ends[0]) == 10 or abs(ends[0]) > 99999) else ends


def _numbered(members):
    """Names and members, the second of a name as `read_osim` calls it."""
    names = []
    for member in members:
        name, number = member.getName(), names.count(member.getName()) + 1
        names.append(name)
        yield (name if number == 1 else f"{name} ({number})"), member


def _members(collection):
    return [collection.get(i) for i in range(collection.getSize())]
