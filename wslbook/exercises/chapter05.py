"""Answers of chapter 05."""

import math

import torch
from torch import Tensor

from wslbook.exercises.check import Exercise


def _tempered(log_scores: Tensor, tau: float) -> Tensor:
    return torch.softmax(log_scores / tau, -1)


def _heated(log_scores: Tensor, tau: float) -> Tensor:
    return torch.softmax(log_scores * tau, -1)


def _powers(log_scores: Tensor, tau: float) -> Tensor:
    return torch.exp((log_scores - log_scores.max()) / tau)


def _ignored(log_scores: Tensor, tau: float) -> Tensor:
    return torch.softmax(log_scores, -1)


EXERCISES = {
    "05.1": Exercise(
        task="Hand in the temperature as a number.",
        expected=math.log(2) / math.log(9),
        tolerance=1e-3,
        mistakes=(
            (math.log(9) / math.log(2), "This is 1/τ, the power to which the scores are raised."),
            (math.log(2) / math.log(0.9 / 0.1 + 1), "Probability 0.9 means odds of 9, not of 10."),
            (1 / math.log(9), "The scores are 1 and 2, so the gap of the log-scores is log 2."),
        ),
    ),
    "05.2": Exercise(
        task="Hand in a function of log_scores, a tensor, and tau.",
        expected=_tempered,
        tolerance=1e-5,
        inputs=(
            (torch.tensor([0.0, 1.0, -2.0]), 0.5),
            (torch.tensor([1000.0, 1001.0, 998.0]), 2.0),
            (torch.tensor([-4000.0, -4000.0, -4003.0]), 4.0),
        ),
        mistakes=(
            (_heated, "Divide the log-scores by the temperature, do not multiply."),
            (_powers, "These are not normalised: divide by their sum."),
            (_ignored, "This is the law at temperature 1."),
        ),
    ),
    "05.3": Exercise(
        task="Hand in the probability as a number.",
        expected=math.exp(-6 * math.exp(-2)),
        tolerance=1e-4,
        mistakes=(
            (
                math.exp(-6 * math.exp(-2)) / 6,
                "This is the probability that class 1 wins *and* is at most 2; it is known to win.",
            ),
            (
                math.exp(-math.exp(-2)),
                "This is the law of class 1 before the race; that it won tells us that it is high.",
            ),
            (1 - math.exp(-6 * math.exp(-2)), "This is the probability of being above 2."),
        ),
    ),
    "05.4": Exercise(
        task="Hand in the factor for ten classes.",
        expected=512.0,
        tolerance=1e-3,
        mistakes=(
            (4.0, "This is the factor for three classes; how does it depend on their number?"),
            (1024.0, "The simplex of ten classes has nine dimensions."),
            (2.0, "For two classes, yes."),
        ),
    ),
    "05.5": Exercise(
        task="Hand in the limit as a number.",
        expected=0.375,
        tolerance=1e-4,
        mistakes=(
            (0.25, "This is the exact gradient; the trapezoid rule errs on a cube."),
            (1.5, "This is the trapezoid rule; multiply by the rate at which wins change hands."),
            (0.75, "The slope 3 is met on one side of the race only."),
        ),
    ),
}
