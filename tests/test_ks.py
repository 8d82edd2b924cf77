"""Kolmogorov-Smirnov tests against enumeration, SciPy and the thesis' urn.

All tests here simulate: each fixes the seed; with a random seed a correct implementation would fail
it less than once in 10,000 runs.
"""

import math
from itertools import combinations, product

import numpy as np
import pytest
import torch
from scipy import stats

from wslbook.distributions import MergedMultivariateHypergeometric, MultivariateHypergeometric
from wslbook.metrics import ks_one_sample, ks_two_sample

SIMULATIONS = 9999


def close(pvalue, exact):
    """Four and a half standard errors of a share, and the one that counts the data themselves."""
    error = math.sqrt(exact * (1 - exact) / SIMULATIONS)
    return abs(pvalue - exact) <= 4.5 * error + 1 / SIMULATIONS


def distance(first, second):
    values = np.union1d(first, second)
    return max(abs(np.mean(first <= v) - np.mean(second <= v)) for v in values)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([0, 0, 1, 2], [1, 2, 2, 3, 3]),
        ([0, 0, 0, 0, 1], [1, 1, 1, 1]),
        ([1.5, 1.5, 2.0], [1.5, 2.0, 2.0, -1.0]),
        ([5], [5, 5]),
    ],
)
def test_two_samples_equal_all_permutations(first, second):
    pooled = np.array([*first, *second])
    places = range(len(pooled))
    observed = distance(np.array(first), np.array(second))
    # all splits, with equal probability
    splits = [
        distance(pooled[list(chosen)], np.delete(pooled, chosen))
        for chosen in combinations(places, len(first))
    ]
    exact = np.mean(np.array(splits) >= observed - 1e-12)
    result = ks_two_sample(torch.tensor(first), torch.tensor(second), SIMULATIONS)
    assert result.statistic == pytest.approx(observed, abs=1e-15)
    assert close(result.pvalue, exact)


@pytest.mark.parametrize("sample", [[0, 0, 0, 1, 2], [2, 2, 2, 2, 1], [1, 0, 2, 1, 1], [3, 3]])
def test_one_sample_equals_all_samples(sample):
    probs = np.array([0.5, 0.2, 0.25, 0.05])
    cdf = probs.cumsum()

    def gap(draws):
        return max(abs(np.mean(np.array(draws) <= j) - cdf[j]) for j in range(4))

    observed = gap(sample)
    every = product(range(4), repeat=len(sample))
    exact = sum(np.prod(probs[list(draws)]) for draws in every if gap(draws) >= observed - 1e-12)
    result = ks_one_sample(torch.tensor(sample), torch.tensor(probs), SIMULATIONS)
    assert result.statistic == pytest.approx(observed, abs=1e-15)
    assert close(result.pvalue, exact)


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.8])
def test_without_ties_two_samples_equal_scipy(shift):
    first, second = torch.randn(40), torch.randn(55) + shift
    scipy = stats.ks_2samp(first.numpy(), second.numpy(), method="exact")
    result = ks_two_sample(first, second, SIMULATIONS)
    assert result.statistic == pytest.approx(scipy.statistic)
    assert close(result.pvalue, scipy.pvalue)


def rejections(pvalues, level):
    return sum(p <= level for p in pvalues)


@pytest.mark.parametrize("kind", ["one sample", "two samples"])
def test_levels_hold_where_the_continuous_ones_are_conservative(kind):
    """P(p <= level) is at most the level; ties keep the continuous test far below it."""
    probs, repeats = torch.tensor([0.1, 0.4, 0.3, 0.2]), 1000
    ours, theirs = [], []
    for _ in range(repeats):
        first, second = (probs.multinomial(size, True) for size in (150, 211))
        if kind == "one sample":
            ours.append(ks_one_sample(first, probs, 199).pvalue)
            gap = ks_one_sample(first, probs, 1).statistic
            theirs.append(stats.kstwo.sf(gap, 150))
        else:
            ours.append(ks_two_sample(first, second, 199).pvalue)
            theirs.append(stats.ks_2samp(first.numpy(), second.numpy(), method="asymp").pvalue)
    for level in (0.05, 0.2, 0.5):
        law = stats.binom(repeats, level)
        # at most the level; and no less than 0.7 of it, for the distances take many values
        assert rejections(ours, level) <= law.ppf(1 - 1e-5)
        assert rejections(ours, level) >= stats.binom(repeats, 0.7 * level).ppf(1e-5)
        assert rejections(theirs, level) <= stats.binom(repeats, 0.7 * level).ppf(1 - 1e-5)


