"""Answers of chapter 14."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from wslbook.distributions import MergedMultivariateHypergeometric, MultivariateHypergeometric
from wslbook.exercises.check import Exercise


def _safe(sizes: list[int], draws: int, weights: list[float]) -> bool:
    there = [w for m, w in zip(sizes, weights, strict=True) if m > 0]
    return draws in (0, 1, sum(sizes)) or len(set(there[1:])) <= 1


def _safe_with_empty_classes(sizes: list[int], draws: int, weights: list[float]) -> bool:
    return draws in (0, 1, sum(sizes)) or len(set(weights[1:])) <= 1


def _safe_in_the_middle(sizes: list[int], draws: int, weights: list[float]) -> bool:
    there = [w for m, w in zip(sizes, weights, strict=True) if m > 0]
    return len(set(there[1:])) <= 1


def _safe_if_central(sizes: list[int], draws: int, weights: list[float]) -> bool:
    return len(set(weights)) <= 1


def _safe_if_not_central(sizes: list[int], draws: int, weights: list[float]) -> bool:
    there = [w for m, w in zip(sizes, weights, strict=True) if m > 0]
    return draws in (0, 1, sum(sizes)) or len(set(there)) <= 1


def _doubles(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.double)


def _learnt_weights() -> tuple[float, float]:
    truth = _doubles(0.0, 2.5, 0.0)
    wanted = MultivariateHypergeometric([20] * 3, 30, truth).mean[:2]

    def means(free: Tensor) -> Tensor:
        log_weights = torch.cat([free, torch.zeros_like(free[:1])])
        return MergedMultivariateHypergeometric([20] * 3, 30, log_weights).mean[:2]

    free = truth[:2]
    for _ in range(12):
        free = free - torch.linalg.solve(jacobian(means, free), means(free) - wanted)
    return float(free[0]), float(free[1])


def _mean(sizes: list[int], log_weights: Tensor, draws: int) -> Tensor:
    return MultivariateHypergeometric(sizes, draws, log_weights).mean[0]


def _difference(before: int, after: int, divide: int = 1) -> Callable[..., Tensor]:
    """Return the change of the mean from r + before to r + after draws."""
    return lambda sizes, a, r: (_mean(sizes, a, r + after) - _mean(sizes, a, r + before)) / divide


def _share(sizes: list[int], log_weights: Tensor, r: int) -> Tensor:
    masses = log_weights.exp() * _doubles(*sizes)
    return masses[0] / masses.sum()


_LEARNT = _learnt_weights()
_URNS = (
    ([3, 5, 4], _doubles(0.0, 0.7, 1.6), 4),
    ([20, 2, 9], _doubles(2.0, -1.0, 0.3), 11),
    ([6, 6, 6], _doubles(0.0, 1.0, 2.0), 0),
)

EXERCISES = {
    "14.1": Exercise(
        task="Hand in the pair (Fisher, merged) of probabilities.",
        expected=(5 / 9, 4 / 9),
        tolerance=1e-3,
        mistakes=(
            ((4 / 9, 5 / 9), "These are swapped: merging draws too few of the first class."),
            ((5 / 9, 5 / 9), "The second: the merged class has two balls of weight 5/2 each."),
            ((5 / 9, 2 / 7), "In the second, count the two ways to take one of two merged balls."),
            ((4 / 9, 4 / 9), "In the first, multiply the weights of the two balls of each pair."),
        ),
    ),
    "14.2": Exercise(
        task="Hand in a function of sizes, draws and weights that returns True or False.",
        expected=_safe,
        tolerance=0.0,
        inputs=(
            ([3, 5, 4], 5, [4.0, 1.0, 1.0]),
            ([3, 5, 4], 5, [1.0, 1.0, 4.0]),
            ([3, 5, 4], 1, [1.0, 2.0, 5.0]),
            ([3, 5, 4], 12, [1.0, 2.0, 5.0]),
            ([3, 5, 4], 11, [1.0, 2.0, 5.0]),
            ([3, 5, 4], 0, [1.0, 2.0, 5.0]),
            ([3, 5], 4, [1.0, 2.0]),
            ([3, 0, 4, 2], 4, [1.0, 2.0, 3.0, 3.0]),
            ([0, 3, 4, 2], 4, [1.0, 2.0, 3.0, 3.0]),
        ),
        mistakes=(
            (_safe_if_central, "Equal weights are enough, but not needed."),
            (_safe_if_not_central, "The weight of the first class does not matter."),
            (_safe_with_empty_classes, "An empty class has a weight, but no balls."),
            (_safe_in_the_middle, "What if nothing, one ball or everything is drawn?"),
        ),
    ),
    "14.3": Exercise(
        task="Hand in the pair (log w1, log w2) of log-weights.",
        expected=_LEARNT,
        tolerance=0.06,
        mistakes=(
            ((0.0, 2.5), "These are the weights of the data; the merged means differ there."),
            ((_LEARNT[1], _LEARNT[0]), "These are in the wrong order."),
        ),
    ),
    "14.4": Exercise(
        task="Hand in the pair (exact, estimate).",
        expected=(0.16, 0.064),
        tolerance=1e-3,
        mistakes=(
            ((0.064, 0.064), "The exact one: the square of a zero or one is itself."),
            ((0.16, 0.16), "The slope of the cost at N = 0 is 0, and at N = 1 it is 2."),
            ((0.16, 0.4), "The slope of the cost is multiplied by the variance."),
            ((0.16, 0.32), "Average the slope over N, with probability 0.2 of a one."),
        ),
    ),
    "14.5": Exercise(
        task="Hand in a function of sizes, log_weights and r.",
        expected=_difference(0, 1),
        tolerance=1e-6,
        inputs=_URNS,
        mistakes=(
            (_difference(1, 0), "The sign is the wrong way round."),
            (_difference(1, 2), "Compare r + 1 draws with r, not with r + 2."),
            (_share, "This is right for the first ball only; the urn has changed since."),
        ),
    ),
}  # fmt: skip
