"""
A network of your own, watched while it learns
==============================================

An LSTM in the place of the package's perceptrons, with the equation of motion in its loss, and skorch's callbacks: a
checkpoint of the best epoch, a stop on held-out trials, a learning-rate schedule and a logger.
"""

# %%
# Four trials of a simulated elbow; the last is kept for the test.

import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, LRScheduler
from torch import nn

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion

X, y = make_elbow_flexion(n_trials=4, duration=3.0, random_state=0, return_X_y=True)
is_new = X.index.get_level_values("trial") == "trial_03"

# %%
# The module reads the last half second of EMG in steps of 20 ms, (n_frames, n_steps, n_inputs). It is given
# ``n_inputs`` because its signature names it; ``hidden`` is set as ``module__hidden``.


class LSTM(nn.Module):
    def __init__(self, n_inputs, hidden=8):
        super().__init__()
        self.lstm = nn.LSTM(n_inputs, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.lstm(x)[0])


# %%
# A logger is a callback; ``skorch.callbacks.TensorBoard(SummaryWriter())`` stands in the same place.


class Log(Callback):
    rows = []

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        self.rows.append({name: row[name] for name in ("data_loss", "ode_loss", "valid_loss")})


folder = tempfile.TemporaryDirectory()
regressor = PhysicsInformedMSKRegressor(
    "elbow",
    prediction="network",
    module=LSTM,
    module__hidden=6,
    max_epochs=25,
    random_state=0,
    callbacks=[
        Checkpoint(monitor="valid_loss_best", dirname=folder.name),
        EarlyStopping(patience=10),
        LRScheduler("CosineAnnealingLR", T_max=25),
        Log(),
    ],
).fit(X[~is_new], y[~is_new])
print(f"{regressor.n_iter_} epochs")

# %%
# Every term of the loss, of the training and of the held-out trial.

figure, (losses, angles) = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
pd.DataFrame(Log.rows).plot(ax=losses, logy=True, xlabel="epoch", ylabel="loss")
time = X[is_new].index.get_level_values("time")
angles.plot(time, np.rad2deg(y[is_new]), color="0.6", label="measured")
angles.plot(time, np.rad2deg(regressor.predict(X[is_new])), label="LSTM, joint training")
angles.set(xlabel="time [s]", ylabel="elbow flexion [deg]")
angles.legend()
plt.show()

# %%
# The best weights lie in the checkpoint's folder, and ``net_`` is a skorch net around the trained module.

print(sorted(regressor.net_.history[-1])[:4])
folder.cleanup()
