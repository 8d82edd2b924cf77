"""Answers of chapter 04."""

import math

from wslbook.exercises.check import Exercise


def _entropy(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


def _models(m: int) -> int:
    return 3**m - 2 ** (m + 1) + 1


def _one_target(m: int) -> int:
    return m * (2 ** (m - 1) - 1)


def _complement_only(m: int) -> int:
    return 2**m - 2


def _both_empty_forgotten(m: int) -> int:
    return 3**m - 2 ** (m + 1)


def _empty_sets_counted(m: int) -> int:
    return 3**m


def _f_score(precision: float, recall: float, beta: float) -> float:
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


EXERCISES = {
    "04.1": Exercise(
        task="Hand in the mutual information of the two observations in nats.",
        expected=math.log(2) - _entropy(0.18),
        tolerance=1e-4,
        mistakes=(
            (
                math.log(2) - _entropy(0.1),
                "This is what one observation tells about the coin itself.",
            ),
            (math.log(2) - _entropy(0.2), "Both may be wrong at once, and then they agree."),
            (1 - _entropy(0.18) / math.log(2), "This is in bits; use the natural logarithm."),
            (_entropy(0.18), "This is what remains unknown; subtract it from log 2."),
        ),
    ),
    "04.2": Exercise(
        task="Hand in a function of the number of modalities.",
        expected=_models,
        tolerance=1e-9,
        inputs=((2,), (3,), (6,)),
        mistakes=(
            (_one_target, "This counts tasks with a single target modality."),
            (_complement_only, "B need not be everything that is not in A."),
            (_both_empty_forgotten, "The choice with A and B both empty was taken away twice."),
            (_empty_sets_counted, "A and B must not be empty."),
        ),
    ),
    "04.3": Exercise(
        task="Hand in the share as a number between 0 and 1.",
        expected=1 - math.exp(-1),
        tolerance=1e-3,
        mistakes=(
            (math.exp(-1), "This is the share that must stay; the question is about the noise."),
            (0.5, "This loses log 2 nats, less than one."),
        ),
    ),
    "04.4": Exercise(
        task="Hand in the recall F(8) with one word as a number.",
        expected=_f_score(1.0, 1 / 6, 8),
        tolerance=1e-3,
        mistakes=(
            (1 / 6, "This is the recall at the corner; the F score mixes in the precision."),
            (_f_score(1.0, 1 / 6, 1 / 8), "This leans to precision: it is F(1/8)."),
        ),
    ),
    "04.5": Exercise(
        task="Hand in the mean for a perfect model as a number.",
        expected=0.5 + math.log(2) / math.pi,
        tolerance=1e-4,
        mistakes=(
            (1.0, "On the frontier of a perfect model precision is below 1 where recall is 1."),
            (math.log(2) / math.pi, "The half of the angles with precision 1 is missing."),
            (
                0.5 + math.log(2) / 2,
                "The angles fill (0, π/2), so the mean divides the integral by π/2.",
            ),
        ),
    ),
}
