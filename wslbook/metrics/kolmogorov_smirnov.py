r"""Measures of agreement between samples and laws: Kolmogorov-Smirnov tests for discrete data.

The textbook p-value of a Kolmogorov-Smirnov test assumes continuous data. Under ties the largest
gap between two distribution functions is smaller than that theory expects, so its p-values are too
large and real differences go unseen. Here every p-value is simulated under the null hypothesis with
the ties as they are (Monte Carlo tests), so the level is kept for any data.

Several p-values that are read together are corrected by ``scipy.stats.false_discovery_control``
(Benjamini and Hochberg), which needs no help from this package.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from wslbook.typing import Float, Int

__all__ = ["KolmogorovSmirnov", "ks_one_sample", "ks_two_sample"]


class KolmogorovSmirnov(NamedTuple):
    """The outcome of a Kolmogorov-Smirnov test."""

    statistic: float
    """The largest distance between the two distribution functions."""
    pvalue: float
    """How often, under the null hypothesis, the distance is at least as large."""


def ks_one_sample(
    sample: Float[Tensor, " sample"] | Int[Tensor, " sample"],
    probs: Float[Tensor, " _"],
    num_simulations: int = 9999,
) -> KolmogorovSmirnov:
    r"""Test whether counts come from a law on the numbers 0, ..., J - 1.

    .. math::
        D = \max_j |\hat F(j) - F(j)|, \qquad
        p = \frac{1 + \#\{b : D_b \ge D\}}{1 + B}

    The distances D_b are those of B samples of the same size from the law itself, so that p is at
    most a level as often as the level says, and less by at most what ties cost.

    Args:
        sample: independent draws, whole numbers from 0 to J - 1, ``[sample]``.
        probs: the probability of each number, ``[J]``.
        num_simulations: the number B of simulated samples, at least 1; p is at least 1 / (1 + B).
            They cost J B operations, whatever the size of the sample.

    Returns:
        The statistic D and its p-value.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Conover, A Kolmogorov goodness-of-fit test for discontinuous distributions, 1972. Barnard,
        discussion of The spectral analysis of point processes, 1963 (Monte Carlo tests).

    Example:
        >>> _ = torch.manual_seed(0)
        >>> dice = torch.randint(6, (600,))
        >>> ks_one_sample(dice, torch.full((6,), 1 / 6)).pvalue > 0.01
        True

    Derived in: notebooks/15
    """
    _check_simulations(num_simulations)
    p = _law(probs)
    size, observed = len(sample), _tally(sample, len(p))
    generator = _generator()
    simulated = generator.multinomial(size, p, num_simulations)
    gaps = np.abs(np.vstack([observed, simulated]).cumsum(-1) / size - p.cumsum()).max(-1)
    # gaps that are equal in theory may differ by roundings
    return KolmogorovSmirnov(float(gaps[0]), _share(gaps[1:] >= gaps[0] - 1e-12))


def ks_two_sample(
    first: Float[Tensor, " _"] | Int[Tensor, " _"],
    second: Float[Tensor, " _"] | Int[Tensor, " _"],
    num_simulations: int = 9999,
) -> KolmogorovSmirnov:
    r"""Test whether two samples come from one law, by permutation.

    .. math::
        D = \max_x |\hat F_1(x) - \hat F_2(x)|, \qquad
        p = \frac{1 + \#\{b : D_b \ge D\}}{1 + B}

    The distances D_b are those of B random splits of the pooled sample. A split leaves a
    hypergeometric number of each distinct value in the first part, so nothing is shuffled, and
    samples of any size cost the same. Without ties use ``scipy.stats.ks_2samp``.

    Args:
        first: independent draws, finite, ``[_]``.
        second: more draws, perhaps another number of them, finite, ``[_]``.
        num_simulations: the number B of splits, at least 1; p is at least 1 / (1 + B). They cost B
            operations for each distinct value.

    Returns:
        The statistic D and its p-value.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Thesis section 5.1.4, where the continuous p-value is used (our errata E-28 and E-29).

    Example:
        >>> _ = torch.manual_seed(0)
        >>> fair, loaded = torch.randint(6, (500,)), torch.randint(7, (500,)).clamp(max=5)
        >>> ks_two_sample(fair, loaded).pvalue < 0.01
        True

    Derived in: notebooks/15
    """
    _check_simulations(num_simulations)
    for name, sample in (("first", first), ("second", second)):
        if not (len(sample) and sample.isfinite().all()):
            raise ValueError(f"{name}: expected at least one number, all finite, got {sample}")
    values, place = torch.cat([first, second]).unique(return_inverse=True)
    pooled, observed = (
        x.bincount(minlength=len(values)).numpy(force=True) for x in (place, place[: len(first)])
    )
    sizes = len(first), len(second)
    generator = _generator()
    simulated = generator.multivariate_hypergeometric(
        pooled, len(first), num_simulations, method="marginals"
    )
    # n_1 n_2 (F_1 - F_2) = (n_1 + n_2) C_1 - n_1 C in whole numbers, so that ties are exact
    inside = np.vstack([observed, simulated]).cumsum(-1)
    gaps = np.abs(sum(sizes) * inside - sizes[0] * pooled.cumsum()).max(-1)
    return KolmogorovSmirnov(float(gaps[0] / (sizes[0] * sizes[1])), _share(gaps[1:] >= gaps[0]))


def _share(at_least: np.ndarray) -> float:
    """Return the share of simulations with as large a distance, the data counted among them."""
    return float((1 + at_least.sum()) / (1 + len(at_least)))


def _generator() -> np.random.Generator:
    """Return NumPy's generator, seeded from torch: its samplers take counts of any size."""
    return np.random.default_rng(int(torch.randint(2**62, ())))


def _law(probs: Tensor) -> np.ndarray:
    p = probs.detach().double().numpy(force=True)
    # marginals in single precision sum to one within a few roundings for every term
    slack = 10 * len(p) * torch.finfo(probs.dtype).eps
    if not (len(p) and (p >= 0).all() and abs(p.sum() - 1) <= slack):
        raise ValueError(f"probs: expected probabilities that sum to one, got {probs}")
    return p / p.sum()


def _tally(sample: Tensor, width: int) -> np.ndarray:
    whole = len(sample) > 0 and bool((sample == sample.long()).all())
    if not (whole and sample.min() >= 0 and sample.max() < width):
        raise ValueError(f"sample: expected whole numbers from 0 to {width - 1}, got {sample}")
    return sample.long().bincount(minlength=width).numpy(force=True)


def _check_simulations(num_simulations: int) -> None:
    if not num_simulations >= 1:
        raise ValueError(f"num_simulations: expected at least 1, got {num_simulations!r}")
