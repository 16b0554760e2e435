"""Ready-made linkages: arm (shoulder and elbow) and leg (hip, knee and ankle)."""

from .model import MusculoskeletalModel
from .muscle import choose, muscles_with_paths
from .skeleton import Joint

# fmt: off
# Path from exponents of (shoulder_elevation, elbow_flexion) to coefficients, fitted by `fit_path` to lengths and moment
# arms that OpenSim 4.6 computes for arm26.osim at shoulder -60 to 90 degrees, elbow 0 to 130 degrees; behind each name
# the root mean square errors of length and (largest of both joints') moment arm. Where arm26's lengths jump (its
# wrapping switches: BIClong by 2 mm at a shoulder angle of 30 degrees, TRIlong by 2 and 3 mm at 42 and 75 degrees) the
# length goes on as its moment arm says, so that it stays the integral of what turns the joint. Then maximal force [N],
# optimal fiber length [m], tendon slack length [m] and pennation [rad] of arm26.
_ARM = {
    "TRIlong": (  # 0.075 mm, 0.48 mm
        {(0, 0): 0.277683, (0, 1): 0.020097, (1, 0): 0.037386, (0, 2): 0.012059, (2, 0): 0.001411,
         (0, 3): -0.014319, (3, 0): -0.006834, (0, 4): 0.006225, (4, 0): 0.001646,
         (0, 5): -0.000946},
        798.52, 0.134, 0.143, 0.2094,
    ),
    "TRIlat": (  # 0.026 mm, 0.20 mm
        {(0, 0): 0.166614, (0, 1): 0.020098, (0, 2): 0.012055, (0, 3): -0.014312, (0, 4): 0.006220,
         (0, 5): -0.000945},
        624.3, 0.1138, 0.098, 0.1571,
    ),
    "TRImed": (  # 0.026 mm, 0.20 mm
        {(0, 0): 0.154242, (0, 1): 0.020098, (0, 2): 0.012055, (0, 3): -0.014312, (0, 4): 0.006220,
         (0, 5): -0.000945},
        624.3, 0.1138, 0.0908, 0.1571,
    ),
    "BIClong": (  # 0.081 mm, 0.49 mm
        {(0, 0): 0.424436, (0, 1): -0.008792, (1, 0): -0.021560, (0, 2): -0.017451,
         (2, 0): 0.001134, (3, 0): 0.002162, (0, 4): 0.000979, (4, 0): 0.000475},
        624.3, 0.1157, 0.2723, 0.0,
    ),
    "BICshort": (  # 0.085 mm, 0.49 mm
        {(0, 0): 0.341673, (0, 1): -0.008792, (1, 0): -0.007169, (0, 2): -0.017451,
         (2, 0): 0.027132, (3, 0): 0.003942, (0, 4): 0.000979, (4, 0): -0.007037, (5, 0): -0.000991,
         (6, 0): 0.001144},
        435.56, 0.1321, 0.1923, 0.0,
    ),
    "BRA": (  # 0.043 mm, 0.31 mm
        {(0, 0): 0.147380, (0, 1): -0.015272, (0, 3): 0.010918, (0, 4): -0.015036, (0, 5): 0.006503,
         (0, 6): -0.000929},
        987.26, 0.0858, 0.0535, 0.0,
    ),
}
# The same over (hip_flexion, knee_flexion, ankle_dorsiflexion) for leg6dof9musc.osim at hip -30 to 90, knee 0 to 120,
# ankle -50 to 30 degrees.
_LEG = {
    "glut_max2": (  # 0.106 mm, 0.86 mm
        {(0, 0, 0): 0.230361, (1, 0, 0): 0.061532, (2, 0, 0): -0.006680, (3, 0, 0): -0.003224},
        1944.0, 0.1629, 0.1407, 0.0,
    ),
    "psoas": (  # 0.052 mm, 0.70 mm
        {(0, 0, 0): 0.280594, (1, 0, 0): -0.042224, (2, 0, 0): -0.006136, (3, 0, 0): 0.005945,
         (5, 0, 0): -0.005051, (6, 0, 0): 0.002527},
        2342.0, 0.1074, 0.1719, 0.1396,
    ),
    "bifemlh": (  # 0.191 mm, 0.90 mm
        {(0, 0, 0): 0.494425, (0, 1, 0): -0.032364, (1, 0, 0): 0.057450, (0, 2, 0): -0.010202,
         (1, 1, 0): 0.000748, (2, 0, 0): 0.019162, (0, 3, 0): 0.006041, (2, 1, 0): -0.000711,
         (3, 0, 0): -0.010839},
        2594.0, 0.1282, 0.3835, 0.0,
    ),
    "rect_fem": (  # 0.147 mm, 0.88 mm
        {(0, 0, 0): 0.477915, (0, 1, 0): 0.053600, (1, 0, 0): -0.045245, (0, 2, 0): 0.010719,
         (1, 1, 0): 0.000999, (2, 0, 0): -0.016356, (0, 3, 0): -0.013056, (2, 1, 0): -0.000734,
         (3, 0, 0): 0.008245, (0, 4, 0): 0.002664},
        1169.0, 0.1329, 0.3613, 0.0873,
    ),
    "bifemsh": (  # 0.038 mm, 0.43 mm
        {(0, 0, 0): 0.285908, (0, 1, 0): -0.024375, (0, 2, 0): -0.016540, (0, 3, 0): 0.006868},
        960.0, 0.2008, 0.1033, 0.4014,
    ),
    "vas_int": (  # 0.097 mm, 0.74 mm
        {(0, 0, 0): 0.214527, (0, 1, 0): 0.053379, (0, 3, 0): -0.004384, (0, 4, 0): 0.000786},
        4530.0, 0.1262, 0.1368, 0.0524,
    ),
    "med_gas": (  # 0.097 mm, 0.90 mm
        {(0, 0, 0): 0.516474, (0, 0, 1): 0.058095, (0, 1, 0): -0.027099, (0, 0, 2): -0.009925,
         (0, 2, 0): 0.001701, (0, 0, 3): -0.009217, (0, 3, 0): 0.000731},
        2241.0, 0.1031, 0.4125, 0.2967,
    ),
    "soleus": (  # 0.041 mm, 0.38 mm
        {(0, 0, 0): 0.337523, (0, 0, 1): 0.056148, (0, 0, 2): -0.012564, (0, 0, 3): -0.008312},
        5137.0, 0.0926, 0.2548, 0.4363,
    ),
    "tib_ant": (  # 0.016 mm, 0.16 mm
        {(0, 0, 0): 0.341040, (0, 0, 1): -0.042198, (0, 0, 2): -0.007689, (0, 0, 3): 0.002371},
        1759.0, 0.1101, 0.2504, 0.0873,
    ),
}
# fmt: on


