"""Saving and loading of fitted estimators."""

import platform
import warnings
from importlib.metadata import version

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from . import _container
from ._network import given_module
from ._tree import Decoder, Encoder

FORMAT, FORMAT_VERSION = "sk_bionic estimator", 2
PACKAGES = ("sk_bionic", "numpy", "scikit-learn", "scipy", "skorch", "torch")


def save(estimator, path):
    """Write a fitted estimator to a file that holds data alone, never code.

    The file is a zip archive: ``manifest.json`` has the format's version, the packages' versions, the SHA-256 of every
    member, the constructor's parameters and the fitted attributes as a tree of known types; ``arrays/*.npy`` hold the
    numbers, networks and forests as plain arrays among them (`numpy.load` opens them). NumPy's own format without
    pickle does all that is needed, so saving needs no further package: safetensors knows no types but tensors, and
    skops would restore trees without a look at whether their nodes point at one another as they must.

    The file appears complete or not at all: it is written beside its place and then renamed. An interrupted call leaves
    an older file as it was.

    Parameters
    ----------
    estimator : estimator
        Fitted: PhysicsInformedMSKRegressor, EMGDrivenMomentRegressor, EMGEnvelope, LagEmbedding, StandardScaler, or a
        Pipeline of these. Baselines and other scikit-learn estimators are for joblib or skops.
    path : path-like
        Where to write. An existing file is replaced.

    Raises
    ------
    TypeError
        When the estimator, or something that it holds, is of a type that the format does not know; the message names
        the attribute.
    NotFittedError
        When the estimator was not fitted.
    OSError
        When the file cannot be written.

    See Also
    --------
    load : The way back.

    Notes
    -----
    Loaded on the same machine with the same packages, every prediction is equal to the last bit. What the
    identification needed to get there (factors of its linear systems) a pipeline's
    cache (`memory`) and scikit-learn's metadata requests are not kept.

    Examples
    --------
    >>> import os, tempfile
    >>> import sk_bionic
    >>> from sk_bionic.datasets import make_elbow_flexion
    >>> X, y = make_elbow_flexion(n_trials=1, duration=2.0, random_state=0, return_X_y=True)
    >>> regressor = sk_bionic.PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "subject.skb")
    ...     sk_bionic.save(regressor, path)
    ...     loaded = sk_bionic.load(path)
    >>> bool((loaded.predict(X) == regressor.predict(X)).all())
    True
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"`estimator` must be a fitted estimator. Got {type(estimator).__name__}.")
    check_is_fitted(estimator)
    encoder = Encoder()
    tree = encoder.encode(estimator, type(estimator).__name__)
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "estimator": tree,
    }
    _container.write(path, manifest, encoder.arrays)


def load(path, *, max_bytes=2**30, module=None):
    """Read an estimator that `save` has written.

    Nothing in the file is executed, and no class beyond a fixed list is built. The checksums tell damage and careless
    edits; they are no signature: whoever can write the file can choose its numbers. Trust its predictions as you
    trust where it comes from.

    Parameters
    ----------
    path : path-like
        What `save` has written.
    max_bytes : int, default=2**30
        Largest size of the unpacked contents. Whatever it is, memory stays within a fixed multiple of the file's own
        size.
    module : type, torch.nn.Module or callable, default=None
        What the estimator's `module` was, where it had one: the file holds the class's name, its arguments and the
        weights, and nothing is imported by a name.

    Returns
    -------
    estimator
        Fitted, as it was saved; networks are on the CPU. It can be calibrated, refitted and, with ``warm_start=True``,
        trained further.

    Raises
    ------
    ValueError
        When the file is not one of `save`'s, truncated, changed since, from a newer version of the format, too large,
        or holds a type that is not known; the message names the file.
    OSError
        When the file cannot be read.

    Warns
    -----
    UserWarning
        When another version of sk_bionic has saved the estimator.

    See Also
    --------
    save : Writes such files; its example reads one, too.
    """
    try:
        manifest, members = _container.read(path, max_bytes)
        _check_format(manifest)
        arrays = _container.check_members(manifest, members)
        with given_module(module):
            estimator = Decoder(arrays).decode(manifest["estimator"])
        if not isinstance(estimator, BaseEstimator):
            raise ValueError(f"it holds no estimator but {type(estimator).__name__}.")
        saved_by = manifest["versions"]["sk_bionic"]
    except OSError:
        raise
    except Exception as error:  # whatever numbers and names that make no sense lead to
        what = (
            str(error)
            if isinstance(error, ValueError)
            else f"its contents make no sense ({type(error).__name__}: {error})."
        )
        raise ValueError(f"{str(path)!r} cannot be loaded: {what}") from error
    if saved_by != _version("sk_bionic"):
        warnings.warn(
            f"{str(path)!r} was saved by sk_bionic {saved_by}, this is {_version('sk_bionic')}: predictions may "
            "differ. Fit again where that matters.",
            UserWarning,
            stacklevel=2,
        )
    return estimator


def _check_format(manifest):
    if manifest.get("format") != FORMAT:
        raise ValueError(f"it is of the format {manifest.get('format')!r}, not {FORMAT!r}.")
    number = manifest["format_version"]
    if not isinstance(number, int) or number > FORMAT_VERSION:
        by = manifest.get("versions", {}).get("sk_bionic", "a newer version")
        raise ValueError(
            f"it has version {number} of the format (sk_bionic {by}); this is sk_bionic {_version('sk_bionic')}, which "
            f"reads versions up to {FORMAT_VERSION}. Upgrade sk_bionic."
        )


def _version(package):
    return __version__ if package == "sk_bionic" else version(package)
