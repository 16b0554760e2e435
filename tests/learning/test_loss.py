"""Properties of the physics-informed criterion: gradients, total derivatives, borders."""

import numpy as np
import pytest
import torch

from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.learning.loss import Physics, TrainingLoss
from sk_bionic.learning.networks import HistoryNetwork
from sk_bionic.musculoskeletal import elbow
from sk_bionic.trials import Trials

TRAINABLE = (
    "max_isometric_force",
    "optimal_fiber_length",
    "emg_shape_factor",
    "electromechanical_delay",
    "activation_time_constant",
    "joint_damping",
    "goniometer_offset",
)


def trials_of(*lengths, step=0.02):
    time = np.concatenate([step * np.arange(n) for n in lengths])
    return Trials(tuple(range(len(lengths))), np.cumsum([0, *lengths]), time)


def emg_at(time):
    """Smooth EMG of biceps and triceps, (n_frames, 2)."""
    return np.stack([0.3 + 0.2 * np.sin(4 * time), 0.2 + 0.15 * np.cos(3 * time)], axis=1)


def motion_on(trials, model=None):
    return EquationOfMotion(elbow() if model is None else model, trials, emg_at(trials.time))


def physics_on(trials, trainable=False, identify=TRAINABLE):
    return Physics(motion_on(trials, elbow().identifying(identify)), trainable)


def loss_on(physics, weight, ode_weight=0.7, force_weight=0.3):
    center, scale = torch.tensor([1.0]).double(), torch.tensor([0.4]).double()
    zero = torch.zeros_like(weight)
    return TrainingLoss(weight, zero, center, scale, ode_weight, force_weight, physics)


def outputs_of_a_network(n_frames, seed=0):
    generator = torch.Generator().manual_seed(seed)
    angle = 0.3 * torch.randn(n_frames, 1, generator=generator, dtype=torch.float64)
    force = torch.rand(n_frames, 2, generator=generator, dtype=torch.float64)
    return angle, force


def without_noise(angle, force):
    """The criterion's input from one network whose data term sees the same angles as the equation."""
    return angle[None], force[None], angle[None]


def test_gradient_is_exact_in_network_outputs_and_physiological_parameters():
    trials = trials_of(5, 4)
    loss = loss_on(physics_on(trials, trainable=True), torch.linspace(0, 1, 9).double())
    target = torch.linspace(-1, 1, 9).double()[:, None]
    angle, force = outputs_of_a_network(9)

    def value(angle, force, raw):
        return torch.func.functional_call(loss, {"physics.raw": raw}, (without_noise(angle, force), target))

    raw = loss.physics.raw.detach() + 0.1
    inputs = tuple(x.clone().requires_grad_() for x in (angle, force, raw))
    assert torch.autograd.gradcheck(value, inputs, eps=1e-6, atol=1e-5, rtol=1e-5)


def test_velocity_of_a_network_of_emg_alone_is_the_total_derivative():
    """d(net(EMG(t)))/dt is d(net)/d(EMG) * d(EMG)/dt; the partial derivative in time is zero."""
    torch.manual_seed(1)
    network = HistoryNetwork(2, 1, 0, (8,)).double()

    def angle_at(time):
        with torch.no_grad():
            return 1.0 + network(torch.as_tensor(emg_at(time)))[0][0]

    trials = trials_of(200, step=0.005)
    physics = physics_on(trials)
    residual, _ = physics(angle_at(trials.time), torch.zeros(200, 2).double())

    fine = 1e-4
    t = trials.time[1:-1]
    before, here, after = angle_at(t - fine), angle_at(t), angle_at(t + fine)
    velocity, acceleration = (after - before) / (2 * fine), (after - 2 * here + before) / fine**2
    model, p = physics.motion.model, physics.parameters_by_name()
    activation = physics.motion.activations(p)[1:-1]
    expected = model.residual(here, velocity, acceleration, activation, p) / model.torque_scale
    partial = model.residual(here, 0 * velocity, 0 * acceleration, activation, p) / model.torque_scale
    error = np.abs(residual.detach().numpy() - expected).max()
    assert error < 1e-3 < 0.05 * np.abs(partial - expected).max()


