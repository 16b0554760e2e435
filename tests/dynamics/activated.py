"""States of the activation dynamics, read off the activations that a model makes of its EMG."""

from dataclasses import replace

import numpy as np

from sk_bionic.dynamics.equation import EquationOfMotion
from sk_bionic.dynamics.marching import March
from sk_bionic.musculoskeletal import MusculoskeletalModel, elbow


def model_with(values, *options):
    """The elbow with parameters (2,) by name of its muscles, and options for each of them."""
    own = [replace(m, **o) for m, o in zip(elbow().muscles, options or ({}, {}), strict=True)]
    model = MusculoskeletalModel(own, elbow().joints)
    wide = {"lower": -100.0, "upper": 100.0}
    changes = {
        (name, parameter): {**wide, "value": float(value)}
        for parameter, pair in values.items()
        for name, value in zip(model.muscle_names, pair, strict=True)
    }
    return model.with_rows(changes)


def activations(trials, emg, values, *options):
    """Activations (n_frames, 2)."""
    return EquationOfMotion(model_with(values, *options), trials, emg).activations()


def states(trials, emg, values, *options):
    """States (n_frames, 2) of muscles with the exponential shape."""
    factor = np.asarray(values["emg_shape_factor"])
    return np.log1p(activations(trials, emg, values, *options) * np.expm1(factor)) / factor


def check_derivatives(model, trials, emg, names):
    """Activations at Gauss points and starts by each muscle's own parameters, against finite differences."""
    at = lambda changed: March(EquationOfMotion(changed, trials, emg)).gauss()[..., 0]
    exact = March(EquationOfMotion(model, trials, emg)).gauss(True)
    np.testing.assert_allclose(exact[..., 0], at(model), rtol=1e-12)
    for name, column in names.items():
        rows, step = model.parameters.slices[name], 1e-6
        values = model.parameters.value
        moved = [values + s * np.isin(np.arange(len(values)), range(*rows.indices(len(values)))) for s in (step, -step)]
        above, below = (at(model.with_values(v)) for v in moved)
        numeric = (above - below) / (2 * step)
        np.testing.assert_allclose(exact[..., column], numeric, rtol=1e-5, atol=1e-6, err_msg=name)
