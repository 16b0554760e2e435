"""Excitations of muscles without electrodes: mixtures of the signals that there are.

A mixture is linear and not negative, so that it is an excitation generator: it works in open loop, and in CEINMS
itself.
"""

import warnings
from dataclasses import replace

import numpy as np
from scipy.optimize import lsq_linear
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from ._free import by_function
from .muscles import Muscles

LIKE = 0.7  # cosine between moment arms of two muscles of like function
# Of the strength of muscles alike, that electrodes must see. Chosen on the walking of an adult and of a child with six
# electrodes each and of a walker with nine, calibrated on one part of a stride and judged on other parts and strides,
# scores in view; geometric mean of the error over passive muscles' at hip / knee / ankle: 1.01 / 1.01 / 0.79 with
# lengths free by 10 %, 1.05 / 1.05 / 0.82 by 5 %. Without this limit (10 %) 1.12 / 1.04 / 0.80; by muscles alike
# whatever they span 1.05 / 1.11 / 0.92.
LEAST_STRENGTH = 0.5
WEIGHT_STD = 0.5  # prior standard deviation of a mixture's weight about none
EARNED = 0.95  # of the moments' error on what was left out, at most, for a mixture to be taken
N_BLOCKS = 4  # that a single trial is parted into


def propose_mixtures(project):
    """Drive muscles without electrodes by those that do the same.

    A muscle without a signal gets the mean signal of the muscles with one whose moment arms, over all coordinates,
    point the same way (cosine of at least 0.7); one that has none such stays without. No moments are needed.

    Parameters
    ----------
    project : CeinmsProject
        Its trials tell the moment arms.

    Returns
    -------
    ExcitationGenerator
        With the proposed mixtures; muscles with electrodes keep theirs.

    Examples
    --------
    >>> from sk_bionic.ceinms import propose_mixtures, read_ceinms
    >>> generator = propose_mixtures(read_ceinms("calibrationSetup.xml"))  # doctest: +SKIP
    """
    alike = _cosine(_mean_arms(project)) > LIKE
    return _lent(project, alike)


def propose_synergists(project):
    """Drive muscles without electrodes by those that pull alike about the same joints, where these are most of them.

    A muscle without a signal gets the mean signal of the muscles with one that act on the same coordinates in the same
    direction, if these have at least half of the strength (largest force times moment arm) of all such muscles: the
    deep plantarflexors go with soleus, the toes' extensors with tibialis anterior, but the gluteus maximus not with
    parts of the medius. No moments are needed.

    Parameters
    ----------
    project : CeinmsProject
        Its trials tell the moment arms.

    Returns
    -------
    ExcitationGenerator
        With the proposed mixtures; the project's own where there are none.

    Examples
    --------
    >>> from sk_bionic.ceinms import propose_synergists, read_ceinms
    >>> generator = propose_synergists(read_ceinms("calibrationSetup.xml"))  # doctest: +SKIP
    """
    subject, generator = project.subject, project.excitation_generator
    arms, names = _mean_arms(project), subject.muscle_names
    spans = np.array([[name in own for own in subject.coordinates.values()] for name in names])
    alike = (_cosine(arms) > LIKE) & (spans[:, None] == spans[None]).all(axis=2)
    strength = (subject.parameters["max_isometric_force"] * subject.parameters["strength_coefficient"]).to_numpy()
    strength = strength * np.linalg.norm(arms, axis=0)
    measured = np.array([generator.measured(name) for name in names])
    stands = alike @ (strength * measured) >= LEAST_STRENGTH * (alike @ strength)
    return _lent(project, alike & stands[:, None])


def _mean_arms(project):
    """Moment arms (n_coordinates, n_muscles) [m], mean over all trials."""
    own = project.subject.coordinate_names, project.subject.muscle_names
    return np.concatenate([trial.geometry.arms(*own) for trial in project.trials]).mean(axis=0)


def _cosine(arms):
    """Cosines (n_muscles, n_muscles) between moment arms."""
    norm = np.linalg.norm(arms, axis=0)
    return arms.T @ arms / np.maximum(np.outer(norm, norm), 1e-12)


