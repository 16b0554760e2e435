"""Data sets: simulated, and recorded ones that are downloaded on demand."""

from sk_bionic.datasets.measured_moments import (
    fetch_gait_11_trials,
    fetch_gait_cp_child,
    fetch_plantarflexor_torque,
)
from sk_bionic.datasets.recorded import fetch_elbow_load_emg, fetch_knee_emg
from sk_bionic.datasets.simulated import make_elbow_flexion
from sk_bionic.datasets.simulated_arm import make_arm_reaching

__all__ = [
    "fetch_elbow_load_emg",
    "fetch_gait_11_trials",
    "fetch_gait_cp_child",
    "fetch_knee_emg",
    "fetch_plantarflexor_torque",
    "make_arm_reaching",
    "make_elbow_flexion",
]
