"""The estimator's parameters as three frozen settings, built in one place."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..identification.identify import IdentificationSettings
from ..learning.settings import EnsembleSettings, TrainingSettings

MODULE = "module__"  # begins the names of a user's module's arguments


@dataclass(frozen=True)
class PredictionSettings:
    """What predicts, and how much the equation of motion has to say; the estimator's parameters of the same names.

    Parameters
    ----------
    ode_weight : float or "auto"
    force_weight : float
    output_cutoff : float or "auto"
        Of the low-pass on a hybrid's angle [Hz]; infinity, above every rate, filters nothing.
    history : float
        EMG that the networks see [s].
    n_networks : int
    forest : bool
    """

    ode_weight: float | str
    force_weight: float
    output_cutoff: float | str
    history: float
    n_networks: int
    forest: bool
    own_module: bool = False

    @property
    def ensemble(self):
        """Members of the hybrid's ensemble, `EnsembleSettings`."""
        return EnsembleSettings(self.history, self.n_networks, self.forest, self.ode_weight != 0, self.own_module)


class Settings(NamedTuple):
    """All settings of a fit."""

    identification: IdentificationSettings
    training: TrainingSettings
    prediction: PredictionSettings


def settings_of(estimator, random_state, progress):
    """Settings of an estimator's parameters.

    Parameters
    ----------
    estimator : PhysicsInformedMSKRegressor
    random_state : numpy.random.RandomState
        The networks' seed is drawn of it, and the identification draws its random starts.
    progress : Progress

    Returns
    -------
    Settings
    """
    given = estimator.get_params(deep=False)
    part = lambda *names: {name: given[name] for name in names}
    seed = int(random_state.randint(2**31 - 1))
    arguments = {name.removeprefix(MODULE): value for name, value in given.items() if name.startswith(MODULE)}
    own = None
    if estimator.module is not None:
        from ..learning.own_module import OwnModule

        own = OwnModule(estimator.module, arguments)
    cutoff = np.inf if estimator.output_cutoff is None else estimator.output_cutoff
    return Settings(
        IdentificationSettings(**part("robust", "n_starts", "trial_gain_std"), random_state=random_state),
        TrainingSettings(
            tuple(estimator.hidden_layer_sizes),
            **part("max_epochs", "lr", "alpha", "input_noise", "tol", "n_iter_no_change", "device", "early_stopping"),
            progress=progress,
            seed=seed,
            own=own,
            callbacks=tuple(estimator.callbacks or ()),
        ),
        PredictionSettings(
            **part("ode_weight", "force_weight", "history", "n_networks", "forest"),
            output_cutoff=cutoff,
            own_module=own is not None,
        ),
    )
