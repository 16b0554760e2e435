"""identify="auto": muscles of one side share what a recording does not tell apart, and nothing else changes."""

import numpy as np
import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.identification.identifiability import sharing, units_of
from sk_bionic.musculoskeletal import wrist
from sk_bionic.musculoskeletal.prior import FreeParameters


def test_what_is_determined_stays_alone():
    assert units_of(np.diag([9.0, 4.0, 0.01]), ["delay", "delay", None]) == [(0,), (1,), (2,)]


def test_only_a_sum_is_determined_so_that_the_muscles_share():
    together = np.array([1.0] * 6 + [0.0])
    information = 50.0 * np.outer(together, together) + np.diag([0.0] * 6 + [30.0])
    units = units_of(information, ["delay"] * 6 + ["force"])
    assert sorted(sum(units, ())) == list(range(7)) and (6,) in units
    assert 2 <= len(units) < 7
    assert len(units_of(information, [None] * 7)) == 7


def test_units_narrow_their_prior_or_have_no_mate_left():
    random = np.random.RandomState(0)
    for _ in range(20):
        factor = random.normal(size=(4, 9)) * random.choice([0.1, 1.0], 9)
        information, kinds = factor.T @ factor, list("aaabbbccc")
        units = units_of(information, kinds)
        share = np.zeros((9, len(units)))
        for k, unit in enumerate(units):
            share[list(unit), k] = 1.0
            assert len({kinds[i] for i in unit}) == 1
        narrowing = np.sqrt(np.diag(np.linalg.inv(share.T @ information @ share + np.eye(len(units)))))
        alone = [[kinds[unit[0]] for unit in units].count(kinds[unit[0]]) == 1 for unit in units]
        assert ((narrowing <= 0.9) | alone).all()


def test_only_muscles_of_one_side_share_and_each_keeps_its_own_force():
    model = wrist().identifying(["electromechanical_delay", "max_isometric_force"])
    shared = sharing(model, np.zeros((10, 10)))
    groups = {(row.owner, row.name): row.group for row in shared.parameters.rows if row.free}
    assert groups["FCR", "electromechanical_delay"] == groups["FCU", "electromechanical_delay"] != ""
    assert groups["ECRL", "electromechanical_delay"] == groups["ECRB", "electromechanical_delay"]
    assert groups["FCR", "electromechanical_delay"] != groups["ECU", "electromechanical_delay"]
    assert not any(group for (_, name), group in groups.items() if name == "max_isometric_force")
    assert FreeParameters(shared.parameters).n_raw == 7
    assert sharing(model, 100.0 * np.eye(10)) is model


def test_what_somebody_has_shared_stays_shared():
    model = wrist().identifying(["FCR+ECU/electromechanical_delay", "FCU/electromechanical_delay"])
    assert sharing(model, np.zeros((2, 2))) is model


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
    assert (auto.parameters_["shared_with"] == "").all()


def test_the_table_tells_who_shares(flexion):
    """Two flexors driven by one EMG: nobody can tell their delays apart."""
    model = wrist(["FCR", "FCU", "ECRB"]).identifying(["electromechanical_delay", "max_isometric_force"])
    X = flexion.data.iloc[:500, [0, 0, 1]].set_axis(list(model.channels), axis=1)
    X["FCU"] += 0.02 * np.sin(np.arange(500) / 3.0)
    X = X.clip(lower=0.0)
    generic = PhysicsInformedMSKRegressor(model, prediction="simulation", identify=[]).fit(X, np.zeros(500))
    y = generic.simulate(X) + np.deg2rad(8.0) * np.random.RandomState(0).normal(size=500)
    auto = PhysicsInformedMSKRegressor(model, prediction="simulation").fit(X, y)
    table = auto.parameters_.set_index(["muscle", "name"])
    delays = table.xs("electromechanical_delay", level="name")
    if delays.loc["FCR", "shared_with"]:
        assert delays.loc["FCR", "shared_with"] == "FCU" and delays.loc["FCU", "shared_with"] == "FCR"
        assert delays.loc["FCR", "value"] == delays.loc["FCU", "value"]
    assert delays.loc["ECRB", "shared_with"] == ""
    assert (table.xs("max_isometric_force", level="name")["shared_with"] == "").all()
