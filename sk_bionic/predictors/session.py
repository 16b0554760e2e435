"""A new session of a fitted subject: what changes when electrodes and goniometer are put on again.

Goniometer offset, EMG gains and electromechanical delay move, under priors about the training's; anatomy and networks
stay. Where the equation of motion predicts alone, it is asked (identification of these parameters alone), else the
learners of the EMG are: the maximum a posteriori of what their inputs and output are multiplied and shifted by.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares

from ..exceptions import IdentifiabilityWarning, warn_user
from ..identification.identifiability import LINE, NOT_NARROWER, fitting_in, unlearnt
from ..identification.identify import identify
from .posture_errors import factor_of_errors, measured_frames, time_of

SESSION_PARAMETERS = ("goniometer_offset", "emg_gain", "electromechanical_delay")
OFFSET_STD, LOG_GAIN_STD, DELAY_STD = 0.05, 0.2, 0.02  # of the priors [rad, 1, s]
# Labelled angles that span less of the training's range than this are one posture, which tells the offset alone.
ONE_POSTURE, SPAN_OF_STD = 0.2, 3.0  # range of a movement in standard deviations
FIXED = 1e-9  # bound of what shall not move
LARGEST_DELAY, MAX_EVALUATIONS = 0.1, 8  # s; linearisations


class Session(NamedTuple):
    """What differs from the training's session.

    Attributes
    ----------
    offset : ndarray (n_coordinates,)
        Added to predicted angles [rad].
    emg_gain : ndarray (n_channels,)
        Factor on the normalised EMG.
    delay : float
        Further delay of the EMG [s].
    """

    offset: np.ndarray
    emg_gain: np.ndarray
    delay: float

    @classmethod
    def as_trained(cls, n_coordinates, n_channels):
        """The session of the training data."""
        return cls(np.zeros(n_coordinates), np.ones(n_channels), 0.0)


def calibrated(model, motion, angle, noise_std):
    """Model with the session's parameters identified anew, everything else as it was.

    Parameters
    ----------
    model : MusculoskeletalModel
        Identified in an earlier session; its values are the centres of the priors.
    motion : EquationOfMotion
        The new session's frames.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown.
    noise_std : ndarray (n_coordinates,) or None
        What the model left of the training's angles [rad]: it will leave as much of these.

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
    identification = identify(motion.with_model(session), angle, known_noise_std=noise_std)
    _warn([finding.message for finding in unlearnt(identification.model, identification.covariance)])
    moved = [row.name in SESSION_PARAMETERS for row in rows]
    return model.with_values(np.where(moved, identification.model.parameters.value, model.parameters.value))


def calibrated_inputs(predict, angle, trials, error_std, angle_std, channels):
    """Session under which learners of the EMG agree best with the measured angles.

    Their errors are correlated along a movement and wherever the limb comes back to a posture (`posture_errors`).

    Parameters
    ----------
    predict : callable
        Angles (n_frames, n_coordinates) [rad] under a `Session`.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad]; NaN where unknown.
    trials : Trials
        Of the frames.
    error_std : ndarray (n_coordinates,)
        The learners' own error [rad].
    angle_std : ndarray (n_coordinates,)
        Standard deviation of the training's angles [rad].
    channels : sequence of str
        Names of the EMG channels.

    Returns
    -------
    Session

    Warns
    -----
    IdentifiabilityWarning
        When the labelled frames leave something at what it was in training.
    """
    d = angle.shape[1]
    start = predict(Session.as_trained(d, len(channels)))  # which names a trial that is too short
    rows = measured_frames(angle, trials)
    span = np.nanmax(angle, axis=0) - np.nanmin(angle, axis=0)
    moves = (span > ONE_POSTURE * SPAN_OF_STD * angle_std).any()
    factors = [factor_of_errors(start[rows[k], k], time_of(trials)[rows[k]]) for k in range(d)]
    prior_std = np.concatenate([np.full(d, OFFSET_STD), np.full(len(channels), LOG_GAIN_STD), [DELAY_STD]])

    def session(x):
        moved = x * prior_std
        return Session(moved[:d], np.exp(moved[d:-1]), float(moved[-1]))

    def residual(x):
        error = (predict(session(x)) + session(x).offset - angle) / error_std
        white = [solve_triangular(factors[k], error[rows[k], k], lower=True) for k in range(d)]
        return np.concatenate([*white, x])

    bound = np.concatenate([np.full(d, 5.0), np.full(len(channels), 3.0), [LARGEST_DELAY / DELAY_STD]])
    bound[d:] = bound[d:] if moves else FIXED
    # A delay moves interpolated EMG: differences must be taken over more than rounding.
    found = least_squares(
        residual, np.zeros(len(bound)), bounds=(-bound, bound), diff_step=1e-3, max_nfev=MAX_EVALUATIONS
    )
    posterior = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    posterior[d:] = posterior[d:] if moves else 1.0
    names = ["goniometer_offset"] * d + [f"{name}/emg_gain" for name in channels] + ["electromechanical_delay"]
    _warn([name for name, std in zip(names, posterior, strict=True) if std > NOT_NARROWER])
    return session(found.x)


def _warn(names):
    if names:
        warn_user(
            f"The labelled frames do not determine: {fitting_in(names, LINE)}.\n"
            "They stay near the values of the earlier session.",
            IdentifiabilityWarning,
        )
