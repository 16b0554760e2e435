"""Ready-made joints (elbow, wrist, knee), and the names of all ready-made models."""

from math import pi

import numpy as np

from .limbs import arm, leg
from .model import MusculoskeletalModel
from .muscle import Muscle, choose, muscles_with_paths
from .path import PolynomialPath
from .skeleton import Joint

# Path lengths [m] over the elbow's flexion [rad] with the shoulder at 0, fitted to lengths that OpenSim 4.6 computes
# for arm26.osim (0 to 2.27 rad; RMS deviation 6 and 23 micrometres); muscle parameters: BIClong and TRIlong there,
# segment: r_ulna_radius_hand.
_ELBOW = {
    "biceps": ((0.424571, -0.009176, -0.018099, 0.002303, -0.000688, 0.000357), 624.3, 0.1157, 0.2723, 0.0),
    "triceps": ((0.277619, 0.019926, 0.012658, -0.015055, 0.006597, -0.001012), 798.52, 0.134, 0.143, 0.2094),
}
# Gonzalez, Buchanan and Delp (1997), J. Biomechanics 30, 705-712: wrist.osim, lengths over wrist flexion as OpenSim
# 4.6 computes them (-1.2 to 1.2 rad; RMS deviation at most 22 micrometres). ECU before tendon transfer.
_WRIST = {
    "FCR": ((0.285701, -0.015483, -0.001064, 0.000754), 59.7, 0.0628, 0.2185, 0.0541),
    "FCU": ((0.287136, -0.014235, -0.001565, -0.000032), 102.6, 0.0509, 0.2420, 0.2112),
    "ECRL": ((0.301825, 0.010096, -0.001114, -0.000426), 65.7, 0.0936, 0.2026, 0.0436),
    "ECRB": ((0.282232, 0.016319, -0.001106, -0.000812), 122.9, 0.0585, 0.2205, 0.1553),
    "ECU": ((0.291891, 0.005956, -0.000854, -0.000128), 117.0, 0.0622, 0.2310, 0.0611),
}
# Moment arm [m], maximal force [N], optimal fiber length [m], tendon slack length [m] (gait2392: rect_fem, bifemlh,
# vas_int, bifemlh). Each stands for its group; the fiber is at its optimal length at 1.05 rad.
_KNEE = {
    "rectus_femoris": (-0.040, 600.0, 0.10, 0.310),
    "biceps_femoris": (0.030, 500.0, 0.11, 0.326),
    "vastus_medialis": (-0.040, 900.0, 0.09, 0.136),
    "semitendinosus": (0.035, 500.0, 0.13, 0.326),
}
_KNEE_OPTIMAL_ANGLE = 1.05


def elbow(muscles=None):
    """Elbow flexion with the upper arm hanging: biceps and triceps, each standing for its group.

    Parameters
    ----------
    muscles : sequence of str, optional
        Subset of ("biceps", "triceps"), for recordings that lack a channel.

    Returns
    -------
    MusculoskeletalModel
        Coordinate ``elbow_flexion`` [rad], 0 when extended. Geometry, muscle and segment values from arm26.osim
        (Holzbaur, Murray and Delp 2005); passive stiffness and damping of the size reported for relaxed elbows. Where a
        muscle is left out, stiffness, rest angle, damping and goniometer offset are free: they stand for what it did.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import elbow
    >>> elbow().coordinate_names
    ('elbow_flexion',)
    """
    chosen = choose(_ELBOW, muscles, "elbow")
    incomplete = len(chosen) < len(_ELBOW)
    joint = Joint(
        "elbow_flexion",
        torque_scale=3.0,
        parameters={
            "moment_of_inertia": 0.0706,
            "segment_mass": 1.534,
            "center_of_mass": 0.1815,
            "load_distance": 0.32,
            "joint_stiffness": {"value": 2.0, "free": incomplete},
            "joint_rest_angle": {"value": 1.0, "free": incomplete},
            "joint_damping": {"value": 0.5, "free": incomplete},
            "goniometer_offset": {"value": 0.0, "free": incomplete},
            "lower_limit": 0.0,
            "upper_limit": 2.4,
        },
    )
    return MusculoskeletalModel(muscles_with_paths(_ELBOW, chosen), [joint], name="elbow")


def wrist(muscles=None):
    """Wrist flexion and extension in a horizontal plane: FCR, FCU, ECRL, ECRB, ECU.

    Parameters
    ----------
    muscles : sequence of str, optional
        Subset of the five.

    Returns
    -------
    MusculoskeletalModel
        Coordinate ``wrist_flexion`` [rad], flexion positive. Geometry and muscle values from wrist.osim (Gonzalez et
        al. 1997); the hand from Winter (2009) for 75 kg and 1.75 m. The plane of motion is horizontal (forearm half
        pronated, resting), so gravity does no work: the center of mass lies on the axis. For another posture give
        `center_of_mass` and `segment_orientation` through ``with_rows``.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import wrist
    >>> wrist().coordinate_names
    ('wrist_flexion',)
    """
    chosen = choose(_WRIST, muscles, "wrist")
    joint = Joint(
        "wrist_flexion",
        torque_scale=1.0,
        parameters={
            "moment_of_inertia": 0.0056,
            "segment_mass": 0.45,
            "load_distance": 0.09,
            "joint_stiffness": 0.5,
            "joint_damping": 0.05,
            "lower_limit": -1.2,
            "upper_limit": 1.2,
            "limit_stiffness": 10.0,
        },
    )
    return MusculoskeletalModel(muscles_with_paths(_WRIST, chosen), [joint], name="wrist")


