r"""Exponential races: the probability that one group of items finishes before the groups after it.

Give item i an arrival time T_i ~ Exp(s_i); sorted by arrival, the items are a Plackett-Luce
ranking. A group comes first when its slowest item beats the fastest of the others, whose minimum is
again exponential. Conditioning on that minimum leaves one integral, however many orders the group
may arrive in. Its logarithm is concave in log-time, so its mass lies in one window that is easy to
find, and a Gauss-Legendre rule on that window is accurate for rates of any size.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from wslbook.typing import Float, Int

__all__ = ["log_prob_of_groups", "log_race"]

BLOCK = 2**16  # terms at a time: half a megabyte in double precision
SECTIONS = 16  # points at which a search looks in every round
ROUNDS = 2


def log_race(
    log_rates: Float[Tensor, "*batch item"], groups: Int[Tensor, "*batch item"], num_groups: int
) -> Float[Tensor, "*batch group"]:
    r"""Return the log-probability that all items of a group arrive before a rival of rate 1.

    .. math::
        \log I_k = \log \int_0^1 \prod_{i \in S_k} (1 - u^{a_i})\, du
        = \log \int_{-\infty}^\infty \exp\Big(x - e^x
        + \sum_{i \in S_k} \log\big(1 - e^{-a_i e^x}\big)\Big)\, dx

    The second form, in the log-time x, is integrated by a Gauss-Legendre rule on the window
    outside of which the integrand is below its maximum times the resolution of the type. The
    derivative is exact up to the same rule,

    .. math::
        \frac{\partial \log I_k}{\partial \log a_i} = \mathbb E\Big[\frac{y_i}{e^{y_i} - 1}\Big],
        \qquad y_i = a_i e^x

    with x distributed as the normalised integrand. Both are accurate to nearly all digits of the
    type for rates hundreds of nats apart. Work and memory grow as the number of items, whatever
    the number of groups. A second derivative is not provided.

    Args:
        log_rates: log a_i, each relative to the rival of its own group.
        groups: the group k of every item, from 0.
        num_groups: the number of groups; an empty one has log-probability 0.

    Returns:
        The log-probabilities, differentiable once in ``log_rates``.

    References:
        Thesis section 5.2, where the integral is not found; errata E-38 and section 6.

    Example:
        >>> rates = torch.tensor([1.0, 1.0, 2.0])
        >>> log_race(rates.log(), torch.tensor([0, 0, 1]), num_groups=3).exp()
        tensor([0.3333, 0.6667, 1.0000])

    Derived in: notebooks/16
    """
    *batch, items = log_rates.shape
    log_integrals = _LogRace.apply(
        log_rates.reshape(-1, items), groups.reshape(-1, items), num_groups
    )
    return log_integrals.reshape(*batch, num_groups)


def log_prob_of_groups(
    logits: Float[Tensor, "*batch item"], groups: Int[Tensor, "*batch item"], num_groups: int
) -> Float[Tensor, "*batch"]:
    r"""Return the log-probability that a ranking lists group 1 first, then group 2, and so on.

    .. math::
        \log P(S_1, \ldots, S_K) = \sum_{k=1}^K \log I_k, \qquad
        I_k = \int_0^1 \prod_{i \in S_k} \big(1 - u^{s_i / Z_{>k}}\big)\, du

    where Z_{>k} is the total score of the later groups: the sum of the probabilities of all
    n_1! ... n_K! rankings that fill the groups in order. An empty group, and the last that is not
    empty, contribute I_k = 1.

    Args:
        logits: log-scores log s_i, finite.
        groups: the group of every item, from 0.
        num_groups: the number K of groups.

    Returns:
        The log-probability of the groups, given their sizes.

    References:
        Thesis equation 5.54, of which this is the sum; errata E-38 and section 6.

    Example:
        >>> groups = torch.tensor([0, 1, 1, 0])
        >>> log_prob_of_groups(torch.zeros(4), groups, num_groups=2).exp()  # 1 / (4 choose 2)
        tensor(0.1667)

    Derived in: notebooks/16
    """
    k = torch.arange(num_groups, device=groups.device).unsqueeze(-1)
    nothing = torch.finfo(logits.dtype).min / 2
    # log Z_{>k}, by a sum over the items of later groups
    log_later = logits.unsqueeze(-2).masked_fill(groups.unsqueeze(-2) <= k, nothing).logsumexp(-1)
    # After the last item there is no rival: its rate is 0 and all relative rates are infinite.
    log_integrals = log_race(logits - log_later.gather(-1, groups), groups, num_groups)
    return log_integrals.masked_fill(log_later.detach() <= nothing / 2, 0.0).sum(-1)


class _LogRace(torch.autograd.Function):
    """The integrals with their gradient, some rows at a time, so that tables stay in the cache."""

    @staticmethod
    def forward(ctx: Any, log_rates: Tensor, groups: Tensor, num_groups: int) -> Tensor:
        wanted = ctx.needs_input_grad[0]
        rows = max(1, BLOCK // (log_rates.shape[-1] * len(_rule(log_rates.dtype)[0])))
        blocks = zip(log_rates.split(rows), groups.split(rows), strict=True)
        parts = [_Integrand(rates, owner, num_groups).integrate(wanted) for rates, owner in blocks]
        values, slopes = (torch.cat(part) for part in zip(*parts, strict=True))
        ctx.save_for_backward(slopes, groups)
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        slopes, groups = ctx.saved_tensors
        return gradient.gather(-1, groups) * slopes, None, None


class _Integrand:
    r"""The logarithm g of every integrand of a block of rows, as a change from an origin m:

    .. math::
        g(m + z) - g(m) = z - e^m (e^z - 1) + \sum_i \big(\ell(v_i + z) - \ell(v_i)\big), \qquad
        v_i = m + \log a_i, \quad \ell(v) = \log(1 - e^{-e^v})

    Near the mode this loses no digits to the size of g(m), which may be thousands. With
    l(v) = min(v, 0) + r(v), r is bounded and the rest of the difference nearly free of rounding.
    The rows are laid end to end: row b owns the groups b K, ..., b K + K - 1. Tables are
    ``[item, point]`` and ``[group, point]``, since every group has points of its own.
    """

    def __init__(self, log_rates: Tensor, groups: Tensor, num_groups: int) -> None:
        first = torch.arange(len(groups), device=groups.device) * num_groups
        self.shape = (len(groups), num_groups)
        self.owner = (groups + first.unsqueeze(-1)).flatten()
        nothing = log_rates.new_zeros(len(groups) * num_groups, 1)
        self.sizes = nothing.index_add(0, self.owner, torch.ones_like(log_rates.reshape(-1, 1)))
        self._move(nothing, log_rates.reshape(-1, 1))
        self._move(self._mode(), self.v)

    def _move(self, origin: Tensor, v: Tensor) -> None:
        self.origin = origin
        self.v = v + origin[self.owner]
        self.r = _remainder(self.v)

    def __call__(self, z: Tensor) -> Tensor:
        """Return g(m + z) - g(m) for every group."""
        steps = z[self.owner]
        # min(v + z, 0) - min(v, 0) + r(v + z) - r(v)
        linear = torch.minimum(steps, -self.v) + self.v.clamp(min=0)
        change = linear + (_remainder(self.v + steps) - self.r)
        return (z - self.origin.exp() * z.expm1()).index_add(0, self.owner, change)

    def integrate(self, wanted: bool) -> tuple[Tensor, Tensor]:
        """Return log I ``[row, group]`` and its slopes ``[row, item]``, or zeros if not wanted."""
        left, right = self._window()
        nodes, weights = (self.v.new_tensor(x) for x in _rule(self.v.dtype))
        z = left + (right - left) * nodes
        log_terms = self(z) + weights.log()
        values = log_terms.logsumexp(-1, keepdim=True)
        slopes = torch.zeros_like(self.v)
        if wanted:
            # h(y) = y / (e^y - 1), from 1 at y = 0 to 0
            y = _bounded_exp(self.v + z[self.owner])
            slopes = ((log_terms - values).exp()[self.owner] * (y / y.expm1())).sum(-1)
        # g(m) = m - e^m + Σ_i l(v_i)
        start = self.origin - self.origin.exp()
        start = start.index_add(0, self.owner, self.v.clamp(max=0) + self.r)
        log_integrals = start + values + (right - left).log()
        return log_integrals.reshape(self.shape), slopes.reshape(self.shape[0], -1)

    def _mode(self) -> Tensor:
        """Return the maximiser of g ``[group, 1]``, which is concave, from 0 to log(1 + n_k)."""
        low, high = torch.zeros_like(self.sizes), self.sizes.log1p()
        for _ in range(ROUNDS):
            z = _grid(low, high)
            best = self(z).argmax(-1, keepdim=True)
            low, high = (z.gather(-1, (best + d).clamp(0, SECTIONS - 1)) for d in (-1, 1))
        return (low + high) / 2

    def _window(self) -> tuple[Tensor, Tensor]:
        """Return two points ``[group, 1]`` beyond which the integrand is below its resolution."""
        margin = -math.log(torch.finfo(self.v.dtype).eps)
        # g' >= 1 - e^x, and g' <= 1 - e^x + n_k: both brackets reach below the floor
        left = self._descend(-margin - 1 - self.origin, -margin)
        right = self._descend((1 + self.sizes + 2 * margin).log() + 3 - self.origin, -margin)
        return left, right

    def _descend(self, far: Tensor, floor: float) -> Tensor:
        """Return a point beyond which g stays below the floor, no farther than necessary."""
        near = torch.zeros_like(far)
        for _ in range(ROUNDS):
            z = _grid(far, near)
            first = (self(z) < floor).sum(-1, keepdim=True).clamp(1, SECTIONS - 1)
            far, near = z.gather(-1, first - 1), z.gather(-1, first)
        return far


def log_arrived(v: Tensor) -> Tensor:
    """Return l(v) = log(1 - exp(-e^v)), an item's log-probability to arrive within e^v / rate."""
    return v.clamp(max=0) + _remainder(v)


