"""Answers of chapter 02."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from wslbook.exercises.check import Exercise


def _batch_size(points: int, variance: float, deviation: float) -> float:
    return points**2 * variance / (deviation**2 + points * variance)


def _score(z: float, logit: float) -> float:
    return z - 1 / (1 + math.exp(-logit))


def _score_of_probability(z: float, logit: float) -> float:
    p = 1 / (1 + math.exp(-logit))
    return (z - p) / (p * (1 - p))


def _score_flipped(z: float, logit: float) -> float:
    return -_score(z, logit)


def _score_logit_as_probability(z: float, logit: float) -> float:
    return z - logit


def _leave_one_out(h: Tensor, f: Tensor) -> Tensor:
    return (h * (f - (f.sum() - f) / (len(f) - 1))).mean()


def _mean_of_all(h: Tensor, f: Tensor) -> Tensor:
    return (h * (f - f.mean())).mean()


def _no_baseline(h: Tensor, f: Tensor) -> Tensor:
    return (h * f).mean()


def _summed(h: Tensor, f: Tensor) -> Tensor:
    return len(f) * _leave_one_out(h, f)


def _others_over_all(h: Tensor, f: Tensor) -> Tensor:
    return (h * (f - (f.sum() - f) / len(f))).mean()


_DRAWS = (
    (torch.tensor([0.5, -1.0, 2.0]), torch.tensor([3.0, 1.0, 4.0])),
    (torch.tensor([1.0, -1.0]), torch.tensor([-2.0, 0.5])),
    (torch.tensor([0.2, 0.1, -0.4, 1.3]), torch.tensor([10.0, 11.0, 9.0, 12.0])),
)


def _variances(x: float, m: float, s: float, noise: float) -> tuple[float, float, float]:
    """Return the variance of one draw: score function, with the best constant, reparameterised."""
    precision = 1 + 1 / noise**2
    a = -0.5 * math.log(2 * math.pi * noise**2) - (x - m) ** 2 / (2 * noise**2)
    a += math.log(s) - m**2 / 2
    b = s * ((x - m) / noise**2 - m)
    c = 0.5 - s**2 * precision / 2
    score = (a**2 + 2 * b**2 + 15 * c**2 + 6 * a * c) / s**2
    return score, (2 * b**2 + 6 * c**2) / s**2, (s * precision) ** 2


def _landing(s: float, noise: float) -> float:
    return (1 / s - s * (1 + 1 / noise**2)) ** 2


def _landing_power(factor: float, square: bool) -> Callable[[float, float], float]:
    """Return a wrong variance: a wrong factor, or the standard deviation."""
    return lambda s, noise: factor * (_landing(s, noise) if square else _landing(s, noise) ** 0.5)


def _pathwise(s: float, noise: float) -> float:
    return (s * (1 + 1 / noise**2)) ** 2


_SCORE, _BEST_CONSTANT, _PATH = _variances(x=1.5, m=0.5, s=0.8, noise=0.8)

EXERCISES = {
    "02.1": Exercise(
        task="Hand in the batch size as a number.",
        expected=_batch_size(50_000, 4.0, 1000.0),
        tolerance=1.0,
        mistakes=(
            (10_000, "This is for drawing with replacement; the factor 1 - |S|/N is missing."),
            (_batch_size(50_000, 2.0, 1000.0), "v = 4 is the variance already; no square root."),
            (_batch_size(50_000, 4.0, math.sqrt(1000.0)), "The variance is the square of 1000."),
        ),
    ),
    "02.2": Exercise(
        task="Hand in a function of z and logit.",
        expected=_score,
        tolerance=1e-8,
        inputs=((0, 0.4), (1, 0.4), (1, -2.0)),
        mistakes=(
            (_score_of_probability, "This is the derivative in the probability, not in the logit."),
            (_score_flipped, "The sign is the wrong way round."),
            (_score_logit_as_probability, "Turn the logit into a probability first."),
        ),
    ),
    "02.3": Exercise(
        task="Hand in a function of the tensors h and f.",
        expected=_leave_one_out,
        tolerance=1e-5,
        inputs=_DRAWS,
        mistakes=(
            (_mean_of_all, "The mean of all draws contains the draw itself: too small by 1 - 1/L."),
            (_no_baseline, "There is no baseline in this one."),
            (_summed, "Average over the draws instead of summing."),
            (_others_over_all, "There are L - 1 other draws, not L."),
        ),
    ),
    "02.4": Exercise(
        task="Hand in the number of draws.",
        expected=10 * _SCORE / _PATH,
        tolerance=2.0,
        mistakes=(
            (_SCORE / _PATH, "This is for one draw of the reparameterised gradient; it has 10."),
            (10 * _BEST_CONSTANT / _PATH, "This is the score function with the best constant."),
            (10 * math.sqrt(_SCORE / _PATH), "Variances fall like 1/L, not like 1/L squared."),
        ),
    ),
    "02.5": Exercise(
        task="Hand in a function of s and noise.",
        expected=_landing,
        tolerance=1e-8,
        inputs=((0.5, 0.8), (1.0, 1.0), (0.3, 2.0)),
        mistakes=(
            (_pathwise, "This is the full pathwise gradient; leave the score out."),
            (_landing_power(0.25, square=True), "The derivative of c e² is 2 c e, not c e."),
            (_landing_power(1.0, square=False), "This is the standard deviation."),
        ),
    ),
}  # fmt: skip
