"""The lumped joint: any EMG columns, one muscle each, with signed moment arms to be identified."""

from math import cos

from .model import MusculoskeletalModel
from .muscle import Muscle
from .path import PolynomialPath
from .skeleton import Joint


def _lumped_muscle(name, channel, coordinate, n_coordinates):
    exponents = [tuple([0] * n_coordinates), tuple(int(d == coordinate) for d in range(n_coordinates))]
    return Muscle(
        name,
        PolynomialPath((0.2 + 0.1 * cos(0.1), -0.03), exponents),
        channel,
        {
            "max_isometric_force": {"value": 500.0, "free": False},
            "optimal_fiber_length": {"value": 0.1, "free": False},
            "tendon_slack_length": 0.2,
            "pennation_angle_at_optimal": 0.1,
            "passive_fiber_strain_at_one_norm_force": 1.5,
            "activation_time_constant": {"value": 0.04, "prior_scale": 0.7, "free": True},
            "deactivation_time_constant": {"value": 0.08, "prior_scale": 0.7, "free": True},
            "moment_arm_scale": {
                "value": 0.0, "lower": -6.0, "upper": 6.0, "prior_scale": 1.0, "transformation": "identity",
                "free": True,
            },
        },
    )  # fmt: skip


def _lumped_coordinate(name):
    log = {"transformation": "log", "prior_scale": 0.8, "free": True}
    return Joint(
        name,
        torque_scale=5.0,
        limits_from_data=True,
        parameters={
            "moment_of_inertia": 0.1,
            "segment_mass": 1.0,
            "joint_stiffness": {"value": 4.0, "lower": 0.1, **log},
            "joint_rest_angle": {"value": 0.0, "prior_scale": 0.5, "free": True},
            "joint_damping": {"value": 1.0, "lower": 0.02, **log},
        },
    )


def lumped_joint(channels, coordinates=("angle",)):
    """Joints with one muscle per EMG column, for limbs that nobody has modelled: the meaning of ``model="auto"``.

    Parameters
    ----------
    channels : sequence of str
        EMG columns; each drives one muscle on every coordinate.
    coordinates : sequence of str
        Names of the coordinates. The joints are not coupled.

    Returns
    -------
    MusculoskeletalModel
        Generic muscles (500 N, fibers of 0.1 m) whose signed moment arms are free (`moment_arm_scale` times 0.03 m),
        on joints with free stiffness, damping and rest angle and without gravity. Torques and forces are relative to
        an assumed inertia of 0.1 kg m^2.

    Examples
    --------
    >>> from sk_bionic.musculoskeletal import lumped_joint
    >>> lumped_joint(["flexor", "extensor"]).muscle_names
    ('flexor', 'extensor')
    """
    n = len(coordinates)
    muscles = [
        _lumped_muscle(channel if n == 1 else f"{channel}_{coordinate}", channel, d, n)
        for d, coordinate in enumerate(coordinates)
        for channel in channels
    ]
    return MusculoskeletalModel(muscles, [_lumped_coordinate(name) for name in coordinates], name="auto")
