"""Answers of chapter 15."""

import math

import torch
from torch import Tensor

from wslbook.distributions import MergedMultivariateHypergeometric, MultivariateHypergeometric
from wslbook.exercises.check import Exercise

_CRITICAL = 1.3580986393225505  # Kolmogorov's law exceeds it with probability 0.05


def _smallest_visible(samples: int, class_: int = 0, halved: bool = True) -> float:
    """Return the first weight on the slider whose distance exceeds the critical one."""
    weights = torch.arange(10, 101, dtype=torch.double) / 10
    log_weights = torch.stack([0 * weights, weights.log(), 0 * weights], -1)
    exact, merged = (
        law([200] * 3, 180, log_weights).marginal_probs(class_).cumsum(-1)
        for law in (MultivariateHypergeometric, MergedMultivariateHypergeometric)
    )
    critical = _CRITICAL * math.sqrt((2 if halved else 1) / samples)
    return weights[(exact - merged).abs().amax(-1) > critical][0].item()


def _urns_to_look_into() -> Tensor:
    log_weights = torch.tensor([1.0, 10.0, 1.0], dtype=torch.double).log()
    covariance = MultivariateHypergeometric([200] * 3, 180, log_weights).covariance_matrix
    return (1.96 / 0.01) ** 2 * torch.linalg.inv(covariance[1:, 1:]).diagonal()


def _without_covariances() -> Tensor:
    log_weights = torch.tensor([1.0, 10.0, 1.0], dtype=torch.double).log()
    variance = MultivariateHypergeometric([200] * 3, 180, log_weights).variance
    return (1.96 / 0.01) ** 2 / variance[1:]


_NEEDED = _urns_to_look_into()

EXERCISES = {
    "15.1": Exercise(
        task="Hand in the pair of p-values, for four against four and three against three.",
        expected=(1 / 35, 0.1),
        tolerance=1e-4,
        mistakes=(
            ((1 / 70, 0.05), "This counts one of the two orders; the gap has no sign."),
            ((0.1, 1 / 35), "These are in the wrong order."),
            ((2 / 2**8, 2 / 2**6), "The labels are not coin flips: each sample has its size."),
        ),
    ),
    "15.2": Exercise(
        task="Hand in the list of the five adjusted p-values, in the order of the tests.",
        expected=(0.05, 0.015, 0.3, 0.05, 0.05),
        tolerance=1e-3,
        mistakes=(
            ((0.015, 0.05, 0.05, 0.05, 0.3), "Right numbers; give them in the order of the tests."),
            ((0.2, 0.015, 1.0, 0.1, 0.15), "This is Bonferroni's correction; divide by the rank."),
            ((0.04, 0.003, 0.3, 0.02, 0.03), "These are the p-values before the correction."),
        ),
    ),
    "15.3": Exercise(
        task="Hand in the pair of weights, for 1000 and for 10 000 samples.",
        expected=(_smallest_visible(1000), _smallest_visible(10_000)),
        tolerance=0.01,
        mistakes=(
            (
                (_smallest_visible(1000) - 0.1, _smallest_visible(10_000) - 0.1),
                "These are the last weights that are expected not to be rejected.",
            ),
            (
                (_smallest_visible(1000, halved=False), _smallest_visible(10_000, halved=False)),
                "This is the critical distance of one sample against a known law.",
            ),
        ),
    ),
    "15.4": Exercise(
        task="Hand in the pair of numbers of count vectors, for log(w2/w1) and log(w3/w1).",
        expected=_NEEDED,
        tolerance=2.0,
        mistakes=(
            (_without_covariances(), "Invert the matrix, not its diagonal: the counts depend."),
            (_NEEDED / 1.96**2, "This makes one standard error 0.01, not the half-width."),
            (_NEEDED / 4, "The half-width is meant, not the width."),
        ),
    ),
}  # fmt: skip
