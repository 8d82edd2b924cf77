"""Objectives: free functions of a model and a batch, one number per example.

A model has three members and no loss: ``prior``, ``posterior(batch)`` and ``likelihoods(z)``. The
caller averages over the batch and chooses the sign.
"""

import math
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence

from wslbook.datasets.batch import Batch
from wslbook.typing import Float

__all__ = [
    "LatentVariableModel",
    "control_variate_elbo",
    "elbo",
    "iwae",
    "log_likelihood",
    "reparameterized_elbo",
    "score_function_elbo",
]

LogJoint = Callable[[Tensor], Tensor]


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
    model: LatentVariableModel, batch: Batch, z: Float[Tensor, "sample batch latent"]
) -> Float[Tensor, "sample batch"]:
    r"""Sum the log-likelihoods of the modalities that were observed.

    .. math:: \log p(X \mid z) = \sum_{m\ \text{present}} \log p(x_m \mid z)

    Args:
        model: gives the likelihoods.
        batch: observations, with absent modalities marked.
        z: latents.

    Returns:
        One number per draw and example, in nats.

    Derived in: notebooks/03
    """
    terms = [
        torch.where(batch.is_present(name), p.log_prob(batch.x[name]), 0.0)
        for name, p in model.likelihoods(z).items()
    ]
    return torch.stack(terms).sum(0)


def elbo(
    model: LatentVariableModel, batch: Batch, num_samples: int = 1, beta: float = 1.0
) -> Float[Tensor, " batch"]:
    r"""Estimate the evidence lower bound with reparameterised draws and an exact KL term.

    .. math::
        \mathcal L(x) = \mathbb E_{q(z \mid x)}[\log p(x \mid z)]
        - \beta\, \mathrm{KL}(q(z \mid x) \,\|\, p(z))

    It bounds log p(x) from below for every beta of at least 1.

    Args:
        model: prior, posterior and likelihoods.
        batch: observations.
        num_samples: draws of z per example, at least 1.
        beta: weight of the KL term, not negative; 1 is the ELBO.

    Returns:
        One number per example, in nats.

    Raises:
        ValueError: if ``num_samples`` or ``beta`` is out of range.

    References:
        Kingma and Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114.
        Higgins et al., beta-VAE, 2017. Thesis definition 2.2.2 and equation 2.26.

    Derived in: notebooks/03
    """
    _check_at_least(1, num_samples=num_samples)
    _check_at_least(0, beta=beta)
    q = model.posterior(batch)
    z = q.rsample((num_samples,))
    reconstruction = log_likelihood(model, batch, z).mean(0)
    return reconstruction - beta * kl_divergence(q, model.prior)


