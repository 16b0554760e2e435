"""CEINMS' muscle: curves, activation, rigid and elastic tendons."""

import numpy as np
import pytest
from scipy.signal import lfilter

from sk_bionic.ceinms import read_ceinms
from sk_bionic.ceinms.compiled import muscle as unit
from sk_bionic.ceinms.compiled.follow import activation_of
from sk_bionic.ceinms.muscles import Muscles, filtered, numbers_of, shape_numbers, shaped, spline


@pytest.fixture
def muscles(make_project):
    project = read_ceinms(make_project().folder / "calibrationSetup.xml")
    return lambda tendon: Muscles(project.subject, project.trials[0], project.excitation_generator, tendon)


def value(points, y, at):
    coefficients = spline(points, y)
    k = np.clip(np.searchsorted(points, at, side="right") - 1, 0, len(points) - 2)
    d = at - points[k]
    return (coefficients[k] * d[:, None] ** np.arange(4)).sum(axis=1)


def test_the_spline_is_exact_for_cubics_and_smooth():
    points = np.array([-1.0, 0.2, 0.5, 2.0, 2.1, 4.0])
    cubic = np.polynomial.Polynomial([1.0, -2.0, 0.5, 0.3])
    at = np.linspace(-1, 4, 77)
    np.testing.assert_allclose(value(points, cubic(points), at), cubic(at), atol=1e-12)
    y = np.sin(3 * points)
    np.testing.assert_allclose(value(points, y, points), y, atol=1e-12)
    c, h = spline(points, y), np.diff(points)
    np.testing.assert_allclose(
        (c[:-1] @ np.diag([0, 1, 2, 3]) * h[:, None] ** [-1, 0, 1, 2]).sum(1)[:-1], c[1:-1, 1], atol=1e-9
    )


def test_the_filter_has_gain_one_and_is_that_of_scipy():
    e = np.random.default_rng(0).uniform(size=(50, 2))
    c1, c2 = np.array([-0.5, -0.9]), np.array([-0.3, 0.2])
    found = filtered(e, c1, c2)
    for m in range(2):
        steady = lfilter([(1 + c1[m]) * (1 + c2[m])], np.poly([-c1[m], -c2[m]]), np.r_[np.full(3000, e[0, m]), e[:, m]])
        np.testing.assert_allclose(found[:, m], steady[3000:], atol=1e-10)
    assert np.allclose(filtered(np.full((9, 2), 0.4), c1, c2), 0.4)


def test_the_shape_keeps_its_ends_and_a_flat_one_is_the_line():
    u = np.linspace(0, 1, 11)
    for shape in (-3.0, -0.5, 0.0, 1.0):
        a = shaped(u, shape)
        assert a[0] == 0 and a[-1] == pytest.approx(1) and (np.diff(a) > 0).all()
    np.testing.assert_allclose(shaped(u, 0.0), u, atol=1e-6)


def test_tendon_and_fiber_pull_alike_in_equilibrium(muscles):
    elastic = muscles("elastic")
    parameters = elastic.subject.parameters
    states = elastic.solve(parameters)
    v = np.gradient(states.fiber_length, states.time, axis=0, edge_order=2)
    np.testing.assert_allclose(states.fiber_velocity[3:-3], v[3:-3], atol=0.06)
    for m, name in enumerate(elastic.names):
        points, coefficients, n = elastic.curves[m]
        curve = lambda row, at, p=points, c=coefficients, k=n: np.array(
            [unit.curve.py_func(p[row], c[row], k[row], x)[0] for x in at]
        )
        row = parameters.loc[name]
        a, length = states.activation[:, m], states.norm_fiber_length[:, m]
        active = (
            a * curve(0, length / (1 + row.percentage_change * (1 - a))) * curve(2, states.norm_fiber_velocity[:, m])
        )
        fiber = active + curve(1, length) + row.damping * states.norm_fiber_velocity[:, m]
        along = fiber * np.cos(states.pennation_angle[:, m]) * states.strength[m]
        np.testing.assert_allclose(along, states.force[:, m], atol=1e-6 * states.strength[m])
        whole = states.tendon_length[:, m] + states.fiber_length[:, m] * np.cos(states.pennation_angle[:, m])
        np.testing.assert_allclose(whole, elastic.length[m, elastic.lead :], atol=1e-12)


