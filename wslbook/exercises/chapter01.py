"""Answers of chapter 01."""

import math

from wslbook.exercises.check import Exercise


def _log_normal(x: float, variance: float) -> float:
    return -0.5 * (x**2 / variance + math.log(2 * math.pi * variance))


def _kl_coins(q: float, p: float) -> float:
    return q * math.log(q / p) + (1 - q) * math.log((1 - q) / (1 - p))


def _swapped(q: float, p: float) -> float:
    return _kl_coins(p, q)


def _in_bits(q: float, p: float) -> float:
    return _kl_coins(q, p) / math.log(2)


def _first_outcome_only(q: float, p: float) -> float:
    return q * math.log(q / p)


_JOINT = (0.4, 0.05)
_Q = (0.7, 0.3)

EXERCISES = {
    "01.1": Exercise(
        task="Hand in the log evidence log p(x) as a number.",
        expected=_log_normal(1.0, 4.25),
        tolerance=1e-4,
        mistakes=(
            (_log_normal(1.0, 2.25), "Variances add, not a standard deviation and a variance."),
            (_log_normal(1.0, 2.5), "Standard deviations do not add; variances do."),
            (math.exp(_log_normal(1.0, 4.25)), "This is p(x); take its logarithm."),
        ),
    ),
    "01.2": Exercise(
        task="Hand in the pair (mean, width) of q.",
        expected=(1.5 / 1.64, 0.8 / math.sqrt(1.64)),
        tolerance=0.03,
        mistakes=(
            ((1.5 / 1.64, 0.64 / 1.64), "The mean is right; the width is the root of this."),
        ),
    ),
    "01.3": Exercise(
        task="Hand in a function of q and p.",
        expected=_kl_coins,
        tolerance=1e-8,
        inputs=((0.3, 0.6), (0.9, 0.5), (0.5, 0.5)),
        mistakes=(
            (_swapped, "This is KL(p || q); the average must be over q."),
            (_in_bits, "This is in bits; use the natural logarithm."),
            (_first_outcome_only, "The other outcome, of probability 1 - q, is missing."),
        ),
    ),
    "01.4": Exercise(
        task="Hand in the correlation as a number between 0 and 1.",
        expected=math.sqrt(3) / 2,
        tolerance=1e-3,
        mistakes=(
            (math.sqrt(0.5), "Here the variance is half; the question is about its root."),
            (0.75, "This is the square of the correlation."),
        ),
    ),
    "01.5": Exercise(
        task="Hand in the ELBO as a number.",
        expected=sum(q * math.log(p / q) for p, q in zip(_JOINT, _Q, strict=True)),
        tolerance=1e-4,
        mistakes=(
            (math.log(0.45), "This is the log evidence; the ELBO of this q is lower."),
            (
                sum(q * (p - math.log(q)) for p, q in zip(_JOINT, _Q, strict=True)),
                "Take the logarithm of the joint probability (the thesis' definition misses it).",
            ),
            (
                sum(q * math.log(p) for p, q in zip(_JOINT, _Q, strict=True)),
                "The entropy of q is missing.",
            ),
        ),
    ),
}
