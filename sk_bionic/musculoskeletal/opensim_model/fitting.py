"""Polynomial paths of the muscles of an OpenSim model."""

import warnings
from dataclasses import replace

import numpy as np

from ..path_fit import fit_path
from .sampling import sample_paths
from .wrapping import import_opensim, needs_opensim

LENGTH_TOLERANCE, ARM_TOLERANCE = (
    2e-5,
    1e-4,
)  # m; elbows of arm26 then move within 0.1 deg of OpenSim's
POOR_LENGTH, POOR_ARM = 1e-4, 5e-4  # m; root mean square errors that deserve a warning
LARGEST_DEGREE = {1: 14, 2: 10}  # of a polynomial by how many angles a muscle spans
DEGREE = 7  # where it spans more
REACHABLE = 1.1  # how much of the least possible error fewer terms may cost


def fit_paths(model, file, spans, ranges, base):
    """Paths of several muscles over the ranges of the angles.

    Parameters
    ----------
    model, file, spans, ranges, base
        As `sample_paths` takes them.

    Returns
    -------
    dict of str to PolynomialPath

    Raises
    ------
    ImportError
        When a path needs OpenSim, which is not installed.

    Warns
    -----
    UserWarning
        When a path is off by more than 0.1 mm in its length or 0.5 mm in a moment arm, or its moment arms are not the
        slopes of its length.
    """
    reasons = needs_opensim(model, spans)
    if reasons:
        import_opensim(reasons)  # before the others are measured
    samples = sample_paths(model, file, spans, ranges, base)
    fitted = {name: _fit(own, LARGEST_DEGREE.get(len(spans[name]), DEGREE)) for name, own in samples.items()}
    broken = [name for name, own in samples.items() if own.jump]
    poor = [n for n, path in fitted.items() if n not in broken and (path.length_error > POOR_LENGTH or _is_poor(path))]
    said = []
    if poor:
        said.append(
            f"The polynomials of {', '.join(_errors(n, fitted[n]) for n in poor)} are off by more than "
            f"{1e3 * POOR_LENGTH:g} mm in length or "
            f"{1e3 * POOR_ARM:g} mm in a moment arm (root mean square); narrower `ranges` make them closer."
        )
    if broken:
        said.append(
            "In the file, moment arms are not the slopes of the lengths (wrapping over several surfaces, "
            "conditional points) of "
            f"{', '.join(_departure(n, fitted[n], samples[n]) for n in broken)}: the moment arms are followed, "
            "lengths are off by up to what is told."
        )
    if said:
        warnings.warn(f"Paths of {model.name!r}: {' '.join(said)}", UserWarning, stacklevel=3)
    return fitted


def _is_poor(path):
    return path.moment_arm_error > POOR_ARM


def _fit(samples, degree):
    data = samples.smooth_lengths, samples.angles, samples.moment_arms
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the caller tells of all poor paths at once
        best = fit_path(*data, degree=degree, tolerance=LENGTH_TOLERANCE, moment_arm_tolerance=ARM_TOLERANCE)
        if best.length_error > LENGTH_TOLERANCE or best.moment_arm_error > ARM_TOLERANCE:
            # Out of reach: as close as possible, with as few terms as that takes.
            tolerance = max(LENGTH_TOLERANCE, REACHABLE * best.length_error)
            arm_tolerance = max(ARM_TOLERANCE, REACHABLE * best.moment_arm_error)
            best = fit_path(*data, degree=degree, tolerance=tolerance, moment_arm_tolerance=arm_tolerance)
    return replace(best, length_error=_length_error(best, samples)) if samples.jump else best


def _length_error(path, samples):
    """Root mean square difference [m] from the lengths as they are, jumps and all."""
    exponents, coefficients = np.array(list(path.terms)), np.array(list(path.terms.values()))
    lengths = np.prod(samples.angles[:, None, :] ** exponents, axis=2) @ coefficients
    return float(np.sqrt(np.mean((lengths - samples.lengths) ** 2)))


def _errors(name, path):
    return f"{name} ({1e3 * path.length_error:.2g} mm, {1e3 * path.moment_arm_error:.2g} mm)"


def _departure(name, path, samples):
    largest = 1e3 * float(np.abs(samples.smooth_lengths - samples.lengths).max())
    poor = f", moment arm {1e3 * path.moment_arm_error:.2g} mm (root mean square)" if _is_poor(path) else ""
    return f"{name} ({largest:.2g} mm{poor})"
