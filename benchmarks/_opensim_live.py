"""OpenSim itself: arm26 moved by stored excitations, its geometry, and the time that it takes."""

import time

import numpy as np
from _opensim_stored import ELBOW, SHOULDER, SPRING

SMOOTHING = 10.0  # of the activation dynamics, as in the stored movements and in sk_bionic


def moving_arm(file, stored, rigid, paths=None):
    """arm26, De Groote-Fregly muscles, shoulder welded at 0, spring at the elbow, driven by the excitations.

    `paths` (muscle to coefficients of the elbow's powers) replaces its geometry by functions.
    """
    import opensim

    processor = opensim.ModelProcessor(str(file))
    processor.append(opensim.ModOpReplaceMusclesWithDeGrooteFregly2016())
    if rigid:
        processor.append(opensim.ModOpIgnoreTendonCompliance())
    joints = opensim.StdVectorString()
    joints.append("r_shoulder")
    processor.append(opensim.ModOpReplaceJointsWithWelds(joints))
    model = processor.process()
    spring = opensim.SpringGeneralizedForce(ELBOW)
    spring.setStiffness(SPRING["joint_stiffness"])
    spring.setRestLength(SPRING["joint_rest_angle"])
    spring.setViscosity(SPRING["joint_damping"])
    model.addForce(spring)
    model.finalizeConnections()
    controller = opensim.PrescribedController()
    for k in range(model.getMuscles().getSize()):
        muscle = opensim.DeGrooteFregly2016Muscle.safeDownCast(model.updMuscles().get(k))
        muscle.set_activation_dynamics_smoothing(SMOOTHING)
        if paths:
            muscle.set_path(_function_path(opensim, paths[muscle.getName()]))
        controller.addActuator(muscle)
    for name, values in stored["excitation"].items():
        controller.prescribeControlForActuator(name, _samples(opensim, stored["time_s"], values))
    model.addController(controller)
    return model


def _samples(opensim, times, values):
    function = opensim.PiecewiseLinearFunction()
    for t, value in zip(times, values, strict=True):
        function.addPoint(t, value)
    return function


def _function_path(opensim, coefficients):
    length = opensim.MultivariatePolynomialFunction()
    vector = opensim.Vector(len(coefficients), 0.0)
    for k, coefficient in enumerate(coefficients):
        vector.set(k, coefficient)
    length.setDimension(1)
    length.setOrder(len(coefficients) - 1)
    length.setCoefficients(vector)
    path = opensim.FunctionBasedPath()
    path.appendCoordinatePath(f"/jointset/r_elbow/{ELBOW}")
    path.setLengthFunction(length)
    return path


def integrated(model, stored, accuracy, duration=np.inf):
    """CPU seconds and the elbow's angle [rad] at the stored times, by OpenSim's default integrator."""
    import opensim

    state = model.initSystem()
    elbow = model.getCoordinateSet().get(ELBOW)
    elbow.setValue(state, stored["initial_elbow_rad"])
    for k in range(model.getMuscles().getSize()):
        muscle = model.getMuscles().get(k)
        muscle.setActivation(state, stored["activation"][muscle.getName()][0])
    model.equilibrateMuscles(state)
    manager = opensim.Manager(model)
    manager.setIntegratorAccuracy(accuracy)
    manager.initialize(state)
    angles = [stored["initial_elbow_rad"]]
    begun = time.process_time()
    for t in stored["time_s"][1:]:
        if t > duration:
            break
        angles.append(elbow.getValue(manager.integrate(t)))
    return time.process_time() - begun, np.array(angles)


def postures_seconds(file, postures):
    """CPU seconds for lengths and both moment arms of all muscles of arm26 in (n, 2) postures."""
    import opensim

    model = opensim.Model(str(file))
    state = model.initSystem()
    coordinates = [model.getCoordinateSet().get(name) for name in (SHOULDER, ELBOW)]
    paths = [model.getMuscles().get(k).getPath() for k in range(model.getMuscles().getSize())]
    begun = time.process_time()
    for posture in postures:
        for coordinate, value in zip(coordinates, posture, strict=True):
            coordinate.setValue(state, float(value), False)
        model.realizePosition(state)
        for path in paths:
            path.getLength(state)
            for coordinate in coordinates:
                path.computeMomentArm(state, coordinate)
    return time.process_time() - begun
