"""Answers of chapter 08."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from wslbook.distributions import MultivariateHypergeometric
from wslbook.exercises.check import Exercise


def _support_size(sizes: tuple[int, ...], draws: int) -> int:
    ways = [1] + [0] * draws
    for m in sizes:
        ways = [sum(ways[max(0, r - m) : r + 1]) for r in range(draws + 1)]
    return ways[draws]


def _everyone(sizes: tuple[int, ...], draws: int) -> int:
    return _support_size(tuple(m - 1 for m in sizes), draws - len(sizes))


def _draws_not_reduced(sizes: tuple[int, ...], draws: int) -> int:
    return _support_size(tuple(m - 1 for m in sizes), draws)


def _sizes_not_reduced(sizes: tuple[int, ...], draws: int) -> int:
    return _support_size(sizes, draws - len(sizes))


def _unlimited(sizes: tuple[int, ...], draws: int) -> int:
    return math.comb(draws - 1, len(sizes) - 1)


def _mean(sizes: list[int], log_weights: Tensor, counts: Tensor) -> Tensor:
    return MultivariateHypergeometric(sizes, int(counts.sum()), log_weights).mean


def _score(sizes: list[int], log_weights: Tensor, counts: Tensor) -> Tensor:
    return counts - _mean(sizes, log_weights, counts)


def _variation(change: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """Return a wrong score, from log-weights, counts and their mean."""
    return lambda sizes, a, counts: change(a, counts, _mean(sizes, a, counts))


def _doubles(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.double)


def _weights_of_fair_shares() -> tuple[float, float]:
    a = torch.zeros(3, dtype=torch.double)
    for _ in range(20):
        urn = MultivariateHypergeometric([6, 8, 12], 9, a.clone())
        a[:2] += torch.linalg.solve(urn.covariance_matrix[:2, :2], 3 - urn.mean[:2])
    return float(a[0]), float(a[1])


_FAIR = _weights_of_fair_shares()
_VARIANCE = 12 * 28 / 39 * 0.25 * 0.75

EXERCISES = {
    "08.1": Exercise(
        task="Hand in the pair (mean, variance).",
        expected=(3.0, _VARIANCE),
        tolerance=1e-3,
        mistakes=(
            ((3.0, 12 * 0.25 * 0.75), "This is the variance with replacement."),
            ((3.0, 12 * 28 / 40 * 0.25 * 0.75), "Divide by M - 1, not by M."),
            ((3.0, math.sqrt(_VARIANCE)), "This is the standard deviation."),
        ),
    ),
    "08.2": Exercise(
        task="Hand in the pair (Fisher, Wallenius) of probabilities.",
        expected=(9 / 22, 9 / 20),
        tolerance=1e-3,
        mistakes=(
            ((9 / 20, 9 / 22), "These are swapped: drawing one by one is Wallenius' story."),
            ((9 / 16, 9 / 20), "The first draws with replacement; list the three count vectors."),
            ((9 / 22, 9 / 16), "In the second, one heavy ball is gone after the first draw."),
            ((9 / 13, 9 / 20), "In the first, (1, 1) has four ways: multiply the binomials."),
        ),
    ),
    "08.3": Exercise(
        task="Hand in a function of a tuple of class sizes and a number of draws.",
        expected=_everyone,
        tolerance=1e-6,
        inputs=(((3, 5, 4), 5), ((2, 2, 2, 2), 6), ((10, 1, 7), 9), ((20,) * 6, 60)),
        mistakes=(
            (_support_size, "This counts the vectors with empty classes too."),
            (_draws_not_reduced, "The balls that everyone gets first are draws as well."),
            (_sizes_not_reduced, "A class that gave a ball to start with has one less to give."),
            (_unlimited, "A class cannot give more balls than it has."),
        ),
    ),
    "08.4": Exercise(
        task="Hand in the pair (log w1, log w2) of log-weights.",
        expected=_FAIR,
        tolerance=0.03,
        mistakes=(
            (
                (math.log(2), math.log(1.5)),
                "Weights inverse to the sizes suit a single draw; here the classes run out.",
            ),
            ((math.exp(_FAIR[0]), math.exp(_FAIR[1])), "These are weights; take logarithms."),
            ((_FAIR[1], _FAIR[0]), "These are in the wrong order."),
        ),
    ),
    "08.5": Exercise(
        task="Hand in a function of sizes, log_weights and counts.",
        expected=_score,
        tolerance=1e-5,
        inputs=(
            ([3, 5, 4], _doubles(0.0, 0.7, 1.6), _doubles(1.0, 3.0, 1.0)),
            ([2, 2, 9], _doubles(2.0, -1.0, 0.3), _doubles(2.0, 0.0, 5.0)),
        ),
        mistakes=(
            (_variation(lambda a, n, mean: mean - n), "The sign is the wrong way round."),
            (_variation(lambda a, n, mean: n), "The normaliser depends on the weights too."),
            (
                _variation(lambda a, n, mean: (n - mean) / a.exp()),
                "This is the gradient in the weights; the question is about their logarithms.",
            ),
        ),
    ),
}  # fmt: skip