def test_residual_never_crosses_the_border_between_trials():
    both, first, second = trials_of(30, 20), trials_of(30), trials_of(20)
    angle, force = outputs_of_a_network(50)
    apart = [
        physics_on(trials)(angle[rows], force[rows])
        for trials, rows in ((first, slice(0, 30)), (second, slice(30, 50)))
    ]
    together = physics_on(both)(angle, force)
    for whole, *parts in zip(together, *apart, strict=False):
        torch.testing.assert_close(whole, torch.cat(parts))
    assert len(together[0]) == 50 - 2 * 2  # no acceleration at a trial's ends


def test_residual_vanishes_along_a_solution_of_the_equation_and_falls_with_the_step_squared():
    size = {}
    for step in (0.02, 0.01):
        trials = trials_of(round(1 / step), step=step)
        physics = physics_on(trials)
        solution = torch.from_numpy(physics.motion.solve().angle.copy())
        residual, _ = physics(solution, torch.zeros(len(solution), 2).double())
        # What is left is the central differences' error; at first there is a transient.
        size[step] = residual[round(0.1 / step) :].abs().max().item()
    assert size[0.01] < 0.01
    assert size[0.02] / size[0.01] == pytest.approx(4, rel=0.3)


def test_force_term_is_zero_exactly_when_the_forces_are_those_of_the_hill_muscles():
    trials = trials_of(40)
    physics = physics_on(trials)
    angle, _ = outputs_of_a_network(40)
    model, p, inner = physics.motion.model, physics.parameters_by_name(), physics.differences.inner
    velocity = (angle[2:] - angle[:-2]) / 0.04
    activation, joint = physics.motion.activations(p)[inner], angle[inner].detach().numpy() - p["goniometer_offset"]
    muscles, _ = model.muscle_state(joint, velocity.detach().numpy(), activation, p)
    hill = torch.zeros(40, 2).double()
    hill[inner] = torch.from_numpy(muscles.tendon_force / p["max_isometric_force"])
    loss, other = (loss_on(physics, torch.ones(40).double()) for _ in range(2))
    target, center, scale = torch.zeros(40, 1).double(), loss.center, loss.scale
    standardised = (angle - center) / scale
    loss(without_noise(standardised, hill), target)
    assert loss.terms["force_loss"] < 1e-20
    other(without_noise(standardised, hill + 0.1), target)
    assert other.terms["force_loss"] == pytest.approx(0.01)


def test_every_term_is_recorded_and_the_loss_is_their_weighted_sum():
    trials = trials_of(12)
    for trainable in (False, True):
        loss = loss_on(physics_on(trials, trainable), torch.ones(12).double())
        total = loss(without_noise(*outputs_of_a_network(12)), torch.zeros(12, 1).double()).item()
        terms = loss.terms
        assert set(terms) == {"data_loss", "ode_loss", "force_loss", "prior_loss"}
        assert all(isinstance(value, float) for value in terms.values())
        expected = terms["data_loss"] + 0.7 * terms["ode_loss"] + 0.3 * terms["force_loss"]
        assert total == pytest.approx(expected + trainable * terms["prior_loss"])


def test_prior_is_zero_at_the_initial_values_and_grows_away_from_them():
    physics = physics_on(trials_of(5), trainable=True, identify=["max_isometric_force"])
    assert physics.prior().item() == pytest.approx(0.0, abs=1e-20)
    with torch.no_grad():
        physics.raw += 0.5
    assert physics.prior().item() > 0.1


def test_frozen_physics_has_no_gradient_and_trainable_physics_has_one():
    for trainable in (False, True):
        loss = loss_on(physics_on(trials_of(10), trainable), torch.ones(10).double())
        angle, force = (x.requires_grad_() for x in outputs_of_a_network(10))
        loss(without_noise(angle, force), torch.zeros(10, 1).double()).backward()
        assert (loss.physics.raw.grad is not None) == trainable
        assert angle.grad.abs().min() > 0


