import warnings

import numpy as np
import pytest

from sk_bionic.musculoskeletal import PolynomialPath, fit_path

GRID = np.stack(np.meshgrid(np.linspace(-1, 1.5, 12), np.linspace(0, 2.2, 11)), -1).reshape(-1, 2)


def sampled(terms, angles=GRID):
    """Lengths and moment arms of a known polynomial."""
    path = PolynomialPath(tuple(terms.values()), tuple(terms))
    return [x for x in evaluated(path, angles)]


def evaluated(path, angles):
    return path.along(angles)


TERMS = {(0, 0): 0.4, (1, 0): -0.03, (0, 2): 0.01, (2, 1): 0.004, (3, 0): -0.002}


@pytest.mark.parametrize("with_arms", [True, False])
def test_polynomial_is_found_again_with_its_terms_alone(with_arms):
    length, arm = sampled(TERMS)
    path = fit_path(length, GRID, arm if with_arms else None, tolerance=1e-9)
    assert set(path.terms) == set(TERMS)
    for exponents, coefficient in TERMS.items():
        assert path.terms[exponents] == pytest.approx(coefficient, abs=1e-8)
    assert path.length_error < 1e-9
    assert (path.moment_arm_error is None) != with_arms


def wrapped(angles):
    """No polynomial: a path around a cylinder that it touches from an angle of 0.7 on."""
    slack = np.log1p(np.exp((angles[:, 0] - 0.7) / 0.2)) * 0.2
    return 0.3 - 0.02 * slack + 0.01 * np.sin(angles[:, 1])


def test_tolerance_is_kept_and_a_looser_one_takes_fewer_terms():
    length = wrapped(GRID)
    fine, coarse = (fit_path(length, GRID, tolerance=t) for t in (1e-4, 1e-3))
    assert fine.length_error <= 1e-4 < coarse.length_error <= 1e-3
    assert len(coarse.coefficients) < len(fine.coefficients)
    found = evaluated(fine, GRID)[0]
    assert np.sqrt(np.mean((found - length) ** 2)) == pytest.approx(fine.length_error)


def test_no_term_can_be_spared():
    length = wrapped(GRID)
    path = fit_path(length, GRID, tolerance=2e-4)
    for dropped in set(path.terms) - {(0, 0)}:
        kept = np.array([e for e in path.terms if e != dropped])
        matrix = np.prod(GRID[:, None] ** kept, axis=2)
        error = matrix @ np.linalg.lstsq(matrix, length)[0] - length
        assert np.sqrt(np.mean(error**2)) > 2e-4


def test_moment_arms_that_are_given_are_fitted_too():
    length, arm = sampled(TERMS)
    noisy = length + 3e-4 * np.random.default_rng(0).normal(size=len(length))
    path = fit_path(noisy, GRID, arm, tolerance=5e-4, moment_arm_tolerance=1e-4)
    found = evaluated(path, GRID)[1]
    errors = np.sqrt(np.mean((found - arm) ** 2, axis=0))
    assert errors.max() == pytest.approx(path.moment_arm_error)
    assert path.moment_arm_error <= 1e-4


def test_joint_that_is_not_spanned_has_no_exponent():
    length, arm = sampled({(0, 0): 0.4, (0, 1): 0.02, (0, 2): -0.01})
    path = fit_path(length, GRID, arm)
    assert all(first == 0 for first, _ in path.terms)
    still = np.column_stack([np.full(50, 0.3), np.linspace(0, 2, 50)])
    path = fit_path(0.4 + 0.02 * still[:, 1] ** 3, still)
    assert all(first == 0 for first, _ in path.terms)


def test_one_angle_may_be_a_vector():
    angle = np.linspace(0.0, 2.0, 30)
    path = fit_path(0.3 - 0.03 * angle, angle, np.full(30, 0.03))
    assert path.terms == {(0,): pytest.approx(0.3), (1,): pytest.approx(-0.03)}


def test_discontinuous_length_is_warned_of_and_the_best_returned():
    length = 0.3 + 0.02 * (GRID[:, 0] > 0.3)
    with pytest.warns(UserWarning, match=r"degree 3 is within the tolerance.*discontinuous"):
        path = fit_path(length, GRID, degree=3)
    assert 1e-4 < path.length_error < 0.01


def test_success_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_path(*sampled(TERMS)[:1], GRID)


def test_samples_that_determine_nothing_are_refused():
    with pytest.raises(ValueError, match=r"2 sample\(s\) determine no path over 2 angle"):
        fit_path([0.3, 0.31], [[0.0, 0.0], [1.0, 0.5]])
    with pytest.raises(ValueError, match="must be finite"):
        fit_path([0.3, np.nan, 0.3], [0.0, 1.0, 2.0])


def test_moment_arms_of_three_angles_are_minus_the_gradient():
    terms = {(0, 0, 0): 0.4, (1, 0, 2): 0.01, (0, 3, 1): -0.02, (2, 1, 0): 0.005}
    path = PolynomialPath(tuple(terms.values()), tuple(terms))
    angle, step = np.array([[0.3, -0.7, 1.2], [1.1, 0.4, -0.2]]), 1e-6
    length = lambda q: path.along(q)[0]
    slopes = [(length(angle + step * e) - length(angle - step * e)) / (2 * step) for e in np.eye(3)]
    np.testing.assert_allclose(path.along(angle)[1], -np.stack(slopes, axis=1), rtol=1e-7, atol=1e-9)
