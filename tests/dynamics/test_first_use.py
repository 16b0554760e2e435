"""What a fit needs compiled is what is compiled ahead of it, and in which process that happens changes nothing."""

import pytest

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics import first_use
from sk_bionic.dynamics.compiled.along import along
from sk_bionic.dynamics.compiled.march import march
from sk_bionic.dynamics.compiled.normal import activations_between, factorise_blocks, normal_equations, solve_blocks
from sk_bionic.dynamics.compiled.rest import rests
from sk_bionic.musculoskeletal.compiled.points import at_points

AHEAD = (march, rests, activations_between, factorise_blocks, solve_blocks)
BESIDE = (at_points, along, normal_equations)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_fit_calls_what_was_compiled_ahead_and_nothing_else():
    first_use.compile_march()
    first_use.compile_around()
    known = {function: set(function.overloads) for function in (*AHEAD, *BESIDE)}
    assert all(known.values())
    X, y = make_elbow_flexion(2, duration=2.0, sampling_rate=50, random_state=0, return_X_y=True)
    PhysicsInformedMSKRegressor("elbow", max_epochs=2, n_networks=1, hidden_layer_sizes=(4,), random_state=0).fit(X, y)
    assert {function: set(function.overloads) for function in (*AHEAD, *BESIDE)} == known


def test_only_what_is_missing_is_compiled_ahead(monkeypatch):
    started, ahead = [], first_use.compile_ahead.__wrapped__  # as in a process that has not been here
    monkeypatch.setattr(first_use, "compile_march", lambda: started.append("march"))
    monkeypatch.setattr(first_use, "is_kept", lambda function: True)
    ahead()
    assert not started
    monkeypatch.setattr(first_use, "is_kept", lambda function: function is not march)
    monkeypatch.setattr(first_use, "BESIDE", "raise SystemExit(1)")  # a process that fails takes nothing with it
    ahead()
    assert started == ["march"]