def _lent(project, alike):
    """The generator in which muscles without a signal have the mean signal of those that are `alike`
    (n_muscles, n_muscles) and have one, weighed by how alike they are; itself where no muscle gets any."""
    subject, generator = project.subject, project.excitation_generator
    cosine, names, mapping = _cosine(_mean_arms(project)), subject.muscle_names, dict(generator.mapping)
    measured = [i for i, name in enumerate(names) if generator.measured(name)]
    for i, name in enumerate(names):
        lenders = [j for j in measured if alike[i, j]]
        if i in measured or not lenders:
            continue
        mean = np.average(generator.matrix([names[j] for j in lenders]), axis=0, weights=cosine[i, lenders])
        mapping[name] = {signal: float(w) for signal, w in zip(generator.signals, mean, strict=True) if w > 0}
    return generator if mapping == generator.mapping else replace(generator, mapping=mapping, path=None)


def fit_mixtures(project, subject=None, *, n_synergies=None, always=False):
    """Drive muscles without electrodes by synergies, as far as the moments ask for it.

    The signals of all trials are parted into non-negative factors; every group of muscles without electrodes (those
    that act on the same coordinates in the same directions) is driven by the factors with weights that are not
    negative, of a prior about none, found from what the other muscles leave of the moments: bounded least squares,
    tendons being rigid. The mixtures are taken only where they lower the error of the moments on trials left out (of
    a single trial: on quarters left out) by 5 %.

    Parameters
    ----------
    project : CeinmsProject
        With trials that have external moments.
    subject : Subject, optional
        Calibrated already. Default: that of the project.
    n_synergies : int, optional
        Number of factors. Default: as many as explain 90 % of the signals, four at most.
    always : bool, default=False
        Take the mixtures whether they are earned or not.

    Returns
    -------
    ExcitationGenerator
        With the mixtures; the project's own where they are not earned.

    Warns
    -----
    UserWarning
        When the mixtures were not earned; says by how much.

    References
    ----------
    Lee and Seung (1999), Nature 401, 788-791; Ao, Shourijeh, Patten and Fregly (2020), Frontiers in Computational
    Neuroscience 14:588943 (muscles without EMG from synergies of those with).

    Examples
    --------
    >>> from sk_bionic.ceinms import calibrate, fit_mixtures, read_ceinms
    >>> project = read_ceinms("calibrationSetup.xml")  # doctest: +SKIP
    >>> generator = fit_mixtures(project, calibrate(project).subject)  # doctest: +SKIP
    """
    subject = project.subject if subject is None else subject
    generator = project.excitation_generator
    groups = _silent_groups(subject, generator, project.trials)
    if not groups:
        return generator
    factors = _factors(project, n_synergies)
    design, left = zip(*(_linear(subject, trial, generator, groups, factors) for trial in project.trials), strict=True)
    size = np.sqrt(np.nanmean(np.concatenate([t.moments.to_numpy() for t in project.trials]) ** 2, axis=0))
    if not always:
        ratio = _left_out(design, left, size)
        if not ratio < EARNED:
            warnings.warn(
                f"Mixtures for muscles without electrodes are not earned: on moments left out the error is {ratio:.2f} "
                "of that without. The muscles stay passive.",
                UserWarning,
                stacklevel=2,
            )
            return generator
    weights = _weights(np.concatenate(design), np.concatenate(left), size).reshape(len(groups), -1)
    mapping = dict(generator.mapping)
    for group, own in zip(groups, weights @ factors, strict=True):
        mixture = {s: float(w) for s, w in zip(generator.signals, own, strict=True) if w > 1e-6}
        mapping.update({muscle: mixture for muscle in group})
    return replace(generator, mapping=mapping, path=None)


