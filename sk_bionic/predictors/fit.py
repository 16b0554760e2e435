"""The fit that an estimator's parameters ask for; what trains networks is imported where one is trained."""

from .simulation import fit_simulation


def fit_of(prediction, in_time):
    """The fit that an estimator's parameters ask for.

    Parameters
    ----------
    prediction : {"hybrid", "simulation", "network"}
    in_time : bool
        Whether the training has trials: without, single frames are learnt from whatever `prediction` says.

    Returns
    -------
    callable
        Takes the training's Recording, the MusculoskeletalModel to identify (None without time), the Settings and, by
        keyword, `validation_weight` (n_frames,), the frames that decide when the networks' training stops, and `start`,
        the HistoryNetwork whose weights training starts from; returns a Predictor.
    """
    if not in_time:
        from .static import fit_static

        return fit_static
    if prediction == "simulation":
        return fit_simulation
    if prediction == "network":
        from .network import fit_network

        return fit_network
    from .fitting import fit_hybrid

    return fit_hybrid
