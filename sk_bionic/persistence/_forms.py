"""The classes that a file may hold: of what parts each is made, and how it is built of them again."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skorch.history import History

from .._inputs import ColumnRoles
from ..dynamics.marching import Trajectory
from ..identification.identifiability import Finding
from ..identification.identify import Identification
from ..identification.suspicion import Suspicion
from ..learning.ensemble import Learners
from ..learning.features import FeatureLayout
from ..learning.networks import HistoryNetwork
from ..learning.own_module import ModuleNetworks, OwnModule
from ..learning.training import TrainedNetwork
from ..moments.learner import MomentLearner
from ..moments.regressor import EMGDrivenMomentRegressor, MomentFit
from ..musculoskeletal import Coordinate, Joint, Muscle, MuscleGeometry, MusculoskeletalModel, PolynomialPath
from ..musculoskeletal.parameters import Parameter, ParameterTable
from ..predictors.error_size import ErrorSize
from ..predictors.held_out import HeldOutErrors
from ..predictors.hybrid import EnsemblePredictor, HybridPredictor, SimulationLedPredictor
from ..predictors.network import NetworkPredictor
from ..predictors.posture_errors import PostureErrors
from ..predictors.predictor import Session
from ..predictors.seen_inputs import SeenInputs
from ..predictors.simulation import SimulationPredictor
from ..predictors.start_states import StartStates
from ..predictors.static import StaticPredictor
from ..preprocessing import EMGEnvelope, LagEmbedding
from ..regressor import PhysicsInformedMSKRegressor
from . import _earlier, _forest, _network

RECORDS = (
    ColumnRoles, Coordinate, FeatureLayout, Finding, Joint, Learners,
    MomentFit, MomentLearner, Muscle,
    NetworkPredictor, Parameter, PolynomialPath, PostureErrors, SeenInputs, Session, SimulationPredictor,
    StartStates, StaticPredictor, Suspicion, TrainedNetwork,
)  # fmt: skip
ESTIMATORS = (EMGEnvelope, LagEmbedding, StandardScaler)
# What a model of muscles may take: its tables of paths grow with muscles x terms x coordinates^2, its correlations
# with the square of the free parameters.
MAX_MUSCLES, MAX_DEGREE, MAX_PATH_NUMBERS, MAX_FREE = 1000, 100, 2 * 10**7, 5000
OUTPUT = "_sklearn_output_config"  # what `set_output` has chosen


@dataclass(frozen=True)
class Form:
    """How objects of one class are written: `parts` makes a dict of them, `build` an object of that dict."""

    name: str
    parts: Callable
    build: Callable
    is_estimator: bool = False


def form_of(value):
    """Form of an object; None where its very class (not a base of it) has none."""
    return _FORMS.get(type(value))


def _record(cls):
    """Form of a dataclass or named tuple: its fields. Those that a file does not have keep their defaults."""
    names = [field.name for field in fields(cls)] if is_dataclass(cls) else cls._fields
    return Form(cls.__name__, lambda value: {name: getattr(value, name) for name in names}, lambda parts: cls(**parts))


def _renamed(cls, name=None, **in_files):
    """Form of a record that files know by another `name`, or some fields of it: today's name to that in files."""
    record, today = _record(cls), {old: new for new, old in in_files.items()}
    return Form(
        name or cls.__name__,
        lambda value: {in_files.get(field, field): part for field, part in record.parts(value).items()},
        lambda parts: cls(**{today.get(field, field): part for field, part in parts.items()}),
    )


def _build_trajectory(parts):
    known = {name: parts[name] for name in Trajectory._fields if name in parts}  # earlier versions had more
    return Trajectory(**known)


def _parts_of_model(model):
    table = model.parameters.rows
    names = [field.name for field in fields(Parameter)]
    columns = {name: [getattr(row, name) for row in table] for name in names}
    description = {name: getattr(model, name) for name in ("muscles", "joints", "name", "prescribed_names")}
    return {**description, "parameters": columns}


