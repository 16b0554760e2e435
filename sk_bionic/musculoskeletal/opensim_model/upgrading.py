"""What models of versions before 3 called differently, renamed as OpenSim 4 does when it opens them."""

OLDEST = 10901  # OpenSim 4.6 opens none before
# OpenSim 4.6: `Object::renameType` and the `updateFromXMLNode` of muscles, paths and points.
RENAMED = {
    "ActuatorSet": "ForceSet",
    "MuscleWrap": "PathWrap",
    "MuscleWrapSet": "PathWrapSet",
    "MusclePoint": "PathPoint",
    "MuscleViaPoint": "ConditionalPathPoint",
    "MovingMusclePoint": "MovingPathPoint",
    "MusclePointSet": "PathPointSet",
    "XAttachment": "x_location",
    "YAttachment": "y_location",
    "ZAttachment": "z_location",
    "pennation_angle": "pennation_angle_at_optimal",
}
RENAMED_ALWAYS = {
    "Schutte1993Muscle": "Schutte1993Muscle_Deprecated",
    "Delp1990Muscle": "Delp1990Muscle_Deprecated",
}


def upgrade(root, version):
    """Rename the elements of a parsed file, in place.

    Parameters
    ----------
    root : xml.etree.ElementTree.Element
    version : int
        Of the document.
    """
    names = {**RENAMED_ALWAYS, **(RENAMED if version < 30000 else {})}
    for element in root.iter():
        element.tag = names.get(element.tag, element.tag)
    if version <= 20001:
        for point in root.iter("ConditionalPathPoint"):
            for coordinate in point.findall("coordinates"):
                coordinate.tag = "coordinate"
