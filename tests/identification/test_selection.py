"""identify="auto": the largest set of parameters that a recording determines."""

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.exceptions import IdentifiabilityWarning
from sk_bionic.identification.selection import determined, select
from sk_bionic.musculoskeletal import elbow, wrist


def test_what_is_determined_stays_and_the_rest_goes_nearest_first():
    chosen = select(np.diag([9.0, 0.01, 4.0, 0.1]), [None] * 4)
    assert chosen.units == ((0,), (2,)) and chosen.left == (3, 1)


def test_only_a_sum_is_determined_so_that_the_muscles_share_a_factor():
    together = np.array([1.0] * 6 + [0.0])
    information = 50.0 * np.outer(together, together) + np.diag([0.0] * 6 + [30.0])
    shared = select(information, ["force"] * 6 + ["delay"])
    assert sorted(sum(shared.units, ())) == list(range(7)) and (6,) in shared.units and not shared.left
    assert 2 <= len(shared.units) < 7
    alone = select(information, [None] * 7)
    assert (6,) in alone.units and len(alone.left) == 1


def test_one_unit_is_left_where_nothing_is_determined():
    assert len(select(np.zeros((5, 5)), [None] * 5).units) == 1


def test_only_muscles_of_one_side_share_a_factor_and_the_others_return_to_their_prior():
    model = wrist().identifying("max_isometric_force")
    moved = model.with_values(model.parameters.value * np.where(_forces(model), 1.3, 1.0))
    kept, findings = determined(moved, 0.15 * np.eye(5))  # each narrows its prior by 7 %, two by a tenth
    groups = {row.owner: row.group for row in kept.parameters.rows if row.free}
    assert len(set(groups.values())) == 2 and len(groups) == 5 and not findings
    assert groups["FCR"] == groups["FCU"] != groups["ECRL"]
    kept, findings = determined(moved, 20.0 * np.diag([1.0, 0.0, 0.0, 0.0, 0.0]))
    first = [row.owner for row in kept.parameters.rows if row.free]
    assert model.muscle_names[0] in first
    for finding in findings:
        row = kept.parameters.rows[finding.rows[0]]
        assert not row.free and row.value == row.initial and finding.advice


def _forces(model):
    return np.array([row.name == "max_isometric_force" for row in model.parameters.rows])


@pytest.fixture(scope="module")
def flexion():
    return make_elbow_flexion(2, random_state=3)


def test_auto_is_as_marked_where_everything_is_determined(flexion):
    common = {"prediction": "simulation", "random_state": 0}
    auto, marked = (
        PhysicsInformedMSKRegressor("elbow", identify=identify, **common).fit(flexion.data, flexion.target)
        for identify in ("auto", None)
    )
    np.testing.assert_array_equal(auto.parameters_["value"], marked.parameters_["value"])
    assert auto.parameters_["identifiable"].all() and (auto.parameters_["narrowing"] < 0.9).all()


def test_auto_leaves_to_the_prior_what_motion_does_not_tell(flexion):
    names = ["max_isometric_force", "electromechanical_delay", "optimal_fiber_length", "emg_shape_factor"]
    model = elbow().identifying([*names, "fiber_damping", "pennation_angle_at_optimal"])
    regressor = PhysicsInformedMSKRegressor(model, identify="auto", prediction="simulation", random_state=0)
    with pytest.warns(IdentifiabilityWarning, match=r"does not determine \d+ of 12 free"):
        regressor.fit(flexion.data, flexion.target)
    table = regressor.parameters_
    assert len(table) == 12
    stays = table[table["narrowing"] == 1.0]
    assert set(stays["name"]) & {"fiber_damping", "pennation_angle_at_optimal"}
    assert (stays["value"] == stays["initial"]).all() and (stays["std_err"] == stays["prior_std"]).all()
    assert not stays["identifiable"].any() and stays["reason"].str.contains("would need").all()
    assert len(regressor.parameter_correlation_) == len(table) - len(stays)
    angle, std = regressor.predict(flexion.data, return_std=True)
    assert np.isfinite(std).all() and np.sqrt(np.mean((angle - flexion.target) ** 2)) < np.deg2rad(3.0)