def _silent_groups(subject, generator, trials):
    """Muscles without a signal, grouped by coordinates and directions."""
    arms = np.concatenate([t.geometry.arms(subject.coordinate_names, subject.muscle_names) for t in trials]).mean(
        axis=0
    )
    silent = [muscle for muscle in subject.muscle_names if not generator.measured(muscle)]
    groups = {}
    for spanning in by_function(subject, generator, silent):
        for muscle in spanning:
            signs = np.sign(arms[:, subject.muscle_names.index(muscle)])
            if signs.any():
                groups.setdefault(tuple(signs), []).append(muscle)
    return list(groups.values())


def _factors(project, n_synergies):
    """Rows (n_synergies, n_signals) that make factors of the signals, their largest value being 1."""
    signals = project.excitation_generator.signals
    tables = [trial.signals.reindex(columns=list(signals)).fillna(0.0) for trial in project.trials]
    values = np.maximum(np.concatenate([table.to_numpy() for table in tables]), 0.0)
    values = values[:: max(1, len(values) // 2000)]
    most = min(4, np.count_nonzero(values.any(axis=0)))
    for n in [n_synergies] if n_synergies else range(1, most + 1):
        # Whether the factors have settled to the last digit does not matter: what they explain is looked at.
        model = NMF(n, init="nndsvda", max_iter=5000, tol=1e-3, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            activity = model.fit_transform(values)
        explained = 1.0 - ((values - activity @ model.components_) ** 2).sum() / (values**2).sum()
        if explained > 0.9:
            break
    # The factors as non-negative mixtures of the signals, so that a generator can hold them.
    rows = np.stack([lsq_linear(values, a, bounds=(0.0, np.inf)).x for a in activity.T])
    return rows / np.maximum((values @ rows.T).max(axis=0), 1e-12)[:, None]


def _linear(subject, trial, generator, groups, factors):
    """Moments (n_frames, n_coordinates, n_groups * n_factors) of unit weights, and what the others leave of the
    moments."""
    driven = replace(generator, mapping={**generator.mapping, **{m: {} for group in groups for m in group}})
    muscles = Muscles(subject, trial, driven, "rigid")
    passive = muscles.solve(subject.parameters)
    left = trial.moments.to_numpy() - muscles.moments(passive.force)
    columns = []
    for group in groups:
        index = [subject.muscle_names.index(muscle) for muscle in group]
        for row in factors:
            mixture = dict(zip(generator.signals, row, strict=True))
            own = replace(driven, mapping={**driven.mapping, **dict.fromkeys(group, mixture)})
            activation = Muscles(subject, trial, own, "rigid").activation(subject.parameters)[muscles.lead :]
            # With a rigid tendon the force is linear in the activation (but for the change of the optimal length).
            force = np.zeros(passive.force.shape)
            slope = passive.states[:, :, 5].T * passive.strength
            force[:, index] = (slope * activation)[:, index]
            columns.append(muscles.moments(force))
    return np.stack(columns, axis=2), left


def _weights(design, left, size):
    """Non-negative weights of the most probable mixtures."""
    known = np.isfinite(left)
    scale = 1.0 / (size * np.sqrt(known.sum(axis=0)) + 1e-12)
    scale = scale * np.sqrt(known.sum(axis=0).sum()) * 2.0  # errors of half the moments' size
    matrix, right = (design * scale[:, None])[known], (left * scale)[known]
    prior = np.eye(design.shape[2]) / WEIGHT_STD
    return lsq_linear(np.concatenate([matrix, prior]), np.r_[right, np.zeros(len(prior))], bounds=(0.0, 1.0)).x


def _left_out(design, left, size):
    """Error of the moments on what is left out, over that without mixtures; the median of trials or quarters."""
    if len(design) == 1:
        design, left = np.array_split(design[0], N_BLOCKS), np.array_split(left[0], N_BLOCKS)
    ratios = []
    for k in range(len(design)):
        rest = [i for i in range(len(design)) if i != k]
        weights = _weights(np.concatenate([design[i] for i in rest]), np.concatenate([left[i] for i in rest]), size)
        error = lambda values: np.nansum((values / size) ** 2)
        ratios.append(np.sqrt(error(left[k] - design[k] @ weights) / max(error(left[k]), 1e-12)))
    return float(np.median(ratios))
