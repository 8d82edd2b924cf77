"""Answers of chapter 03."""

import math

import torch
from torch import Tensor

from wslbook.exercises.check import Exercise


def _rate(mean: Tensor, scale: Tensor) -> Tensor:
    return 0.5 * (mean**2 + scale**2 - 1 - 2 * scale.log()).sum()


def _rate_without_half(mean: Tensor, scale: Tensor) -> Tensor:
    return 2 * _rate(mean, scale)


def _rate_per_dimension(mean: Tensor, scale: Tensor) -> Tensor:
    return _rate(mean, scale) / len(mean)


def _rate_from_variance(mean: Tensor, variance: Tensor) -> Tensor:
    return _rate(mean, variance.sqrt())


def _rate_with_one_logarithm(mean: Tensor, scale: Tensor) -> Tensor:
    return 0.5 * (mean**2 + scale**2 - 1 - scale.log()).sum()


def _bound(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))


def _sum_of_weights(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0)


def _mean_of_logs(log_w: Tensor) -> Tensor:
    return log_w.mean()


_ENCODER = 785 * 400 + 2 * 401 * 20
_DECODER = 21 * 400 + 401 * 784
_WITHOUT_BIAS = 784 * 400 + 2 * 400 * 20 + 20 * 400 + 400 * 784
_RADIUS = math.sqrt(2 * (3.5 - math.log(2 * math.pi)))
_SHARE = 2 * math.pi * math.exp(-3.5)

EXERCISES = {
    "03.1": Exercise(
        task="Hand in a function of the tensors mean and scale.",
        expected=_rate,
        tolerance=1e-5,
        inputs=(
            (torch.tensor([0.0, 0.0]), torch.tensor([1.0, 1.0])),
            (torch.tensor([1.0, -0.5]), torch.tensor([0.6, 1.2])),
            (torch.tensor([2.0, 0.1, -1.5]), torch.tensor([0.1, 1.0, 0.8])),
        ),
        mistakes=(
            (_rate_without_half, "The factor 1/2 is missing."),
            (_rate_per_dimension, "The dimensions add up; do not average them."),
            (_rate_from_variance, "The second argument is σ, not σ²."),
            (_rate_with_one_logarithm, "log σ² is 2 log σ."),
        ),
    ),
    "03.2": Exercise(
        task="Hand in a function of the tensor of log weights.",
        expected=_bound,
        tolerance=1e-3,
        inputs=(
            (torch.tensor([-1.0, -2.0, -0.5]),),
            (torch.tensor([-101.0, -99.0, -120.0, -100.5]),),
            (torch.tensor([-1000.0, -1003.0]),),
        ),
        mistakes=(
            (_sum_of_weights, "This is the log of the sum; divide by K inside the logarithm."),
            (_mean_of_logs, "This estimates the ELBO: average the weights, not their logs."),
        ),
    ),
    "03.3": Exercise(
        task="Hand in the number of weights and biases.",
        expected=_ENCODER + _DECODER,
        tolerance=0.5,
        mistakes=(
            (_WITHOUT_BIAS, "Every layer also has biases, one for each output."),
            (_ENCODER, "This is the encoder alone."),
            (_DECODER, "This is the decoder alone."),
            (_ENCODER + _DECODER - 401 * 20, "The encoder has two heads, mean and log variance."),
        ),
    ),
    "03.4": Exercise(
        task="Hand in the smallest β as a number.",
        expected=6.0,
        tolerance=1e-3,
        mistakes=(
            (3 / math.sqrt(0.5), "0.5 is the variance of the noise already; do not take its root."),
            (2.0, "Here the second direction switches off; the first is still in use."),
            (0.4, "Here the third direction switches off; two are still in use."),
        ),
    ),
    "03.5": Exercise(
        task="Hand in the pair (z1, share), the share as a number between 0 and 1.",
        expected=(_RADIUS, _SHARE),
        tolerance=0.04,
        mistakes=(
            (
                (_RADIUS, math.exp(-3.5)),
                "The share is not the density. Integrate the density over all points farther out.",
            ),
            ((_RADIUS, 1 - _SHARE), "This is the share of the draws that lie nearer."),
        ),
    ),
}  # fmt: skip
