"""Answers of chapter 10."""

import math
from collections.abc import Callable

from wslbook.exercises.check import Exercise


def _shares(word: str) -> tuple[list[str], list[dict[str, float]]]:
    strings = [(" " * s + word).ljust(8) for s in range(9 - len(word))]
    columns = zip(*strings, strict=True)
    return strings, [{c: column.count(c) / len(strings) for c in column} for column in columns]


def _spelling(word: str) -> float:
    strings, shares = _shares(word)
    return sum(math.prod(p[c] for p, c in zip(shares, s, strict=True)) for s in strings)


def _one_place(choose: Callable[[list[float]], float]) -> Callable[[str], float]:
    """Return a wrong answer: one number of the probabilities of the single places."""

    def spelling(word: str) -> float:
        strings, shares = _shares(word)
        return choose([math.prod(p[c] for p, c in zip(shares, s, strict=True)) for s in strings])

    return spelling


def _letters_only(word: str) -> float:
    strings, shares = _shares(word)
    return sum(math.prod(p[c] for p, c in zip(shares, s, strict=True) if c != " ") for s in strings)


_LARGEST = 0.5 + math.log(2) / math.pi
_AHEAD = (0.58 - 0.28) / _LARGEST
_RATIO = 0.08 / math.sqrt((0.04**2 + 0.06**2) / 3)

EXERCISES = {
    "10.1": Exercise(
        task="Hand in the pair (image, caption) of weights.",
        expected=(1.0, 48.0),
        tolerance=1e-3,
        mistakes=(
            ((1.0, 16.0), "An image has three colours at each pixel."),
            ((1.0, 12_288 / (256 * 71)), "The size of the alphabet does not enter."),
            ((48.0, 1.0), "The smaller modality gets the larger weight."),
            ((1.0, 1 / 48), "The largest dimension is divided by the modality's own."),
        ),
    ),
    "10.2": Exercise(
        task="Hand in the pair (mean, variance).",
        expected=(1.5, 0.5),
        tolerance=1e-3,
        mistakes=(
            ((0.6, 0.8), "This is the posterior without weights."),
            ((2.0, 1 / 3), "Divide alpha by beta: the divergence has a weight too."),
            ((12 / 5, 1 / 5), "The variance of the noise is 4."),
            ((1.5, 2.0), "2 is the precision; the variance is its inverse."),
        ),
    ),
    "10.3": Exercise(
        task="Hand in a function of a word.",
        expected=_spelling,
        tolerance=1e-6,
        inputs=(("six",), ("three",), ("zero",), ("a",)),
        mistakes=(
            (_one_place(max), "This is one place; the word counts at any of its places."),
            (_one_place(lambda p: sum(p) / len(p)), "Add the places; do not average them."),
            (_letters_only, "The blanks have to come out right as well."),
        ),
    ),
    "10.4": Exercise(
        task="Hand in the weight of coherence at which PoE and MoPoE tie.",
        expected=_AHEAD / (_AHEAD + 0.69),
        tolerance=0.006,
        mistakes=(
            (0.3 / (0.3 + 0.69), "Divide the average precisions by their largest value, 0.7206."),
            (0.69 / (_AHEAD + 0.69), "This is MoPoE's share, above the crossing."),
        ),
    ),
    "10.5": Exercise(
        task="Hand in the difference of means over its standard error.",
        expected=_RATIO,
        tolerance=0.01,
        mistakes=(
            (_RATIO * math.sqrt(2 / 3), "A variance of n numbers is estimated with n - 1."),
            (_RATIO / math.sqrt(3), "The variance of a mean is divided by the number of seeds."),
            (_RATIO / 2, "The standard error itself, not twice it."),
        ),
    ),
}  # fmt: skip
