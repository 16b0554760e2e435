"""The muscles of a model at work: paths over the joints, tendons that stretch or do not, torques."""

import pandas as pd
import torch

from .muscle import curve_set, rigid_tendon_state
from .tendon import elastic_tendon_state, static_tendon_state


class MuscleMechanics:
    """Part of `MusculoskeletalModel`: geometry and forces of its muscles."""

    @property
    def n_muscles(self):
        """Number of muscles."""
        return len(self.muscles)

    @property
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
        state : Tensor (..., n_muscles)
            State of the activation dynamics, nominally between 0 and 1.
        parameters : dict of Tensor, optional
            Default: the model's own.

        Returns
        -------
        Tensor (..., n_muscles)
            Activations.
        """
        p = self.parameters.as_dict() if parameters is None else parameters
        return self.shape(state, p["emg_shape_factor"])

    def muscle_state(self, angle, velocity, activation, parameters=None, exogenous=None, *, tendon=None):
        """Geometry and forces of the muscles.

        Parameters
        ----------
        angle, velocity : Tensor (..., n_coordinates)
            Joint angles [rad] and angular velocities [rad/s].
        activation : Tensor (..., n_muscles)
            Activations between 0 and 1.
        parameters : dict of Tensor, optional
            Parameters by name, broadcastable to the frames; default: the model's own.
        exogenous : dict of Tensor, optional
            As in `residual`; needed where angles are prescribed.
        tendon : tuple of Tensor (..., n_tendon_states), optional
            State of each elastic tendon and its derivative [1/s]. Default: in equilibrium with the fiber, the tendon's
            own velocity neglected (quasi-static).

        Returns
        -------
        MuscleState
            Fields (..., n_muscles): fiber length [m], fiber velocity [m/s], cosine of pennation, tendon force [N].
        moment_arm : Tensor (..., n_coordinates, n_muscles)
            Moment arms [m].
        """
        p = self.parameters.as_dict() if parameters is None else parameters
        length, lengthening, moment_arm = self.muscle_tendon_units(angle, velocity, p, exogenous)
        return self.state_at_length(length, lengthening, activation, p, tendon)[0], moment_arm

    def state_at_length(self, length, lengthening, activation, parameters, tendon=None):
        """Forces of the muscles where the lengths of their paths are known.

        No muscle depends on another one's length, activation, parameters or tendon.

        Parameters
        ----------
        length, lengthening : Tensor (..., n_muscles)
            Length [m] and lengthening velocity [m/s] of the muscle-tendon units.
        activation : Tensor (..., n_muscles)
            Activations between 0 and 1.
        parameters : dict of Tensor
            Parameters by name, broadcastable to the frames.
        tendon : tuple of Tensor (..., n_tendon_states), optional
            As in `muscle_state`.

        Returns
        -------
        muscles : MuscleState
            As in `muscle_state`.
        equilibrium : Tensor (..., n_tendon_states)
            Force of each elastic tendon minus its fiber's, in units of the maximal isometric force.
        """
        if not self.n_tendon_states:
            return rigid_tendon_state(length, lengthening, activation, parameters, self.curves), length[..., :0]
        if tendon is None:
            z = self._static_tendon_state(length, lengthening, activation, parameters)
            tendon = z, torch.zeros_like(z)
        muscles, equilibrium = self._elastic_state(tendon, length, lengthening, activation, parameters)
        return muscles, equilibrium[..., self.elastic]

    def static_tendon_state(self, angle, velocity, activation, parameters=None, exogenous=None):
        """State of the elastic tendons in equilibrium with their fibers, the tendons' own velocity neglected.

        Parameters
        ----------
        angle, velocity, activation, parameters, exogenous : Tensor
            As in `muscle_state`.

        Returns
        -------
        Tensor (..., n_tendon_states)
            State of each elastic tendon.
        """
        p = self.parameters.as_dict() if parameters is None else parameters
        length, lengthening, _ = self.muscle_tendon_units(angle, velocity, p, exogenous)
        return self._static_tendon_state(length, lengthening, activation, p)

    def muscle_torque(self, angle, velocity, activation, parameters=None, exogenous=None, *, tendon=None):
        """Torque of all muscles on each joint: the sum of moment arm times force.

        Parameters
        ----------
        angle, velocity, activation, parameters, exogenous, tendon : Tensor
            As in `muscle_state`.

        Returns
        -------
        Tensor (..., n_coordinates)
            In N m.
        """
        muscles, moment_arm = self.muscle_state(angle, velocity, activation, parameters, exogenous, tendon=tendon)
        return torque_of(moment_arm, muscles)

    def muscle_tendon_units(self, angle, velocity, parameters, exogenous=None):
        """Lengths, lengthening velocities and moment arms of the muscle-tendon units.

        Prescribed angles lengthen muscles too; the moment arms are those about the other joints.

        Parameters
        ----------
        angle, velocity, parameters, exogenous : Tensor
            As in `muscle_state`.

        Returns
        -------
        length, lengthening : Tensor (..., n_muscles)
            In m and m/s.
        moment_arm : Tensor (..., n_coordinates, n_muscles)
            In m.
        """
        angle, velocity = self._whole(angle, 0, exogenous), self._whole(velocity, 1, exogenous)
        length, moment_arm = self.paths.length_and_moment_arm(angle, parameters["moment_arm_scale"])
        lengthening = -(moment_arm * velocity.unsqueeze(-1)).sum(-2)  # dl/dt = dl/dq q' = -R q'
        return length, lengthening, self._about_free(moment_arm)

    def moment_arm_slopes(self, angle, velocity, parameters, exogenous=None):
        """Derivatives of moment arms and lengthening velocities with respect to the angles.

        Parameters
        ----------
        angle, velocity, parameters, exogenous : Tensor
            As in `muscle_state`.

        Returns
        -------
        moment_arm : Tensor (..., n_coordinates, n_coordinates, n_muscles)
            dR_d/dq_e [m/rad].
        lengthening : Tensor (..., n_coordinates, n_muscles)
            [m/(s rad)].
        """
        angle, velocity = self._whole(angle, 0, exogenous), self._whole(velocity, 1, exogenous)
        slope = self._about_free(self.paths.moment_arm_slope(angle, parameters["moment_arm_scale"]))
        lengthening = -(slope * velocity[..., None, None]).sum(-3)
        return self._about_free(slope.movedim(-2, -3)), lengthening

    def _about_free(self, moment_arm):
        """Moment arms (..., n_joints, n_muscles) about those joints that obey the equation of motion."""
        return moment_arm[..., self._free, :] if self.prescribed_names else moment_arm

    def _static_tendon_state(self, length, lengthening, activation, parameters):
        own = {name: parameters[name][..., self.elastic] for name in self.parameters.muscle_names}
        curves = curve_set([muscle for muscle in self.muscles if muscle.tendon == "elastic"])
        return static_tendon_state(*(x[..., self.elastic] for x in (length, lengthening, activation)), own, curves)

    def _elastic_state(self, tendon, length, lengthening, activation, parameters):
        """`elastic_tendon_state` of all muscles from the states of the elastic tendons alone."""
        filled = []
        for values in tendon:
            full = values.new_zeros((*values.shape[:-1], self.n_muscles))
            full[..., self.elastic] = values
            filled.append(full)
        return elastic_tendon_state(*filled, length, lengthening, activation, parameters, self.curves, self.elastic)


def torque_of(moment_arm, muscles):
    """sum_m R_m F_m, (..., n_coordinates) [N m]: virtual work."""
    return (moment_arm * muscles.tendon_force.unsqueeze(-2)).sum(-1)