def test_unlabelled_frames_count_in_the_residual_but_not_in_the_data():
    weight = torch.tensor([1.0] * 10 + [0.0] * 10).double()
    gradient = {}
    for ode_weight in (0.0, 1.0):
        loss = loss_on(physics_on(trials_of(10, 10)), weight, ode_weight, force_weight=0.0)
        angle, force = outputs_of_a_network(20)
        angle.requires_grad_()
        loss(without_noise(angle, force), torch.zeros(20, 1).double()).backward()
        gradient[ode_weight] = angle.grad.abs().squeeze()
    assert (gradient[0.0][10:] == 0).all()
    assert (gradient[1.0][10:] > 0).all()


def test_data_term_is_the_weighted_mean_square_of_standardised_errors():
    weight = torch.tensor([1.0, 3.0, 0.0]).double()
    loss = TrainingLoss(weight, torch.tensor([0.0, 0, 2.0]), torch.zeros(1), torch.ones(1))
    prediction = without_noise(torch.tensor([[1.0], [2.0], [5.0]]).double(), torch.zeros(3, 0).double())
    assert loss(prediction, torch.zeros(3, 1).double()).item() == pytest.approx((1 + 3 * 4) / 4)
    assert loss.terms == pytest.approx({"data_loss": 13 / 4, "validation_loss": 25.0})


def test_angle_that_is_unknown_in_one_column_counts_in_the_others():
    loss = TrainingLoss(torch.ones(2).double(), torch.zeros(2), torch.zeros(2), torch.ones(2))
    angle = torch.tensor([[1.0, 2.0], [3.0, 100.0]]).double().requires_grad_()
    target = torch.tensor([[0.0, 0.0], [0.0, torch.nan]]).double()
    data = loss(without_noise(angle, torch.zeros(2, 0).double()), target)
    assert data.item() == pytest.approx((1 + 4 + 9) / 3)
    (gradient,) = torch.autograd.grad(data, angle)
    assert (gradient == 0).tolist() == [[False, False], [False, True]]


def test_noisy_inputs_enter_the_data_term_alone():
    trials = trials_of(12)
    clean, noisy = (loss_on(physics_on(trials), torch.ones(12).double()) for _ in range(2))
    angle, force = outputs_of_a_network(12)
    target = torch.zeros(12, 1).double()
    clean(without_noise(angle, force), target)
    noisy((angle[None], force[None], angle[None] + 1.0), target)
    assert noisy.terms["data_loss"] != clean.terms["data_loss"]
    assert noisy.terms["ode_loss"] == clean.terms["ode_loss"]
    assert noisy.terms["force_loss"] == clean.terms["force_loss"]


def test_equation_holds_the_mean_of_the_first_networks_and_the_data_each_network_by_its_own_weights():
    weight = torch.tensor([[1.0] * 12, [0.0] * 6 + [1.0] * 6]).double()
    zero, one = torch.zeros(1).double(), torch.ones(1).double()
    physics = physics_on(trials_of(12))
    loss = TrainingLoss(weight, torch.zeros(12), zero, one, 1.0, 0.0, physics, source=torch.tensor([0, 0, 1]))
    angle = torch.stack([outputs_of_a_network(12, seed)[0] for seed in range(3)]).requires_grad_()
    force = torch.zeros(3, 12, 2).double()
    total = loss((angle, force, angle), torch.zeros(12, 1).double())
    by_network = angle.detach().square()[..., 0]
    assert loss.terms["data_loss"] == pytest.approx(by_network[:2].mean().item())
    mean = angle.detach()[:2].mean(dim=0)
    assert loss.terms["ode_loss"] == pytest.approx(physics(mean, force[0])[0].square().mean().item())
    beside = by_network[2, 6:].mean().item() / 2
    assert total.item() == pytest.approx(loss.terms["data_loss"] + loss.terms["ode_loss"] + beside)
    total.backward()
    assert (angle.grad[2, :6] == 0).all() and (angle.grad[:2] != 0).all()


def test_residual_does_not_depend_on_the_goniometer_offset_that_is_subtracted():
    model = elbow().identifying(["goniometer_offset"])
    trials = trials_of(20)
    angle, force = outputs_of_a_network(20)
    at_zero = Physics(motion_on(trials, model), False)(angle, force)[0]
    values = model.parameters.value
    values[model.parameters.slices["goniometer_offset"]] = 0.2
    shifted = Physics(motion_on(trials, model.with_values(values)), False)(angle + 0.2, force)[0]
    torch.testing.assert_close(shifted, at_zero)