# What a surface recording without torque or anthropometry leaves open at the knee; prior widths of the shared
# reference values.
_KNEE_MUSCLE_PRIORS = {
    "emg_shape_factor": {"value": -1.5, "prior_scale": 0.7, "free": True},
    "activation_time_constant": {"value": 0.04, "prior_scale": 0.7, "free": True},
    "deactivation_time_constant": {"value": 0.08, "prior_scale": 0.7, "free": True},
    "electromechanical_delay": {"value": 0.02, "lower": -0.05, "prior_scale": 0.03, "free": True},
    "passive_fiber_strain_at_one_norm_force": {"value": 0.95, "upper": 2.0, "prior_scale": 0.2, "free": True},
}


def _knee_muscle(name):
    moment_arm, force, optimal, slack = _KNEE[name]
    return Muscle(
        name,
        PolynomialPath.constant_moment_arm(moment_arm, slack + optimal, _KNEE_OPTIMAL_ANGLE),
        parameters={
            "max_isometric_force": {"value": force, "lower": force / 20, "upper": 20 * force, "prior_scale": 0.8},
            "optimal_fiber_length": {"value": optimal, "free": False},
            "tendon_slack_length": {
                "value": slack, "lower": slack - 0.4 * optimal, "upper": slack + 0.4 * optimal,
                "prior_scale": 0.12 * optimal, "transformation": "identity",
            },
            **_KNEE_MUSCLE_PRIORS,
        },
    )  # fmt: skip


def knee(posture="seated", muscles=None):
    """Knee flexion with rectus femoris, biceps femoris, vastus medialis and semitendinosus.

    Parameters
    ----------
    posture : {"seated", "standing"}
        "seated": the thigh is horizontal and the shank hangs at 90 degrees of flexion. "standing": the thigh is
        vertical.
    muscles : sequence of str, optional
        Subset of the four, each of which stands for its group.

    Returns
    -------
    MusculoskeletalModel
        Coordinate ``knee_flexion`` [rad], 0 when extended, flexion positive. Stops, passive tissue, gravity torque,
        time constants and goniometer offset are free besides the muscles' forces and lengths, all under priors.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import knee
    >>> knee("standing", muscles=["rectus_femoris", "semitendinosus"]).channels
    ('rectus_femoris', 'semitendinosus')
    """
    if posture not in ("seated", "standing"):
        raise ValueError(f"`posture` must be 'seated' or 'standing'. Got {posture!r}.")
    seated = posture == "seated"
    chosen = choose(_KNEE, muscles, "knee")
    joint = Joint(
        "knee_flexion",
        torque_scale=10.0,
        limits_from_data=True,
        parameters={
            "moment_of_inertia": {"value": 0.42, "prior_scale": 0.3, "free": True},
            "segment_mass": 4.43,
            "center_of_mass": {"value": 0.26, "prior_scale": 0.2, "transformation": "log", "lower": 0.05, "free": True},
            "segment_orientation": -pi / 2 if seated else 0.0,
            "load_distance": 0.40,
            "joint_stiffness": {"value": 4.0, "lower": 0.1, "prior_scale": 0.8, "transformation": "log", "free": True},
            "joint_rest_angle": {"value": 1.2 if seated else 0.3, "prior_scale": 0.4, "free": True},
            "joint_damping": {"value": 1.0, "lower": 0.02, "prior_scale": 0.8, "transformation": "log", "free": True},
            "co_contraction_stiffness": {
                "value": 3.0,
                "lower": 0.03,
                "prior_scale": 1.0,
                "transformation": "log",
                "free": True,
            },
            "lower_limit": {"value": 0.0, "free": True},
            "upper_limit": {"value": 2.4, "free": True},
            "goniometer_offset": {"value": 0.0, "prior_scale": 0.15, "free": True},
        },
    )
    return MusculoskeletalModel([_knee_muscle(name) for name in chosen], [joint], name=f"knee_{posture}")


#: Functions that make the ready-made models, by the names that the estimators take.
PRESETS = {
    "elbow": elbow,
    "wrist": wrist,
    "knee_seated": lambda: knee("seated"),
    "knee_standing": lambda: knee("standing"),
    "arm": arm,
    "leg": leg,
}


def with_observed_range(model, lower, upper, rest):
    """Model whose stops (and, for the lumped joint, rest angle) start from the recorded motion.

    Parameters
    ----------
    model : MusculoskeletalModel
    lower, upper, rest : array (n_coordinates,)
        Ends of the recorded range and its median [rad].

    Returns
    -------
    MusculoskeletalModel
        Unchanged for joints without ``limits_from_data``.
    """
    changes = {}
    for joint, low, high, middle in zip(model.free_joints, lower, upper, rest, strict=True):
        if not joint.limits_from_data:
            continue
        for name, angle in (("lower_limit", low), ("upper_limit", high)):
            changes[joint.name, name] = {"initial": angle, "value": angle, "lower": angle - 0.5, "upper": angle + 0.5}
        if model.name == "auto":
            changes[joint.name, "joint_rest_angle"] = {
                "initial": middle,
                "value": middle,
                "lower": low - 1,
                "upper": high + 1,
            }
    return model.with_rows(changes)


def place_limits(model, angle):
    """Model whose stops start at the ends of the recorded motion, where the joint asks for that.

    Angle (n_frames, n_coordinates) [rad].
    """
    low, rest, high = np.nanpercentile(angle, [2.0, 50.0, 98.0], axis=0)
    return with_observed_range(model, low, high, rest)
