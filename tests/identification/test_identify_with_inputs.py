"""Identification with offsets, loads and external torques in the loop."""

import numpy as np
import pytest

from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.identification.identify import identify
from sk_bionic.musculoskeletal import elbow
from sk_bionic.trials import find_trials

NOISE = np.deg2rad(1.0)
EXTERNAL = {
    "external_torque_nm": lambda time: 2.0 * np.sin(3.0 * time),
    "hand_load_kg": lambda time: np.full_like(time, 0.8),
    "segment_orientation_rad": lambda time: np.full_like(time, 0.4),
}


def motion_of(data, model=None, exogenous=None):
    """The elbow (or another model) on EMG of biceps and triceps."""
    return EquationOfMotion(elbow() if model is None else model, find_trials(data), data.to_numpy(), exogenous)


def free_values(model):
    return model.parameters.value[model.parameters.free_index]


@pytest.fixture(scope="module")
def short():
    """Two trials of 4 s at 50 Hz, without noise."""
    return make_elbow_flexion(2, duration=4.0, sampling_rate=50, angle_noise=0.0, random_state=5)


@pytest.fixture(scope="module")
def noisy(short):
    noise = np.random.RandomState(0).normal(size=len(short.angle))
    return (short.angle.to_numpy() + NOISE * noise)[:, None]


def test_offset_of_the_goniometer_is_identified_in_the_loop(short, noisy):
    names = [
        "max_isometric_force",
        "emg_shape_factor",
        "optimal_fiber_length",
        "electromechanical_delay",
    ]
    model = elbow().identifying([*names, "goniometer_offset"])
    found = identify(motion_of(short.data, model), noisy + 0.1)
    k = len(free_values(model)) - 1  # the last row of the table
    deviation = free_values(found.model)[k] - 0.1
    assert abs(deviation) < 3 * np.sqrt(found.covariance[k, k])
    assert np.rad2deg(found.noise_std) < 1.15
    fixed = identify(motion_of(short.data), noisy + 0.1)
    assert fixed.noise_std > found.noise_std


@pytest.mark.parametrize("name", EXTERNAL)
def test_external_input_leaves_the_parameters_alone_if_it_is_known(short, name):
    given = {name: EXTERNAL[name](find_trials(short.data).time)}
    angle = motion_of(short.data, short.model, given).solve().angle
    known = identify(motion_of(short.data, exogenous=given), angle)
    withheld = identify(motion_of(short.data), angle)
    truth = short.parameters["value"].to_numpy()
    np.testing.assert_allclose(free_values(known.model), truth, rtol=1e-3)
    assert np.abs(np.log(free_values(withheld.model) / truth)).max() > 0.1
    assert withheld.noise_std > 100 * known.noise_std


def test_several_loads_in_one_recording(short):
    load = np.where(find_trials(short.data).trial_of_frame == 1, 1.0, 0.0)
    motion = motion_of(short.data, short.model, {"hand_load_kg": load})
    angle = motion.solve().angle
    found = identify(motion.with_model(elbow()), angle)
    np.testing.assert_allclose(free_values(found.model), short.parameters["value"], rtol=1e-3)


def test_order_of_the_trials_does_not_matter(short, noisy):
    identified = identify(motion_of(short.data), noisy)
    trial = short.data.index.get_level_values("trial")
    order = np.argsort(trial == trial[0], kind="stable")  # the first trial last
    found = identify(motion_of(short.data.iloc[order]), noisy[order])
    np.testing.assert_allclose(free_values(found.model), free_values(identified.model), rtol=1e-4)
    np.testing.assert_allclose(found.initial_state, identified.initial_state[::-1], atol=1e-5)
