"""What a fit leaves behind, under its public names."""

import numpy as np

from .identification.suspicion import suspicion_frame
from .results import correlation_frame, parameter_frame, trial_gain_frame

# Fitted attributes that hold one value per muscle.
MUSCLE_ATTRIBUTES = (
    "max_isometric_force",
    "optimal_fiber_length",
    "tendon_slack_length",
    "pennation_angle_at_optimal",
    "max_contraction_velocity",
    "emg_shape_factor",
    "electromechanical_delay",
)
MODEL_ATTRIBUTES = (
    "muscle_names_",
    "synthesized_muscles_",
    "parameters_",
    "starts_",
    "parameter_correlation_",
    "trial_gain_",
    *(f"{name}_" for name in MUSCLE_ATTRIBUTES),
)


class FittedAttributes:
    """Private half of `PhysicsInformedMSKRegressor`: its fitted attributes."""

    def _expose(self):
        """Fitted attributes under their public names."""
        fitted = self.fitted_
        self.findings_ = suspicion_frame(fitted.suspicions)
        self.model_ = fitted.model
        self.module_ = None if fitted.network is None else fitted.network.module
        self.history_ = [] if fitted.network is None else fitted.network.history
        self.ode_weight_, self.n_iter_ = fitted.ode_weight, max(1, fitted.n_iter)
        hybrid = fitted.hybrid
        self.member_weights_ = {} if hybrid is None else dict(hybrid.learners.weights)
        self.output_cutoff_ = np.inf if hybrid is None else hybrid.trust.cutoff
        self.held_out_rmse_ = {} if hybrid is None else dict(hybrid.trust.rmse)
        if fitted.model is None:
            for name in MODEL_ATTRIBUTES:  # of a previous fit in time
                vars(self).pop(name, None)
            return
        covariance = None if fitted.identification is None else fitted.identification.covariance
        self.muscle_names_ = fitted.model.muscle_names
        self.synthesized_muscles_ = fitted.model.synthesized_muscles
        self.parameters_ = parameter_frame(fitted.model, covariance, fitted.findings)
        self.starts_ = [] if fitted.identification is None else fitted.identification.starts
        self.parameter_correlation_ = correlation_frame(fitted.model, covariance)
        self.trial_gain_ = trial_gain_frame(fitted.identification, fitted.model)
        by_name = fitted.model.parameters.as_dict()
        for name in MUSCLE_ATTRIBUTES:
            setattr(self, f"{name}_", by_name[name].numpy().copy())
