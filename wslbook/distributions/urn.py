r"""What all laws of counts drawn from an urn share: parameters, support, sequential sampling.

An urn holds m_k balls of class k, each with weight w_k; n balls are drawn without replacement and
N_k of them are of class k. The chain rule draws N_1, then N_2 given what is left, and so on; a
law of this family is its list of conditionals.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.distributions.constraints import (
    Constraint,
    dependent_property,
    independent,
    nonnegative_integer,
)

from wslbook.constraints import counts, finite_vector
from wslbook.typing import Float, Int

__all__ = ["Urn"]

LARGEST_SUPPORT = 1_000_000


class Urn(Distribution):
    r"""A law of the counts n that is sampled class by class.

    .. math:: p(n) = \prod_{k=1}^K p(n_k \mid r_k), \qquad r_k = n - \sum_{j<k} n_j

    A subclass says what the conditionals are: it defines :meth:`conditional_logits`.

    Args:
        class_sizes: the number m_k of balls in each class, ``[class]``; zero is allowed.
        num_draws: the number n of balls drawn, between 0 and the sum of the sizes.
        log_weights: log w_k, finite, ``[*batch, class]``. A common shift changes nothing.
        validate_args: whether to check parameters and samples, as in torch.

    Raises:
        ValueError: if an argument is out of its range.

    Derived in: notebooks/08
    """

    arg_constraints: ClassVar = {
        "class_sizes": independent(nonnegative_integer, 1),
        "log_weights": finite_vector,
    }
    has_enumerate_support = True

    def __init__(
        self,
        class_sizes: Int[Tensor, " class"] | Sequence[int],
        num_draws: int,
        log_weights: Float[Tensor, "*batch class"],
        validate_args: bool | None = None,
    ) -> None:
        self._sizes = _whole_numbers(class_sizes)
        _check_urn(self._sizes, num_draws, log_weights)
        self.num_draws = num_draws
        self.log_weights = log_weights
        self.class_sizes = log_weights.new_tensor(self._sizes, dtype=torch.long)
        # What depends on the weights alone is computed before expansion, once for a batch.
        self._unexpanded = log_weights
        super().__init__(log_weights.shape[:-1], log_weights.shape[-1:], validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> "Urn":
        new = self._get_checked_instance(type(self), _instance)
        batch_shape = torch.Size(batch_shape)
        new._sizes, new.class_sizes, new.num_draws = self._sizes, self.class_sizes, self.num_draws
        new.log_weights = self.log_weights.expand(batch_shape + self.event_shape)
        new._unexpanded = self._unexpanded
        super(Urn, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Constraint:
        return counts(self.class_sizes, self.num_draws)

    def conditional_logits(self, k: int, remaining: Tensor) -> Tensor:
        r"""Return the log-probabilities of the count of class k, given what is left to draw.

        .. math:: \log p(N_k = y \mid r), \qquad y = 0, \ldots, \min(m_k, n)

        Args:
            k: the class, from 0; those before it have been drawn.
            remaining: the number r of balls to draw from class k and those after it,
                ``[..., *batch]``.

        Returns:
            Logarithms that sum to one in probability, ``[..., *batch, min(m_k, n) + 1]``. Counts
            that the urn does not allow have minus infinity.

        Raises:
            ValueError: if there is no such class, or fewer balls than remain to be drawn.

        Derived in: notebooks/08
        """
        raise NotImplementedError

    def _conditional_weights(self, k: int, remaining: Tensor) -> Tensor:
        """Return probabilities of the count of class k up to a factor, at counts that occur."""
        return self.conditional_logits(k, remaining).exp()

    def sample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "... class"]:
        shape = self._extended_shape(torch.Size(sample_shape))
        remaining = self.class_sizes.new_full(shape[:-1], self.num_draws)
        drawn = []
        with torch.no_grad():
            for k in range(len(self._sizes) - 1):
                weights = self._conditional_weights(k, remaining)
                rows = weights.reshape(-1, weights.shape[-1])
                count = torch.multinomial(rows, 1).reshape(remaining.shape)
                drawn.append(count)
                remaining = remaining - count
        return torch.stack([*drawn, remaining], -1).type_as(self.log_weights)

    def enumerate_support(self, expand: bool = True) -> Float[Tensor, "... class"]:
        r"""List every possible count vector, in lexicographic order.

        .. math:: \{n : 0 \le n_k \le m_k,\ \textstyle\sum_k n_k = n\}

        Args:
            expand: whether to repeat the list over the batch.

        Returns:
            ``[support, *batch, class]``, or ``[support, 1, ..., 1, class]`` without expansion.

        Raises:
            ValueError: if there are more than a million of them.

        Derived in: notebooks/08
        """
        if (size := _support_size(self._sizes, self.num_draws)) > LARGEST_SUPPORT:
            raise ValueError(
                f"enumerate_support: expected a support of at most {LARGEST_SUPPORT} count "
                f"vectors, got {size}"
            )
        rows = self.log_weights.new_zeros(1, 0)
        for k, m in enumerate(self._sizes):
            counts_of_k = torch.arange(m + 1).type_as(rows)
            rows = torch.cat(
                [
                    rows.repeat_interleave(m + 1, 0),
                    counts_of_k.repeat(len(rows)).unsqueeze(-1),
                ],
                -1,
            )
            left = self.num_draws - rows.sum(-1)
            rows = rows[(left >= 0) & (left <= sum(self._sizes[k + 1 :]))]
        values = rows.reshape(-1, *[1] * len(self.batch_shape), *self.event_shape)
        return values.expand(-1, *self.batch_shape, -1) if expand else values

    def _check_conditional(self, k: int, remaining: Tensor) -> None:
        if not 0 <= k < len(self._sizes):
            raise ValueError(f"k: expected a class from 0 to {len(self._sizes) - 1}, got {k!r}")
        most = min(self.num_draws, sum(self._sizes[k:]))
        if self._validate_args and not ((remaining >= 0) & (remaining <= most)).all():
            raise ValueError(
                f"remaining: expected numbers from 0 to {most}, the most that classes {k} and "
                f"later can give, got {remaining}"
            )

    def _broadcast(self, logits: Tensor) -> Tensor:
        batch = torch.broadcast_shapes(logits.shape[:-1], self.batch_shape)
        return logits.expand(*batch, -1)

    def _outcomes(self, k: int) -> Int[Tensor, "_"]:
        return torch.arange(min(self._sizes[k], self.num_draws) + 1, device=self.class_sizes.device)

    def _log_binomials(self, size: int) -> Float[Tensor, "_"]:
        """Return log C(size, y) for y = 0, ..., min(size, n), rounded once."""
        log_factorial = np.cumsum(np.log(np.maximum(np.arange(size + 1.0), 1.0)))
        table = log_factorial[-1] - log_factorial - log_factorial[::-1]
        return self.log_weights.new_tensor(table[: self.num_draws + 1])


def lookup(table: Tensor, index: Tensor, outside: float) -> Tensor:
    """Read ``table[..., index]``, with a constant where the index falls off the table."""
    width = table.shape[-1]
    batch = torch.broadcast_shapes(table.shape[:-1], index.shape[:-1])
    index = index.expand(*batch, -1)
    values = table.expand(*batch, width).gather(-1, index.clamp(0, width - 1))
    return values.masked_fill((index < 0) | (index >= width), outside)


def _whole_numbers(class_sizes: Tensor | Sequence[int]) -> tuple[int, ...]:
    sizes = class_sizes.tolist() if isinstance(class_sizes, Tensor) else class_sizes
    if not all(isinstance(m, int) and not isinstance(m, bool) and m >= 0 for m in sizes):
        raise ValueError(f"class_sizes: expected integers of at least 0, got {sizes!r}")
    return tuple(sizes)


def _check_urn(sizes: tuple[int, ...], num_draws: int, log_weights: Tensor) -> None:
    if not (log_weights.ndim and log_weights.is_floating_point()):
        raise ValueError(
            "log_weights: expected a floating-point tensor of shape [..., class], got "
            f"{log_weights.dtype} of shape {list(log_weights.shape)}"
        )
    if not sizes or len(sizes) != log_weights.shape[-1]:
        raise ValueError(
            "class_sizes: expected one size for each of the (at least one) classes of "
            f"log_weights, got {len(sizes)} for {log_weights.shape[-1]}"
        )
    if not isinstance(num_draws, int) or isinstance(num_draws, bool) or num_draws < 0:
        raise ValueError(f"num_draws: expected an integer of at least 0, got {num_draws!r}")
    if num_draws > sum(sizes):
        raise ValueError(
            f"num_draws: expected at most {sum(sizes)}, the number of balls, got {num_draws}"
        )


def _support_size(sizes: tuple[int, ...], num_draws: int) -> int:
    # the coefficient of t^n in Π_k (1 + t + ... + t^{m_k}), in exact integers
    ways = [1] + [0] * num_draws
    for m in sizes:
        total = [0]
        for way in ways:
            total.append(total[-1] + way)
        ways = [total[r + 1] - total[max(0, r - m)] for r in range(num_draws + 1)]
    return ways[num_draws]
