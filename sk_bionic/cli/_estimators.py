"""From a configuration to its model, its estimator and the steps before it."""

from sklearn.pipeline import Pipeline

from ..musculoskeletal import from_osim
from ..preprocessing import EMGEnvelope
from ..regressor import PhysicsInformedMSKRegressor
from ._config import renamings


def make_regressor(config):
    """The estimator that the configuration describes."""
    return PhysicsInformedMSKRegressor(**{**config.estimator, "model": make_model(config)})


def make_model(config):
    """The model: the name of a preset, or what an .osim file (relative to the configuration) makes.

    Of the file it takes the coordinates that are measured and the muscles that have EMG, unless the table [osim] says others.
    """
    name = config.estimator.get("model", "auto")
    if not name.endswith(".osim"):
        return name
    measured = [*renamings(config.data.prescribed_angles).values(), *renamings(config.data.angle).values()]
    chosen = {"coordinates": measured, "muscles": list(renamings(config.data.emg).values()), **config.osim}
    if "paths" in chosen:
        chosen["paths"] = config.folder / chosen["paths"]
    return from_osim(config.folder / name, **chosen)


def with_normalisation(config, regressor):
    """Pipeline of the normalisation of the envelopes, which is learnt from training trials alone, and a regressor."""
    steps = [("regressor", regressor)]
    if config.emg is not None and config.emg.normalize is not False:
        normalisation = EMGEnvelope(band=None, low_pass=None, normalize=config.emg.normalize, exclude=untouched(config))
        steps.insert(0, ("normalisation", normalisation.set_output(transform="pandas")))
    return Pipeline(steps)


def make_envelope(config):
    """The filters that make envelopes of raw EMG, without normalisation; None where the columns are envelopes."""
    if config.emg is None:
        return None
    off = lambda value: None if value is False else value
    return EMGEnvelope(
        band=off(config.emg.band), low_pass=off(config.emg.low_pass), order=config.emg.order, causal=config.emg.causal,
        normalize=None, exclude=untouched(config),
    ).set_output(transform="pandas")  # fmt: skip


def untouched(config):
    """Names of the columns of X that are no EMG."""
    return [*renamings(config.data.other).values(), *renamings(config.data.prescribed_angles).values()]
