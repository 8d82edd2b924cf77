r"""Sets in which the book's parameters and samples live, beside those of torch.

A constraint answers one question: which events of a tensor lie in the set? Each has
``is_discrete``, ``event_dim`` and ``check(value)``, whose answer has the shape of ``value``
without its last ``event_dim`` axes, exactly as in :mod:`torch.distributions.constraints`.
"""

import torch
from torch import Tensor
from torch.distributions.constraints import Constraint

from wslbook.typing import Bool, Int

__all__ = [
    "assignment",
    "counts",
    "finite_vector",
    "partition",
    "permutation",
    "permutation_matrix",
    "relaxed_counts",
]


class _FiniteVector(Constraint):
    r"""Vectors of finite real numbers, where torch's own ``real_vector`` admits infinities.

    .. math:: \{x : -\infty < x_k < \infty\}

    Example:
        >>> finite_vector.check(torch.tensor([[0.0, 1.0], [0.0, torch.inf]]))
        tensor([ True, False])

    Derived in: notebooks/08
    """

    event_dim = 1

    def check(self, value: Tensor) -> Bool[Tensor, "*batch"]:
        return value.isfinite().all(-1)


class _Counts(Constraint):
    r"""Numbers of balls of each class when a fixed number is drawn from an urn.

    .. math:: \{n : n_k \in \{0, \ldots, m_k\},\ \textstyle\sum_k n_k = n\}

    Args:
        class_sizes: the number m_k of balls in each class.
        num_draws: the number n of balls drawn.

    Example:
        >>> support = counts(torch.tensor([2, 3]), num_draws=3)
        >>> support.check(torch.tensor([[2, 1], [3, 0], [1, 1]]))
        tensor([ True, False, False])

    Derived in: notebooks/08
    """

    is_discrete = True
    event_dim = 1

    def __init__(self, class_sizes: Int[Tensor, " class"], num_draws: int) -> None:
        self.class_sizes = class_sizes
        self.num_draws = num_draws
        super().__init__()

    def check(self, value: Tensor) -> Bool[Tensor, "*batch"]:
        # A sum of long integers is exact where a sum in half precision is not.
        return (
            _is_integer(value).all(-1)
            & (value >= 0).all(-1)
            & (value <= self.class_sizes).all(-1)
            & (value.long().sum(-1) == self.num_draws)
        )

    def __repr__(self) -> str:
        return f"Counts(class_sizes={self.class_sizes.tolist()}, num_draws={self.num_draws})"


class _RelaxedCounts(Constraint):
    r"""Shares of a fixed number of draws, none larger than its class.

    .. math:: \{n : 0 \le n_k \le m_k,\ \textstyle\sum_k n_k = n\} \subset \mathbb R^K

    Each bound may be missed by a few roundings of the number of draws for every class.

    Args:
        class_sizes: the number m_k of balls in each class.
        num_draws: the number n of balls drawn.

    Example:
        >>> support = relaxed_counts(torch.tensor([2, 3]), num_draws=3)
        >>> support.check(torch.tensor([[1.5, 1.5], [2.5, 0.5], [1.0, 1.0]]))
        tensor([ True, False, False])

    Derived in: notebooks/14
    """

    event_dim = 1

    def __init__(self, class_sizes: Int[Tensor, " class"], num_draws: int) -> None:
        self.class_sizes = class_sizes
        self.num_draws = num_draws
        super().__init__()

    def check(self, value: Tensor) -> Bool[Tensor, "*batch"]:
        eps = torch.finfo(value.dtype).eps if value.is_floating_point() else 0.0
        rounding = 4 * eps * self.num_draws * value.shape[-1]
        return (
            (value >= -rounding).all(-1)
            & (value <= self.class_sizes + rounding).all(-1)
            & ((value.sum(-1) - self.num_draws).abs() <= rounding)
        )

    def __repr__(self) -> str:
        return f"RelaxedCounts(class_sizes={self.class_sizes.tolist()}, num_draws={self.num_draws})"


