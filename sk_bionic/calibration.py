"""A new session of a fitted subject: what changes when electrodes and goniometer are put on again."""

import warnings

import numpy as np

from .dynamics.identifiability import unlearnt
from .dynamics.identify import identify
from .exceptions import IdentifiabilityWarning

SESSION_PARAMETERS = ("goniometer_offset", "electromechanical_delay")


def calibrated(model, motion, angle):
    """Model with the session's parameters identified anew, everything else as it was.

    Parameters
    ----------
    model : MusculoskeletalModel
        Identified in an earlier session; its values are the centres of the priors.
    motion : Motion
        The new session's frames.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown.

    Returns
    -------
    MusculoskeletalModel

    Warns
    -----
    IdentifiabilityWarning
        When the labelled frames leave a parameter at what the earlier session found.
    """
    rows = model.parameters.rows
    centred = {(r.owner, r.name): {"initial": r.value} for r in rows if r.name in SESSION_PARAMETERS}
    session = model.with_rows(centred).identifying(SESSION_PARAMETERS)
    identification = identify(motion.with_model(session), angle)
    findings = unlearnt(identification.model, identification.covariance)
    if findings:
        named = "; ".join(finding.message for finding in findings)
        warnings.warn(
            f"The labelled frames do not determine: {named}. They stay near the values of the earlier session.",
            IdentifiabilityWarning,
            stacklevel=3,
        )
    values = np.where([row.name in SESSION_PARAMETERS for row in rows], identification.model.parameters.value, model.parameters.value)
    return model.with_values(values)
