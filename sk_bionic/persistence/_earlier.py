"""Files of the first version of the format, which held what a fit leaves behind in other classes."""

from types import SimpleNamespace

import numpy as np

from ..learning.features import FeatureLayout, coarse_lags, short_lags
from ..predictors.hybrid import EnsemblePredictor, HybridPredictor, SimulationLedPredictor
from ..predictors.network import NetworkPredictor
from ..predictors.simulation import SimulationPredictor
from ..predictors.static import StaticPredictor

CLASSES = ("Fitted", "Hybrid")  # that no longer are


class Parts(SimpleNamespace):
    """The fields of an object whose class there no longer is; the earliest files do not have all."""

    def __init__(self, parts):
        late = {"start_states": None, "seen_inputs": None, "suspicions": (), "posture_errors": None}
        super().__init__(**{**late, **parts})


def with_predictor(parts):
    """Parts of a regressor with the predictor that takes the place of what its file has.

    Parameters
    ----------
    parts : dict
        Parameters and fitted attributes, as a file has them.

    Returns
    -------
    dict
        The same object where the file is no earlier one.
    """
    fitted = dict(parts["fitted"])
    found = fitted.pop("fitted_", None)
    if not isinstance(found, Parts):
        return parts
    fitted["predictor_"] = _predictor(found, fitted, parts["params"]["prediction"])
    fitted.pop("session_", None)
    return {**parts, "fitted": fitted}


def _predictor(found, fitted, prediction):
    suspicions = tuple(found.suspicions)
    if found.model is None:
        return StaticPredictor(network=found.network, scaler=found.scaler, suspicions=suspicions)
    session = fitted["session_"]._replace(offset=_offset(found.model) - _offset(found.model_of_training))
    common = {name: getattr(found, name) for name in ("model", "model_of_training", "start_states", "seen_inputs")}
    common |= {"session": session, "suspicions": suspicions}
    identified = {"identification": found.identification, "findings": tuple(found.findings)}
    if found.network is None:
        return SimulationPredictor(**common, **identified)
    common |= {
        "layout": _layout(fitted, hybrid=found.hybrid is not None),
        "history": fitted["emg_history_"],
        "posture_errors": found.posture_errors,
    }
    if found.hybrid is None:
        return NetworkPredictor(**common, network=found.network, scaler=found.scaler, ode_weight=found.ode_weight)
    hybrid = found.hybrid
    learners = {"learners": hybrid.learners.alone(), "held_out": hybrid.trust}
    if hybrid.physics is None:
        return EnsemblePredictor(**common, **identified, **learners)
    kind = SimulationLedPredictor if np.isinf(found.ode_weight) else HybridPredictor
    return kind(**common, **identified, **learners, physics=hybrid.physics, known_inputs=hybrid.known_inputs)


def _offset(model):
    return model.parameters.as_dict()["goniometer_offset"]


def _layout(fitted, hybrid):
    roles, history = fitted["roles_"], fitted["emg_history_"]
    lags = short_lags(history)
    lags = np.union1d(lags, coarse_lags(history)) if hybrid else lags
    return FeatureLayout(lags, len(roles.emg), len(roles.exogenous))