def _form_of_identification():
    """A record whose trials may have names of any type: those that JSON does not know are kept as text."""
    record = _record(Identification)
    plain = lambda name: name if isinstance(name, str | int | float | tuple) or name is None else str(name)
    names = lambda value: {"trial_names": tuple(map(plain, value.trial_names))}
    return replace(record, parts=lambda value: record.parts(value) | names(value))


def _check_size(muscles, joints, free):
    paths = [muscle.path for muscle in muscles if muscle.path is not None]
    exponents = {exponent for path in paths for exponent in path.terms}
    numbers = sum(len(path.terms) for path in paths) * len(joints)
    if all(isinstance(joint, Joint) for joint in joints):  # else no table of all terms is ever made
        numbers = max(numbers, len(muscles) * len(exponents) * len(joints) ** 2)
    degree = max((power for exponent in exponents for power in exponent), default=0)
    if (
        max(len(muscles), len(joints)) > MAX_MUSCLES
        or numbers > MAX_PATH_NUMBERS
        or degree > MAX_DEGREE
        or sum(map(bool, free)) > MAX_FREE
    ):
        raise ValueError(
            f"its model of {len(muscles)} muscles, {len(joints)} joints and {len(exponents)} terms of their "
            "paths is larger than any that sk_bionic.load takes."
        )


