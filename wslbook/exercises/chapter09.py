"""Answers of chapter 09."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from wslbook.exercises.check import Exercise

Moments = tuple[Tensor, Tensor]


def _spread_of_balance() -> float:
    return math.sqrt(1.5 / (1 / 0.5**2 + 0.4 / 1.6**2))


def _kl(q: Tensor, p: Tensor) -> Tensor:
    return (q * (q / p).log()).sum(-1)


def _slack(w: Tensor, table: Tensor) -> Tensor:
    return w @ _kl(table, w @ table)


def _reversed(w: Tensor, table: Tensor) -> Tensor:
    return w @ _kl(w @ table, table)


def _limit(w: Tensor, table: Tensor) -> Tensor:
    return -(w * w.log()).sum()


def _equal_weights(w: Tensor, table: Tensor) -> Tensor:
    return _slack(torch.full_like(w, 1 / len(w)), table)


def _counted(times: Callable[[int], int]) -> Callable[[Tensor, Tensor], Moments]:
    """Return a joint posterior in which the prior is taken out a number of times."""

    def joint(mean: Tensor, variance: Tensor) -> Moments:
        precision = (1 / variance).sum() - times(len(mean))
        return (mean / variance).sum() / precision, 1 / precision

    return joint


def _tables() -> tuple[tuple[Tensor, Tensor], ...]:
    first = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], dtype=torch.double)
    second = torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]], dtype=torch.double)
    return (
        (torch.tensor([0.5, 0.5], dtype=torch.double), first),
        (torch.tensor([0.6, 0.3, 0.1], dtype=torch.double), second),
    )


def _opinions() -> tuple[Moments, ...]:
    return (
        (torch.tensor([0.5, 1.0]), torch.tensor([0.5, 0.25])),
        (torch.tensor([-0.3, 0.8, 0.1]), torch.tensor([0.2, 0.5, 0.9])),
    )


EXERCISES = {
    "09.1": Exercise(
        task="Hand in the spread (a standard deviation) as a number.",
        expected=_spread_of_balance(),
        tolerance=0.02,
        mistakes=(
            (_spread_of_balance() ** 2, "This is a variance; the slider sets its root."),
            (
                1.5 / (1 / 0.5 + 0.4 / 1.6),
                "Experts weigh by precision, one over the square of the spread.",
            ),
        ),
    ),
    "09.2": Exercise(
        task="Hand in a function of w and table.",
        expected=_slack,
        tolerance=1e-8,
        inputs=_tables(),
        mistakes=(
            (_reversed, "The average must be over each expert, not over the mixture."),
            (_limit, "This is the largest value that the slack can have with these weights."),
            (_equal_weights, "The weights are not always equal."),
        ),
    ),
    "09.3": Exercise(
        task="Hand in a function of the means and the variances.",
        expected=_counted(lambda number: number - 1),
        tolerance=1e-5,
        inputs=_opinions(),
        mistakes=(
            (_counted(lambda number: 0), "This is the product; it counts the prior M times."),
            (_counted(lambda number: number), "One of the M priors has to stay."),
            (_counted(lambda number: -1), "This counts the prior once more, not less often."),
        ),
    ),
    "09.4": Exercise(
        task="Hand in the pair (a, v).",
        expected=(1 / 2, 1 / 3),
        tolerance=1e-3,
        mistakes=(
            ((1 / 2, 1 / 2), "This is the posterior given the first alone; training wants more."),
            ((1 / 3, 1 / 3), "The mean of the second, given the first, is not zero."),
            ((1 / 2, math.sqrt(1 / 3)), "The mean is right; v is a variance."),
        ),
    ),
}  # fmt: skip