def arm(muscles=None):
    """Shoulder and elbow in the sagittal plane: the six muscles of arm26.

    Parameters
    ----------
    muscles : sequence of str, optional
        Subset of ("TRIlong", "TRIlat", "TRImed", "BIClong", "BICshort", "BRA").

    Returns
    -------
    MusculoskeletalModel
        Coordinates ``shoulder_elevation`` (0 hanging, forward positive) and ``elbow_flexion`` (0 extended) [rad].
        Geometry, muscle and segment values from arm26.osim (Holzbaur, Murray and Delp 2005), whose elbow axis is tilted
        by 3 degrees out of the plane's normal; here it is parallel. Only muscles that cross the elbow are there, no
        deltoid: the shoulder is moved by the long muscles of the upper arm and by the forearm, or prescribed. Passive
        stiffness and damping of the size reported for relaxed arms. Paths hold for a shoulder between -60 and 90
        degrees.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import arm
    >>> arm().coordinate_names
    ('shoulder_elevation', 'elbow_flexion')
    """
    chosen = choose(_ARM, muscles, "arm")
    shoulder = Joint(
        "shoulder_elevation",
        torque_scale=5.0,
        parameters={
            "moment_of_inertia": 0.0739,
            "segment_mass": 1.865,
            "center_of_mass": 0.1805,
            "segment_length": 0.2905,
            "joint_stiffness": 2.0,
            "joint_damping": 0.5,
            "lower_limit": -1.05,
            "upper_limit": 1.57,
            "limit_stiffness": 200.0,
        },
    )
    elbow = Joint(
        "elbow_flexion",
        torque_scale=3.0,
        parent="shoulder_elevation",
        parameters={
            "moment_of_inertia": 0.0706,
            "segment_mass": 1.534,
            "center_of_mass": 0.1815,
            "load_distance": 0.32,
            "joint_stiffness": 2.0,
            "joint_rest_angle": 1.0,
            "joint_damping": 0.5,
            "lower_limit": 0.0,
            "upper_limit": 2.27,
            "limit_stiffness": 200.0,
        },
    )
    return MusculoskeletalModel(muscles_with_paths(_ARM, chosen), [shoulder, elbow], name="arm")


