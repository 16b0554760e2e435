"""Whether a calibration to joint moments can be right, and what would explain the moments instead."""

from dataclasses import dataclass, replace

import numpy as np

from ..dynamics.measured import MeasuredMotion
from ..exceptions import SimulationError
from ..musculoskeletal.presets import place_limits
from ._case import Case, Explanation
from ._search import POOR, RATIOS, Search
from .from_torques import identify_torques
from .plausibility import of_search
from .suspicion import Suspicion

# Measured moments over those of the model before its calibration, beyond which they are in another unit.
TOO_LARGE, TOO_SMALL = 60.0, 1 / 15
MANY_MUSCLES, WELL = 12, (0.25, 0.5)  # error over standard deviation that raises no question, for few and many muscles
ZEROS = np.deg2rad([-90.0, -60.0, -40.0, -20.0, 20.0, 40.0, 60.0, 90.0])


@dataclass(frozen=True)
class MomentCase(Case):
    """A model and what was measured: EMG, angles and the moments that are to be explained.

    `moments` (n_frames, n_coordinates) [N m], NaN where unknown.
    """

    moments: np.ndarray = None
    unit = "N m"
    kinds = ("moment_sign", "sign", "zero", "swapped", "lag")

    @property
    def target(self):
        """The moments."""
        return self.moments

    @property
    def well(self):
        """Error over standard deviation below which a fit explains its recording."""
        return WELL[self.model.n_muscles > MANY_MUSCLES]

    @property
    def usual_lead(self):
        """Time [s] from EMG to moment."""
        return 0.08

    def zeros(self, d, poor):
        """Zeros [rad] that are tried."""
        return ZEROS if poor else ()

    def with_angle(self, angle, zero_free=None):
        """The case with other angles; the goniometer's zero has no part in moments of its own."""
        return replace(self, model=place_limits(self.model, angle), angle=angle)

    @staticmethod
    def y_code(code):
        """How the user writes a change of the angles."""
        return code.replace("y", "the angle") + " in that column of X"

    def explained(self):
        """What the model can make of it, None where its moments cannot be computed."""
        try:
            # Far outside of the range of its paths a model's moments are no numbers.
            with np.errstate(all="ignore"):
                motion = MeasuredMotion.of_angles(self.model, self.trials, self.excitation, self.angle, self.exogenous)
                found = identify_torques(motion, self.moments, self.weight, exact_errors=False)
        except (SimulationError, np.linalg.LinAlgError):
            return None
        measured = np.isfinite(self.moments).any(axis=0)
        return Explanation.of(found, self.angle) if np.isfinite(found.noise_std[measured]).all() else None


def implausible_calibration(motion, angle, moments, weight, found):
    """What makes a calibration implausible.

    Parameters
    ----------
    motion : MeasuredMotion
        The model before its calibration on the trials.
    angle : ndarray (n_frames, n_coordinates) or None
        Measured angles [rad], where they are known.
    moments : ndarray (n_frames, n_coordinates)
        Measured moments [N m], NaN where unknown.
    weight : ndarray (n_frames,) or None
    found : TorqueIdentification

    Returns
    -------
    list of Suspicion
        Where lengths are data, or of models with many muscles, whose counterfactuals would take minutes: the unit and
        the sign of the moments alone.
    """
    unit = _unit(moments, motion.moments())
    if unit is not None:
        return [unit]
    if motion.units.constant is None or motion.model.n_muscles > MANY_MUSCLES:
        return _turned(motion, moments, weight, found)
    case = MomentCase.of(motion, angle, weight, moments=moments)
    base = Explanation.of(found, case.angle)
    if case.explained_by(base):
        return []
    return of_search(Search(case, case.explained() or base))


def _turned(motion, moments, weight, found):
    """Whether moments of the opposite sign would be explained far better."""
    known = np.isfinite(moments).any(axis=0)
    spread = np.nanstd(moments[:, known], axis=0)
    if not np.max(found.noise_std[known] / np.maximum(spread, 1e-9)) > POOR:
        return []
    try:
        other = identify_torques(motion, -moments, weight, exact_errors=False)
    except (SimulationError, np.linalg.LinAlgError):
        return []
    ratio = np.median(other.noise_std[known] / found.noise_std[known])
    if not ratio < RATIOS["moment_sign"]:
        return []
    meaning = (
        f"With moments of the opposite sign the model leaves {np.median(other.noise_std[known]):.3g} N m "
        f"unexplained, now {np.median(found.noise_std[known]):.3g}."
    )
    advice = "Moments must be positive where they increase the angle: pass -y."
    return [Suspicion("moment_sign", "", -1.0, "", meaning, advice, advice)]


def _unit(moments, generic):
    known = np.isfinite(moments)
    size, usual = (float(np.sqrt(np.mean(values[known] ** 2))) for values in (moments, generic))
    if not usual > 0 or TOO_SMALL <= size / usual <= TOO_LARGE:
        return None
    seen = f"The moments are of the size {size:.3g}, those of the model {usual:.3g} N m:"
    if size > usual:
        meaning, advice = f"{seen} are they in N mm?", "Moments must be in N m: divide N mm by 1000."
    else:
        meaning = f"{seen} are they in N m per kg of body mass?"
        advice = "Moments must be in N m: multiply N m/kg by the body mass."
    return Suspicion("moment_unit", "", size / usual, "", meaning, advice, advice)
