"""Sorting as a matrix: relaxed permutation matrices, and matrices from rankings and back.

A ranking lists the items, the first of them first. Its matrix has a one at [k, i] where item i
has rank k, so that the matrix times the scores is the scores in ranked order.
"""

import torch
from torch import Tensor

from wslbook.constraints import permutation, permutation_matrix
from wslbook.typing import Float, Int

__all__ = [
    "matrix_to_ranking",
    "neural_sort",
    "neural_sort_logits",
    "ranking_to_matrix",
    "soft_sort",
]


def neural_sort(
    scores: Float[Tensor, "*batch item"], temperature: float | Float[Tensor, "..."]
) -> Float[Tensor, "... item item"]:
    r"""Relax the matrix that sorts the scores in decreasing order (NeuralSort).

    .. math::
        \pi_\tau[k, :] = \mathrm{softmax}\Big(\frac{(n + 1 - 2k)\, s - A 1}{\tau}\Big), \qquad
        A[i, j] = |s_i - s_j|, \quad k = 1, \ldots, n

    Rows sum to one; columns do so only in the limits of a small or a large temperature. As the
    temperature goes to 0 the matrix tends to the permutation matrix of the sort. Where scores
    tie, it tends to the mean of all the permutation matrices that sort them, which is doubly
    stochastic but not a permutation: for a hard matrix sort the scores and call
    :func:`ranking_to_matrix`, not an argmax over rows. At a tie the derivative of the absolute
    value is taken to be 0. Scores may have any sign. Time and memory grow as n squared.

    Args:
        scores: real scores, finite.
        temperature: positive; a tensor of temperatures is broadcast against the batch axes.

    Returns:
        Matrices whose row k is a distribution over the item of rank k.

    Raises:
        ValueError: if a score is not finite or a temperature not positive.

    References:
        Grover, Wang, Zweig and Ermon, Stochastic optimization of sorting networks via continuous
        relaxations, 2019, arXiv:1903.08850. Thesis corollary 2.4.2 and equation 2.69.

    Example:
        >>> neural_sort(torch.tensor([0.0, 2.0, 1.0]), temperature=1.0)
        tensor([[0.0132, 0.7214, 0.2654],
                [0.2119, 0.2119, 0.5761],
                [0.7214, 0.0132, 0.2654]])

    Derived in: notebooks/06
    """
    tau = _temperature(scores, temperature)
    return (neural_sort_logits(scores) / tau).softmax(-1)


def neural_sort_logits(
    scores: Float[Tensor, "*batch item"],
) -> Float[Tensor, "*batch item item"]:
    r"""Return the matrix whose row k is largest at the item of rank k.

    .. math:: (n + 1 - 2k)\, s - A 1, \qquad A[i, j] = |s_i - s_j|, \quad k = 1, \ldots, n

    Each row is given up to a constant, which no softmax sees. Nothing is checked.

    Args:
        scores: real scores.

    Returns:
        The logits of :func:`neural_sort` at temperature 1.

    References:
        Ogryczak and Tamir, Minimizing the sum of the k largest functions in linear time, 2003.
        Thesis equation 2.68.

    Example:
        >>> neural_sort_logits(torch.tensor([0.0, 2.0, 1.0])).argmax(-1)
        tensor([1, 2, 0])

    Derived in: notebooks/06
    """
    # Adding a constant to the scores changes nothing; centring keeps the products small.
    s = scores - scores.mean(-1, keepdim=True).detach()
    n = s.shape[-1]
    # A 1
    distance = (s.unsqueeze(-1) - s.unsqueeze(-2)).abs().sum(-1)
    # n + 1 - 2k = n - 1, n - 3, ..., 1 - n
    slope = torch.arange(n - 1, -n, -2, dtype=s.dtype, device=s.device).unsqueeze(-1)
    return slope * s.unsqueeze(-2) - distance.unsqueeze(-2)


