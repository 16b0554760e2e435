"""From a configuration to its model, its estimator and the steps before it."""

from sklearn.pipeline import Pipeline

from ..musculoskeletal import from_osim
from ..preprocessing import EMGEnvelope
from ..regressor import PhysicsInformedMSKRegressor
from ._config import columns_of


def make_regressor(config):
    """The estimator that the configuration describes."""
    return PhysicsInformedMSKRegressor(**{**config.estimator, "model": make_model(config)})


def make_model(config):
    """The model: the name of a preset, or what an .osim file (relative to the configuration) makes.

    Of the file it takes the coordinates that are measured and the muscles that have EMG, unless the table [osim] says
    others.
    """
    name = config.estimator.get("model", "auto")
    if not name.endswith(".osim"):
        return name
    measured = [*columns_of(config.data.prescribed_angles), *columns_of(config.data.angle)]
    chosen = {"coordinates": measured, "muscles": _muscles(config), **config.osim}
    if "paths" in chosen:
        chosen["paths"] = config.folder / chosen["paths"]
    return from_osim(config.folder / name, **chosen)


def _muscles(config):
    """The muscles of an OpenSim model that EMG drives: those of the columns' names, or whose `channels` they are."""
    emg, channels = list(columns_of(config.data.emg)), config.osim.get("channels", {})
    used = {column for source in channels.values() for column in ([source] if isinstance(source, str) else source)}
    return [*channels, *(name for name in emg if name not in used)]


def with_normalisation(config, regressor):
    """Pipeline of the normalisation of the envelopes, which is learnt from training trials alone, and a regressor."""
    normalisation = make_normalisation(config)
    first = [] if normalisation is None else [("normalisation", normalisation)]
    return Pipeline([*first, ("regressor", regressor)])


def make_normalisation(config):
    """The step that frees envelopes of raw EMG of their resting level and divides them by their size; None where
    nothing is to be divided.
    """
    if config.emg is None or config.emg.normalize is False:
        return None
    rest = None if config.emg.rest is False else config.emg.rest
    step = EMGEnvelope(band=None, low_pass=None, normalize=config.emg.normalize, rest=rest, exclude=untouched(config))
    return step.set_output(transform="pandas")


def make_envelope(config):
    """The filters that make envelopes of raw EMG, without normalisation; None where the columns are envelopes."""
    if config.emg is None:
        return None
    off = lambda value: None if value is False else value
    return EMGEnvelope(
        band=off(config.emg.band), low_pass=off(config.emg.low_pass), order=config.emg.order, causal=config.emg.causal,
        normalize=None, rest=None, exclude=untouched(config),
    ).set_output(transform="pandas")  # fmt: skip


def untouched(config):
    """Names of the columns of X that are no EMG."""
    return [*columns_of(config.data.other), *columns_of(config.data.prescribed_angles)]
