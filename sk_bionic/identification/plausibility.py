"""Whether a fit can be right, and what would explain the recording instead."""

import numpy as np

from ._case import FAR_FROM_PRIOR, Case, Explanation
from ._search import Search
from .at_rest import rest_suspicions
from .suspicion import Suspicion

FAR_ZERO = 2.0  # prior standard deviations of an identified zero
NOT_EXPLAINED = 0.84  # error over standard deviation of what was measured, above which the model says nothing
# Identified maximal forces over the model's: of one muscle, and of all of them (their geometric mean, and the nearest
# to 1).
FORCE, STRENGTH = 3.0, (1.6, 1.35)


def implausibilities(motion, angle, weight=None, identification=None, scaled=False):
    """What makes an identification from angles implausible.

    Parameters
    ----------
    motion : EquationOfMotion
        The model before identification on the training trials.
    angle : ndarray (n_frames, n_coordinates)
        Measured angles [rad], NaN where unknown.
    weight : ndarray (n_frames,), optional
    identification : Identification, optional
        What was found. Default: it is sought on a part of the frames.
    scaled : bool
        Whether the EMG is in units of its own largest value, so that its muscles may seem weak.

    Returns
    -------
    list of Suspicion
        Empty where the fit can be right.
    """
    case = Case.of(motion, angle, weight)
    rest = rest_suspicions(motion, angle, scaled)
    found = None if identification is None else Explanation.of(identification, angle)
    if found is not None and case.explained_by(found):
        return parameters_far_off(found.model, scaled, rest)
    base = case.explained()
    if base is None:
        base = found
    if base is None:
        return rest
    if found is not None:
        base = Explanation(base.model, np.minimum(base.error, found.error), base.prior, base.joint_angle)
    return of_search(Search(case, base), scaled, rest)


def of_search(search, scaled=False, rest=()):
    """Suspicions that a search for counterfactuals ends in, or else `rest`: what the posture at rest tells."""
    best = search.best()
    if best:
        return [in_words(best, search)]
    if search.unexplained > NOT_EXPLAINED and not rest:
        return [_unexplained(search)]
    return parameters_far_off(search.base.model, scaled, rest)


def parameters_far_off(model, scaled=False, rest=()):
    """Identified parameters that no subject has, list of Suspicion."""
    return [*(rest or _zeros(model)), *strengths(model, scaled)]


def _zeros(model):
    """Goniometers whose identified zero is far from what their priors allow."""
    rows = [r for r in model.parameters.rows if r.name == "goniometer_offset" and r.free and _distance(r) > FAR_ZERO]
    return [
        Suspicion(
            "zero", r.owner, float(np.rad2deg(r.value)), "deg",
            f"The zero of the angle {r.owner!r} seems to be off by {abs(np.rad2deg(r.value)):.0f} deg or more: it "
            f"reads too {'much' if r.value > 0 else 'little'}.",
            "Check the zero of the goniometer in a posture that is known, and subtract what it reads too much from y.",
            "Check the zero of the goniometer in a posture that is known, and correct the angles.",
        )
        for r in rows
    ]  # fmt: skip


def strengths(model, scaled=False):
    """Maximal forces that no muscle has, list of Suspicion."""
    rows = [r for r in model.parameters.rows if r.name == "max_isometric_force" and r.free]
    if not rows or model.name == "auto":
        return []
    ratio = np.array([r.value / r.initial for r in rows])
    common = float(np.exp(np.log(ratio).mean()))
    least = ratio.min() if common > 1 else 1.0 / ratio.max()
    size = max(common, 1.0 / common)
    if len(rows) > 1 and size > STRENGTH[0] and least > STRENGTH[1] and not (scaled and common < 1):
        return [_strength(common)]
    odd = [(r, x) for r, x in zip(rows, ratio, strict=True) if x > FORCE and _distance(r) > FAR_FROM_PRIOR]
    if not odd:
        return []
    row, x = max(odd, key=lambda pair: pair[1])
    return [
        Suspicion(
            "force", row.owner, float(row.value), "N",
            f"{row.owner} would need {row.value:.0f} N, {x:.1f} times what it has in the model.",
            "Check sign and zero of the angle, the channels' names, the posture and the masses of the model.",
            "Check sign and zero of the angle, the channels' names, the posture and the masses of the model.",
        )
    ]  # fmt: skip


