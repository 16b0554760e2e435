"""Properties of the network and its training."""

import numpy as np
import pytest
import torch

from sk_bionic.learning.loss import TrainingLoss
from sk_bionic.learning.networks import FEWEST_IN_TURN, HistoryNetwork, _Layer
from sk_bionic.learning.training import train
from sk_bionic.predictors.settings import TrainingSettings

FAST = TrainingSettings(hidden_layer_sizes=(8,), max_epochs=30, lr=0.05, seed=3)


def problem(n_frames=80, seed=0):
    """Standardised features and an angle [rad] that is a smooth function of them."""
    features = np.random.default_rng(seed).normal(size=(n_frames, 2))
    angle = 1.0 + 0.3 * np.tanh(features[:, :1]) - 0.2 * features[:, 1:] ** 2
    return features, angle, np.ones(n_frames)


def stopped_early(features, angle, weight):
    """A network that watched the second half of the frames, patience 5, and their loss by epoch."""
    held_out = np.where(np.arange(len(features)) < len(features) // 2, 0.0, 1.0)
    settings = TrainingSettings(hidden_layer_sizes=(32,), max_epochs=200, lr=0.1, n_iter_no_change=5)
    trained = train(features, angle, weight, settings, validation_weight=held_out)
    return trained, [epoch["validation_loss"] for epoch in trained.history]


def test_network_is_smooth_and_deterministic():
    """The residual needs a second derivative: no kinks, no dropout."""
    torch.manual_seed(0)
    network = HistoryNetwork(1, 1, 1, (16, 16)).double()
    x = torch.linspace(-2, 2, 401, dtype=torch.float64)[:, None]
    network.train()
    torch.testing.assert_close(network(x), network(x), rtol=0, atol=0)
    for output in range(2):
        point = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(network(point)[output].sum(), point, create_graph=True)
        (curvature,) = torch.autograd.grad(slope.sum(), point)
        assert curvature.abs().max() > 1e-3  # piecewise linear activations have none
        assert curvature.diff(dim=0).abs().max() < 0.1 * curvature.abs().max()  # without jumps


def test_noise_on_the_inputs_stays_away_from_the_trajectory_of_the_equation():
    torch.manual_seed(0)
    network = HistoryNetwork(1, 1, 1, (8,), input_noise=0.5).double()
    x = torch.linspace(-1, 1, 20, dtype=torch.float64)[:, None]
    network.train()
    (angle, force, noisy), (again, force_again, other) = network(x), network(x)
    torch.testing.assert_close((again, force_again), (angle, force), rtol=0, atol=0)
    assert not torch.equal(noisy, angle) and not torch.equal(noisy, other)
    network.eval()
    assert torch.equal(network(x)[2], angle)


def test_muscle_forces_are_never_negative():
    torch.manual_seed(0)
    network = HistoryNetwork(2, 1, 3, (8,)).double()
    force = network(100 * torch.randn(500, 2, dtype=torch.float64))[1]
    assert force.shape == (1, 500, 3) and (force >= 0).all()


def test_network_without_muscles_has_no_forces():
    angle, force = HistoryNetwork(2, 2, 0, (4,)).double()(torch.zeros(5, 2, dtype=torch.float64))[:2]
    assert angle.shape == (1, 5, 2) and force.shape == (1, 5, 0)


def test_training_approximates_the_angle_in_radians():
    features, angle, weight = problem()
    settings = TrainingSettings(hidden_layer_sizes=(16,), max_epochs=200, lr=0.03)
    trained = train(features, angle, weight, settings)
    predicted, _ = trained.predict(features)
    assert np.sqrt(np.mean((predicted - angle) ** 2)) < 0.1 * angle.std()
    loss = [epoch["train_loss"] for epoch in trained.history]
    assert loss[-1] < 0.05 * loss[0]


def test_frames_without_weight_or_angle_are_not_learnt_from():
    features, angle, weight = problem()
    weight[::3] = 0.0
    wrong, missing = angle.copy(), angle.copy()
    wrong[::3], missing[::3] = 50.0, np.nan
    expected, _ = train(features, angle, weight, FAST).predict(features)
    for other in (wrong, missing):
        np.testing.assert_array_equal(train(features, other, weight, FAST).predict(features)[0], expected)
    missing_only, _ = train(features, missing, np.ones_like(weight), FAST).predict(features)
    np.testing.assert_array_equal(missing_only, expected)


def test_same_seed_gives_the_same_bits_and_leaves_the_global_random_state():
    features, angle, weight = problem()
    before = torch.random.get_rng_state()
    first, second = (train(features, angle, weight, FAST).predict(features)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert torch.equal(torch.random.get_rng_state(), before)
    other = TrainingSettings(hidden_layer_sizes=(8,), max_epochs=30, lr=0.05, seed=4)
    assert not np.array_equal(train(features, angle, weight, other).predict(features)[0], first)


def test_the_weights_with_the_best_validation_loss_are_kept():
    features, angle, weight = problem(120)
    noise = np.random.default_rng(1).normal(size=angle.shape)  # nothing to learn
    trained, loss = stopped_early(features, noise, weight)
    predicted, _ = trained.predict(features)
    standardised = ((predicted - noise) / trained.scale)[60:]
    assert np.mean(standardised**2) == pytest.approx(min(loss))


def test_training_stops_when_the_loss_of_the_validation_frames_rises():
    features, angle, weight = problem(120)
    noise = np.random.default_rng(1).normal(size=angle.shape)
    _, loss = stopped_early(features, noise, weight)
    assert len(loss) < 200
    assert np.argmin(loss) == len(loss) - 1 - 5


def test_training_goes_on_from_a_given_network():
    features, angle, weight = problem()
    first = train(features, angle, weight, FAST)
    second = train(features, angle, weight, FAST, start=first.module)
    assert second.history[0]["train_loss"] <= first.history[-1]["train_loss"]
    assert second.history[0]["train_loss"] < 0.7 * first.history[0]["train_loss"]


def test_networks_side_by_side_see_only_their_own_features_and_version():
    features, angle, weight = problem()
    versions = np.stack([features, np.zeros_like(features)])
    seen = [[True, False], [True, True], [True, True]]
    trained = train(versions, angle, np.stack([weight, weight]), FAST, seen=seen, source=[0, 0, 1])
    expected, _ = trained.predict_all(versions)
    assert expected.shape == (3, len(angle), 1)
    hidden, other = versions.copy(), versions.copy()
    hidden[0, :, 1] += 1.0
    other[1] += 1.0
    for changed, same in ((hidden, [True, False, True]), (other, [True, True, False])):
        predicted, _ = trained.predict_all(changed)
        equal = [np.array_equal(a, b) for a, b in zip(predicted, expected, strict=False)]
        assert equal == same
    assert np.ptp(expected[2]) < 1e-12  # fed with zeros


def test_a_network_learns_beside_others_as_it_does_alone():
    """Weights of the other versions' frames do not reach it."""
    features, angle, weight = problem()
    versions = np.stack([features, features])
    predictions = []
    for second in (weight, np.where(np.arange(len(weight)) < 20, 1.0, 0.0)):
        trained = train(versions, angle, np.stack([weight, second]), FAST, seen=np.ones((2, 2)), source=[0, 1])
        predictions.append(trained.predict_all(versions)[0])
    np.testing.assert_allclose(predictions[0][0], predictions[1][0], atol=1e-9)
    assert np.abs(predictions[0][1] - predictions[1][1]).max() > 0.01


def test_a_constant_angle_is_predicted_as_it_is():
    features, angle, weight = problem()
    predicted, _ = train(features, np.full_like(angle, 0.7), weight, FAST).predict(features)
    np.testing.assert_allclose(predicted, 0.7, atol=0.3)
    assert np.isfinite(predicted).all()


def test_each_network_has_its_own_noise():
    features = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    network = HistoryNetwork(3, 1, 0, (8,), input_noise=0.5, seen=np.ones((3, 3)), noise_levels=[0.0, 1.0, 4.0])
    clean, _, noisy = network.train()(features)
    deviation = (noisy - clean).square().mean(dim=(1, 2)).sqrt()
    assert deviation[0] < 1e-6 < 1e-2 < deviation[1] < deviation[2]
    assert torch.equal(network.eval()(features)[2], network(features)[0])


def test_noise_is_what_it_was_added_to_the_inputs():
    """One layer without bias: the noisy output is that of inputs plus noise."""
    features = torch.zeros(20000, 2)
    network = HistoryNetwork(2, 1, 0, (), input_noise=0.3, noise_levels=[2.0])
    noisy = network.train()(features)[2] - network.angle.bias.detach()
    expected = 0.6 * network.angle.weight.detach().norm()
    assert noisy.std().item() == pytest.approx(expected.item(), rel=0.05)


def test_derivatives_of_a_layer_are_those_of_tanh():
    generator = torch.Generator().manual_seed(0)
    shapes = (2, 3, 5), (2, 3, 4), (2, 1, 4)
    x, weight, bias = (torch.randn(*s, dtype=torch.float64, generator=generator, requires_grad=True) for s in shapes)
    expected = torch.tanh(weight.transpose(1, 2) @ x + bias.transpose(1, 2))
    torch.testing.assert_close(_Layer.apply(x, weight, bias), expected, rtol=1e-13, atol=1e-13)
    assert torch.autograd.gradcheck(_Layer.apply, (x, weight, bias))
    assert torch.autograd.gradgradcheck(_Layer.apply, (x, weight, bias))


@pytest.mark.parametrize("widths", [(), (6,), (6, 4)])
def test_frames_that_a_version_does_not_learn_from_cost_nothing_and_change_nothing(widths):
    seen, source = [[True, True, False], [False, True, False], [True, True, True]], [0, 0, 1]
    arguments = {"input_noise": 0.3, "seen": seen, "source": source, "noise_levels": [1.0, 0.4, 1.6]}
    features = torch.randn(2, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    frames = [torch.arange(7), torch.tensor([0, 3, 4])]
    noisy, slopes = [], []
    for own in (None, frames):
        network = HistoryNetwork(3, 2, 0, widths, generator=torch.Generator().manual_seed(2), **arguments).double()
        network.frames = own
        angle = network.train()(features)[2]
        noisy.append(angle.detach())
        learnt = angle[:2].square().sum() + angle[2, frames[1]].square().sum()
        slopes.append(torch.autograd.grad(learnt, list(network.parameters())))
    torch.testing.assert_close(noisy[0][:2], noisy[1][:2], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(noisy[0][2, frames[1]], noisy[1][2, frames[1]], rtol=1e-12, atol=1e-12)
    assert noisy[1][2, [1, 2, 5, 6]].isnan().all()
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("n_frames", "turns"), [(90, 2), (91, 4), (30, 2)])
def test_frames_take_turns_until_all_have_been_learnt_from(n_frames, turns):
    network = HistoryNetwork(2, 1, 0, (4,), 0.3, generator=torch.Generator().manual_seed(0)).double().train()
    network.frames, network.turns = [torch.arange(n_frames)], turns
    learnt = torch.stack([network(torch.zeros(n_frames, 2))[2][0, :, 0].isfinite() for _ in range(turns)])
    assert learnt.any(dim=0).all()
    few = n_frames < turns * FEWEST_IN_TURN  # each step has them all
    assert (learnt.sum(dim=0) == (turns if few else 1)).all()


def test_frames_out_of_turn_have_no_say_in_a_step():
    weight, target = torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([[0.1], [0.2], [0.3], [0.4]])
    loss = TrainingLoss(weight.double(), torch.zeros(4), torch.zeros(1), torch.ones(1))
    noisy = torch.tensor([[[0.5], [torch.nan], [0.9], [torch.nan]]], requires_grad=True)
    value = loss((torch.zeros(1, 4, 1), torch.zeros(1, 4, 0), noisy), target)
    assert value.item() == pytest.approx((1.0 * 0.4**2 + 3.0 * 0.6**2) / 4.0, rel=1e-6)
    (slope,) = torch.autograd.grad(value, noisy)
    np.testing.assert_allclose(slope[0, :, 0], [2 * 0.4 / 4.0, 0.0, 2 * 3.0 * 0.6 / 4.0, 0.0], rtol=1e-6)
