"""Bounds on the evidence of a model."""

import math
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.distributions import Distribution

from wslbook.datasets.batch import Batch
from wslbook.distributions.mixture_divergence import kl_convexity_bound, rsample_stratified
from wslbook.typing import Float

__all__ = [
    "LatentVariableModel",
    "elbo",
    "iwae",
    "log_likelihood",
]

Divergence = Callable[[Distribution, Distribution], Tensor]


@runtime_checkable
class LatentVariableModel(Protocol):
    """What an objective needs to know of a model."""

    @property
    def prior(self) -> Distribution:
        """The prior p(z), with empty batch shape and event ``[latent]``."""

    def posterior(self, batch: Batch) -> Distribution:
        """Return the approximation q(z | x), batch ``[batch]``, event ``[latent]``."""

    def likelihoods(self, z: Tensor) -> dict[str, Distribution]:
        """Return p(x_m | z) by modality, for latents ``[sample, batch, latent]``."""


def log_likelihood(
    model: LatentVariableModel,
    batch: Batch,
    z: Float[Tensor, "sample batch latent"],
    weights: Mapping[str, float] | None = None,
) -> Float[Tensor, "sample batch"]:
    r"""Sum the log-likelihoods of the modalities that were observed.

    .. math:: \sum_{m\ \text{present}} \alpha_m \log p(x_m \mid z)

    Args:
        model: gives the likelihoods.
        batch: observations; modalities that are marked as absent, or missing altogether, are left
            out.
        z: latents.
        weights: the factors alpha_m by modality, 1 where missing; with other values the sum is no
            log-likelihood (errata E-54).

    Returns:
        One number per draw and example, in nats.

    References:
        Thesis equation 3.40.

    Derived in: notebooks/03
    """
    weights = weights or {}
    terms = [
        weights.get(name, 1.0) * torch.where(batch.is_present(name), p.log_prob(batch.x[name]), 0.0)
        for name, p in model.likelihoods(z).items()
        if name in batch.x
    ]
    return torch.stack(terms).sum(0)


def elbo(
    model: LatentVariableModel,
    batch: Batch,
    num_samples: int = 1,
    beta: float = 1.0,
    weights: Mapping[str, float] | None = None,
    divergence: Divergence = kl_convexity_bound,
) -> Float[Tensor, " batch"]:
    r"""Estimate the evidence lower bound with reparameterised draws.

    .. math::
        \mathcal L(X) = \mathbb E_{q(z \mid X)}\Big[\sum_m \alpha_m \log p(x_m \mid z)\Big]
        - \beta\, \mathrm{KL}(q(z \mid X) \,\|\, p(z))

    It bounds log p(X) from below for all alpha_m = 1 and beta of at least 1. Where the posterior is
    a mixture the draws share out its components.

    Args:
        model: prior, posterior and likelihoods.
        batch: observations.
        num_samples: draws of z per example, at least 1.
        beta: weight of the KL term, not negative; 1 is the ELBO.
        weights: the factors alpha_m by modality, 1 where missing.
        divergence: maps posterior and prior to the KL term. By default exact, for mixtures the
            mean over the components, an upper bound: the objective of thesis equation 3.23. With
            :func:`.kl_pathwise_estimate` it is the ELBO of the mixture.

    Returns:
        One number per example, in nats.

    Raises:
        ValueError: if ``num_samples`` or ``beta`` is out of range.

    References:
        Kingma and Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114.
        Higgins et al., beta-VAE, 2017. Thesis definition 2.2.2, equations 2.26, 2.35 and 3.40.

    Derived in: notebooks/03
    """
    _check_at_least(1, num_samples=num_samples)
    _check_at_least(0, beta=beta)
    q = model.posterior(batch)
    z = rsample_stratified(q, num_samples)
    reconstruction = log_likelihood(model, batch, z, weights).mean(0)
    return reconstruction - beta * divergence(q, model.prior)


def iwae(
    model: LatentVariableModel,
    batch: Batch,
    num_samples: int = 50,
    posterior: Distribution | None = None,
) -> Float[Tensor, " batch"]:
    r"""Estimate the importance-weighted bound, which tends to log p(x) as draws are added.

    .. math::
        \mathcal L_K(x) = \mathbb E\Big[\log \frac1K \sum_{k=1}^K
        \frac{p(x \mid z_k)\, p(z_k)}{q(z_k \mid x)}\Big], \qquad z_k \sim q(z \mid x)

    In expectation it does not decrease with K and never exceeds log p(x); K = 1 is the ELBO.

    Args:
        model: prior, posterior and likelihoods.
        batch: observations.
        num_samples: the number K of draws inside the logarithm, at least 1.
        posterior: the law q of the draws, by default that of the model given the batch. The
            posterior given some modalities yields the bound on the evidence of all of them.

    Returns:
        One number per example, in nats.

    Raises:
        ValueError: if ``num_samples`` is below 1.

    References:
        Burda, Grosse and Salakhutdinov, Importance weighted autoencoders, 2016,
        arXiv:1509.00519.

    Derived in: notebooks/03
    """
    _check_at_least(1, num_samples=num_samples)
    q = model.posterior(batch) if posterior is None else posterior
    z = q.rsample((num_samples,))
    # log w = log p(x|z) + log p(z) - log q(z|x)
    log_weights = log_likelihood(model, batch, z) + model.prior.log_prob(z) - q.log_prob(z)
    return torch.logsumexp(log_weights, 0) - math.log(num_samples)


def _check_at_least(lowest: int, **arguments: float) -> None:
    for name, value in arguments.items():
        if not value >= lowest:
            raise ValueError(f"{name}: expected at least {lowest}, got {value!r}")