def _distance(row):
    step = np.log(row.value / row.initial) if row.transformation == "log" else row.value - row.initial
    return abs(step) / row.prior_scale


def _strength(common):
    heavy, light = f"{common:.1f} times", f"{100 * common:.0f} % of"
    size = heavy if common > 1 else light
    if common > 1:
        meaning = (
            f"All muscles come out at {size} their strength in the model: the mass may be wrong (the limb "
            "lighter than the model's), or the EMG too small."
        )
        advice = "Check segment_mass and the loads against the subject, and what the EMG was normalised to."
    else:
        meaning = (
            f"All muscles come out at {size} their strength in the model: the mass may be wrong (the limb "
            "heavier than the model's), or the EMG was normalised to less than a maximal contraction."
        )
        advice = "Check segment_mass and the loads against the subject, and normalise the EMG to a maximal contraction."
    return Suspicion("strength", "", common, "", meaning, advice, advice)


def _unexplained(search):
    unit, error = search.case.unit, float(np.nanmax(search.base.error))
    text = f"{np.rad2deg(error):.0f} deg" if unit == "rad" else f"{error:.3g} N m"
    what = "angles" if unit == "rad" else "moments"
    part = 100 * max(0.0, 1 - search.unexplained**2)
    return Suspicion(
        "unexplained", "", error, unit,
        f"The model explains {part:.0f} % of the {what}' variance ({text} are left), and no other sign, zero, order of "
        "channels or lag explains them better.",
        f"Check that EMG and {what} are of the same trials and of one clock, and that the model is of this joint.",
        f"Check that EMG and {what} are of the same trials and of one clock, and that the model is of this joint.",
    )  # fmt: skip


def in_words(alternatives, search):
    """The best counterfactual as a Suspicion, alternatives that explain the recording as well behind it."""
    best = alternatives[0]
    suspicion = _WORDS[best.kind](best, search)
    others = dict.fromkeys(c.kind for c in alternatives[1:] if c.kind != best.kind)
    if others:
        also = " or ".join(_ALSO[kind] for kind in others)
        suspicion = suspicion._replace(meaning=f"{suspicion.meaning[:-1]}, or {also}.")
    return suspicion


_ALSO = {
    "moment_sign": "the moments have the opposite sign",
    "sign": "its sign is turned", "zero": "its zero is off", "swapped": "channels are exchanged",
    "lag": "EMG and motion are out of step", "posture": "the limb is in another posture", "rate": "the rate is wrong",
    "mass": "the limb's mass is wrong",
}  # fmt: skip


def _errors(c, search):
    before, after = (float(np.nanmax(e.error)) for e in (search.base, c.explanation))
    if search.case.unit == "rad":
        return f"{np.rad2deg(after):.1f} deg are then left unexplained, now {np.rad2deg(before):.1f}"
    return f"{after:.3g} N m are then left unexplained, now {before:.3g}"


def _of_sign(c, search):
    turn = np.pi / 2 * round(c.value / (np.pi / 2))
    new = {0: "-y", -180: "np.pi - y", 180: "-np.pi - y", -90: "np.pi / 2 - y", 90: "-np.pi / 2 - y"}
    near = abs(c.value - turn) < np.deg2rad(25.0)
    degrees = round(np.rad2deg(-turn)) if near else round(np.rad2deg(-c.value))
    code = new.get(-degrees, f"np.deg2rad({degrees}) - y") if near else f"np.deg2rad({degrees}) - y"
    words = "turn its sign" if degrees == 0 else f"use {degrees} deg minus the angle"
    return Suspicion(
        "sign", c.what, -1.0, "",
        f"The angle {c.what!r} seems to have the opposite sign ({_errors(c, search)}).",
        f"Fit with {search.case.y_code(code)}.", f"Turn the direction of the angle {c.what!r}: {words}.",
    )  # fmt: skip