def soft_sort(
    scores: Float[Tensor, "*batch item"], temperature: float | Float[Tensor, "..."]
) -> Float[Tensor, "... item item"]:
    r"""Relax the matrix that sorts the scores in decreasing order (SoftSort).

    .. math::
        \pi_\tau[k, i] = \mathrm{softmax}_i\Big({-\frac{|s_{(k)} - s_i|}{\tau}}\Big), \qquad
        s_{(1)} \ge \ldots \ge s_{(n)}

    Simpler than :func:`neural_sort` and with the same limits, ties included; here the largest
    entry of row k is the item of rank k at every temperature.

    Args:
        scores: real scores, finite.
        temperature: positive; a tensor of temperatures is broadcast against the batch axes.

    Returns:
        Matrices whose row k is a distribution over the item of rank k.

    Raises:
        ValueError: if a score is not finite or a temperature not positive.

    References:
        Prillo and Eisenschlos, SoftSort: a continuous relaxation for the argsort operator, 2020,
        arXiv:2006.16038.

    Example:
        >>> soft_sort(torch.tensor([0.0, 2.0, 1.0]), temperature=1.0)
        tensor([[0.0900, 0.6652, 0.2447],
                [0.2119, 0.2119, 0.5761],
                [0.6652, 0.0900, 0.2447]])

    Derived in: notebooks/06
    """
    tau = _temperature(scores, temperature)
    ordered = scores.sort(-1, descending=True).values
    return (-(ordered.unsqueeze(-1) - scores.unsqueeze(-2)).abs() / tau).softmax(-1)


def ranking_to_matrix(
    ranking: Int[Tensor, "*batch item"], dtype: torch.dtype | None = None
) -> Float[Tensor, "*batch item item"]:
    r"""Write a ranking as a permutation matrix.

    .. math:: \pi[k, i] = 1 \iff \text{item } i \text{ has rank } k

    Args:
        ranking: each of 0, ..., n - 1 once, the item of the first rank first.
        dtype: type of the matrix, by default torch's default type.

    Returns:
        The permutation matrices.

    Raises:
        ValueError: if ``ranking`` is not a ranking.

    References:
        Thesis equation 2.66 and the text after it.

    Example:
        >>> ranking_to_matrix(torch.tensor([2, 0, 1])) @ torch.tensor([5.0, 3.0, 9.0])
        tensor([9., 5., 3.])

    Derived in: notebooks/06
    """
    if not permutation.check(ranking).all():
        raise ValueError(f"ranking: expected each of 0, ..., n - 1 once, got {ranking}")
    matrix = torch.nn.functional.one_hot(ranking, ranking.shape[-1])
    return matrix.to(torch.get_default_dtype() if dtype is None else dtype)


def matrix_to_ranking(
    matrix: Float[Tensor, "*batch item item"],
) -> Int[Tensor, "*batch item"]:
    r"""Read the ranking off a permutation matrix.

    .. math:: \mathrm{ranking}_k = \arg\max_i \pi[k, i]

    A relaxed matrix is refused, since the largest entries of two rows may be one item.

    Args:
        matrix: permutation matrices.

    Returns:
        The rankings, the item of the first rank first.

    Raises:
        ValueError: if ``matrix`` is not a permutation matrix.

    Example:
        >>> matrix_to_ranking(ranking_to_matrix(torch.tensor([2, 0, 1])))
        tensor([2, 0, 1])

    Derived in: notebooks/06
    """
    if not permutation_matrix.check(matrix).all():
        raise ValueError(f"matrix: expected a permutation matrix, got {matrix}")
    return matrix.argmax(-1)


def _temperature(scores: Tensor, temperature: float | Tensor) -> Tensor:
    """Check both arguments; return the temperature with two axes for the matrix."""
    if not scores.isfinite().all():
        raise ValueError(f"scores: expected finite numbers, got {scores}")
    tau = torch.as_tensor(temperature, dtype=scores.dtype, device=scores.device)
    if not (tau > 0).all():
        raise ValueError(f"temperature: expected positive numbers, got {temperature!r}")
    return tau[..., None, None]
