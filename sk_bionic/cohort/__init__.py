"""Many subjects: one fit each, a table of their parameters with errors, group statistics, and priors for the next."""

from ._cohort import Cohort, Comparison, Failure
from ._effects import RandomEffects, random_effects
from ._fits import fit_subjects

__all__ = ["Cohort", "Comparison", "Failure", "RandomEffects", "fit_subjects", "random_effects"]
