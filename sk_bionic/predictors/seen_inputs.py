"""What the inputs of a training were like, which columns of new trials are unlike them, and what they might have been.

A trial is compared with stretches of the training that are as long as it is: a second of silence is ordinary, a minute
is not.
"""

from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..exceptions import SimulationError
from ..trials import Recording, Trials

MOST_FRAMES = 4000  # of the training that are kept
STEP = 0.02  # s between them, at least
N_WINDOWS = 60  # stretches of the training that a trial is compared with, at most
FLAT = 1e-6  # of the training's largest value: less is no change
SILENT = 0.3  # largest EMG over that of the quietest stretch of the training, below which a channel is silent
FAR_ABOVE = 2.0  # largest EMG over the training's largest
# Percentile of a channel's EMG that counts as its loudness, and how many times that of the loudest stretch of the
# training the channels' mean loudness has to be, and by more than such stretches differ, to be another gain: of the
# last 30 % of 24 knees 1 is louder as it is; 1.5 and 2 times as much EMG is told of 13 and 23, by this or by another
# oddity.
LOUD, LOUDER = 95.0, 1.25
FEWEST_LOUDER = 2  # channels that tell another gain from a stronger contraction
EXTERNAL, ALL = -1, -2  # columns of an Oddity that is of an external input, of all channels
# By how much a resting level leaves all that the training had: of the training's largest EMG, and times.
MOVED, MOVED_TIMES = 0.06, 1.5
SHORTEST = 2.0  # s of a trial that tells a muscle that happens to be quiet, or busy, from a fault
REST, FEWEST_AT_RAIL = 5.0, 8  # percentile of the EMG that counts as its level at rest; frames at one largest value
FAINT = 1.0  # percentile of the EMG that it hardly falls below
BESIDE = 0.02  # part of the range below the largest value where clipped EMG has few frames
DROPOUT = 0.2  # s for which a living channel does not hold one value, unless it does for half as long in the training
# Of the largest value: EMG without noise, which a training has near its smallest value and from frame to frame, may
# rest there for as long as it likes.
NEAR_REST, NOISELESS = 1e-3, 1e-4
RAISED = 1.5  # what clipped EMG may have reached, over the rail
MARGIN = 0.05  # of the training's range, by which external inputs leave it
SMALLEST_MARGIN = {"segment_orientation_rad": 0.05, "hand_load_kg": 0.02, "external_torque_nm": 0.02}
ANGLE_MARGIN = 0.05  # rad, of prescribed angles
N_REPLACEMENTS = 6
LOAD_SHARE = 0.5  # of what an unseen load or posture changes, that is taken as its standard deviation


class Oddity(NamedTuple):
    """A column of a new trial that is unlike the training's.

    Attributes
    ----------
    trial : int
        Position among the trials.
    column : int
        Position among the EMG channels, -1 for an external input, or `ALL` for all channels.
    name : str
        Of the column.
    kind : {"constant", "silent", "clipped", "dropout", "far above", "rest", "louder", "range"}
    meaning : str
        What is odd, in words.
    """

    trial: int
    column: int
    name: str
    kind: str
    meaning: str


ADVICE = {
    "constant": "Check electrode and cable.",
    "silent": "Check electrode and cable.",
    "dropout": "Check electrode and cable, or the radio link of the sensor.",
    "clipped": "Lower the amplifier's gain, and normalise as in training.",
    "far above": "Is the EMG in the training's unit, normalised in the same way?",
    "rest": "Remove the resting level as in training, or calibrate on a few labelled frames.",
    "louder": "Is it normalised as in training (MVC, amplifier gain)? Or calibrate on a few labelled frames.",
    "range": "Train on trials with such values as well.",
}


