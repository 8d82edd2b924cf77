"""Answers of chapter 06."""

import math

from wslbook.exercises.check import Exercise


def _log_pl(scores: list[float], ranking: list[int]) -> float:
    left, total = sum(scores), 0.0
    for item in ranking:
        total += math.log(scores[item] / left)
        left -= scores[item]
    return total


def _as_printed(scores: list[float], ranking: list[int]) -> float:
    return _log_pl(scores, sorted(ranking))


def _with_replacement(scores: list[float], ranking: list[int]) -> float:
    return sum(math.log(scores[item] / sum(scores)) for item in ranking)


def _worst_first(scores: list[float], ranking: list[int]) -> float:
    return _log_pl(scores, ranking[::-1])


def _probability(scores: list[float], ranking: list[int]) -> float:
    return math.exp(_log_pl(scores, ranking))


def _corner(temperature: float) -> float:
    """Return the first entry of NeuralSort of (2, 1, 0, -1): the gaps are 1."""
    return 1 / sum(math.exp(-(m**2) / temperature) for m in range(4))


def _bisect(low: float, high: float) -> float:
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _corner(middle) > 0.9 else (low, middle)
    return low


EXERCISES = {
    "06.1": Exercise(
        task="Hand in the probability as a number between 0 and 1.",
        expected=1 / 6 * 2 / 5 + 2 / 6 * 1 / 4,
        tolerance=1e-4,
        mistakes=(
            (1 / 2, "This is the probability that item 3 comes first."),
            (1 / 6 * 2 / 5, "This is one of two rankings that end with item 3."),
            (
                (1 / 3) / (1 + 1 / 2 + 1 / 3),
                "Inverting the scores is a law read backwards; Plackett-Luce is not reversible.",
            ),
        ),
    ),
    "06.2": Exercise(
        task="Hand in the temperature as a number.",
        expected=_bisect(0.1, 2.0),
        tolerance=0.012,
        mistakes=(
            (0.4331, "This is SoftSort, which falls with the distance, not with its square."),
            (2.25, "This is one over it."),
        ),
    ),
    "06.3": Exercise(
        task="Hand in a function of scores and ranking.",
        expected=_log_pl,
        tolerance=1e-8,
        inputs=(
            ([0.5, 1.0, 3.0], [2, 0, 1]),
            ([0.5, 1.0, 3.0], [0, 1, 2]),
            ([2.0, 0.1, 4.0, 1.0], [3, 1, 0, 2]),
        ),
        mistakes=(
            (_as_printed, "Use the score of the item of rank k, not of item k (E-06)."),
            (_with_replacement, "A chosen item is no longer on offer: the denominator shrinks."),
            (_worst_first, "The first item of the list is the best; you read it backwards."),
            (_probability, "This is the probability; take its logarithm."),
        ),
    ),
    "06.4": Exercise(
        task="Hand in the probability as a number between 0 and 1.",
        expected=16 / 21,
        tolerance=1e-4,
        mistakes=(
            (4 / 7, "This is the law with scores s; the noise is smaller than it needs."),
            (2 / (3 + math.sqrt(2)), "The power is 1 / beta, not beta."),
        ),
    ),
    "06.5": Exercise(
        task="Hand in three scores that add up to one.",
        expected=[2 / 3.4, 1 / 3.4, 0.4 / 3.4],
        tolerance=1e-4,
        mistakes=(
            ([2.0, 1.0, 0.4], "The scores are right; divide them by their sum."),
            ([3 / 6, 2 / 6, 1 / 6], "These are the shares of the wins; divide by the exposure."),
            ([2 / 3, 1 / 3, 0.0], "Second stages count as well as first ones."),
        ),
    ),
}