def _of_zero(c, search):
    degrees = float(np.rad2deg(c.value))
    more = "too much" if degrees > 0 else "too little"
    code = f"y - np.deg2rad({degrees:.0f})" if degrees > 0 else f"y + np.deg2rad({-degrees:.0f})"
    do = "Subtract" if degrees > 0 else "Add"
    prep = "from" if degrees > 0 else "to"
    return Suspicion(
        "zero", c.what, degrees, "deg",
        f"The zero of the angle {c.what!r} seems to be off by about {abs(degrees):.0f} deg: it reads {more} "
        f"({_errors(c, search)}).",
        f"Fit with {search.case.y_code(code)}, or free 'goniometer_offset'.",
        f"{do} about {abs(degrees):.0f} deg {prep} the angle {c.what!r}.",
    )  # fmt: skip


def _of_swap(c, search):
    first, second = c.what
    advice = f"Exchange the columns {first!r} and {second!r}."
    return Suspicion(
        "swapped", first, 1.0, second,
        f"The channels {first!r} and {second!r} seem to be exchanged ({_errors(c, search)}).", advice, advice,
    )  # fmt: skip


def _of_lag(c, search):
    late = "late" if c.value > 0 else "early"
    what = "angle" if search.case.unit == "rad" else "moments"
    advice = (
        f"Move the EMG {abs(c.value):.2f} s {'earlier' if c.value > 0 else 'later'}, or synchronise the two devices."
    )
    return Suspicion(
        "lag", "", c.value, "s",
        f"The EMG seems to come {abs(c.value):.2f} s too {late} for the {what}: a lag between two devices "
        f"({_errors(c, search)}).",
        advice, advice,
    )  # fmt: skip


def _of_posture(c, search):
    turn = float(np.rad2deg(c.value))
    advice = (
        "Check the posture: 'segment_orientation' of the model, or a column 'segment_orientation_rad' (here "
        f"{turn:+.0f} deg more)."
    )
    return Suspicion(
        "posture", "", turn, "deg",
        f"Gravity seems to pull from another side: the posture differs from the model's by about {turn:+.0f} deg "
        f"({_errors(c, search)}).",
        advice, advice,
    )  # fmt: skip


def _of_rate(c, search):
    advice = "Check `sampling_rate` and the unit of the time stamps."
    return Suspicion(
        "rate", "", c.value, "",
        f"The motion seems to be {'slower' if c.value > 1 else 'faster'} than its time stamps say, by a factor of "
        f"about {max(c.value, 1 / c.value):g} ({_errors(c, search)}).",
        advice, "Check sampling_rate and the unit of the time stamps.",
    )  # fmt: skip


def _of_mass(c, search):
    size = (
        f"{1 / c.value:g} times as heavy in the model as it is"
        if c.value < 1
        else f"{c.value:g} times as heavy as in the model"
    )
    advice = "Check segment_mass, moment_of_inertia and the loads of the model against the subject."
    return Suspicion(
        "mass", "", c.value, "", f"The limb seems to be about {size} ({_errors(c, search)}).", advice, advice,
    )  # fmt: skip


def _of_moment_sign(c, search):
    return Suspicion(
        "moment_sign", "", -1.0, "",
        f"The moments seem to have the opposite sign ({_errors(c, search)}).",
        "Pass -moments: a moment is positive where it increases the angle.",
        "Turn the sign of the moments: they are positive where they increase the angle.",
    )  # fmt: skip


_WORDS = {
    "moment_sign": _of_moment_sign,
    "sign": _of_sign, "zero": _of_zero, "swapped": _of_swap, "lag": _of_lag, "posture": _of_posture, "rate": _of_rate,
    "mass": _of_mass,
}  # fmt: skip


__all__ = ["implausibilities", "of_search", "strengths"]