def test_pvalues_without_ties_are_uniform():
    # with 19 simulations a p-value takes each of 1/20, ..., 20/20 equally often, but for the
    # ties of the distances themselves, which are rare between samples of 101 and 103
    pvalues = [ks_two_sample(torch.rand(101), torch.rand(103), 19).pvalue for _ in range(2000)]
    table = np.bincount(np.rint(20 * np.array(pvalues)).astype(int), minlength=21)[1:]
    assert table.sum() == 2000
    assert stats.chisquare(table).pvalue > 1e-4


def test_the_thesis_scheme_is_told_from_fishers_law():
    """Section 7 of the errata: distances .0771, .0408, .0338 at weights (1, 2, 1)."""
    log_weights, draws = torch.tensor([1.0, 2.0, 1.0]).log().double(), 50_000
    exact, scheme = (
        law([200] * 3, 180, log_weights)
        for law in (MultivariateHypergeometric, MergedMultivariateHypergeometric)
    )
    true, false, again = exact.sample((draws,)), scheme.sample((draws,)), exact.sample((draws,))
    # Dvoretzky-Kiefer-Wolfowitz: 2 exp(-2 n ε²) is 1e-5
    band = math.sqrt(math.log(2e5) / 2 / draws)
    against_law, against_sample, null = [], [], []
    for k, expected in enumerate([0.0771, 0.0408, 0.0338]):
        against_law.append(ks_one_sample(false[:, k], exact.marginal_probs(k), 999))
        against_sample.append(ks_two_sample(true[:, k], false[:, k], 999))
        null.append(ks_two_sample(true[:, k], again[:, k], SIMULATIONS))
        assert abs(against_law[k].statistic - expected) <= band + 5e-5
        assert abs(against_sample[k].statistic - expected) <= 2 * band + 5e-5
    for results in (against_law, against_sample):
        assert [result.pvalue for result in results] == [0.001] * 3
    # Benjamini-Hochberg over the classes keeps the level when every null hypothesis is true
    corrected = stats.false_discovery_control([result.pvalue for result in null])
    assert corrected.min() > 1e-3


def test_any_dtype_and_order():
    sample = torch.tensor([3, 1, 1, 0, 2])
    probs = torch.tensor([0.25, 0.25, 0.25, 0.25])
    for dtype in (torch.int8, torch.int32, torch.float16, torch.float32):
        result = ks_one_sample(sample.to(dtype), probs.float(), 99)
        # F̂ = .2, .6, .8, 1
        assert result.statistic == pytest.approx(0.1)
        # F̂ of the reverse: .2, .4, .8, 1
        result = ks_two_sample(sample.to(dtype), (3 - sample).to(dtype), 99)
        assert result.statistic == pytest.approx(0.2)


def test_bad_arguments_are_refused(unhooked):
    good, half = torch.tensor([0, 1, 1]), torch.tensor([0.5, 0.5])
    for bad in ([0, 2], [-1, 0], [0.5, 1.0], [math.nan, 0.0], []):
        with pytest.raises(ValueError, match="sample: expected whole numbers from 0 to 1, got"):
            ks_one_sample(torch.tensor(bad), half)
    for bad in ([0.5, 0.6], [1.5, -0.5], [math.nan, 1.0], []):
        with pytest.raises(ValueError, match="probs: expected probabilities that sum to one"):
            ks_one_sample(good, torch.tensor(bad))
    for bad in ([], [0.0, math.inf], [math.nan]):
        with pytest.raises(ValueError, match="second: expected at least one number, all finite"):
            ks_two_sample(good, torch.tensor(bad))
    with pytest.raises(ValueError, match="num_simulations: expected at least 1, got 0"):
        ks_one_sample(good, half, 0)
    with pytest.raises(ValueError, match="num_simulations: expected at least 1, got 0"):
        ks_two_sample(good, good, 0)
