"""Three estimates of an ELBO that differ in their gradients."""

from collections.abc import Callable

from torch import Tensor
from torch.distributions import Distribution

from wslbook.typing import Float

__all__ = ["control_variate_elbo", "reparameterized_elbo", "score_function_elbo"]

LogJoint = Callable[[Tensor], Tensor]


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
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> loc = torch.tensor(1.0, requires_grad=True)
        >>> q, p = torch.distributions.Normal(loc, 1.0), torch.distributions.Normal(0.0, 1.0)
        >>> score_function_elbo(p.log_prob, q, 100_000).backward()
        >>> bool(abs(loc.grad + 1.0) < 0.05)  # the exact gradient of -KL is -1
        True

    Derived in: notebooks/02
    """
    _check_num_samples(1, num_samples)
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
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> loc = torch.tensor(1.0, requires_grad=True)
        >>> q, p = torch.distributions.Normal(loc, 1.0), torch.distributions.Normal(0.0, 1.0)
        >>> control_variate_elbo(p.log_prob, q, 100_000).backward()
        >>> bool(abs(loc.grad + 1.0) < 0.05)
        True

    Derived in: notebooks/02
    """
    _check_num_samples(2, num_samples)
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
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> loc = torch.tensor(1.0, requires_grad=True)
        >>> q, p = torch.distributions.Normal(loc, 1.0), torch.distributions.Normal(0.0, 1.0)
        >>> reparameterized_elbo(p.log_prob, q, 100_000).backward()
        >>> bool(abs(loc.grad + 1.0) < 0.05)
        True

    Derived in: notebooks/02
    """
    _check_num_samples(1, num_samples)
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


def _check_num_samples(lowest: int, num_samples: int) -> None:
    if not num_samples >= lowest:
        raise ValueError(f"num_samples: expected at least {lowest}, got {num_samples!r}")
