"""Angles that are given instead of solved for, as a measured shoulder moves the elbow."""

import numpy as np

from .parameters import SEGMENT_PARAMETERS, ParameterTable


class PrescribedAngles:
    """Part of `MusculoskeletalModel`: which angles obey the equation of motion, and where the others come from."""

    @property
    def n_coordinates(self):
        """Number of degrees of freedom that obey the equation of motion."""
        return len(self.coordinate_names)

    @property
    def free_joints(self):
        """Joints whose angles obey the equation of motion, tuple of Joint (n_coordinates,)."""
        return tuple(joint for joint in self.joints if joint.name not in self.prescribed_names)

    def _prescribe(self, names):
        self.prescribed_names = tuple(joint.name for joint in self.joints if joint.name in names)
        self.coordinate_names = tuple(joint.name for joint in self.free_joints)
        self.torque_scale = np.array([joint.torque_scale for joint in self.free_joints])
        self.__dict__.pop("_compiled", None)
        self._free = [i for i, joint in enumerate(self.joints) if joint.name not in names]

    def prescribing(self, names):
        """Model some of whose angles are given and move the others, as a measured shoulder moves the elbow.

        Parameters
        ----------
        names : sequence of str
            Coordinates that are prescribed. Their motion is an external input of that name. The equations of the
            others keep the coupling: inertia, centrifugal forces, gravity and muscle paths of the whole. Parameters of
            the prescribed joints themselves (stiffness, damping, stops, goniometer offset) are left out of the table;
            those of their segments remain.

        Returns
        -------
        MusculoskeletalModel
            A new model.

        Raises
        ------
        ValueError
            When a name is no coordinate, or none would be left to obey the equation of motion.
        """
        unknown = [name for name in names if name not in self.coordinate_names]
        if unknown or len(names) == self.n_coordinates:
            raise ValueError(
                f"Only some of the coordinates {self.coordinate_names} of the model {self.name!r} can be prescribed. "
                f"Got {tuple(names)}."
            )
        rows = [r for r in self.parameters.rows if r.owner not in names or r.name in SEGMENT_PARAMETERS]
        other = self._with_table(ParameterTable(rows))
        other._prescribe((*self.prescribed_names, *names))
        return other

    def exogenous(self, columns, n_frames):
        """Complete set of external inputs.

        Parameters
        ----------
        columns : dict of array (n_frames,)
            Any of "hand_load_kg" [kg], "segment_orientation_rad" [rad] and "external_torque_nm" [N m], and every
            prescribed angle [rad] by its name.
        n_frames : int
            Number of frames.

        Returns
        -------
        dict of ndarray (n_frames,)
            A missing load is 0 kg; a missing orientation is left to the parameter of that name.

        Raises
        ------
        ValueError
            When a prescribed angle is missing.
        """
        missing = [name for name in self.prescribed_names if name not in columns]
        if missing:
            raise ValueError(f"The model {self.name!r} needs the prescribed angles {missing}. Got {sorted(columns)}.")
        given = {n: np.asarray(v, dtype=np.float64).reshape(n_frames) for n, v in columns.items()}
        given.setdefault("hand_load_kg", np.zeros(n_frames))
        return given
