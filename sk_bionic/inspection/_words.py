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
# What terms of the report mean, for those who point at them; of several spellings the singular in small letters.
TERMS = {
    "emg": "Electromyogram: the electrical signal of a muscle, here from electrodes on the skin.",
    "error": "Root mean square of measured minus predicted angle: its usual size over all frames.",
    "error [deg]": "Root mean square of measured minus predicted angle: its usual size over all frames.",
    "held-out error": "Error for recordings that the model was not fitted to: what to expect of new ones.",
    "error of the fit": "Error for the very recordings that the model was fitted to: new ones show a larger one.",
    "r\u00b2": "Share of the angle's variance that is predicted: 1 is perfect, 0 no better than the mean angle.",
    "range of motion [deg]": "Largest minus smallest measured angle of the trial.",
    "band": "Where the model expects the measured angle to lie.",
    "within the band": "Share of the frames whose measured angle lies within the band: about 95 % should.",
    "seen in the fit": "Whether the model was fitted to this trial: then its error says little about new ones.",
    "hum of the mains": "The electrical network's frequency in the signal, from bad electrode contact or cables.",
    "standard error": "How far the value may be off by chance, given the noise of the measured angle.",
    "identified \u00b1 2 standard errors": "The value that explains the recording best, and how far it may be off.",
    "generic": "The value of an average adult, before anything was identified.",
    "at its bound": "The recording asks for a value that is not plausible: something else is wrong.",
    "not determined": "The recording says nothing about it: the value is the generic one, not the subject's own.",
    "parameters determined": "Properties of muscles and joint that this recording tells with some certainty.",
    "correlation": "Near 1 or -1: the recording tells only a combination of the two.",
    "residual": "The torque at the joint that the model's muscles, inertia and passive tissue do not explain.",
    "of its maximal isometric force": "The largest force relative to the most that the muscle holds at rest length.",
    "recording": "Result of the checks of EMG and angle that are listed below.",
    **{name.replace("_", " "): meaning for name, meaning in MEANINGS.items()},
}
SIGNIFICANT = 3  # digits
BAND = 2.0  # standard errors or deviations to each side


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


def interval(row):
    """A row of `parameters_` as its value and error; where that would cross the bounds, as the ends that are left."""
    half = BAND * row.std_err
    if np.isfinite(half) and not row.lower <= row.value - half <= row.value + half <= row.upper:
        ends = (number(max(row.value - half, row.lower)), number(min(row.value + half, row.upper)))
        return f"{number(row.value)} ({ends[0]} to {ends[1]})"
    return with_error(row.value, half)


def _decimals(value, significant):
    return max(0, significant - 1 - int(np.floor(np.log10(abs(value))))) if value else 0
