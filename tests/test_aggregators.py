"""Aggregation against numerical integration and closed forms."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import Independent, Normal

from wslbook.aggregators import aggregate, moe, mopoe, poe, random_subsets
from wslbook.distributions.mixture_divergence import kl_convexity_bound

GRID = np.linspace(-30, 30, 60_001)


def gaussians(loc, scale):
    return Independent(Normal(loc, scale), 1)


@pytest.fixture
def experts():
    return gaussians(2 * torch.randn(3, 4, 2), 0.3 + torch.rand(3, 4, 2))


def integrated(experts, rows, example, prior=None):
    """Return density values of the mixture of normalised products on GRID, by summation."""
    normal = experts.base_dist
    total = np.zeros_like(GRID)
    for row in rows:
        product = np.ones_like(GRID) if prior is None else stats.norm.pdf(GRID)
        for m in np.flatnonzero(row):
            loc, scale = float(normal.loc[m, example, 0]), float(normal.scale[m, example, 0])
            product = product * stats.norm.pdf(GRID, loc, scale)
        total += product / (product.sum() * (GRID[1] - GRID[0]))
    return total / len(rows)


@pytest.mark.parametrize("rows", [poe, moe, mopoe, lambda m: torch.tensor([[True, True, False]])])
@pytest.mark.parametrize("prior", [None, gaussians(torch.zeros(1), torch.ones(1))])
def test_density_is_the_integrated_one(rows, prior):
    experts = gaussians(torch.randn(3, 2, 1), 0.3 + torch.rand(3, 2, 1))
    q = aggregate(experts, rows(3), prior=prior)
    at = torch.from_numpy(GRID[::500]).reshape(-1, 1, 1).expand(-1, 2, 1)
    for example in range(2):
        oracle = integrated(experts, rows(3).numpy(), example, prior)[::500]
        ours = q.log_prob(at)[:, example].exp().numpy()
        np.testing.assert_allclose(ours, oracle, atol=1e-9)


def test_product_of_two_by_hand():
    """Precisions 1 and 4 add to 5, the mean is (1 * 0 + 4 * 2) / 5 (errata E-14)."""
    q = aggregate(
        gaussians(torch.tensor([[[0.0]], [[2.0]]]), torch.tensor([[[1.0]], [[0.5]]])), poe(2)
    )
    assert q.mean.item() == pytest.approx(1.6)
    assert q.variance.item() == pytest.approx(0.2)


def test_subset_matrices():
    names = {frozenset(row.nonzero().flatten().tolist()) for row in mopoe(4)}
    expected = {frozenset(c) for r in range(1, 5) for c in itertools.combinations(range(4), r)}
    assert names == expected
    assert len(mopoe(4)) == 15
    assert torch.equal(moe(3), torch.eye(3).bool())
    assert poe(3).all()
    assert poe(3).shape == (1, 3)


@pytest.mark.parametrize("rows", [poe, moe, mopoe])
def test_masking_is_removing(experts, rows):
    """The law is that of the other modalities, with the same draws, and no gradient leaks."""
    loc = experts.mean.clone().requires_grad_()
    scale = experts.stddev.clone().requires_grad_()
    present = torch.ones(3, 4, dtype=torch.bool)
    present[1] = False
    masked = aggregate(gaussians(loc, scale), rows(3), present)
    kept = [0, 2]
    removed = aggregate(gaussians(experts.mean[kept], experts.stddev[kept]), rows(3)[:, kept])
    smaller = aggregate(gaussians(experts.mean[kept], experts.stddev[kept]), rows(2))
    z = torch.randn(7, 4, 2)
    assert torch.equal(masked.log_prob(z), removed.log_prob(z))
    torch.testing.assert_close(masked.log_prob(z), smaller.log_prob(z))
    torch.manual_seed(1)
    first = masked.rsample((5,))
    torch.manual_seed(1)
    assert torch.equal(first, removed.rsample((5,)))
    (masked.log_prob(z).sum() + first.sum()).backward()
    assert (loc.grad[1] == 0).all()
    assert (scale.grad[1] == 0).all()
    assert (loc.grad[[0, 2]] != 0).any()


def test_presence_differs_between_examples(experts):
    present = torch.tensor([[True, False, True, True], [True, True, False, True], [True] * 4])
    q = aggregate(experts, mopoe(3), present)
    for i in range(4):
        kept = present[:, i].nonzero().flatten()
        alone = gaussians(experts.mean[kept, i : i + 1], experts.stddev[kept, i : i + 1])
        z = torch.randn(4, 2)
        oracle = aggregate(alone, mopoe(len(kept))).log_prob(z[i : i + 1])
        torch.testing.assert_close(q.log_prob(z)[i : i + 1], oracle)
    torch.testing.assert_close(q.weights.sum(0), torch.ones(4))


def test_convexity_bound_averages_over_subsets(experts):
    """The mean over the rows of the closed-form divergence of each product."""
    q = aggregate(experts, mopoe(3))
    prior = gaussians(torch.zeros(2), torch.ones(2))
    terms = []
    for row in mopoe(3):
        precision = (experts.stddev[row] ** -2).sum(0)
        mean = (experts.mean[row] * experts.stddev[row] ** -2).sum(0) / precision
        terms.append(0.5 * (1 / precision + mean**2 - 1 + precision.log()).sum(-1))
    torch.testing.assert_close(kl_convexity_bound(q, prior), torch.stack(terms).mean(0))


def test_random_subsets_are_uniform():
    """Chi-square on the 7 non-empty subsets of 3 modalities."""
    rows = random_subsets(3, 7000)
    counts = (rows.long() @ torch.tensor([1, 2, 4])).bincount(minlength=8)
    assert counts[0] == 0
    assert stats.chisquare(counts[1:].numpy()).pvalue > 1e-4


def test_random_subsets_are_unbiased(experts):
    """The mean bound over drawn subsets is the bound over all of them."""
    prior = gaussians(torch.zeros(2), torch.ones(2))
    exact = kl_convexity_bound(aggregate(experts, mopoe(3)), prior)
    draws = torch.stack(
        [kl_convexity_bound(aggregate(experts, random_subsets(3, 4)), prior) for _ in range(2000)]
    )
    assert ((draws.mean(0) - exact).abs() < 5 * draws.std(0) / math.sqrt(2000)).all()


class TestErrors:
    def test_counts(self):
        for rows in (poe, moe, mopoe):
            with pytest.raises(ValueError, match="num_modalities: expected at least 1, got 0"):
                rows(0)
        with pytest.raises(ValueError, match="num_modalities: expected at most 20"):
            mopoe(21)
        with pytest.raises(ValueError, match="num_subsets: expected at least 1, got 0"):
            random_subsets(3, 0)

    def test_shapes(self, experts):
        with pytest.raises(ValueError, match=r"experts: expected batch \[2, batch\]"):
            aggregate(experts, poe(2))

    def test_nothing_present(self, experts):
        present = torch.ones(3, 4, dtype=torch.bool)
        present[:, 2] = False
        with pytest.raises(ValueError, match="present: example 2 has no modality"):
            aggregate(experts, mopoe(3), present)


def test_junk_in_an_absent_modality_does_no_harm(experts):
    """Neither value nor gradient is touched by a scale whose precision overflows."""
    scale = experts.stddev.clone()
    scale[1] = 1e-200
    scale.requires_grad_()
    present = torch.ones(3, 4, dtype=torch.bool)
    present[1] = False
    q = aggregate(gaussians(experts.mean, scale), mopoe(3), present)
    q.log_prob(torch.zeros(4, 2)).sum().backward()
    assert scale.grad.isfinite().all()
    assert (scale.grad[1] == 0).all()
