"""Samples of the exact law against the probabilities of twenty random urns.

Statistical: with seed 0 and a level of 1e-3 for all urns together, a correct sampler fails for one
seed in a thousand.
"""

import numpy as np
import pytest
import torch
from scipy import stats

from tests.cases import all_counts, fisher
from wslbook.distributions import MultivariateHypergeometric

DRAWS, URNS, LEVEL = 50_000, 20, 1e-3


@pytest.mark.parametrize("seed", range(URNS))
def test_samples_follow_the_exact_law(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, size=rng.integers(2, 5)).tolist()
    num_draws = int(rng.integers(1, sum(sizes)))
    log_weights = rng.normal(size=len(sizes))

    support = np.array(list(all_counts(sizes, num_draws)))
    p = np.array([fisher(n, sizes, num_draws, log_weights) for n in support])
    expected = DRAWS * p / p.sum()

    law = MultivariateHypergeometric(sizes, num_draws, torch.tensor(log_weights))
    drawn = law.sample((DRAWS,)).numpy().astype(int)
    keys = {tuple(n): i for i, n in enumerate(support.tolist())}
    observed = np.bincount([keys[tuple(n)] for n in drawn.tolist()], minlength=len(support))

    # outcomes that are rare together (below 5 draws) share a cell with the rarest common one
    order = np.argsort(expected)
    common = order[expected[order].cumsum() >= 5]
    cell = np.zeros(len(support), dtype=int)
    cell[common] = np.arange(len(common))
    pairs = [np.bincount(cell, x) for x in (observed, expected)]
    assert len(common) > 1
    assert stats.chisquare(*pairs).pvalue > LEVEL / URNS
