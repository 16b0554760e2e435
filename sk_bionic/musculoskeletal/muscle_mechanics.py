"""The muscles of a model at work: paths over the joints, tendons that stretch or do not, torques."""

from functools import cached_property

import numpy as np
import pandas as pd

from .compiled.activation import shapes
from .compiled.layout import COS_PENNATION, FIBER_NOW, FIBER_VELOCITY, FORCE, UNIT_LENGTH
from .muscle import MuscleState


class MuscleMechanics:
    """Part of `MusculoskeletalModel`: geometry and forces of its muscles."""

    @property
    def n_muscles(self):
        """Number of muscles."""
        return len(self.muscles)

    @cached_property
    def n_tendon_states(self):
        """Number of elastic tendons."""
        return int(self.elastic.sum())

    @property
    def path_errors(self):
        """How far the fitted paths are off, DataFrame over the muscles.

        Columns ``length_error`` and ``moment_arm_error`` [m], root mean square over the samples (see `fit_path`; NaN of
        paths that were not fitted), and ``n_terms`` of the polynomial.
        """
        paths = [m.path for m in self.muscles]
        rows = [(p.length_error, p.moment_arm_error, len(p.coefficients)) if p else (None, None, 0) for p in paths]
        frame = pd.DataFrame(rows, list(self.muscle_names), ["length_error", "moment_arm_error", "n_terms"])
        return frame.astype({"length_error": float, "moment_arm_error": float})

    def activation(self, state, parameters=None):
        """Activations from the state of the activation dynamics.

        Parameters
        ----------
        state : ndarray (..., n_muscles)
            State of the activation dynamics, nominally between 0 and 1.
        parameters : dict of ndarray, optional
            Default: the model's own.

        Returns
        -------
        ndarray (..., n_muscles)
            Activations.
        """
        state = np.asarray(state, dtype=np.float64)
        flat = np.ascontiguousarray(state.reshape(-1, self.n_muscles))
        out = np.empty_like(flat)
        shapes(self._body(parameters), flat, out)
        return out.reshape(state.shape)

    def muscle_state(self, angle, velocity, activation, parameters=None, exogenous=None, *, tendon=None):
        """Geometry and forces of the muscles.

        Parameters
        ----------
        angle, velocity : ndarray (..., n_coordinates)
            Joint angles [rad] and angular velocities [rad/s].
        activation : ndarray (..., n_muscles)
            Activations between 0 and 1.
        parameters : dict of ndarray, optional
            Parameters by name; default: the model's own.
        exogenous : dict of ndarray, optional
            As in `residual`; needed where angles are prescribed.
        tendon : tuple of ndarray (..., n_tendon_states), optional
            State of each elastic tendon and its derivative [1/s]. Default: in equilibrium with the fiber, the tendon's
            own velocity neglected (quasi-static).

        Returns
        -------
        MuscleState
            Fields (..., n_muscles): fiber length [m], fiber velocity [m/s], cosine of pennation, tendon force [N].
        moment_arm : ndarray (..., n_coordinates, n_muscles)
            Moment arms [m].
        """
        at = self._at(angle, velocity, None, activation, parameters, exogenous, tendon, {"geometry"})
        return self._muscles_of(at, np.shape(angle)[:-1]), self._arms_of(at, np.shape(angle)[:-1])

    def _muscles_of(self, at, shape):
        g = at.geometry.reshape(*shape, *at.geometry.shape[1:])
        force = at.force.reshape(*shape, self.n_muscles)
        return MuscleState(g[..., FIBER_NOW], g[..., FIBER_VELOCITY], g[..., COS_PENNATION], force)

    def _arms_of(self, at, shape):
        arms = np.swapaxes(at.geometry[..., FORCE:][..., self._free], 1, 2)
        return arms.reshape(*shape, *arms.shape[1:])

    def length_and_moment_arm(self, angle, parameters=None, exogenous=None):
        """Lengths of the muscle-tendon units and their moment arms.

        Parameters
        ----------
        angle : ndarray (..., n_coordinates)
            Joint angles [rad].
        parameters, exogenous : dict of ndarray, optional
            As in `muscle_state`.

        Returns
        -------
        length : ndarray (..., n_muscles)
            Length [m].
        moment_arm : ndarray (..., n_coordinates, n_muscles)
            R = -d(length)/d(angle) [m], the definition of a moment arm by virtual work (An et al. 1984).
        """
        shape = np.shape(angle)[:-1]
        idle = np.zeros((*shape, self.n_muscles))
        tendon = (np.full((*shape, self.n_tendon_states), 0.1),) * 2  # none is asked for
        at = self._at(angle, np.zeros(np.shape(angle)), None, idle, parameters, exogenous, tendon, {"geometry"})
        return at.geometry[..., UNIT_LENGTH].reshape(*shape, self.n_muscles), self._arms_of(at, shape)

    def static_tendon_state(self, angle, velocity, activation, parameters=None, exogenous=None):
        """State of the elastic tendons in equilibrium with their fibers, the tendons' own velocity neglected.

        Parameters
        ----------
        angle, velocity, activation, parameters, exogenous : ndarray
            As in `muscle_state`.

        Returns
        -------
        ndarray (..., n_tendon_states)
            State of each elastic tendon.
        """
        at = self._at(angle, velocity, None, activation, parameters, exogenous, None, {"residual"})
        return at.tendon.reshape(*np.shape(angle)[:-1], self.n_tendon_states)

    def muscle_torque(self, angle, velocity, activation, parameters=None, exogenous=None, *, tendon=None):
        """Torque of all muscles on each joint: the sum of moment arm times force.

        Parameters
        ----------
        angle, velocity, activation, parameters, exogenous, tendon : ndarray
            As in `muscle_state`.

        Returns
        -------
        ndarray (..., n_coordinates)
            In N m.
        """
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, parameters, exogenous, tendon=tendon)
        return torque_of(moment_arm, muscles)


def torque_of(moment_arm, muscles):
    """sum_m R_m F_m, (..., n_coordinates) [N m]: virtual work."""
    return (moment_arm * muscles.tendon_force[..., None, :]).sum(axis=-1)
