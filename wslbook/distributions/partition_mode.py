"""The most probable sizes of the groups: of the sizes alone, and together with who fills them."""

import math

import torch
from torch import Tensor

from wslbook.distributions.race import log_arrived
from wslbook.typing import Float, Int

__all__ = ["log_segment_probs", "most_probable_borders", "most_probable_sizes"]

MARGIN = 32.0  # the integrand is followed down to e^-32 of its maximum


def most_probable_sizes(
    log_weights: Float[Tensor, "*batch group"], num_items: int
) -> Float[Tensor, "*batch group"]:
    r"""Return the most probable counts of an urn that holds n items of every class.

    .. math:: \arg\max_{n_1 + \dots + n_K = n} \prod_k \binom{n}{n_k} w_k^{n_k}

    One more item of class k multiplies the product by w_k (n - n_k) / (n_k + 1), which falls as n_k
    grows. So the best counts take the n largest of all these factors.

    Args:
        log_weights: log w_k, finite.
        num_items: the number n of items.

    Returns:
        Whole numbers that add to n.

    Example:
        >>> most_probable_sizes(torch.tensor([0.0, 1.0, 2.0]), num_items=8)
        tensor([1., 2., 5.])

    Derived in: notebooks/16
    """
    taken = torch.arange(num_items, device=log_weights.device)
    log_factors = log_weights.unsqueeze(-1) + ((num_items - taken) / (taken + 1)).log()
    chosen = log_factors.flatten(-2).topk(num_items, -1).indices // num_items
    return torch.zeros_like(log_weights).scatter_add(
        -1, chosen, torch.ones_like(chosen, dtype=log_weights.dtype)
    )


def most_probable_borders(
    log_weights: Float[Tensor, "*batch group"], ordered: Float[Tensor, "*batch item"]
) -> Int[Tensor, "*batch group"]:
    r"""Cut sorted items into the groups of largest joint probability, by dynamic programming.

    .. math::
        V_k(b) = \max_{a \le b} \Big(V_{k-1}(a) + \log\binom{n}{b - a} + (b - a) \log w_k
        + \log I(a, b)\Big), \qquad V_0(0) = 0

    where I(a, b) is the probability that the items a + 1, ..., b come before those after b.

    Args:
        log_weights: log w_k, finite.
        ordered: log-scores in decreasing order.

    Returns:
        The number of items in groups 1 to k, for every k.

    Example:
        >>> most_probable_borders(torch.zeros(2), torch.tensor([9.0, 0.0, 0.0, 0.0]))
        tensor([1, 4])

    Derived in: notebooks/16
    """
    n = ordered.shape[-1]
    places = torch.arange(n + 1, device=ordered.device)
    sizes = (places - places.unsqueeze(-1)).clamp(min=0).type_as(ordered)
    log_binomials = math.lgamma(n + 1) - (sizes + 1).lgamma() - (n - sizes + 1).lgamma()
    log_cells = log_segment_probs(ordered) + log_binomials
    value = torch.full_like(log_cells[..., 0], -torch.inf).index_fill(-1, places[:1], 0.0)
    starts = []
    for log_weight in log_weights.unbind(-1):
        table = value.unsqueeze(-1) + log_cells + sizes * log_weight[..., None, None]
        value, start = table.max(-2)
        starts.append(start)
    borders = [torch.full_like(starts[-1][..., -1:], n)]
    for start in reversed(starts[1:]):
        borders.append(start.gather(-1, borders[-1]))
    return torch.cat(borders[::-1], -1)


def log_segment_probs(ordered: Float[Tensor, "*batch item"]) -> Float[Tensor, "*batch _ _"]:
    r"""Tabulate the log-probability that a run of items comes before all items after it.

    .. math::
        I(a, b) = \int_0^\infty Z_b e^{-Z_b t} \prod_{i=a+1}^b \big(1 - e^{-s_i t}\big)\, dt, \qquad
        Z_b = \sum_{i > b} s_i

    All runs share one grid in log-time, so that sums over a run are differences of running sums.
    The trapezoid rule is as accurate there as any, for the integrand dies away at both ends.

    Args:
        ordered: log-scores log s_i, finite.

    Returns:
        log I(a, b) at [a, b], for a and b from 0 to n; minus infinity where a > b.

    References:
        Errata E-38 and section 6.

    Example:
        >>> log_segment_probs(torch.tensor([1.0, 2.0]).log()).exp()
        tensor([[1.0000, 0.3333, 1.0000],
                [0.0000, 1.0000, 1.0000],
                [0.0000, 0.0000, 1.0000]])

    Derived in: notebooks/16
    """
    n = ordered.shape[-1]
    logits = ordered - ordered.amax(-1, keepdim=True)
    z, step = _log_times(logits)
    # Σ_{i <= j} log(1 - exp(-s_i e^z)) for j = 0, ..., n
    arrived = log_arrived(logits.unsqueeze(-1) + z).cumsum(-2)
    arrived = torch.cat([torch.zeros_like(arrived[..., :1, :]), arrived], -2)
    log_rest = logits.flip(-1).logcumsumexp(-1).flip(-1).unsqueeze(-1)
    columns = [torch.zeros_like(arrived[..., 0])]
    for b in range(1, n):
        x = log_rest[..., b, :] + z
        terms = (x - x.exp() + arrived[..., b, :]).unsqueeze(-2) - arrived
        columns.append(terms.logsumexp(-1) + math.log(step))
    # Z_n = 0: nothing is left to wait for
    table = torch.stack([*columns, torch.zeros_like(columns[0])], -1)
    return table.masked_fill(torch.ones_like(table).tril(-1) > 0, -torch.inf).masked_fill(
        torch.ones_like(table[..., 0]).diag_embed() > 0, 0.0
    )


def _log_times(logits: Tensor) -> tuple[Tensor, float]:
    """Return points that cover the integrands of all runs, and a step finer than their peaks."""
    n = logits.shape[-1]
    low = -MARGIN - 1 - math.log(n)
    high = math.log(1 + n + 2 * MARGIN) + 3 - logits.min().item()
    # A peak is no narrower than that of Gamma(n + 1), 1 / sqrt(n + 1) in log-time.
    step = min(0.3, 0.8 / math.sqrt(n + 1))
    return torch.arange(low, high + step, step).type_as(logits), step
