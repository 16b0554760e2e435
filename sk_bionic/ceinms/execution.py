"""Execution of a CEINMS trial: open loop, EMG-assisted, or static optimisation."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .compiled import follow as compiled
from .compiled.muscle import RIGID, TAUT
from .configuration import Hybrid, OpenLoop
from .muscles import Muscles, MuscleStates, filtered, numbers_of, shape_numbers
from .subject import PIECEWISE

LEAST_BETA = 1e-6  # of squared excitations: without any price on them they would not be determined


@dataclass(frozen=True, eq=False)
class Run:
    """Result of `execute`; tables have the frames' index (trial, time).

    Parameters
    ----------
    mode : OpenLoop or Hybrid
        How the excitations came about.
    moments : DataFrame (n_frames, n_coordinates)
        Moments [N m] of the muscles.
    muscle_forces : DataFrame (n_frames, n_muscles)
        Tendon forces [N].
    activations, excitations : DataFrame (n_frames, n_muscles)
        Excitations of a hybrid execution are the adjusted ones.
    muscle_force_std : DataFrame (n_frames, n_muscles)
        Standard deviations [N] of a hybrid execution, its weights read as inverse variances; 0 in open loop.
    objective : float
        Sum over frames of what a hybrid execution minimises; NaN in open loop.
    error : Series
        Root mean square of modelled minus measured moments [N m] by coordinate; NaN where none was measured.
    states : MuscleStates
        Lengths, velocities and angles of fibers and tendons.
    mapped : DataFrame (n_frames, n_muscles)
        Excitations of the signals alone.
    """

    mode: OpenLoop | Hybrid
    moments: pd.DataFrame
    muscle_forces: pd.DataFrame
    activations: pd.DataFrame
    excitations: pd.DataFrame
    muscle_force_std: pd.DataFrame
    objective: float
    error: pd.Series
    states: MuscleStates = field(repr=False)
    mapped: pd.DataFrame = field(repr=False)


def execute(subject, trial, generator, mode=None, *, tendon="elastic", coordinates=None):
    """Muscle forces and moments of a trial.

    Parameters
    ----------
    subject : Subject
        Muscles with their parameters.
    trial : Trial
        Lengths, moment arms and signals; measured moments for a hybrid mode.
    generator : ExcitationGenerator
        Which signals drive which muscle.
    mode : OpenLoop or Hybrid, optional
        Default: open loop.
    tendon : {"elastic", "rigid"}, default="elastic"
        Whether tendons stretch.
    coordinates : sequence of str, optional
        Whose moments a hybrid mode tracks. Default: all that are measured.

    Returns
    -------
    Run
        Forces, moments, activations and excitations at the trial's frames.

    Raises
    ------
    ValueError
        When a hybrid mode has no moments, an adjusted muscle has no signal, or a name is unknown.

    Examples
    --------
    >>> from sk_bionic.ceinms import Hybrid, execute, read_ceinms
    >>> project = read_ceinms("executionSetup.xml")  # doctest: +SKIP
    >>> assisted = Hybrid(1.0, 2.0, 50.0, synthesized=("psoas_r",), adjusted=("soleus_r",))  # doctest: +SKIP
    >>> run = execute(project.subject, project.trials[0], project.excitation_generator, assisted)  # doctest: +SKIP
    """
    mode = OpenLoop() if mode is None else mode
    if tendon not in ("elastic", "rigid"):
        raise ValueError(f"`tendon` must be 'elastic' or 'rigid'. Got {tendon!r}.")
    muscles = Muscles(subject, trial, generator, tendon)
    excitation, n = muscles.excitation(subject.parameters["electromechanical_delay"].to_numpy())
    n += muscles.lead
    if isinstance(mode, OpenLoop):
        states, found, std = muscles.solve(subject.parameters), excitation[n:], np.zeros(excitation[n:].shape)
        objective = np.nan
    else:
        target = _targets(trial, subject, coordinates)
        kinds = _kinds(mode, subject, generator)
        states, found = _follow(muscles, mode, kinds, target, excitation, n)
        objective = objective_of(mode, kinds, found, excitation[n:], muscles.moments(states.force) - target)
        std = _force_std(muscles, mode, kinds, target, states, found)
    return _run(muscles, mode, states, found, excitation[n:], std, objective)


def _run(muscles, mode, states, found, mapped, std, objective):
    index, names = muscles.trial.geometry.index, list(muscles.names)
    table = lambda values: pd.DataFrame(values, index, names)
    moments = pd.DataFrame(muscles.moments(states.force), index, list(muscles.subject.coordinate_names))
    return Run(
        mode,
        moments,
        table(states.force),
        table(states.activation),
        table(found),
        table(std),
        float(objective),
        (moments - muscles.trial.moments).pow(2).mean().pow(0.5),
        states,
        table(mapped),
    )


def objective_of(mode, kinds, found, signal, error):
    """Sum over frames of what a hybrid execution minimises.

    Parameters
    ----------
    mode : Hybrid
    kinds : ndarray (n_muscles,)
        Kept, adjusted or synthesized, as in `compiled.follow`.
    found, signal : ndarray (n_frames, n_muscles)
        Excitations, and those of the signals.
    error : ndarray (n_frames, n_coordinates)
        Of the moments [N m]; NaN where none is tracked.

    Returns
    -------
    float
    """
    departure = np.abs(found - signal)[:, kinds == compiled.ADJUSTED].sum()
    return mode.alpha * np.nansum(error**2) + mode.beta * (found**2).sum() + mode.gamma * departure


def _targets(trial, subject, coordinates):
    """Moments (n_frames, n_coordinates) to follow, NaN for those that are not."""
    chosen = subject.coordinate_names if not coordinates else tuple(coordinates)
    unknown = [name for name in chosen if name not in subject.coordinate_names]
    if unknown:
        raise ValueError(f"Unknown coordinates {unknown}. The subject has {list(subject.coordinate_names)}.")
    target = trial.moments[list(chosen)].reindex(columns=list(subject.coordinate_names)).to_numpy()
    if not np.isfinite(target).any():
        raise ValueError(f"The trial {trial.name!r} has no external moments of {', '.join(chosen)} to follow.")
    return np.ascontiguousarray(target)


def _kinds(mode, subject, generator):
    names = list(subject.muscle_names)
    silent = [m for m in mode.adjusted if m in names and not generator.measured(m)]
    if silent:
        raise ValueError(f"No signal drives the muscles {silent[:5]}: synthesize them instead of adjusting them.")
    kinds = np.full(len(names), compiled.KEPT)
    kinds[[names.index(m) for m in mode.adjusted if m in names]] = compiled.ADJUSTED
    kinds[[names.index(m) for m in mode.synthesized if m in names]] = compiled.SYNTHESIZED
    return kinds


def _follow(muscles, mode, kinds, target, excitation, n):
    """States and excitations of a hybrid mode."""
    parameters, elastic = muscles.subject.parameters, TAUT if muscles.tendon == "elastic" else RIGID
    c1, c2 = parameters["c1"].to_numpy(), parameters["c2"].to_numpy()
    shape = shape_numbers(parameters["emg_shape_factor"], muscles.subject.activation_shape)
    active = np.column_stack([1.0 + c1 + c2 + c1 * c2, c1 + c2, c1 * c2, shape])
    past = filtered(excitation, c1, c2)[max(n - 2, 0) : n]
    first = np.full((len(muscles.names), 2), np.nan)
    if n >= 2:
        first[kinds != compiled.SYNTHESIZED] = past[::-1].T[kinds != compiled.SYNTHESIZED]
    signal = np.ascontiguousarray(excitation[n:])
    lead = muscles.lead
    found, activation = signal.copy(), np.ascontiguousarray(muscles.activation(parameters)[lead:])
    units = [np.ascontiguousarray(table[..., lead:]) for table in (muscles.time, muscles.length, muscles.velocity)]
    shape = (len(muscles.names), len(signal))
    states, d = np.zeros((*shape, 6)), target.shape[1]
    strength = (parameters["max_isometric_force"] * parameters["strength_coefficient"]).to_numpy()
    weights = np.array([mode.alpha, max(mode.beta, LEAST_BETA), mode.gamma])
    compiled.follow(
        *muscles.stacked_curves(), numbers_of(parameters), *units,
        np.ascontiguousarray(muscles.arms), strength, target, signal, kinds, active, first, elastic, weights, found,
        activation, states, np.zeros((shape[0], compiled.N_SCRATCH)), np.zeros((d, shape[0])), np.zeros((d, d)),
        np.zeros((5, d)),
    )  # fmt: skip
    return MuscleStates(muscles.names, units[0], activation, states, parameters), found


def _force_std(muscles, mode, kinds, target, states, found):
    """Standard deviations (n_frames, n_muscles) [N] of the forces under the weights as inverse variances.

    Of the excitations within their bounds; those at a bound, and the kept ones, are as they are. A departure from a
    signal is Laplace distributed, of variance 8 / gamma^2.
    """
    parameters = muscles.subject.parameters
    u_slope = _slope_by_excitation(parameters, states.activation, muscles.subject.activation_shape)
    slope = states.states[:, :, 5].T * states.strength * u_slope  # dF/de
    precision = np.full(len(kinds), max(mode.beta, LEAST_BETA))
    precision[kinds == compiled.ADJUSTED] += mode.gamma**2 / 8.0
    free = (kinds != compiled.KEPT) & (found > 1e-9) & (found < 1 - 1e-9)
    std = np.zeros(found.shape)
    for t in range(len(found)):
        own, known = free[t], np.isfinite(target[t])
        by_e = (muscles.arms[t] * slope[t])[known][:, own]
        scaled = by_e / precision[own]
        inner = np.linalg.solve(np.eye(known.sum()) / max(mode.alpha, 1e-12) + scaled @ by_e.T, scaled)
        variance = 1.0 / precision[own] - np.einsum("km,km->m", scaled, inner)
        std[t, own] = np.abs(slope[t, own]) * np.sqrt(np.maximum(variance, 0.0))
    return std


def _slope_by_excitation(parameters, activation, activation_shape):
    """d(activation)/d(excitation of the same frame), ndarray (n_frames, n_muscles)."""
    c1, c2, shape = (parameters[name].to_numpy() for name in ("c1", "c2", "emg_shape_factor"))
    if activation_shape == PIECEWISE:
        _, node, height, line, log, bend = shape_numbers(shape, activation_shape).T
        with np.errstate(all="ignore"):  # of those that are lines
            below = height * bend / (log * node) * np.exp(-activation * log / height)
        slope = np.where(node == 0.0, 1.0, np.where(activation >= height, line, below))
        return (1.0 + c1) * (1.0 + c2) * slope
    shape = np.where(np.abs(shape) < 1e-6, 1e-6, shape)
    # a = (exp(A u) - 1) / (exp(A) - 1)
    return (1.0 + c1) * (1.0 + c2) * shape * (activation + 1.0 / np.expm1(shape))
