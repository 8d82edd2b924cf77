"""Products that are never multiplied out against the mixture that holds them all."""

import pytest
import torch
from torch.distributions import Independent, Laplace, Normal, kl_divergence

from wslbook.aggregators import aggregate, mopoe
from wslbook.distributions import product_mixture
from wslbook.distributions.mixture_divergence import kl_convexity_bound
from wslbook.distributions.subset_mixture import SubsetMixture


def gaussians(*shape):
    return Independent(Normal(torch.randn(shape), 0.3 + torch.rand(shape)), 1)


def multiplied_out(q):
    return SubsetMixture(q.weights, q.components)


@pytest.fixture(params=[None, gaussians(2)], ids=["no prior", "prior"])
def q(request):
    """Three experts, one absent from the first example, and with it one subset."""
    present = torch.ones(3, 5, dtype=torch.bool)
    present[1, 0] = False
    return aggregate(gaussians(3, 5, 2), mopoe(3), present, request.param)


@pytest.mark.parametrize("block", [1, 2**16], ids=["by example", "at once"])
@pytest.mark.parametrize("shape", [(2,), (5, 2)])
def test_bound_is_that_of_all_components(q, shape, block, monkeypatch):
    monkeypatch.setattr(product_mixture, "BLOCK", block)
    p = gaussians(*shape)
    torch.testing.assert_close(
        kl_convexity_bound(q, p), (q.weights * kl_divergence(q.components, p)).sum(0)
    )


def test_bound_to_a_law_that_is_not_gaussian(q):
    p = Independent(Laplace(torch.ones(2), torch.ones(2)), 1)
    torch.testing.assert_close(kl_convexity_bound(q, p), kl_convexity_bound(multiplied_out(q), p))


def test_gradients():
    loc, scale = torch.randn(3, 2, 2), 0.3 + torch.rand(3, 2, 2)
    present = torch.tensor([[True, True], [False, True], [True, True]])
    inputs = [x.requires_grad_() for x in (loc, scale, torch.randn(2), 0.5 + torch.rand(2))]

    def bound(loc, scale, prior_loc, prior_scale):
        q = aggregate(Independent(Normal(loc, scale), 1), mopoe(3), present)
        return kl_convexity_bound(q, Independent(Normal(prior_loc, prior_scale), 1))

    assert torch.autograd.gradcheck(bound, inputs)


def test_draws_are_the_same(q):
    for draw in (
        lambda law: law.rsample((4,)),
        lambda law: law.rsample_stratified(4),
        lambda law: law.component_means(),
        lambda law: law.expand((6, 5)).rsample(),
    ):
        torch.manual_seed(0)
        first = draw(q)
        torch.manual_seed(0)
        torch.testing.assert_close(first, draw(multiplied_out(q)))
