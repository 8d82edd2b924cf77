"""Answers of chapter 12."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from wslbook.exercises.check import Exercise


def _swap_part(z: Tensor, sizes: list[int], part: int, order: Tensor) -> Tensor:
    pieces = list(z.split(sizes, -1))
    pieces[part] = pieces[part][order]
    return torch.cat(pieces, -1)


def _others_swapped(z: Tensor, sizes: list[int], part: int, order: Tensor) -> Tensor:
    pieces = [piece[order] for piece in z.split(sizes, -1)]
    pieces[part] = z.split(sizes, -1)[part]
    return torch.cat(pieces, -1)


def _next_part(z: Tensor, sizes: list[int], part: int, order: Tensor) -> Tensor:
    return _swap_part(z, sizes, (part + 1) % len(sizes), order)


def _all_swapped(z: Tensor, sizes: list[int], part: int, order: Tensor) -> Tensor:
    return z[order]


def _inverse(z: Tensor, sizes: list[int], part: int, order: Tensor) -> Tensor:
    return _swap_part(z, sizes, part, order.argsort())


_Swap = Callable[[Tensor, list[int], int, Tensor], Tensor]
_CODES = torch.arange(12.0, dtype=torch.double).reshape(3, 4)
_ORDER = torch.tensor([1, 2, 0])
_RHO = 0.6
_APART = _RHO**2 / (1 - _RHO**2) + math.log(1 - _RHO**2) / 2

EXERCISES = {
    "12.1": Exercise(
        task="Hand in the difference in nats.",
        expected=_APART,
        tolerance=1e-3,
        mistakes=(
            (-math.log(1 - _RHO**2) / 2, "This is KL(p || q); the order of arguments matters."),
            (-_APART, "The sign is the wrong way round: q ignores the correlation and pays."),
            (0.0, "The parts agree, but the joint laws do not."),
            (math.log(1 - _RHO**2) / 2, "The trace of the inverse correlation matrix is missing."),
        ),
    ),
    "12.2": Exercise(
        task="Hand in the loss in nats.",
        expected=math.log(13 / 3.4) / 2,
        tolerance=1e-3,
        mistakes=(
            (math.log(13 / 3.4), "A factor of one half is missing."),
            (math.log(7 / 3) / 2, "a is one over the variance, not over the standard deviation."),
            (math.log(5 / 1.8) / 2, "This is for one modality."),
            (-math.log(13 / 3.4) / 2, "A loss is positive; swap the fraction."),
        ),
    ),
    "12.3": Exercise(
        task="Hand in a function of z, sizes, part and order.",
        expected=_swap_part,
        tolerance=1e-9,
        inputs=((_CODES, [2, 1, 1], 1, _ORDER), (_CODES, [1, 3, 0], 0, _ORDER)),
        mistakes=(
            (_others_swapped, "All other parts must stay, and this one change."),
            (_next_part, "Parts are counted from 0; the shared one is part 0."),
            (_all_swapped, "Only one part comes from the other rows."),
            (_inverse, "Row i takes the part of row order[i], not the other way round."),
        ),
    ),
    "12.4": Exercise(
        task="Hand in the pair (c_S - c_M, c_M - c_T) in nats.",
        expected=(150.6, 18.2),
        tolerance=0.06,
        mistakes=(
            ((-150.6, -18.2), "The spared modality is the one whose cost is not paid."),
            ((18.2, 150.6), "These are in the wrong order."),
            ((150.6, 168.8), "The second is c_S - c_T."),
        ),
    ),
    "12.5": Exercise(
        task="Hand in the price.",
        expected=7.5 / math.log(10),
        tolerance=1e-3,
        mistakes=(
            (15 / math.log(10), "The component that errs is drawn in half of the cases only."),
            (60 / math.log(10), "Multiply by the probability of an error."),
            (7.5, "Divide by what the copy costs: log 10 nats."),
            (7.5 / math.log2(10), "Nats, not bits."),
        ),
    ),
}