class _Permutation(Constraint):
    r"""Rankings of n items, best first, each of 0, ..., n - 1 once.

    .. math:: \{\pi : \{\pi_1, \ldots, \pi_n\} = \{0, \ldots, n - 1\}\}

    Example:
        >>> permutation.check(torch.tensor([[2, 0, 1], [2, 0, 0]]))
        tensor([ True, False])

    Derived in: notebooks/06
    """

    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Bool[Tensor, "*batch"]:
        items = torch.arange(value.shape[-1], device=value.device)
        return (value.sort(-1).values == items).all(-1)


class _PermutationMatrix(Constraint):
    r"""Square matrices with a single one in every row and column and zeros elsewhere.

    .. math:: \{P \in \{0, 1\}^{n \times n} : P 1 = 1,\ P^\top 1 = 1\}

    An entry may miss 0 or 1 by the square root of its dtype's resolution, since a
    straight-through sample adds and subtracts the same number; integers may not miss at all.

    Example:
        >>> permutation_matrix.check(torch.tensor([[[0, 1], [1, 0]], [[0, 1], [0, 1]]]))
        tensor([ True, False])

    Derived in: notebooks/06
    """

    is_discrete = True
    event_dim = 2

    def check(self, value: Tensor) -> Bool[Tensor, "*batch"]:
        if value.shape[-2] != value.shape[-1]:
            return torch.zeros_like(value[..., 0, 0], dtype=torch.bool)
        rounding = torch.finfo(value.dtype).eps ** 0.5 if value.is_floating_point() else 0.0
        is_one = (value - 1).abs() <= rounding
        return (
            (is_one | (value.abs() <= rounding)).all(-1).all(-1)
            & (is_one.sum(-1) == 1).all(-1)
            & (is_one.sum(-2) == 1).all(-1)
        )


class _Assignment(Constraint):
    r"""Matrices that put each of n items into one of K groups: every column is one-hot.

    .. math:: \{Y \in \{0, 1\}^{K \times n} : \textstyle\sum_k Y_{ki} = 1\}

    Rows may be empty. No rounding is allowed.

    Example:
        >>> assignment.check(torch.tensor([[[1, 1, 0], [0, 0, 1]], [[1, 1, 0], [0, 1, 1]]]))
        tensor([ True, False])

    Derived in: notebooks/16
    """

    is_discrete = True
    event_dim = 2

    def check(self, value: Tensor) -> Bool[Tensor, "*batch"]:
        is_one = value == 1
        return (is_one | (value == 0)).all(-1).all(-1) & (is_one.sum(-2) == 1).all(-1)


class _Partition(Constraint):
    r"""Set partitions of n items, each written as its one canonical sequence of labels.

    .. math:: \{c : c_1 = 0,\ 0 \le c_i \le 1 + \max_{j < i} c_j\}

    Items with the same label share a subset. Subsets are numbered in the order of their first
    items (a restricted-growth string), so that two sequences are equal exactly when the
    partitions are.

    Example:
        >>> partition.check(torch.tensor([[0, 1, 0, 2], [1, 0, 1, 2], [0, 2, 0, 1]]))
        tensor([ True, False, False])

    Derived in: notebooks/07
    """

    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Bool[Tensor, "*batch"]:
        # The largest label so far is -1 before the first item.
        labels = torch.nn.functional.pad(value, (1, 0), value=-1)
        largest = labels.cummax(-1).values[..., :-1]
        return (_is_integer(value) & (value >= 0) & (value <= largest + 1)).all(-1)


def _is_integer(value: Tensor) -> Bool[Tensor, "*batch"]:
    return value == value.floor() if value.is_floating_point() else torch.ones_like(value).bool()


assignment = _Assignment()
counts = _Counts
finite_vector = _FiniteVector()
partition = _Partition()
permutation = _Permutation()
permutation_matrix = _PermutationMatrix()
relaxed_counts = _RelaxedCounts
