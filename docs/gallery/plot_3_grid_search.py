"""
Search the weight of the equation in a Pipeline
===============================================

``ode_weight`` says how much the equation of motion counts against the measured angles. The default, the hybrid, chooses
it itself. With the published joint training (``prediction="network"``) it is a hyperparameter like any other: here
``GridSearchCV`` chooses it, over whole trials and through a pipeline.
"""

# %%
# A subject whose limb departs from the model somewhat.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline

from sk_bionic import PhysicsInformedMSKRegressor
from sk_bionic.datasets import make_elbow_flexion
from sk_bionic.model_selection import TrialKFold
from sk_bionic.preprocessing import EMGEnvelope

flexion = make_elbow_flexion(n_trials=3, duration=3.0, mismatch=0.5, random_state=1)

# %%
# The simulator's EMG is an envelope already, so the first step only takes off the level at rest and normalises
# (``band=None, low_pass=None``); on raw EMG it would filter, too. ``set_output(transform="pandas")`` keeps the index
# with its trials and times on the way. Parameters of the regressor are reached by the name of its step.

pipeline = Pipeline(
    [
        ("envelope", EMGEnvelope(band=None, low_pass=None, rest=0.05)),
        (
            "regressor",
            PhysicsInformedMSKRegressor("elbow", prediction="network", max_epochs=60, random_state=0),
        ),
    ]
).set_output(transform="pandas")
search = GridSearchCV(
    pipeline,
    {"regressor__ode_weight": [0.0, 0.1, 1.0, 1000.0]},
    cv=TrialKFold(3),
    scoring="neg_root_mean_squared_error",
    refit=False,
)

# %%
# Every fold leaves out a whole trial. Scores are in radians with a minus sign, as scikit-learn wants them.

search.fit(flexion.data, flexion.target)
results = pd.DataFrame(search.cv_results_)
errors = -np.rad2deg(results[[f"split{fold}_test_score" for fold in range(3)]].to_numpy())
print("best weight:", search.best_params_["regressor__ode_weight"])
pd.DataFrame(errors, index=results["param_regressor__ode_weight"], columns=["trial 1", "trial 2", "trial 3"]).round(1)

# %%
# With no weight at all, the network has the EMG and the angles alone. The more weight, the more it has to obey an
# equation whose parameters are still to be found: on this subject that makes it worse, and the search says so.
# Identifying the parameters first, through the solved equation, is another matter, on the same folds and with the same
# pipeline:

pipeline.set_params(regressor__prediction="simulation")
scores = cross_val_score(
    pipeline, flexion.data, flexion.target, cv=TrialKFold(3), scoring="neg_root_mean_squared_error"
)
simulation = -np.rad2deg(scores.mean())
print(f"simulation: {simulation:.1f} deg")

# %%
# Which is why the hybrid, the default, identifies first and then gives the equation the weight that held-out data
# support.

figure, axes = plt.subplots(figsize=(7, 3.2))
axes.plot(range(4), errors, "o", color="0.65", ms=5)
axes.plot(range(4), errors.mean(axis=1), "o-", color="C0", label="mean over the trials left out")
axes.plot([], [], "o", color="0.65", label="one trial")
axes.axhline(simulation, color="C1", ls="--", label="identified first: simulation")
axes.set_xticks(range(4), [f"{weight:g}" for weight in results["param_regressor__ode_weight"]])
axes.set(xlabel="ode_weight", ylabel="RMSE on unseen trials [deg]", ylim=(0, None))
axes.legend()
plt.show()
