"""Parameters, places and numbers in plain language."""

import numpy as np
import pandas as pd

MEANINGS = {
    "max_isometric_force": "How strongly the muscle can pull at most: depends on its size and training.",
    "optimal_fiber_length": "The fiber length at which the muscle is strongest: short fibers lose force away from it.",
    "tendon_slack_length": "The length at which the tendon begins to pull: sets where in the range the muscle is taut.",
    "pennation_angle_at_optimal": "The angle between fibers and tendon.",
    "max_contraction_velocity": "How fast the fibers can shorten without load.",
    "emg_shape_factor": "How EMG turns into activation: 0 is proportional, the more negative the sooner it saturates.",
    "emg_gain": "How much excitation a unit of EMG stands for.",
    "electromechanical_delay": "The time from the electrical signal to the muscle's response.",
    "activation_time_constant": "How quickly the muscle switches on.",
    "deactivation_time_constant": "How quickly the muscle switches off.",
    "moment_of_inertia": "How hard the limb is to accelerate.",
    "joint_damping": "How much the joint resists fast movement.",
    "joint_stiffness": "How much the passive tissue resists leaving the position of rest.",
    "joint_rest_angle": "The angle to which passive tissue alone brings the joint.",
    "goniometer_offset": "What the goniometer reads at the model's zero.",
    "lower_limit": "Where the joint's lower stop begins.",
    "upper_limit": "Where the joint's upper stop begins.",
    "moment_arm": "The lever with which the muscle turns the joint; the sign tells the direction.",
}
SIGNIFICANT = 3  # digits


def parameter_flag(row):
    """Why a row of `parameters_` is not to be relied on; empty where it is."""
    if row.at_bound:
        return "at its bound"
    return "" if row.identifiable else "not determined"


def parameter_meaning(name):
    """A sentence for somebody who does not know the model."""
    return MEANINGS.get(name, name.replace("_", " ").capitalize() + ".")


def place(row):
    """Channel, trial and time of a finding, in words."""
    parts = [] if pd.isna(row.channel) else [f"{row.channel}"]
    if row.trial is not None and not (isinstance(row.trial, float) and np.isnan(row.trial)):
        parts.append(f"trial {row.trial}")
    if np.isfinite(row.start):
        parts.append(f"{row.start:.2f} to {row.stop:.2f} s")
    return ", ".join(parts) or "whole recording"


def number(value, digits=None):
    """A number in plain notation where that is short, with some decimals or three significant digits."""
    if not np.isfinite(value):
        return "?"
    if value and not 1e-4 <= abs(value) < 1e6:
        text = f"{value:.{SIGNIFICANT - 1}e}"
    else:
        decimals = _decimals(value, SIGNIFICANT) if digits is None else digits
        text = f"{value:.{decimals}f}"
    return text.replace("-", "\u2212")


def with_error(value, error):
    """A value and its error, both to the error's second significant digit."""
    if not np.isfinite(error) or error <= 0:
        return number(value)
    decimals = _decimals(error, 2)
    return f"{number(value, decimals)} ± {number(error, decimals)}"


def _decimals(value, significant):
    return max(0, significant - 1 - int(np.floor(np.log10(abs(value))))) if value else 0
