"""Exact derivatives of a simulated trajectory with respect to parameters and initial states.

The trajectory is the root of G(z, theta) = 0, so dz/dtheta = -(dG/dz)^-1 dG/dtheta by the implicit function theorem;
the Jacobian is block lower bidiagonal, so that sensitivities march along with the states, by the same factors.
"""

from typing import NamedTuple

import numpy as np

from .marching import March


class StartPiece(NamedTuple):
    """Some rows of a trial that starts at rest, with derivatives by parameters and, behind them, by angles, velocities
    and surplus activations at the start: n_rows + 2 n_coordinates + n_muscles columns.

    Attributes
    ----------
    rows : slice
    activations : ndarray (n_frames, n_muscles)
    force : ndarray (n_frames, n_muscles)
        [N]
    of_angle : ndarray (n_frames, n_coordinates, n_columns)
    of_force : ndarray (n_frames, n_muscles, n_columns)
        [N]; without columns, as activations and forces, where nobody asks for forces.
    """

    rows: slice
    activations: np.ndarray
    force: np.ndarray
    of_angle: np.ndarray
    of_force: np.ndarray


def start_pieces(motion, march, states, trial, n_rows, *, forces=True):
    """A simulation from rest with its derivatives by parameters and by what nobody knows of its beginning.

    Besides angle and velocity that is how active each muscle was: the EMG before the first frame is not there. More
    activation than the steady state of the first EMG goes with the muscle's own decay, once its electromechanical delay
    has passed. Piece by piece, for those of an hour are more than memory holds.

    Parameters
    ----------
    motion : EquationOfMotion
    march : March
        With respect to `n_rows` parameters and surplus activations.
    states : ndarray (n_frames, 2, n_states)
        Of all trials, filled where the pieces have been.
    trial, n_rows : int
    forces : bool
        Whether those of the muscles are asked for.

    Yields
    ------
    StartPiece
    """
    p, m, d = n_rows, motion.model.n_muscles, motion.model.n_coordinates
    n_columns, room = p + m + 2 * d, march.room()
    order = np.r_[:p, p + m : n_columns, p : p + m]
    for rows, moved in march.pieces(trial, states, n_columns, m * n_columns if forces else 0, from_rest=True):
        moved = moved[..., order]
        if not forces:
            none = np.empty((len(moved), 0))
            yield StartPiece(rows, none, none, moved[:, :d], np.empty((len(moved), 0, n_columns)))
            continue
        found = march.along_piece(trial, rows, room, states[rows], {"force"})
        of_force = _force_by_state(motion, found, states.shape[2]) @ moved
        of_force[..., :p] += found.force_by_parameter[..., :p]
        of_force[..., p + 2 * d :] += found.force_by_parameter[..., p:]
        yield StartPiece(rows, found.activations, found.force, moved[:, :d], of_force)


def force_derivatives(motion, state, parameters, free):
    """Muscle forces at the frames and their derivatives.

    Parameters
    ----------
    motion : EquationOfMotion
    state : ndarray (n_frames, 2, n_states or n_coordinates)
        All states of a trajectory, or a motion alone: then elastic tendons follow it in static equilibrium.
    parameters : dict of ndarray
    free : FreeParameters

    Returns
    -------
    by_state : ndarray (n_frames, n_muscles, 2 n_states or 2 n_coordinates)
        With respect to angles [N/rad], velocities [N s/rad] and, where given, the tendons' states and rates.
    by_parameter : ndarray (n_frames, n_muscles, n_free)
        With respect to the free parameters' values, the given states held still.
    """
    settled = state.shape[2] == motion.model.n_coordinates
    found = March(motion, parameters, free.index).along(state, settled=settled, wanted={"force"})
    return _force_by_state(motion, found, state.shape[2]), found.force_by_parameter


def _force_by_state(motion, found, n_states):
    """Derivatives of forces in `Points` by all states, of which there are `n_states` and as many rates."""
    d = motion.model.n_coordinates
    by_state = np.zeros((len(found.force), motion.model.n_muscles, 2 * n_states))
    by_state[..., :d] = found.force_by_state[..., :d]
    by_state[..., n_states : n_states + d] = found.force_by_state[..., d : 2 * d]
    if n_states > d:
        for e, m in enumerate(np.flatnonzero(motion.model.elastic)):
            by_state[:, m, d + e] = found.force_by_state[:, m, -1]
    return by_state
