"""Agreement with OpenSim 4.6: a few rows typed in below, all rows where the reference file is.

Source of every number: OpenSim 4.6 (opensim.org), class ``DeGrooteFregly2016Muscle`` with
``ignore_tendon_compliance`` and fiber damping 0, activation smoothing 10.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from of_one import activation_rate, muscle_at, unit_of

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "opensim.json"
PARAMETERS = {
    "max_isometric_force": 1000.0,
    "optimal_fiber_length": 0.1,
    "tendon_slack_length": 0.2,
    "pennation_angle_at_optimal": 0.2,
    "max_contraction_velocity": 10.0,
    "fiber_damping": 0.0,
    "passive_fiber_strain_at_one_norm_force": 0.6,
}
# Length [m] and velocity [m/s] of muscle and tendon, activation; length [m] and velocity [m/s] of
# the fiber, pennation [rad], force [N].
MUSCLE_STATES = [
    [0.250569675, 0.303573004, 0.812421562, 0.054332192, 0.282550504, 0.374338326, 119.626159],
    [0.266586682, -0.0716238394, 0.247168322, 0.0694872741, -0.0686340612, 0.28995333, 133.076489],
    [0.281166455, 0.55405113, 0.0355333797, 0.0835624819, 0.538164555, 0.240048193, 54.3410331],
    [0.297299655, 0.0234177839, 0.951428814, 0.0993071893, 0.022944384, 0.201414398, 998.55759],
    [0.312716328, 0.542907494, 0.611782616, 0.114453771, 0.534665994, 0.174464118, 912.482761],
    [0.328879449, 0.155546619, 0.971845101, 0.130401716, 0.15373082, 0.152947393, 845.700173],
    [0.346148473, 0.194657686, 0.140299658, 0.147492614, 0.192883717, 0.135108494, 478.692362],
    [0.359896463, -0.17693767, 0.452905489, 0.161125957, -0.175587523, 0.123615218, 1100.23427],
]
# Excitation, activation, rate [1/s] with time constants of 0.015 s and 0.060 s.
ACTIVATION_RATES = [
    [0.01, 0.02, -0.614815214024],
    [0.01, 0.9, -27.4416667528],
    [0.2, 0.2, 0.0],
    [0.5, 0.2, 24.9480749137],
    [0.8, 0.02, 98.1131922324],
    [1.0, 0.5, 26.6659289513],
]


def reference_rows(name):
    if not REFERENCE.exists():
        pytest.skip("the full OpenSim reference is not beside this checkout")
    return json.loads(REFERENCE.read_text())[name]["rows"]


def assert_muscle_agrees(rows, rtol):
    length, velocity, activation, *expected, force = np.array(rows).T
    state = muscle_at(unit_of(PARAMETERS), length, velocity, activation)
    got = state.fiber_length, state.fiber_velocity, np.arccos(state.cos_pennation)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(state.tendon_force, force, rtol=rtol, atol=1e-9)


def assert_rates_agree(rows, rtol):
    excitation, state, rate = np.array(rows).T
    np.testing.assert_allclose(activation_rate(excitation, state, 0.015, 0.060), rate, rtol=rtol, atol=1e-9)


def test_muscle_agrees_with_typed_states():
    assert_muscle_agrees(MUSCLE_STATES, rtol=1e-7)


def test_muscle_agrees_with_every_reference_state():
    assert_muscle_agrees(reference_rows("dgf_rigid"), rtol=1e-10)


def test_activation_rate_agrees_with_typed_values():
    assert_rates_agree(ACTIVATION_RATES, rtol=1e-10)


def test_activation_rate_agrees_with_every_reference_value():
    assert_rates_agree(reference_rows("activation_degroote"), rtol=1e-10)
