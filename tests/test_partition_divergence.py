"""Divergences of laws of partitions against enumeration.

Statistical tests fix the seed; with five standard errors of every number that they compare, a
correct estimate fails about once in 100,000 seeds.
"""

import math

import pytest
import torch

from wslbook.distributions import PlackettLuce, RandomPartition
from wslbook.distributions.partition_divergence import kl_estimate, kl_upper_bound


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)


def parameters(n=4, num_groups=3):
    return [torch.randn(num_groups), torch.randn(n), torch.randn(num_groups), torch.randn(n)]


def exact_kl(q, p):
    y = q.enumerate_support()
    log_q = q.log_prob(y)
    return (log_q.exp() * (log_q - p.log_prob(y))).sum(0)


def exact_bound(q, p):
    """Equation 5.67, added up over all sizes and all rankings."""
    n, rankings = q.size_law.enumerate_support(), q.ranking_law.enumerate_support()
    log_q = q.size_law.log_prob(n)
    sizes = log_q.exp() @ ((n + 1).lgamma().sum(-1) + log_q - p.size_law.log_prob(n))
    places = q.ranking_law.log_prob(rankings).exp() @ p.ranking_law.log_prob(rankings)
    return sizes - places + q.ranking_law.log_prob(rankings).max()


def repeated(estimate, num_samples):
    """Estimate 4000 times side by side, values and gradients, and return means and errors."""
    leaves = [x.expand(4000, -1).clone().requires_grad_() for x in parameters()]
    q, p = RandomPartition(*leaves[:2]), RandomPartition(*leaves[2:])
    values = estimate(q, p, num_samples)
    gradients = torch.autograd.grad(values.sum(), leaves)
    rows = torch.cat([values.detach().unsqueeze(-1), *gradients], -1)
    one = [x[0].detach().requires_grad_() for x in leaves]
    return one, rows.mean(0), rows.std(0) / math.sqrt(len(rows))


@pytest.mark.parametrize("num_samples", [1, 5])
@pytest.mark.parametrize(
    ("estimate", "exact"), [(kl_estimate, exact_kl), (kl_upper_bound, exact_bound)]
)
def test_values_and_gradients_are_unbiased(estimate, exact, num_samples):
    """Statistical: 15 numbers."""
    one, mean, error = repeated(estimate, num_samples)
    value = exact(RandomPartition(*one[:2]), RandomPartition(*one[2:]))
    expected = torch.cat([value.reshape(1), *torch.autograd.grad(value, one)])
    # a constant statistic has no error but its rounding
    assert ((mean - expected).abs() < 5 * error + 1e-10).all()


def test_the_estimate_vanishes_between_equal_laws():
    leaves = [x.requires_grad_() for x in parameters(n=30, num_groups=5)[:2]]
    q, p = RandomPartition(*leaves), RandomPartition(*[x.detach() for x in leaves])
    value = kl_estimate(q, p, 3)
    assert value.abs() < 1e-12
    assert all(g.abs().max() < 1e-10 for g in torch.autograd.grad(value, leaves))


def test_the_bound_does_not_vanish_between_equal_laws():
    """Statistical: E-41, E[log n_1! ... n_K!] for equal scores, with hypergeometric counts."""
    q = RandomPartition(torch.zeros(5_000, 3), torch.zeros(6))
    values = kl_upper_bound(q, q, 4)
    marginal = [math.comb(6, m) * math.comb(12, 6 - m) / math.comb(18, 6) for m in range(7)]
    expected = 3 * sum(p * math.lgamma(m + 1) for m, p in enumerate(marginal))
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - expected) < 5 * error
    assert expected == pytest.approx(2.671, abs=1e-3)


def test_the_bound_is_above_the_divergence():
    for _ in range(20):
        leaves = [2 * x for x in parameters()]
        q, p = RandomPartition(*leaves[:2]), RandomPartition(*leaves[2:])
        assert exact_bound(q, p) >= exact_kl(q, p)


@pytest.mark.parametrize("estimate", [kl_estimate, kl_upper_bound])
def test_batches_broadcast(estimate):
    q = RandomPartition(torch.zeros(3), torch.zeros(4))
    p = RandomPartition(torch.zeros(5, 1, 3), torch.zeros(2, 4))
    assert estimate(q, p, 7).shape == (5, 2)
    assert estimate(p, q, 7).shape == (5, 2)


def test_rankings_have_an_estimate_too():
    """Statistical: one number."""
    q, p = PlackettLuce(torch.randn(4)), PlackettLuce(torch.randn(4))
    values = kl_estimate(q.expand((20_000,)), p, 1)
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - exact_kl(q, p)) < 5 * error


class TestBadInput:
    @pytest.mark.parametrize("num_samples", [0, -1, 2.0, True])
    @pytest.mark.parametrize("estimate", [kl_estimate, kl_upper_bound])
    def test_num_samples(self, estimate, num_samples, unhooked):
        q = RandomPartition(torch.zeros(2), torch.zeros(3))
        with pytest.raises(ValueError, match="num_samples: expected an integer of at least 1"):
            estimate(q, q, num_samples)

    @pytest.mark.parametrize("estimate", [kl_estimate, kl_upper_bound])
    def test_other_events(self, estimate):
        q, p = (RandomPartition(torch.zeros(2), torch.zeros(n)) for n in (3, 4))
        with pytest.raises(ValueError, match=r"p: expected the event shape of q \[2, 3\]"):
            estimate(q, p, 1)
