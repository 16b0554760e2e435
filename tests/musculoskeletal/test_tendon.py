"""Elastic tendons: static equilibrium against OpenSim, robustness, exact derivatives.

Source of the rows: OpenSim 4.6 (opensim.org), muscles of 1000 N with fibers of 0.1 m, tendons of
0.2 m and a pennation of 0.2 rad, equilibrated at rest; everything else at its default.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from of_one import muscle_at, unit_of

from sk_bionic.musculoskeletal import MusculoskeletalModel, elbow
from sk_bionic.musculoskeletal.families import CURVE_FAMILIES

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "opensim.json"
PARAMETERS = {
    "max_isometric_force": 1000.0,
    "optimal_fiber_length": 0.1,
    "tendon_slack_length": 0.2,
    "pennation_angle_at_optimal": 0.2,
    "max_contraction_velocity": 10.0,
    "passive_fiber_strain_at_one_norm_force": 0.6,
}
# Length of the muscle-tendon unit [m], activation; fiber length [m], tendon force [N].
STATIC = {
    "degroote_fregly": [
        (0.27, 0.05, 0.0718611499614, 37.4884036864),
        (0.285, 0.7, 0.0801106839796, 572.619351369),
        (0.305, 1.0, 0.0973152185092, 985.66814886),
        (0.325, 0.7, 0.118913822926, 626.039393028),
        (0.335, 1.0, 0.128131364174, 732.099165689),
    ],
    "millard": [
        (0.27, 0.05, 0.0717948410168, 38.0924665894),
        (0.285, 0.7, 0.0805848365571, 594.10311516),
        (0.305, 1.0, 0.0973994866962, 978.702107819),
        (0.325, 0.7, 0.119574008085, 619.640241221),
        (0.335, 1.0, 0.12812119319, 807.569874783),
    ],
    "thelen": [
        (0.27, 0.05, 0.0709026284194, 39.7652789416),
        (0.285, 0.7, 0.0812083923363, 627.504357788),
        (0.305, 1.0, 0.0991073341958, 979.52867321),
        (0.325, 0.7, 0.120242687168, 659.746827607),
        (0.335, 1.0, 0.129062564112, 887.805408009),
    ],
}
KEYS = {
    "degroote_fregly": "dgf_elastic_static",
    "millard": "millard_elastic_static",
    "thelen": "thelen_elastic_static",
}
TOLERANCE = {"degroote_fregly": 1e-9, "millard": 1e-6, "thelen": 1e-7}  # of the maximal force


def unit(name):
    given = CURVE_FAMILIES[name].defaults
    values = {n: (d["value"] if isinstance(d, dict) else d) for n, d in given.items()}
    return unit_of({**PARAMETERS, "fiber_damping": 0.01, **values}, curves=name, tendon="elastic")


def solved(name, length, velocity, activation):
    """Static states, muscles in them and what is left of their equilibria, each (n,)."""
    model, columns = unit(name), [np.broadcast_to(x, np.shape(length))[:, None] for x in (length, velocity, activation)]
    state = model.static_tendon_state(*columns)
    still = np.zeros_like(state)
    both = np.concatenate([columns[0], state], axis=1), np.concatenate([columns[1], still], axis=1)
    left = model.implicit_residual(*both, np.zeros_like(both[0]), columns[2])[:, 1]
    return state[:, 0], muscle_at(model, length, velocity, activation, tendon=(state, still)), left


def assert_static_agrees(name, rows):
    length, activation, fiber, force = np.array(rows).T
    _, muscle, _ = solved(name, length, np.zeros_like(length), activation)
    tolerance = TOLERANCE[name]
    np.testing.assert_allclose(muscle.tendon_force / 1e3, force / 1e3, rtol=0, atol=tolerance)
    np.testing.assert_allclose(muscle.fiber_length, fiber, rtol=0, atol=0.1 * tolerance)


@pytest.mark.parametrize("name", STATIC)
def test_static_equilibrium_agrees_with_typed_values(name):
    assert_static_agrees(name, STATIC[name])


@pytest.mark.parametrize("name", KEYS)
def test_static_equilibrium_agrees_with_every_reference_value(name):
    if not REFERENCE.exists():
        pytest.skip("the full OpenSim reference is not beside this checkout")
    assert_static_agrees(name, json.loads(REFERENCE.read_text())[KEYS[name]]["rows"])


@pytest.mark.parametrize("name", CURVE_FAMILIES)
def test_equilibrium_is_found_from_slack_to_overstretched(name):
    grids = np.meshgrid(
        np.linspace(0.15, 0.38, 60), np.array([-0.5, 0.0, 0.5]), np.array([0.0, 0.01, 0.1, 1.0, 2.0]), indexing="ij"
    )
    _, muscle, left = solved(name, *(grid.ravel() for grid in grids))
    assert np.abs(left).max() < 1e-9
    assert np.isfinite(muscle.tendon_force).all()
    assert (muscle.fiber_length > 0).all()


def test_state_of_a_degroote_fregly_tendon_is_its_normalised_force():
    length = np.linspace(0.25, 0.35, 11)
    half = np.full_like(length, 0.5)
    state, muscle, _ = solved("degroote_fregly", length, np.zeros_like(length), half)
    np.testing.assert_allclose(muscle.tendon_force / 1000.0, state, rtol=1e-7, atol=1e-7)


def test_tendon_lengthens_at_the_rate_of_its_length():
    """The fiber takes what the tendon leaves: its velocity is the change of its length while the state goes on."""
    model, state, rate, step = unit("degroote_fregly"), np.array([[-0.19], [-0.1], [0.3], [1.2]]), 2.0, 1e-6
    length, velocity, full = np.full((4, 1), 0.32), np.full((4, 1), 0.1), np.ones((4, 1))
    at = lambda h: model.muscle_state(
        length + h * velocity, velocity, full, tendon=(state + h * rate, np.full_like(state, rate))
    )[0]
    change = (at(step).fiber_length - at(-step).fiber_length) / (2 * step)
    np.testing.assert_allclose(at(0.0).fiber_velocity, change, rtol=1e-6, atol=1e-8)


def test_stiff_tendon_tends_to_the_rigid_one():
    rigid = elbow()
    elastic = MusculoskeletalModel([replace(m, tendon="elastic") for m in rigid.muscles], rigid.joints)
    angle = np.linspace(0.2, 2.0, 7)[:, None]
    motion = angle, np.full_like(angle, 1.5), np.full((7, 2), 0.4)
    exact = rigid.muscle_state(*motion)[0].tendon_force
    differences = []
    for strain in (1e-3, 1e-4):
        rows = {(m, "tendon_strain_at_one_norm_force"): {"value": strain} for m in rigid.muscle_names}
        force = elastic.with_rows(rows).muscle_state(*motion)[0].tendon_force
        differences.append(float(np.abs(force - exact).max()))
    assert differences[1] < 0.12 * differences[0]
    assert differences[1] < 1e-3 * float(exact.max())


def test_rigid_muscles_of_a_mixed_model_are_as_in_a_rigid_one():
    rigid = elbow()
    biceps, triceps = rigid.muscles
    mixed = MusculoskeletalModel([biceps, replace(triceps, tendon="elastic")], rigid.joints)
    assert (mixed.n_states, mixed.n_tendon_states) == (2, 1)
    angle = np.linspace(0.2, 2.0, 7)[:, None]
    motion = angle, 0.5 * angle, np.full((7, 2), 0.4)
    both, alone = (model.muscle_state(*motion)[0] for model in (mixed, rigid))
    for ours, theirs in zip(both, alone, strict=True):
        np.testing.assert_allclose(ours[:, 0], theirs[:, 0], rtol=1e-13, atol=0)
        assert np.abs(ours[:, 1] - theirs[:, 1]).max() > 1e-5
