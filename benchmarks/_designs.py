"""Recordings and choices that cannot determine the parameters: is the user told?"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from _recovery import Section, each, recover
from _subjects import constant_channel, copied_channels, elbow_subject, held_posture
from _tables import markdown

from sk_bionic.musculoskeletal import elbow

DEFAULT = (
    "max_isometric_force",
    "optimal_fiber_length",
    "emg_shape_factor",
    "electromechanical_delay",
)
INERTIA = (*DEFAULT, "moment_of_inertia")
WHOLE_SCALE = (*INERTIA, "segment_mass", "joint_stiffness", "joint_damping", "limit_stiffness")
EMG_NOISE = 0.1  # relative
NOISY = "held posture, 10 % noise on the EMG"


def _held_with_noise(seed):
    """A held posture whose EMG is constant but for noise, as every recorded one."""
    subject = held_posture(seed)
    noise = np.random.RandomState(seed).normal(size=subject.data.shape)
    return subject._replace(data=subject.data * (1.0 + EMG_NOISE * noise).clip(min=0.0))


class Design(NamedTuple):
    """A recording (function of the seed), what is identified, what stays open: owners or names."""

    subject: object
    identify: tuple
    left_open: tuple


DESIGNS = {
    "all maximal forces and the inertia free": Design(
        elbow_subject, INERTIA, ("max_isometric_force", "moment_of_inertia")
    ),
    "the same, mass, stiffness, damping and stops free too": Design(
        elbow_subject, WHOLE_SCALE, ("max_isometric_force", "moment_of_inertia")
    ),
    "held posture": Design(held_posture, DEFAULT, DEFAULT),
    NOISY: Design(_held_with_noise, DEFAULT, ("emg_shape_factor", "electromechanical_delay")),
    "constant EMG of the triceps": Design(constant_channel, DEFAULT, ("triceps",)),
    "the triceps' EMG a copy of the biceps'": Design(copied_channels, DEFAULT, DEFAULT),
}


def _flags(item):
    """Name of the design, whether a warning came, parts of open and of all parameters flagged."""
    name, seed = item
    design = DESIGNS[name]
    recovery = recover(design.subject(seed), elbow(), identify=list(design.identify))
    table = recovery.table
    left_open = table["muscle"].isin(design.left_open) | table["name"].isin(design.left_open)
    flagged = ~table["identifiable"]
    return name, bool(recovery.warning), flagged[left_open].mean(), flagged.mean(), recovery.warning


def flags(arguments):
    """Warnings and flags of designs that cannot work; the section on noise has those that can."""
    items = [(name, seed) for name in DESIGNS for seed in range(arguments.design_subjects)]
    results = pd.DataFrame(each(_flags, items, arguments.jobs), columns=["design", "warned", "open", "all", "text"])
    grouped = results.groupby("design", sort=False)
    table = 100 * grouped[["warned", "open", "all"]].mean()
    table.columns = [
        "subjects warned [%]",
        "open parameters flagged [%]",
        "all parameters flagged [%]",
    ]
    text = (
        f"{arguments.design_subjects} subjects each. Open parameters: those of which such a "
        f"recording says nothing or nothing on their own. {NOISY}: the identification takes the "
        "noise for excitation and some of the parameters for known. What the first subject's user "
        "reads:"
    )
    warnings = [f"* {name}: {part.iloc[0] or 'nothing'}" for name, part in grouped["text"]]
    warned, flagged = table.iloc[:, 0].min(), table.iloc[:, 1].drop(NOISY).min()
    claims = [
        (
            "designs that cannot work: subjects warned of, fewest [%]",
            "100",
            f"{warned:.0f}",
            warned == 100,
        ),
        (
            "the same without EMG noise: open parameters flagged, fewest [%]",
            "100",
            f"{flagged:.0f}",
            flagged == 100,
        ),
    ]
    parts = [text, "\n".join(warnings), markdown(table, default=".0f", index_name="design")]
    return Section("Designs that cannot determine the parameters", parts, claims)
