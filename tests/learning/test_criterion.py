"""The criterion for a network of one's own."""

import numpy as np
import pytest
import torch
from skorch import NeuralNet
from torch import nn

from sk_bionic import PhysicsInformedLoss
from sk_bionic.datasets import make_elbow_flexion


@pytest.fixture(scope="module")
def flexion():
    return make_elbow_flexion(n_trials=2, duration=2.0, random_state=0)


def column(values):
    return torch.from_numpy(np.asarray(values, dtype=np.float64)[:, None])


def test_the_true_motion_obeys_the_equation_and_no_other_does(flexion):
    criterion = PhysicsInformedLoss(flexion.model, flexion.data)
    true = column(flexion.angle.squeeze())
    criterion(true, true)
    assert criterion.terms["ode_loss"] < 1e-5
    criterion(true + 0.3, true)
    assert criterion.terms["ode_loss"] > 1.0
    assert criterion.terms["data_loss"] == pytest.approx((0.3 / float(true.std())) ** 2)


def test_its_gradient_is_exact(flexion):
    trial = flexion.data.loc[["trial_00"]].iloc[:12]
    criterion = PhysicsInformedLoss(flexion.model, trial, ode_weight=0.7)
    angle = column(flexion.target.loc[["trial_00"]].iloc[:12]) + 0.1 * column(np.sin(np.arange(12)))
    target = column(flexion.target.loc[["trial_00"]].iloc[:12])
    target[3:5] = np.nan
    assert torch.autograd.gradcheck(lambda x: criterion(x, target), angle.requires_grad_(), eps=1e-6, atol=1e-4)


def test_unknown_angles_count_for_the_equation_alone(flexion):
    criterion = PhysicsInformedLoss(flexion.model, flexion.data, ode_weight=0.0, angle_scale=1.0)
    target = column(flexion.target)
    target[::2] = np.nan
    moved = torch.nan_to_num(target) + 0.2
    assert float(criterion(moved, target)) == pytest.approx(0.04)


def test_a_skorch_net_learns_under_it(flexion):
    losses = {}
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        net = NeuralNet(
            nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), criterion=PhysicsInformedLoss,
            criterion__model=flexion.model, criterion__X=flexion.data, criterion__ode_weight=weight,
            optimizer=torch.optim.Adam, lr=0.03, max_epochs=40, batch_size=-1, train_split=None, verbose=0,
        )  # fmt: skip
        net.fit(flexion.data.to_numpy(np.float32), flexion.target.to_numpy(np.float32)[:, None])
        losses[weight] = net.criterion_.terms
    assert losses[1.0]["ode_loss"] < losses[0.0]["ode_loss"]
    assert losses[0.0]["data_loss"] < 1.0


def test_parameters_are_identified_along_where_asked(flexion):
    criterion = PhysicsInformedLoss(flexion.model, flexion.data, identify=True)
    before = criterion.values()["max_isometric_force"].copy()
    optimizer = torch.optim.Adam(criterion.parameters(), lr=1e-3)
    target = column(flexion.angle.squeeze())
    for _ in range(2):
        optimizer.zero_grad()
        criterion((target + 0.02, torch.full((len(target), 2), 0.1, dtype=torch.float64)), target).backward()
        optimizer.step()
    assert {"force_loss", "prior_loss"} <= set(criterion.terms)
    assert not np.array_equal(criterion.values()["max_isometric_force"], before)
    frozen = PhysicsInformedLoss(flexion.model, flexion.data)
    assert not [p for p in frozen.parameters() if p.requires_grad]


def test_a_part_of_the_frames_is_refused(flexion):
    criterion = PhysicsInformedLoss(flexion.model, flexion.data)
    target = column(flexion.target)
    with pytest.raises(
        ValueError, match=r"The prediction has the shape \(50, 1\), but X has 400 frames.*batch_size=-1"
    ):
        criterion(target[:50], target[:50])
    with pytest.raises(ValueError, match="Nothing tells the time"):
        PhysicsInformedLoss(flexion.model, flexion.data.reset_index(drop=True))