def _build_model(parts):
    _check_size(parts["muscles"], parts["joints"], parts["parameters"]["free"])
    model = MusculoskeletalModel(parts["muscles"], parts["joints"], parts["name"])
    if parts["prescribed_names"]:
        model = model.prescribing(parts["prescribed_names"])
    columns = parts["parameters"]
    rows = [Parameter(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    saved = {(row.owner, row.name): row for row in rows}
    unknown = set(saved) - {(row.owner, row.name) for row in model.parameters.rows}
    if unknown:
        raise ValueError(f"its model {model.name!r} has parameters that are not known: {sorted(unknown)[:3]}.")
    # Parameters that a later version has added keep their defaults.
    rows = [saved.get((row.owner, row.name), row) for row in model.parameters.rows]
    return model._with_table(ParameterTable(rows))


def _parts_of_geometry(geometry):
    trials = geometry.trials
    return {
        "trial_names": tuple(str(name) for name in trials.names), "starts": trials.starts, "time": trials.time,
        "muscles": geometry.muscle_names, "coordinates": geometry.coordinate_names,
        "length": geometry.length.to_numpy(), "moment_arm": geometry.arms(),
    }  # fmt: skip


def _build_geometry(parts):
    names = [name for name, n in zip(parts["trial_names"], np.diff(parts["starts"]), strict=True) for _ in range(n)]
    index = pd.MultiIndex.from_arrays([names, parts["time"]], names=["trial", "time"])
    muscles = list(parts["muscles"])
    arms = {
        name: pd.DataFrame(parts["moment_arm"][:, d], index, muscles) for d, name in enumerate(parts["coordinates"])
    }
    return MuscleGeometry(pd.DataFrame(parts["length"], index, muscles), arms)


def _parts_of_moment_regressor(regressor):
    """Without the attributes that follow from `fitted_`."""
    parts, derived = _parts_of_estimator(regressor), set(regressor._exposed())
    return {**parts, "fitted": {name: value for name, value in parts["fitted"].items() if name not in derived}}


def _build_moment_regressor(parts):
    regressor = _build_of(EMGDrivenMomentRegressor)(parts)
    regressor._expose()
    return regressor


def _build_random_state(parts):
    state = np.random.RandomState()
    state.set_state(parts["state"])
    return state


def _fitted_attributes(estimator):
    given = estimator.get_params(deep=False)
    return {k: v for k, v in vars(estimator).items() if k not in given and (k == OUTPUT or not k.startswith("_"))}


def _parts_of_estimator(estimator):
    return {"params": estimator.get_params(deep=False), "fitted": _fitted_attributes(estimator)}


def _build_of(cls):
    def build(parts):
        estimator = cls(**parts["params"])
        given = estimator.get_params(deep=False)
        for name, value in parts["fitted"].items():
            if name != OUTPUT and (name.startswith("_") or name in given or hasattr(cls, name)):
                raise ValueError(f"{cls.__name__} has no fitted attribute {name!r}.")
            setattr(estimator, name, value)
        return estimator

    return build


def _parts_of_pipeline(pipeline):
    parts = _parts_of_estimator(pipeline)
    return {**parts, "params": {**parts["params"], "memory": None}}


def _build_pipeline(parts):
    if parts["params"].get("memory") is not None:
        # A cache is a folder of pickles, which the next fit would open.
        raise ValueError("its Pipeline has a cache (`memory`), which sk_bionic.save never writes.")
    return _build_of(Pipeline)(parts)


def _parts_of_regressor(regressor):
    """Without what follows from `predictor_`, the user's callbacks, and of a user's module all but its name."""
    parts = _parts_of_estimator(regressor)
    given = dict(parts["params"], callbacks=None)
    if regressor.module is not None:
        given["module"] = OwnModule(regressor.module).name
    parts = {**parts, "params": given}
    derived = {**regressor.predictor_.attributes(), **regressor.predictor_.tables(), "net_": None}
    if derived["model_"] is regressor.model_:
        kept = {name: value for name, value in parts["fitted"].items() if name not in derived}
        return {**parts, "fitted": kept}
    raise TypeError("The regressor's `model_` is not the one that it was fitted with: fit it again before saving.")


def _build_regressor(parts):
    name = parts["params"].get("module")
    if name is not None:
        parts = {**parts, "params": {**parts["params"], "module": _network.passed_module(name)}}
    regressor = _build_of(PhysicsInformedMSKRegressor)(_earlier.with_predictor(parts))
    regressor._expose(regressor.predictor_)
    return regressor


_FORMS = {
    **{cls: _record(cls) for cls in RECORDS},
    **{cls: _renamed(cls, held_out="trust") for cls in (EnsemblePredictor, HybridPredictor, SimulationLedPredictor)},
    HeldOutErrors: _renamed(HeldOutErrors, "Trust"),
    ErrorSize: _renamed(ErrorSize, label_factor="few"),
    Identification: _form_of_identification(),
    **{cls: Form(cls.__name__, _parts_of_estimator, _build_of(cls), is_estimator=True) for cls in ESTIMATORS},
    Pipeline: Form("Pipeline", _parts_of_pipeline, _build_pipeline, is_estimator=True),
    Trajectory: Form("Trajectory", lambda one: one._asdict(), _build_trajectory),
    MusculoskeletalModel: Form("MusculoskeletalModel", _parts_of_model, _build_model),
    MuscleGeometry: Form("MuscleGeometry", _parts_of_geometry, _build_geometry),
    HistoryNetwork: Form("HistoryNetwork", _network.parts, _network.build),
    ModuleNetworks: Form("ModuleNetworks", _network.own_parts, _network.build_own),
    History: Form("History", lambda history: {"epochs": list(history)}, lambda parts: History(parts["epochs"])),
    ExtraTreesRegressor: Form("ExtraTreesRegressor", _forest.parts, _forest.build),
    np.random.RandomState: Form("RandomState", lambda state: {"state": state.get_state()}, _build_random_state),
    EMGDrivenMomentRegressor: Form(
        "EMGDrivenMomentRegressor",
        _parts_of_moment_regressor,
        _build_moment_regressor,
        is_estimator=True,
    ),
    PhysicsInformedMSKRegressor: Form(
        "PhysicsInformedMSKRegressor",
        _parts_of_regressor,
        _build_regressor,
        is_estimator=True,
    ),
}
FORMS = {form.name: form for form in _FORMS.values()} | {
    name: Form(name, None, _earlier.Parts) for name in _earlier.CLASSES
}