def leg(muscles=None):
    """Hip, knee and ankle in the sagittal plane, the pelvis held: the nine muscles of leg6dof9musc.

    Parameters
    ----------
    muscles : sequence of str, optional
        Subset of ("glut_max2", "psoas", "bifemlh", "rect_fem", "bifemsh", "vas_int", "med_gas", "soleus", "tib_ant").

    Returns
    -------
    MusculoskeletalModel
        Coordinates ``hip_flexion``, ``knee_flexion`` and ``ankle_dorsiflexion`` [rad], all 0 in upright standing;
        ``knee_flexion`` is minus OpenSim's ``knee_angle``. The foot swings free: there is no ground. Geometry, muscle
        and segment values from leg6dof9musc.osim (a reduction of gait2392, Delp et al. 1990), with talus, calcaneus and
        toes as one foot, without the patella, and with a knee that does not glide (0.47 m below the hip; there 0.465 m
        straight to 0.494 m bent). Passive stiffness and damping of the size reported for relaxed legs.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import leg
    >>> leg().coordinate_names
    ('hip_flexion', 'knee_flexion', 'ankle_dorsiflexion')
    """
    chosen = choose(_LEG, muscles, "leg")
    hip = Joint(
        "hip_flexion",
        torque_scale=20.0,
        parameters={
            "moment_of_inertia": 0.5192,
            "segment_mass": 8.549,
            "center_of_mass": 0.1995,
            "segment_length": 0.47,
            "joint_stiffness": 8.0,
            "joint_rest_angle": 0.1,
            "joint_damping": 2.0,
            "lower_limit": -0.52,
            "upper_limit": 1.57,
            "limit_stiffness": 500.0,
        },
    )
    knee = Joint(
        "knee_flexion",
        torque_scale=10.0,
        parent="hip_flexion",
        direction=-1.0,
        parameters={
            "moment_of_inertia": 0.2871,
            "segment_mass": 4.674,
            "center_of_mass": 0.2098,
            "segment_length": 0.483,
            "joint_stiffness": 4.0,
            "joint_rest_angle": 0.3,
            "joint_damping": 1.0,
            "lower_limit": 0.0,
            "upper_limit": 2.09,
            "limit_stiffness": 300.0,
        },
    )
    ankle = Joint(
        "ankle_dorsiflexion",
        torque_scale=5.0,
        parent="knee_flexion",
        parameters={
            "moment_of_inertia": 0.01383,
            "segment_mass": 1.384,
            "center_of_mass": 0.05705,
            "segment_orientation": 1.141,  # the foot's center of mass lies before the ankle, not below it
            "load_distance": 0.12,
            "joint_stiffness": 8.0,
            "joint_rest_angle": -0.2,
            "joint_damping": 0.3,
            "lower_limit": -0.87,
            "upper_limit": 0.52,
            "limit_stiffness": 200.0,
        },
    )
    return MusculoskeletalModel(muscles_with_paths(_LEG, chosen), [hip, knee, ankle], name="leg")