def _remainder(v: Tensor) -> Tensor:
    """Return r(v) = log(1 - exp(-e^v)) - min(v, 0), which lies between -0.46 and 0."""
    y = _bounded_exp(v)
    # log(1 - e^-y) = log y + log((1 - e^-y) / y); each form where it keeps all digits
    small, large = (-(-y).expm1() / y).log(), (-(-y).exp()).log1p() - v.clamp(max=0)
    return torch.where(y < 0.7, small, large)


def _bounded_exp(v: Tensor) -> Tensor:
    """Return e^v away from 0 and from where exp(-e^v) is nothing beside 1 in any precision."""
    return v.clamp(math.log(torch.finfo(v.dtype).tiny), 5).exp()


def _grid(start: Tensor, end: Tensor) -> Tensor:
    steps = torch.linspace(0, 1, SECTIONS, dtype=start.dtype, device=start.device)
    return start + (end - start) * steps


@cache
def _rule(dtype: torch.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss-Legendre nodes and weights on [0, 1], enough for the digits of the type."""
    count = 96 if torch.finfo(dtype).bits > 32 else 40
    # A Newton step in long doubles: the library's nodes would cost the last digit of every result.
    x = np.polynomial.legendre.leggauss(count)[0].astype(np.longdouble)
    below, value = np.ones_like(x), x
    for degree in range(2, count + 1):
        # k P_k = (2 k - 1) x P_{k-1} - (k - 1) P_{k-2}
        step = (2 * degree - 1) * x * value - (degree - 1) * below
        below, value = value, step / degree
    slope = count * (x * value - below) / (x**2 - 1)
    weights = 1 / ((1 - x**2) * slope**2)
    return ((1 + x - value / slope) / 2).astype(float), (weights / weights.sum()).astype(float)
