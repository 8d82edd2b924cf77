"""Objectives: free functions of a model and a batch, one number per example.

A model has three members and no loss: ``prior``, ``posterior(batch)`` and ``likelihoods(z)``. The
caller averages over the batch and chooses the sign.
"""

from wslbook.objectives.bounds import LatentVariableModel, elbo, iwae, log_likelihood
from wslbook.objectives.gradients import (
    control_variate_elbo,
    reparameterized_elbo,
    score_function_elbo,
)

__all__ = [
    "LatentVariableModel",
    "control_variate_elbo",
    "elbo",
    "iwae",
    "log_likelihood",
    "reparameterized_elbo",
    "score_function_elbo",
]
