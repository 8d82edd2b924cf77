r"""Divergences between laws of partitions: an unbiased estimate, and the thesis' bound.

Neither is registered with torch.distributions.kl_divergence, which promises exact values.
"""

import torch
from torch import Tensor
from torch.distributions import Distribution

from wslbook.distributions.partition import RandomPartition
from wslbook.typing import Float

__all__ = ["kl_estimate", "kl_upper_bound"]


def kl_estimate(q: Distribution, p: Distribution, num_samples: int) -> Float[Tensor, "*batch"]:
    r"""Estimate a divergence from draws of a discrete law and exact log-probabilities.

    .. math:: \mathrm{KL}(q \,\|\, p) \approx \frac1L \sum_{l=1}^L
        \log q(Y_l) - \log p(Y_l), \qquad Y_l \sim q

    The value is unbiased and so is its gradient in the parameters of both laws: that in q is the
    score function's, with the mean of the other draws as baseline. It vanishes at q = p, draw by
    draw. Any pair of discrete laws with ``log_prob`` will do, rankings too.

    Args:
        q: the law under which the expectation is taken.
        p: the other law, with the same events.
        num_samples: the number L of draws, at least 1; one alone has no baseline.

    Returns:
        The estimate, in nats, for every entry of the broadcast batch. It may be negative.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Williams, Simple statistical gradient-following algorithms, 1992. Errata E-38 and E-41.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> q = RandomPartition(torch.zeros(2), torch.tensor([0.0, 0.0, 2.0]))
        >>> p = RandomPartition(torch.zeros(2), torch.zeros(3))
        >>> kl_estimate(q, p, num_samples=10_000)
        tensor(0.34)

    Derived in: notebooks/16
    """
    q = _check(q, p, num_samples)
    y = q.sample((num_samples,))
    log_q = q.log_prob(y)
    # E_q[∇ log q] = 0, so that term would only add noise.
    return _mean_with_score(log_q.detach() - p.log_prob(y), log_q)


def kl_upper_bound(
    q: RandomPartition, p: RandomPartition, num_samples: int
) -> Float[Tensor, "*batch"]:
    r"""Estimate the thesis' upper bound on the divergence of two laws of partitions.

    .. math::
        \mathrm{KL}(q(Y) \,\|\, p(Y)) \le \mathbb E_q\Big[\log
        \frac{n_1! \cdots n_K!\; q(n)}{p(n)\, p(\pi)}\Big] + \max_\pi \log q(\pi)

    with the sizes and the ranking drawn from q. The estimate of the bound is unbiased, as is its
    gradient. The bound does not vanish at q = p: with equal scores it is E[log n_1! ... n_K!]
    there, a penalty on unequal sizes.

    Args:
        q: the law under which the expectation is taken.
        p: the other law, of as many groups and items.
        num_samples: the number of draws, at least 1.

    Returns:
        The estimate of the bound, in nats, for every entry of the broadcast batch.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Thesis equation 5.67; errata E-41.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> q = RandomPartition(torch.zeros(3), torch.zeros(6))
        >>> kl_upper_bound(q, q, num_samples=10_000)
        tensor(2.66)

    Derived in: notebooks/16
    """
    q = _check(q, p, num_samples)
    sizes, ranking = (law.sample((num_samples,)) for law in (q.size_law, q.ranking_law))
    log_q_sizes, log_q_ranking = q.size_law.log_prob(sizes), q.ranking_law.log_prob(ranking)
    log_orders = (sizes + 1).lgamma().sum(-1)
    log_p = p.size_law.log_prob(sizes) + p.ranking_law.log_prob(ranking)
    values = log_orders + log_q_sizes.detach() - log_p
    mean = _mean_with_score(values, log_q_sizes + log_q_ranking)
    return mean + q.ranking_law.log_prob(q.ranking_law.mode)


def _check(q: Distribution, p: Distribution, num_samples: int) -> Distribution:
    """Return the first law, expanded to the batch of both."""
    if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples < 1:
        raise ValueError(f"num_samples: expected an integer of at least 1, got {num_samples!r}")
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"p: expected the event shape of q {list(q.event_shape)}, got {list(p.event_shape)}"
        )
    return q.expand(torch.broadcast_shapes(q.batch_shape, p.batch_shape))


def _mean_with_score(values: Tensor, log_q: Tensor) -> Tensor:
    r"""Average draws ``[sample, *batch]``; the gradient is that of the expectation.

    ∇ E_q[f] = E_q[∇f + (f - b) ∇ log q], where b is the mean of the other draws.
    """
    others = max(len(values) - 1, 1)
    baseline = (values.sum(0) - values) / others
    advantage = (values - baseline).detach()
    return (values + advantage * (log_q - log_q.detach())).mean(0)
