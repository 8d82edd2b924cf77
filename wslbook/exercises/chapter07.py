"""Answers of chapter 07."""

import math

from wslbook.exercises.check import Exercise


def _log_crp(sizes: tuple[int, ...], alpha: float) -> float:
    seats = math.lgamma(alpha + sum(sizes)) - math.lgamma(alpha)
    return len(sizes) * math.log(alpha) + sum(math.lgamma(m) for m in sizes) - seats


def _with_factorials(sizes: tuple[int, ...], alpha: float) -> float:
    return _log_crp(sizes, alpha) + sum(math.log(m) for m in sizes)


def _one_table_opened(sizes: tuple[int, ...], alpha: float) -> float:
    return _log_crp(sizes, alpha) - (len(sizes) - 1) * math.log(alpha)


def _not_normalised(sizes: tuple[int, ...], alpha: float) -> float:
    return _log_crp(sizes, alpha) + math.lgamma(alpha + sum(sizes)) - math.lgamma(alpha)


_HARMONIC_9 = sum(1 / m for m in range(1, 10))

EXERCISES = {
    "07.1": Exercise(
        task="Hand in the number of ways as a whole number.",
        expected=9330,
        tolerance=0.5,
        mistakes=(
            (3**10, "This lets boxes stay empty and tells them apart."),
            (55980, "This tells the boxes apart; divide by the ways to name them."),
            (math.comb(9, 2), "This counts sizes in named boxes, as if the toys were equal."),
        ),
    ),
    "07.2": Exercise(
        task="Hand in the concentration as a number.",
        expected=3.390851,  # the root of Σ α / (α + i) = 7, i < 20
        tolerance=0.06,
        mistakes=((0.507673, "This is the concentration at discount 0.5; set the discount to 0."),),
    ),
    "07.3": Exercise(
        task="Hand in a function of the tuple of sizes and the concentration.",
        expected=_log_crp,
        tolerance=1e-8,
        inputs=(((3, 1), 2.0), ((1, 1, 1), 0.5), ((4, 2, 2), 1.7), ((6,), 3.0)),
        mistakes=(
            (_with_factorials, "A table of m guests contributes (m - 1)!, not m!."),
            (_one_table_opened, "Every table was opened with factor α, so α has the power K."),
            (_not_normalised, "Divide by α (α + 1) ... (α + n - 1)."),
        ),
    ),
    "07.4": Exercise(
        task="Hand in the probability as a number.",
        expected=0.25,
        tolerance=1e-3,
        mistakes=(
            (1 / 3, "This is without the discount, which guest 2 feels at the table of guest 1."),
            (0.75, "This is the probability that they do not share a table."),
        ),
    ),
    "07.5": Exercise(
        task="Hand in the probability as a number.",
        expected=0.2 / _HARMONIC_9,
        tolerance=1e-3,
        mistakes=(
            (1 / 9, "Not every size of the first group is equally likely."),
            (252 / 1022, "This is a fair coin for every item, given two groups."),
            (
                0.04 / (0.04 + sum(1 / (m * (10 - m)) for m in range(1, 5))),
                "Unnamed, 5 + 5 counts half: its groups can be exchanged without a change.",
            ),
        ),
    ),
}