def iwae(
    model: LatentVariableModel, batch: Batch, num_samples: int = 50
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
    q = model.posterior(batch)
    z = q.rsample((num_samples,))
    # log w = log p(x|z) + log p(z) - log q(z|x)
    log_weights = log_likelihood(model, batch, z) + model.prior.log_prob(z) - q.log_prob(z)
    return torch.logsumexp(log_weights, 0) - math.log(num_samples)


def score_function_elbo(
    log_joint: LogJoint, q: Distribution, num_samples: int
) -> Float[Tensor, "*batch"]:
    r"""Estimate an ELBO so that its gradient is the score-function (REINFORCE) estimate.

    .. math::
        \nabla_\lambda \mathcal L = \mathbb E_q[\nabla_\lambda \log q(z)\, f(z)],
        \qquad f(z) = \log p(x, z) - \log q(z)

    It needs no derivative of the model and works for discrete z. Each entry of the batch is
    weighted by its own f only: when the entries are independent given the data, this is the
    Rao-Blackwellised estimator.

    Args:
        log_joint: maps z ``[sample, *batch, ...]`` to log p(x, z) ``[sample, *batch]``.
        q: the variational law, batch ``[*batch]``.
        num_samples: draws to average, at least 1.

    Returns:
        The estimates, with the gradient above.

    Raises:
        ValueError: if ``num_samples`` is below 1.

    References:
        Williams, Simple statistical gradient-following algorithms, 1992. Ranganath, Gerrish
        and Blei, Black box variational inference, 2014, arXiv:1401.0118. Thesis equation 2.19.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> loc = torch.tensor(1.0, requires_grad=True)
        >>> q, p = torch.distributions.Normal(loc, 1.0), torch.distributions.Normal(0.0, 1.0)
        >>> score_function_elbo(p.log_prob, q, 100_000).backward()
        >>> bool(abs(loc.grad + 1.0) < 0.05)  # the exact gradient of -KL is -1
        True

    Derived in: notebooks/02
    """
    _check_at_least(1, num_samples=num_samples)
    log_p, log_q = _draw(log_joint, q, num_samples)
    signal = (log_p - log_q).detach()
    return _surrogate(log_p, log_q, signal).mean(0)


def control_variate_elbo(
    log_joint: LogJoint, q: Distribution, num_samples: int
) -> Float[Tensor, "*batch"]:
    r"""Estimate an ELBO so that its gradient is the score-function estimate with a baseline.

    .. math::
        \frac1L \sum_l \nabla_\lambda \log q(z_l)\, (f(z_l) - b_l), \qquad
        b_l = \frac1{L-1} \sum_{j \ne l} f(z_j)

    The baseline of a draw is the mean of the other draws. It does not depend on the draw, so
    the estimate stays unbiased while the common level of f no longer adds noise.

    Args:
        log_joint: maps z ``[sample, *batch, ...]`` to log p(x, z) ``[sample, *batch]``.
        q: the variational law, batch ``[*batch]``.
        num_samples: draws to average, at least 2.

    Returns:
        The estimates, with the gradient above.

    Raises:
        ValueError: if ``num_samples`` is below 2.

    References:
        Kool, van Hoof and Welling, Buy 4 REINFORCE samples, get a baseline for free!, 2019.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> loc = torch.tensor(1.0, requires_grad=True)
        >>> q, p = torch.distributions.Normal(loc, 1.0), torch.distributions.Normal(0.0, 1.0)
        >>> control_variate_elbo(p.log_prob, q, 100_000).backward()
        >>> bool(abs(loc.grad + 1.0) < 0.05)
        True

    Derived in: notebooks/02
    """
    _check_at_least(2, num_samples=num_samples)
    log_p, log_q = _draw(log_joint, q, num_samples)
    f = (log_p - log_q).detach()
    baseline = (f.sum(0) - f) / (num_samples - 1)
    return _surrogate(log_p, log_q, f - baseline).mean(0)


def reparameterized_elbo(
    log_joint: LogJoint, q: Distribution, num_samples: int
) -> Float[Tensor, "*batch"]:
    r"""Estimate an ELBO so that its gradient is the reparameterisation (pathwise) estimate.

    .. math::
        \frac1L \sum_l \nabla_\lambda \big[\log p(x, g(\varepsilon_l, \lambda))
        - \log q(g(\varepsilon_l, \lambda))\big], \qquad \varepsilon_l \sim r

    Args:
        log_joint: maps z ``[sample, *batch, ...]`` to log p(x, z) ``[sample, *batch]``, and is
            differentiable in z.
        q: the variational law, batch ``[*batch]``, with ``rsample``.
        num_samples: draws to average, at least 1.

    Returns:
        The estimates, with the gradient above.

    Raises:
        ValueError: if ``num_samples`` is below 1 or ``q`` cannot be reparameterised.

    References:
        Kingma and Welling, Auto-encoding variational Bayes, 2014, arXiv:1312.6114.
        Thesis equation 2.21.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> loc = torch.tensor(1.0, requires_grad=True)
        >>> q, p = torch.distributions.Normal(loc, 1.0), torch.distributions.Normal(0.0, 1.0)
        >>> reparameterized_elbo(p.log_prob, q, 100_000).backward()
        >>> bool(abs(loc.grad + 1.0) < 0.05)
        True

    Derived in: notebooks/02
    """
    _check_at_least(1, num_samples=num_samples)
    if not q.has_rsample:
        raise ValueError(f"q: expected a law with rsample, got {type(q).__name__}")
    z = q.rsample((num_samples,))
    return (log_joint(z) - q.log_prob(z)).mean(0)


def _draw(log_joint: LogJoint, q: Distribution, num_samples: int) -> tuple[Tensor, Tensor]:
    """Return log p(x, z) and log q(z) at draws that carry no gradient."""
    z = q.sample((num_samples,))
    return log_joint(z), q.log_prob(z)


def _surrogate(log_p: Tensor, log_q: Tensor, signal: Tensor) -> Tensor:
    """Return log p - log q with gradient ∇ log p + signal ∇ log q."""
    return log_p - log_q.detach() + signal * (log_q - log_q.detach())


def _check_at_least(lowest: int, **arguments: float) -> None:
    for name, value in arguments.items():
        if not value >= lowest:
            raise ValueError(f"{name}: expected at least {lowest}, got {value!r}")