class SeenInputs(NamedTuple):
    """Inputs of a training.

    Attributes
    ----------
    emg : ndarray (n_frames, n_channels)
        Normalised EMG of the trials one after another, thinned.
    starts : ndarray (n_trials + 1,) of int
    step : float
        Time between frames [s].
    ranges : dict of tuple (float, float)
        Smallest and largest value of each external input.
    """

    emg: np.ndarray
    starts: np.ndarray
    step: float
    ranges: dict

    @classmethod
    def learnt(cls, emg, exogenous, trials):
        """From the training's normalised EMG (n_frames, n_channels) and external inputs by name."""
        step = max(STEP, 1.0 / trials.sampling_rate, trials.n_frames / trials.sampling_rate / MOST_FRAMES)
        pieces = []
        for rows in trials.slices:
            time = trials.time[rows]
            at = np.arange(time[0], time[-1] + 0.5 * step, step)
            pieces.append(np.column_stack([np.interp(at, time, signal) for signal in emg[rows].T]))
        starts = np.cumsum([0, *map(len, pieces)])
        ranges = {name: (float(column.min()), float(column.max())) for name, column in exogenous.items()}
        return cls(np.concatenate(pieces), starts, float(step), ranges)

    def odd(self, emg, exogenous, trials, names):
        """Columns that are unlike the training's, list of Oddity; `names` of the EMG channels."""
        found, levels = [], {}
        for k, rows in enumerate(trials.slices):
            if rows.stop - rows.start > 2:
                time = trials.time[rows]
                duration = time[-1] - time[0]
                if duration not in levels:
                    levels[duration] = _levels(self._windows(duration))
                found += self._odd_emg(k, emg[rows], time, levels[duration], names)
            for name, column in exogenous.items():
                found += self._odd_range(k, name, column[rows])
        return found

    def _windows(self, duration):
        """Stretches of the training that last as long, each (n, n_channels); whole trials where they are shorter."""
        length, out = max(2, int(duration / self.step) + 1), []
        for first, stop in zip(self.starts[:-1], self.starts[1:], strict=True):
            last = max(first, stop - length)
            out += [self.emg[a : min(a + length, stop)] for a in range(first, last + 1, max(1, length // 8))]
            out.append(self.emg[last:stop])
        return out[:: -(-len(out) // N_WINDOWS)]

    def _odd_emg(self, k, emg, time, levels, names):
        """Oddities of the EMG (n_frames, n_channels) of one trial."""
        found, lows = [], np.percentile(emg, REST, axis=0)
        for j, name in enumerate(names):
            one = emg[:, j], time, levels[..., j], float(lows[j])
            found += [Oddity(k, j, name, *what) for what in self._odd_channel(j, *one)]
        kinds = [odd.kind for odd in found]
        # Where all channels are far above it is said already, and beside a faulty one their mean tells nothing.
        if kinds.count("far above") == len(names) or not {*kinds} <= {"far above", "rest"}:
            return found
        ratio = self._louder(emg, time)
        meaning = f"is {ratio:.1f} times as large as ever in training"
        return [Oddity(k, ALL, "EMG of all channels", "louder", meaning)] if ratio > LOUDER else found

    def _odd_channel(self, j, signal, time, levels, low):
        """Kind and meaning of the first oddity of one channel in one trial, in a list; empty where there is none.

        `levels` (3, n_windows) of the training by `_levels`; `low`: level of the signal at rest.
        """
        tops, spans, rests = levels
        long_enough = time[-1] - time[0] >= SHORTEST
        whole, highest = self.emg[:, j], float(self.emg[:, j].max())
        top = float(signal.max())
        if np.ptp(whole) <= FLAT * highest:
            return []  # nothing was learnt from it
        quietest = SILENT * float(tops.min()) if long_enough else 0.0
        silent = top < quietest or top < 0.5 * highest and top < 0.5 * float(np.percentile(whole, FAINT))
        varied = spans.min() > FLAT * highest
        if np.ptp(signal) <= FLAT * highest and (silent or long_enough and varied):
            return [("constant", f"is constant at {top:.3g} (training reached {highest:.3g})")]
        if silent:
            return [("silent", f"is silent: at most {top:.3g} (training reached {highest:.3g})")]
        if top > FAR_ABOVE * highest:
            return [("far above", f"reaches {top:.3g}, {top / highest:.1f} times the training's largest")]
        if _rail(signal) and not _rail(whole):
            return [("clipped", f"is clipped at {top:.3g}")]
        raised = low > MOVED_TIMES * rests.max() and low > rests.max() + MOVED * highest
        if long_enough and (raised or low < rests.min() / MOVED_TIMES - MOVED * highest):
            return [("rest", f"has a resting level of {low:.3g} (training {np.median(rests):.3g})")]
        still = self._dropout(j, signal, time)
        if still.any():
            where = f"from {time[still][0]:.2f} s on, {_step(time) * still.sum():.2g} s in all"
            return [("dropout", f"does not change at all ({where})")]
        return []

    def _louder(self, emg, time):
        """How many times as large as any stretch of the training a trial's EMG (n_frames, n_channels) is; 1 where a
        channel is not larger, or nobody can tell.
        """
        living = np.ptp(self.emg, axis=0) > FLAT * self.emg.max(axis=0)
        if time[-1] - time[0] < SHORTEST or living.sum() < FEWEST_LOUDER:
            return 1.0
        new, known = np.percentile(emg[:, living], LOUD, axis=0), []
        for window in self._windows(time[-1] - time[0]):
            known.append(np.percentile(window[:, living], LOUD, axis=0))
            if (known[-1] <= 0).any() or (new <= known[-1]).any():
                return 1.0
        level = np.log(known).mean(axis=1)
        ratio = np.log(new).mean() - level.max()
        return float(np.exp(ratio)) if ratio > np.ptp(level) else 1.0

    def _dropout(self, j, signal, time):
        """Frames in which a channel holds one value, unlike any that it holds in the training (at rest, mostly)."""
        known, highest = self.emg[:, j], float(self.emg[:, j].max())
        held = known[_still(known, FLAT * highest, 0.5 * DROPOUT / self.step)]
        still = _still(signal, FLAT * highest, DROPOUT / _step(time))
        if len(held):
            still &= (signal < held.min() / MOVED_TIMES) | (signal > held.max() * MOVED_TIMES + MOVED * highest)
        resting = known <= known.min() + NEAR_REST * highest
        if (resting & _still(known, NOISELESS * highest, 2.0)).any():
            still &= np.abs(signal - known.min()) > NEAR_REST * highest
        return still

    def _odd_range(self, k, name, column):
        low, high = self.ranges.get(name, (-np.inf, np.inf))
        margin = max(MARGIN * (high - low), SMALLEST_MARGIN.get(name, ANGLE_MARGIN)) if np.isfinite(high) else 0.0
        if column.min() >= low - margin and column.max() <= high + margin:
            return []
        worst = column.max() if column.max() > high + margin else column.min()
        return [Oddity(k, EXTERNAL, name, "range", f"is {worst:.3g}, outside the training's {low:.3g} to {high:.3g}")]

    def replacements(self, oddity, signal, time):
        """What an odd column (n_frames,) may have been in truth, list of ndarray (n_frames,); (n_frames, n_channels)
        where it is all of them.
        """
        if oddity.kind == "louder":
            return [signal / self._louder(signal, time)]
        if oddity.kind == "range":
            return [np.clip(signal, *self.ranges[oddity.name])]
        known = self.emg[:, oddity.column]
        highest = float(known.max())
        if oddity.kind == "clipped":
            return [np.where(signal >= signal.max() - FLAT * np.ptp(signal), RAISED * signal, signal)]
        if oddity.kind == "rest":
            level = np.median([np.percentile(w[:, oddity.column], REST) for w in self._windows(time[-1] - time[0])])
            return [np.maximum(signal - np.percentile(signal, REST) + level, 0.0)]
        if oddity.kind == "dropout":
            return self._instead_of_dropout(oddity.column, signal, time)
        scaled = [signal * (highest / signal.max())] if oddity.kind == "far above" else []
        at = np.minimum(((time - time[0]) / self.step).astype(int), len(known) - 1)
        shifts = (np.arange(N_REPLACEMENTS) * len(known)) // N_REPLACEMENTS
        others = [known[(at + shift) % len(known)] for shift in shifts]
        return scaled or others

    def _instead_of_dropout(self, column, signal, time):
        """The signal with stretches of the training, from the quietest to the busiest, where it does not change."""
        known, still = self.emg[:, column], self._dropout(column, signal, time)
        missing = time[still]
        length = int((missing[-1] - missing[0]) / self.step) + 1
        begins = np.arange(0, max(1, len(known) - length), max(1, length // 4))
        busy = np.argsort([known[a : a + length].mean() for a in begins])
        chosen = begins[busy[np.linspace(0, len(busy) - 1, N_REPLACEMENTS).astype(int)]]
        at = ((time - missing[0]) / self.step).astype(int)
        return [np.where(still, known[(a + at) % len(known)], signal) for a in chosen]


def _levels(windows):
    """Largest values, ranges and resting levels (3, n_windows, n_channels) of stretches of the training."""
    if len({len(one) for one in windows}) == 1:  # at once
        of = np.stack(windows, axis=1)
        return np.array([of.max(axis=0), np.ptp(of, axis=0), np.percentile(of, REST, axis=0)])
    return np.stack([_levels([one])[:, 0] for one in windows], axis=1)


def _step(time):
    return float(np.median(np.diff(time)))


def _still(signal, tolerance, shortest):
    """Frames in stretches of one value that last at least so many steps (two at least)."""
    ends = np.flatnonzero(np.concatenate([[True], np.abs(np.diff(signal)) > tolerance, [True]]))
    lengths = np.diff(ends)
    return np.repeat(lengths > max(shortest, 2.0), lengths)


def _rail(signal):
    """Whether a signal piles up at its largest value, with few values just below."""
    span = np.ptp(signal)
    distance = signal.max() - signal
    at_rail = distance <= FLAT * span
    beside = (distance < BESIDE * span) & ~at_rail
    return bool(span > 0 and at_rail.sum() >= FEWEST_AT_RAIL and at_rail.sum() > 2 * beside.sum())


def describe(oddities, trial_names):
    """One warning of two lines about all oddities."""
    first = oddities[0]
    more = f" (and {len(oddities) - 1} more columns or trials)" if len(oddities) > 1 else ""
    advice = " ".join(dict.fromkeys(ADVICE[odd.kind] for odd in oddities[:2]))
    column = first.name if first.column == ALL else f"column {first.name!r}"
    return (
        f"Trial {trial_names[first.trial]!r}, {column} {first.meaning}{more}: unlike the "
        f"training.\n{advice} The stated standard deviation is widened accordingly."
    )


def inputs_of(recording):
    """What the inputs of a training are like, `SeenInputs`."""
    return SeenInputs.learnt(recording.emg, recording.external, recording.trials)


def oddities(predictor, recording):
    """Columns of new trials that are unlike the training's.

    Parameters
    ----------
    predictor : PredictorInTime
    recording : Recording

    Returns
    -------
    list of Oddity
        Empty where the training knows nothing of its inputs.
    """
    seen = predictor.seen_inputs
    if seen is None:
        return []
    emg = recording.emg * predictor.session.emg_gain
    return seen.odd(emg, recording.external, recording.trials, predictor.model.channels)


def widened(predictor, prediction, recording, odd):
    """A prediction whose standard deviations allow for what odd columns may have been in truth.

    Parameters
    ----------
    predictor : PredictorInTime
    prediction : Prediction
        Of the recording.
    recording : Recording
    odd : list of Oddity

    Returns
    -------
    Prediction
    """
    if prediction.angle_std is None:
        return prediction
    variance, of_force, forces = prediction.angle_std**2, None, None
    if prediction.force_std is not None:
        of_force, forces = prediction.force_std**2, _forces(predictor, recording, prediction)
    for one in odd:
        rows = recording.trials.slices[one.trial]
        share = LOAD_SHARE**2 if one.kind == "range" else 1.0
        # A muscle is at rest most of the time: the mean of stretches would say that a dropout misses little.
        together, n, moved, force_moved = np.maximum if one.kind == "dropout" else np.add, 0, 0.0, 0.0
        for other in _instead(predictor, recording, one):  # one after the other, for long trials
            n += 1
            moved = together(moved, np.square(other[1].angle - prediction.angle[rows]))
            if of_force is not None:
                force_moved = together(force_moved, np.square(_forces(predictor, *other) - forces[rows]))
        share /= n if n and together is np.add else 1
        variance[rows] += share * moved
        if of_force is not None:
            of_force[rows] += share * force_moved
    force_std = None if of_force is None else np.sqrt(of_force)
    return replace(prediction, angle_std=np.sqrt(variance), force_std=force_std)


def _instead(predictor, recording, odd):
    """Recordings of one trial with the odd column replaced, and the predictions from them."""
    rows = recording.trials.slices[odd.trial]
    time = recording.trials.time[rows]
    trial = Recording(
        Trials(("instead",), np.array([0, len(time)]), time),
        recording.emg[rows],
        {name: column[rows] for name, column in recording.external.items()},
    )
    channel = slice(None) if odd.column == ALL else odd.column
    is_external = odd.column == EXTERNAL
    gain = 1.0 if is_external else predictor.session.emg_gain[channel]
    signal = trial.external[odd.name] if is_external else trial.emg[:, channel]
    for other in predictor.seen_inputs.replacements(odd, signal * gain, time):
        with _replaced(trial, odd, other / gain) as changed:
            try:
                yield changed, predictor.predict(changed)
            except SimulationError:
                continue


@contextmanager
def _replaced(recording, odd, signal):
    """The recording with another odd column, for as long as the block lasts: an hour of EMG is not copied for that."""
    if odd.column == EXTERNAL:
        yield replace(recording, external={**recording.external, odd.name: signal})
        return
    emg = recording.emg if recording.emg.flags.writeable else recording.emg.copy()
    column = emg[:, slice(None) if odd.column == ALL else odd.column]
    before = column.copy()
    column[...] = signal
    try:
        yield replace(recording, emg=emg)
    finally:
        column[...] = before


def _forces(predictor, recording, prediction):
    """Muscle forces (n_frames, n_muscles) [N] along a prediction."""
    return predictor.forces_along(recording, prediction)
