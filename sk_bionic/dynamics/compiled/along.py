"""Muscles and equations along a motion that is given, under the activations that the EMG makes."""

from ...musculoskeletal.compiled.compilation import compiled
from ...musculoskeletal.compiled.points import evaluate
from .excitation import BY_STATE, N_ACTIVATION, shape_of, start_activity, step_activity, surplus_left
from .excitation import LEFT as ACTIVITY_LEFT
from .excitation import RIGHT as ACTIVITY_RIGHT
from .excitation import STATE as ACTIVITY
from .interval import SOLVED
from .march import NO_ACTIVATION, copy_activity


@compiled
def along(body, record, columns, trial, bounds, span, settled, at, w, states, acceleration, out):
    """Activations, forces and equations at the frames span[0] ... span[1] - 1 of a trial along given states.

    Parameters
    ----------
    bounds : tuple of int
        First frame of the trial, and the one behind its last.
    span : tuple of int
        Where it does not begin with the trial, `w` is of the walk along the trial so far.
    settled, states, acceleration : bool, ndarray, ndarray
        As in `at_points`, of the span's frames.
    out : Points
        Of the span's frames, filled; where it has room for activations alone, nothing else is computed.

    Returns
    -------
    tuple of int
        `SOLVED` or `NO_ACTIVATION`, and the last frame.
    """
    wanted = len(out.force_by_state) + len(out.residual_by_motion) > 0
    activation, first = w.gauss[0], span[0]
    external, given = record.external[first : span[1]], record.given[first : span[1]]
    for i in range(first, span[1]):
        if i == bounds[0]:
            start_activity(body, record, trial, bounds, w.activity, w.near)
        else:
            t = record.time[i - 1]
            if not step_activity(body, record, trial, bounds, t, record.time[i] - t, w.activity, w.near, wanted):
                return NO_ACTIVATION, i - 1
            copy_activity(w, ACTIVITY_RIGHT, ACTIVITY_LEFT)
        for m in range(len(body.muscle)):
            shape_of(body, m, w.activity[ACTIVITY_LEFT], ACTIVITY, BY_STATE, activation, wanted)
            activation[m, N_ACTIVATION] = surplus_left(body, m, record.time[i] - record.time[bounds[0]])
            out.activations[i - first, m] = activation[m, 0]
        if len(out.force) > 0:
            evaluate(
                body, columns, external, given, states, acceleration, i - first, settled, activation, at, out,
                w.partial[0],
            )  # fmt: skip
    return SOLVED, span[1] - 1