def test_a_stiffer_tendon_tends_to_the_rigid_one(muscles):
    elastic, rigid = muscles("elastic"), muscles("rigid")
    parameters = elastic.subject.parameters
    expected = rigid.solve(parameters).force
    apart, before = [], 1.0
    for stiffness in (1.0, 10.0, 100.0):
        for points, coefficients, _ in elastic.curves:
            points[unit.TENDON] /= stiffness / before
            coefficients[unit.TENDON] *= (stiffness / before) ** np.arange(4)
        before = stiffness
        apart.append(np.abs(elastic.solve(parameters).force - expected)[5:].max())
    assert apart[1] < 0.2 * apart[0] and apart[2] < 0.5 * apart[1]


@pytest.mark.parametrize("tendon", ["rigid", "elastic"])
def test_the_slope_by_activation_is_that_of_differences(muscles, tendon):
    own = muscles(tendon)
    parameters = own.subject.parameters
    activation = 0.1 + own.activation(parameters)
    states = own.march(parameters, activation)
    t, h = 30, 1e-6
    moved = activation.copy()
    moved[t + own.lead] += h
    slope = (own.march(parameters, moved)[:, t, unit.FORCE] - states[:, t, unit.FORCE]) / h
    np.testing.assert_allclose(states[:, t, unit.BY_ACTIVATION], slope, rtol=1e-4, atol=1e-6)
    assert numbers_of(parameters).shape == (len(own.names), unit.N_NUMBERS)


def test_the_piecewise_shape_is_smooth_and_meets_its_node():
    """Manal and Buchanan (2003): logarithmic up to a node on the normal of the line a = u, a line beyond it."""
    u = np.linspace(0.0, 1.0, 2001)[:, None]
    for factor in (0.02, 0.06, 0.12, 0.3):
        a = shaped(u, factor, "piecewise")[:, 0]
        node, height = 0.3085 - factor / np.sqrt(2), 0.3085 + factor / np.sqrt(2)
        assert a[0] == 0 and a[-1] == pytest.approx(1) and (np.diff(a) > 0).all()
        assert np.interp(node, u[:, 0], a) == pytest.approx(height, abs=1e-6)
        slopes, at = np.diff(a) / np.diff(u[:, 0]), int(np.searchsorted(u[:, 0], node))
        np.testing.assert_allclose(slopes[at + 1 :], (1 - height) / (1 - node), rtol=1e-9)
        assert np.abs(np.diff(slopes))[at - 2 : at + 2].max() < 0.02 * slopes[at]  # once continuously differentiable
        # Below the node exp(a / scale) is a line.
        below = a[: at - 1]
        scale = height / shape_numbers([factor], "piecewise")[0, 4]
        np.testing.assert_allclose(np.diff(np.exp(below / scale), 2), 0.0, atol=1e-9)
    np.testing.assert_allclose(shaped(u, 0.0, "piecewise"), u)


def test_activation_frame_by_frame_is_that_of_whole_trials():
    u, plain_of = np.linspace(0.0, 1.0, 41)[:, None], activation_of.py_func
    for shape, factors in (("piecewise", [0.0, 0.05, 0.12]), ("exponential", [-2.0, -0.5])):
        plain = shaped(np.repeat(u, len(factors), 1), np.array(factors), shape)
        for m, numbers in enumerate(shape_numbers(factors, shape)):
            active = np.r_[1.0, 0.0, 0.0, numbers]
            values, slopes = np.array([plain_of(v, active) for v in u[:, 0]]).T
            np.testing.assert_allclose(values, plain[:, m], atol=1e-12)
            step = np.array([plain_of(v + 1e-7, active)[0] - plain_of(v - 1e-7, active)[0] for v in u[1:-1, 0]])
            np.testing.assert_allclose(slopes[1:-1], step / 2e-7, rtol=1e-5)
