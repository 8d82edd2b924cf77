r"""Moments of an urn from the characteristic function of independent counts.

Fisher's law is that of independent binomial counts given their sum. The probability of the sum is a
Fourier integral over the characteristic function, which is a plain product. Weights are scaled so
that the wanted sum is the expected one: the integrand is then a bump of width about one over the
standard deviation, and an equidistant sum with a few times sqrt(n) points is exact to rounding. No
table of counts appears, so the cost is K sqrt(n) where convolutions take K n^2.
"""

import math

import torch
from torch import Tensor

from wslbook.typing import Float, Int

__all__ = ["contour_mean"]

NEGLIGIBLE = 40.0  # sums as improbable as e^-40 may be confused with the wanted one


def contour_mean(
    class_sizes: Int[Tensor, " class"], num_draws: int, log_odds: Float[Tensor, "*batch class"]
) -> Float[Tensor, "*batch class"]:
    r"""Return the exact mean of :class:`.MultivariateHypergeometric`, with its gradient.

    .. math::
        \mathbb E[N_k] = m_k \frac{\sum_\theta \mathrm{Re}\, \phi(\theta)\,
        \sigma(\lambda_k + i \theta)}{\sum_\theta \mathrm{Re}\, \phi(\theta)}, \qquad
        \phi(\theta) = e^{-i n \theta} \prod_k (1 - p_k + p_k e^{i \theta})^{m_k}

    Here lambda_k = log w_k + shift, p_k = sigma(lambda_k), and theta runs over P equidistant
    angles. The shift changes no mean, but rounding is small only if it makes the m_k p_k add to
    about n. Sums of the independent counts that differ by a multiple of P are confused, so P is
    larger than any difference that occurs then (Bernstein's inequality).

    Args:
        class_sizes: the number m_k of balls in each class.
        num_draws: the number n of balls drawn.
        log_odds: lambda_k, finite: log-weights with their shift.

    Returns:
        The mean, whose Jacobian is the covariance.

    Example:
        >>> contour_mean(torch.tensor([6, 6, 6]), 8, torch.tensor([-1.3, -0.3, 0.7]))
        tensor([1.2584, 2.6008, 4.1407])

    Derived in: notebooks/16
    """
    m = class_sizes.type_as(log_odds).unsqueeze(-1)
    p, rest = log_odds.sigmoid().unsqueeze(-1), (-log_odds).sigmoid().unsqueeze(-1)
    theta, weights = _angles(int(class_sizes.sum()), num_draws, log_odds)
    # |1 - p + p e^{iθ}|^2 = 1 - 4 p (1 - p) sin^2(θ / 2)
    loss = 4 * p * rest * (theta / 2).sin().square()
    angle = torch.atan2(p * theta.sin(), rest + p * theta.cos())
    size = weights * (m * (-loss).log1p() / 2).sum(-2, keepdim=True).exp()
    phase = (m * angle).sum(-2, keepdim=True) - num_draws * theta
    real, imaginary = size * phase.cos(), size * phase.sin()
    # σ(λ + iθ) = p (p + (1 - p) e^{iθ}) / |1 - p + p e^{iθ}|^2
    share_real = p * (p + rest * theta.cos()) / (1 - loss)
    share_imaginary = p * rest * theta.sin() / (1 - loss)
    shares = (real * share_real - imaginary * share_imaginary).sum(-1) / real.sum(-1)
    return m.squeeze(-1) * shares


def _angles(total: int, num_draws: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the angles from 0 to π, and weights 2 for those that stand for -θ too."""
    # P(|S - n| >= d) <= 2 exp(-d^2 / (2 v + 2 d / 3)), where v bounds the variance of the sum S
    v, c = min(num_draws, total - num_draws), NEGLIGIBLE / 3
    points = min(total + 1, math.ceil(c + math.sqrt(c**2 + 2 * NEGLIGIBLE * v))) | 1
    j = torch.arange((points + 1) // 2, device=like.device).type_as(like)
    return 2 * math.pi / points * j, 1 + (j > 0).type_as(like)
