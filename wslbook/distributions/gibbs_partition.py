"""What the exchangeable laws of set partitions share: a product over subsets times a factor of K.

An event is the sequence of labels of the n items in which subsets are numbered 0, 1, ... in the
order of their first items, so that each partition is written in one way.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.nn.functional import pad

from wslbook.constraints import partition
from wslbook.typing import Float, Int

__all__ = ["GibbsPartition", "canonical_labels", "log_sum"]

MAX_ENUMERATED_ITEMS = 10  # 115,975 partitions


def canonical_labels(labels: Int[Tensor, "*batch item"]) -> Int[Tensor, "*batch item"]:
    r"""Renumber the subsets of a partition 0, 1, ... in the order of their first items.

    .. math:: c_1 = 0, \qquad c_i \le 1 + \max_{j < i} c_j

    Args:
        labels: any integers; items with equal labels share a subset.

    Returns:
        The labels under which the laws of this package know the partition.

    References:
        Thesis section 2.5.1, where the "+ 1" is missing.

    Example:
        >>> canonical_labels(torch.tensor([7, 3, 7, 5, 3]))
        tensor([0, 1, 0, 2, 1])

    Derived in: notebooks/07
    """
    place = torch.arange(labels.shape[-1], device=labels.device).expand(labels.shape)
    # A stable sort puts the items of a subset side by side, its first item at the head.
    ranked, order = labels.sort(dim=-1, stable=True)
    is_head = (place == 0) | (ranked != ranked.roll(1, -1))
    head = order.gather(-1, torch.where(is_head, place, 0).cummax(-1).values)
    first = torch.empty_like(head).scatter(-1, order, head)
    return ((first == place).cumsum(-1) - 1).gather(-1, first)


class GibbsPartition(Distribution):
    r"""A law of set partitions that depends on the subset sizes through a product.

    .. math:: p(\{S_1, \ldots, S_K\}) = V_K \prod_{k=1}^K W_{|S_k|}

    It is exchangeable: permuting the items changes no probability. A subclass gives the tables
    ``log_group_weights`` (log V_K, normalised) and ``log_subset_weights`` (log W_j), and a
    sampler; the rest follows from the tables.

    Args:
        batch_shape: the batch shape of the tables.
        num_items: the number n of items, at least 1.

    Raises:
        ValueError: if ``num_items`` is not a positive integer.

    References:
        Pitman, Combinatorial stochastic processes, 2006, section 1.5.

    Derived in: notebooks/07
    """

    support = partition
    has_enumerate_support = True

    def __init__(
        self, batch_shape: Sequence[int], num_items: int, validate_args: bool | None = None
    ) -> None:
        if not isinstance(num_items, int) or isinstance(num_items, bool) or num_items < 1:
            raise ValueError(f"num_items: expected an integer of at least 1, got {num_items!r}")
        self.num_items = num_items
        super().__init__(
            torch.Size(batch_shape), torch.Size([num_items]), validate_args=validate_args
        )

    @property
    def log_group_weights(self) -> Float[Tensor, "*batch item"]:
        """The table log V_K, for K = 1, ..., n."""
        raise NotImplementedError

    @property
    def log_subset_weights(self) -> Float[Tensor, "*batch item"]:
        """The table log W_j, for subset sizes j = 1, ..., n."""
        raise NotImplementedError

    def log_prob(self, value: Int[Tensor, "... item"]) -> Float[Tensor, "..."]:
        if self._validate_args:
            self._validate_sample(value)
        shape = torch.broadcast_shapes(value.shape, self.batch_shape + self.event_shape)
        value = value.expand(shape)
        sizes = torch.zeros_like(value).scatter_add(-1, value, torch.ones_like(value))
        occupied = sizes > 0
        # log W of every subset, log V of their number
        log_subsets = self.log_subset_weights.expand(shape).gather(-1, (sizes - 1).clamp_min(0))
        log_groups = self.log_group_weights.expand(shape).gather(-1, occupied.sum(-1, True) - 1)
        return torch.where(occupied, log_subsets, 0.0).sum(-1) + log_groups.squeeze(-1)

    def log_prob_num_groups(self) -> Float[Tensor, "*batch item"]:
        r"""Return the law of the number K of subsets.

        .. math::
            P(K = k) = V_k B_{n,k}(W), \qquad
            B_{n,k} = \sum_{j=1}^n \binom{n-1}{j-1} W_j\, B_{n-j,k-1}

        The recursion splits off the subset of one given item. Its solution, the partial Bell
        polynomial, is the Stirling number of the second kind where all W are 1. Time grows as
        the cube of n.

        Returns:
            log P(K = k) for k = 1, ..., n.

        References:
            Pitman, Combinatorial stochastic processes, 2006, section 1.5.

        Derived in: notebooks/07
        """
        n = self.num_items
        # log B_{m,k} / m! for m = 0, ..., n, beginning with k = 0
        log_bell = self.log_subset_weights.new_full((*self.batch_shape, n + 1), -torch.inf)
        log_bell[..., 0] = 0.0
        m = torch.arange(1, n + 1, dtype=log_bell.dtype, device=log_bell.device)
        log_totals = []
        for _ in range(n):
            log_bell = log_sum(self._log_splits(log_bell)) - m.log()
            log_totals.append(log_bell[..., -1])
            log_bell = pad(log_bell, (1, 0), value=-torch.inf)  # no group holds no item
        return self.log_group_weights + torch.stack(log_totals, -1) + self._log_factorial

    def enumerate_support(self, expand: bool = True) -> Int[Tensor, "... item"]:
        r"""List all partitions of the items, in lexicographic order of their labels.

        .. math:: c_1 = 0, \qquad 0 \le c_i \le 1 + \max_{j < i} c_j

        Args:
            expand: whether to repeat the list over the batch axes.

        Returns:
            Labels ``[count, *batch, item]``, where the count is the Bell number of n; the batch
            axes have size 1 without ``expand``.

        Raises:
            ValueError: if n is above 10.

        Derived in: notebooks/07
        """
        n = self.num_items
        if n > MAX_ENUMERATED_ITEMS:
            raise ValueError(
                f"num_items: expected at most {MAX_ENUMERATED_ITEMS} to enumerate, got {n}"
            )
        values = self.log_subset_weights.new_zeros((1, 1), dtype=torch.long)
        for _ in range(n - 1):
            options = values.amax(-1) + 2
            parents = values.repeat_interleave(options, 0)
            # The children of a parent carry the labels 0, 1, ..., 1 + max.
            before = (options.cumsum(0) - options).repeat_interleave(options)
            label = torch.arange(len(parents), device=values.device) - before
            values = torch.cat([parents, label.unsqueeze(-1)], -1)
        values = values.reshape(-1, *[1] * len(self.batch_shape), n)
        return values.expand(-1, *self.batch_shape, n) if expand else values

    @property
    def _log_factorial(self) -> Tensor:
        """Return log n!."""
        return self.log_subset_weights.new_tensor(self.num_items + 1.0).lgamma()

    @property
    def _log_tagged_weights(self) -> Tensor:
        """Return the table log W_j / (j-1)!, for subset sizes j = 1, ..., n."""
        weights = self.log_subset_weights
        size = torch.arange(1, self.num_items + 1, dtype=weights.dtype, device=weights.device)
        return weights - size.lgamma()

    def _log_splits(self, log_rest: Tensor) -> Tensor:
        """Weigh the ways to give one of m items a subset of size j, at [m - 1, j - 1].

        With ``log_rest`` [m] the log-weight of m items over m!, this is m times that of the split:
        m binom(m-1, j-1) W_j (m-j)! rest[m-j] / m! = W_j / (j-1)! rest[m-j].
        """
        m = torch.arange(1, self.num_items + 1, device=log_rest.device).unsqueeze(-1)
        others = m - m.T
        log_splits = self._log_tagged_weights.unsqueeze(-2) + log_rest[..., others.clamp_min(0)]
        return log_splits.masked_fill(others < 0, -torch.inf)


def log_sum(log_terms: Float[Tensor, "*batch _"]) -> Float[Tensor, "*batch"]:
    r"""Sum exponentials over the last axis, with gradient 0, not NaN, where every term is 0.

    .. math:: \log \sum_i e^{x_i}

    Args:
        log_terms: real numbers or minus infinity.

    Returns:
        The logarithm of the sum.

    Example:
        >>> log_sum(torch.tensor([[0.0, 0.0], [-torch.inf, -torch.inf]]))
        tensor([0.6931,   -inf])

    Derived in: notebooks/07
    """
    empty = (log_terms == -torch.inf).all(-1)
    total = log_terms.masked_fill(empty.unsqueeze(-1), 0.0).logsumexp(-1)
    return total.masked_fill(empty, -torch.inf)
