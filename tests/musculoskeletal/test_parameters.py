import numpy as np
import pytest

from sk_bionic.musculoskeletal import DEFINITIONS, elbow, knee
from sk_bionic.musculoskeletal.parameters import make_parameter
from sk_bionic.musculoskeletal.prior import FreeParameters, fixed_parameters

FORCE = DEFINITIONS["max_isometric_force"]


def free_names(table):
    return [(table.rows[i].owner, table.rows[i].name) for i in table.free_index]


def test_as_dict_gives_each_parameter_by_muscle_in_order():
    table = elbow().parameters
    by_name = table.as_dict()
    assert sum(len(value) for value in by_name.values()) == len(table)
    for row in table.rows:
        owners = [r.owner for r in table.rows if r.name == row.name]
        assert by_name[row.name][owners.index(row.owner)] == row.value


def test_select_by_name_frees_it_for_every_muscle_and_nothing_else():
    table = elbow().parameters.select(["optimal_fiber_length"])
    assert free_names(table) == [
        ("biceps", "optimal_fiber_length"),
        ("triceps", "optimal_fiber_length"),
    ]


def test_select_by_path_frees_a_single_row():
    table = elbow().parameters.select(["triceps/electromechanical_delay", "joint_damping"])
    assert free_names(table) == [
        ("triceps", "electromechanical_delay"),
        ("elbow_flexion", "joint_damping"),
    ]


def test_select_accepts_a_lone_name():
    assert free_names(elbow().parameters.select("segment_mass")) == [("elbow_flexion", "segment_mass")]


@pytest.mark.parametrize("name", ["optimal_fibre_length", "deltoid/optimal_fiber_length"])
def test_select_refuses_an_unknown_name_and_lists_the_known_ones(name):
    with pytest.raises(ValueError) as error:
        elbow().parameters.select(["max_isometric_force", name])
    message = str(error.value)
    assert repr(name) in message
    assert "optimal_fiber_length" in message
    assert "biceps" in message


def test_muscles_named_together_share_one_free_value():
    table = elbow().parameters.select(["biceps+triceps/emg_shape_factor", "joint_damping"])
    assert len(table.free_index) == 3
    free = FreeParameters(table)
    raw = free.raw()
    assert len(raw) == free.n_raw == 2
    shape, damping = free.free_values(raw + np.array([0.7, 0.0]))[:2], free.free_values(raw)[2]
    assert shape[0] == shape[1] != elbow().parameters.as_dict()["emg_shape_factor"][0]
    np.testing.assert_allclose(damping, np.array(0.5), rtol=1e-7, atol=1e-7)


def test_prior_of_a_group_counts_once():
    """Sharing a value must not double the evidence for its centre."""
    together = FreeParameters(elbow().parameters.select("biceps+triceps/emg_shape_factor"))
    alone = FreeParameters(elbow().parameters.select("biceps/emg_shape_factor"))
    deviations = [free.prior_residual(free.raw() + 0.7) for free in (together, alone)]
    np.testing.assert_allclose((deviations[0] ** 2).sum(), (deviations[1] ** 2).sum(), rtol=1e-7, atol=1e-7)


def test_value_outside_its_bounds_is_refused_with_bounds_and_unit():
    delay = DEFINITIONS["electromechanical_delay"]
    with pytest.raises(ValueError, match=r"'electromechanical_delay' of 'biceps' .* 0 and 0.125 s. Got 0.3"):
        make_parameter(delay, "biceps", 0.3)
    with pytest.raises(ValueError, match="between 100 and 200 N. Got 300"):
        make_parameter(FORCE, "biceps", {"value": 300.0, "lower": 100.0, "upper": 200.0})


def test_missing_value_and_unknown_override_are_refused():
    with pytest.raises(ValueError, match=r"'max_isometric_force' of 'biceps' has no default \[N\]"):
        make_parameter(FORCE, "biceps", None)
    with pytest.raises(ValueError, match=r"takes the keys .*upper.* Got \['maximum'\]"):
        make_parameter(FORCE, "biceps", {"value": 300.0, "maximum": 400.0})


def test_relative_bounds_follow_the_value():
    row = make_parameter(FORCE, "biceps", 300.0)
    assert (row.lower, row.upper) == (60.0, 1500.0)


def test_every_preset_value_lies_within_its_bounds():
    for row in (*elbow().parameters.rows, *knee().parameters.rows):
        assert row.lower <= row.value <= row.upper, row


