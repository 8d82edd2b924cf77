"""Answers of chapter 16."""

import math
from itertools import permutations

from wslbook.exercises.check import Exercise


def _first(scores: list[float], m: int) -> float:
    if m == 0:
        return 1.0
    rest = [scores[:i] + scores[i + 1 :] for i in range(m)]
    return sum(s * _first(r, m - 1) for s, r in zip(scores[:m], rest, strict=True)) / sum(scores)


def _one_order(scores: list[float], m: int) -> float:
    left, total = sum(scores), 1.0
    for s in scores[:m]:
        total *= s / left
        left -= s
    return total


def _all_orders_alike(scores: list[float], m: int) -> float:
    return math.factorial(m) * _one_order(scores, m)


def _with_replacement(scores: list[float], m: int) -> float:
    return math.factorial(m) * math.prod(s / sum(scores) for s in scores[:m])


def _shares(scores: list[float], m: int) -> float:
    return sum(scores[:m]) / sum(scores)


def _in_first(log_score: float) -> float:
    """Return P(item 1 in subset 1) for four items and three subsets of weight 1.

    Ranks 1 to 4 have the probabilities of the place of item 1; it is in subset 1 if its rank is
    at most the size, whose law is the urn's with four balls of each of three classes.
    """
    scores = [math.exp(log_score), 1.0, 1.0, 1.0]
    of_rank = [0.0] * 4
    for order in permutations(range(4)):
        of_rank[order.index(0)] += _one_order([scores[i] for i in order], 4)
    of_size = [math.comb(4, y) * math.comb(8, 4 - y) / math.comb(12, 4) for y in range(5)]
    return sum(p * sum(of_size[rank + 1 :]) for rank, p in enumerate(of_rank))


def _log_score(target: float) -> float:
    low, high = -4.0, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _in_first(middle) < target else (low, middle)
    return low


EXERCISES = {
    "16.1": Exercise(
        task="Hand in the probability as a number between 0 and 1.",
        expected=1 / 15,
        tolerance=1e-4,
        mistakes=(
            (1 / 30, "This is one of the two orders in which they can come."),
            (1 / 6, "This would be right for equal scores."),
            (1 / 18, "A chosen item is gone: the second is chosen from what is left."),
            (1 / 3, "This is the probability that the two strong items come first."),
        ),
    ),
    "16.2": Exercise(
        task="Hand in the probability as a number between 0 and 1.",
        expected=8 / 495,
        tolerance=1e-5,
        mistakes=(
            (96 / 495, "This is the probability of the sizes; who fills them is random too."),
            (1 / 12, "This is the probability given the sizes; these are random too."),
            (1 / 81, "The 81 assignments are not equally likely; the sizes are drawn from an urn."),
            (
                1 / 180,
                "The 15 vectors of sizes are not equally likely; use the binomial coefficients.",
            ),
        ),
    ),
    "16.3": Exercise(
        task="Hand in the log-score as a number.",
        expected=_log_score(0.6),
        tolerance=0.06,
        mistakes=(
            (math.exp(_log_score(0.6)), "This is a score; take its logarithm."),
            (
                math.log(4.5),
                "This makes it first in the queue with probability 0.6; it need not be first.",
            ),
            (-_log_score(0.6), "A larger score means earlier; the sign is the wrong way round."),
        ),
    ),
    "16.4": Exercise(
        task="Hand in a function of a list of scores and a number m.",
        expected=_first,
        tolerance=1e-8,
        inputs=(
            ([1.0, 1.0, 2.0, 2.0], 2),
            ([0.5, 3.0, 1.0, 4.0, 0.2], 3),
            ([2.0, 0.1, 4.0], 1),
            ([5.0, 1.0, 2.0, 3.0], 4),
        ),
        mistakes=(
            (_one_order, "This is one order; the m items may come in any."),
            (_all_orders_alike, "The orders are not equally likely; each has its own product."),
            (_with_replacement, "A chosen item is gone: the total shrinks."),
            (_shares, "This is the probability that the very first item is one of the m."),
        ),
    ),
    "16.5": Exercise(
        task="Hand in the difference in nats.",
        expected=math.lgamma(101) - 4 * math.lgamma(26),
        tolerance=0.01,
        mistakes=(
            (4 * math.lgamma(26) - math.lgamma(101), "The sign is the wrong way round."),
            (math.lgamma(101), "The balanced sizes are charged as well; subtract it."),
            (math.lgamma(101) - math.lgamma(26), "There are four subsets of 25."),
            ((math.lgamma(101) - 4 * math.lgamma(26)) / math.log(2), "These are bits."),
            (0.0, "The true divergences are equal; the bounds are not."),
        ),
    ),
}