def test_table_of_a_model_as_a_frame():
    frame = elbow().parameters.to_frame()
    assert {"muscle", "name", "unit", "initial", "value", "lower", "upper"} <= set(frame.columns)
    np.testing.assert_array_equal(frame["value"], elbow().parameters.value)


class TestFreeParameters:
    def free(self):
        return FreeParameters(knee().parameters)

    def test_values_survive_the_round_trip(self):
        free = self.free()
        start = free.base[free.index]
        np.testing.assert_allclose(free.free_values(free.raw()), start, rtol=1e-7, atol=1e-7)
        values = free.lower + 0.3 * (free.upper - free.lower)
        np.testing.assert_allclose(free.free_values(free.raw(values)), values, rtol=1e-7, atol=1e-7)

    def test_fixed_values_stay(self):
        free = self.free()
        values = free.values(free.raw() + 1.0)
        fixed = np.setdiff1d(np.arange(len(free.table)), free.table.free_index)
        np.testing.assert_array_equal(values[fixed], free.table.value[fixed])

    def test_every_vector_is_physiological(self):
        free = self.free()
        raw = np.random.default_rng(0).normal(0.0, 20.0, (50, free.n_raw))
        values = np.stack([free.free_values(row) for row in raw], axis=0)
        rounding = 1e-15 * (free.upper - free.lower)
        assert ((values >= free.lower - rounding) & (values <= free.upper + rounding)).all()

    def test_value_on_its_bound_can_still_move(self):
        free = self.free()
        for bound in (free.lower, free.upper):
            raw = free.raw(bound)
            assert np.isfinite(raw).all()
            assert (free.derivative(raw).diagonal() > 0).all()

    @pytest.mark.parametrize("shared", ["emg_shape_factor", "rectus_femoris+vastus_medialis/emg_shape_factor"])
    def test_derivatives_are_those_of_differences(self, shared):
        free = FreeParameters(knee().parameters.select(["max_isometric_force", shared, "goniometer_offset"]))
        raw = np.random.default_rng(1).normal(size=free.n_raw)
        for function, derivative in (
            (free.free_values, free.derivative),
            (free.prior_residual, free.prior_derivative),
        ):
            columns = [(function(raw + 1e-5 * e) - function(raw - 1e-5 * e)) / 2e-5 for e in np.eye(free.n_raw)]
            np.testing.assert_allclose(derivative(raw), np.stack(columns, axis=1), rtol=1e-7, atol=1e-7)

    def test_prior_is_centred_on_the_initial_values_wherever_the_current_ones_are(self):
        table = knee().parameters
        free = FreeParameters(table.with_values(0.9 * table.value))
        at_centre = free.prior_residual(free.raw(free.initial))
        np.testing.assert_allclose(at_centre, np.zeros_like(at_centre), rtol=0, atol=1e-10)
        assert np.abs(free.prior_residual(free.raw())).max() > 0.1

    def test_prior_scale_is_one_standard_deviation_of_the_value_or_its_logarithm(self):
        free = FreeParameters(elbow().parameters)
        # A factor exp(0.15) of a fiber length, a step of 0.03 s of a delay.
        rows = [row.name for row in (free.table.rows[i] for i in free.table.free_index)]
        fiber, delay = rows.index("optimal_fiber_length"), rows.index("electromechanical_delay")
        values = free.initial.copy()
        values[fiber] *= np.exp(0.15)
        values[delay] += 0.03
        deviation = free.prior_residual(free.raw(values))
        np.testing.assert_allclose(deviation[[fiber, delay]], np.ones(2), rtol=1e-7, atol=1e-7)


def test_fixed_parameters_are_the_rows_that_are_not_free_and_move_one_by_one():
    table = elbow().parameters.select("biceps+triceps/emg_shape_factor")
    free, fixed = FreeParameters(table), fixed_parameters(table)
    assert free.n_raw == 1 and fixed.n_raw == len(fixed)
    assert sorted([*free.index, *fixed.index]) == list(range(len(table)))
    both = FreeParameters(table, free.index)  # named by their index, those of a group move one by one, too
    assert both.n_raw == 2 and (both.free_values(both.raw()) == pytest.approx(table.value[free.index]))


def test_values_of_a_table_are_nobodys_to_change():
    table = elbow().parameters
    table.value[:] = np.nan
    assert np.isfinite(table.value).all()
