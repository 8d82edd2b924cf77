"""The mixture over subsets against SciPy, numerical integration and torch's own mixture.

Tests that draw compare with exact values within five standard errors.
"""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.integrate import quad
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from wslbook.distributions.concatenated import Concatenated, split_kl
from wslbook.distributions.mixture_divergence import (
    kl_convexity_bound,
    kl_pathwise_estimate,
    rsample_stratified,
)
from wslbook.distributions.subset_mixture import SubsetMixture


def standard_normal(size):
    return Independent(Normal(torch.zeros(size), torch.ones(size)), 1)


def gaussians(*shape):
    return Independent(Normal(torch.randn(shape), 0.3 + torch.rand(shape)), 1)


@pytest.fixture
def weights():
    w = torch.rand(4, 3)
    w[1, 0] = 0.0
    return w / w.sum(0)


@pytest.fixture
def law(weights):
    return SubsetMixture(weights, gaussians(4, 3, 2))


def test_log_prob_is_that_of_torch(law):
    theirs = MixtureSameFamily(
        Categorical(law.weights.T),
        Independent(
            Normal(law.components.mean.movedim(0, 1), law.components.stddev.movedim(0, 1)), 1
        ),
    )
    value = torch.randn(5, 3, 2)
    torch.testing.assert_close(law.log_prob(value), theirs.log_prob(value))
    torch.testing.assert_close(law.mean, theirs.mean)
    torch.testing.assert_close(law.variance, theirs.variance)


def test_density_integrates_to_one():
    q = SubsetMixture(torch.tensor([0.2, 0.8]), gaussians(2, 1))
    total, _ = quad(lambda z: float(q.log_prob(torch.tensor([z])).exp()), -20, 20, limit=200)
    assert total == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("draw", ["rsample", "rsample_stratified"])
@pytest.mark.parametrize("power", [1, 2])
def test_draws_have_the_moments(law, draw, power):
    size = 40_000
    z = law.rsample((size,)) if draw == "rsample" else law.rsample_stratified(size)
    exact = law.mean if power == 1 else law.variance + law.mean**2
    error = z.pow(power).std(0) / math.sqrt(size)
    assert ((z.pow(power).mean(0) - exact).abs() < 5 * error).all()


def test_stratified_draws_share_out_the_components():
    """Components far apart show how often each was drawn: w_k L, rounded up or down."""
    w = torch.tensor([[0.2], [0.0], [0.5], [0.3]])
    loc = torch.arange(4.0).reshape(4, 1, 1) * 100
    q = SubsetMixture(w, Independent(Normal(loc, torch.ones(4, 1, 1)), 1))
    for size in (1, 3, 7, 10):
        counts = torch.zeros(4)
        for _ in range(200):
            drawn = (q.rsample_stratified(size) / 100).round().long().flatten()
            count = drawn.bincount(minlength=4)
            assert ((count - size * w[:, 0]).abs() < 1 + 1e-9).all()
            counts += count
        error = np.sqrt(stats.binom.var(1, w[:, 0].numpy()) / 200)
        assert (np.abs(counts.numpy() / (200 * size) - w[:, 0].numpy()) <= 5 * error).all()


def test_stratified_draws_vary_less(law):
    """The mean of 4 stratified draws has a smaller variance than that of 4 plain ones."""
    plain = torch.stack([law.rsample((4,)).mean(0) for _ in range(500)]).var(0)
    stratified = torch.stack([law.rsample_stratified(4).mean(0) for _ in range(500)]).var(0)
    assert (stratified < plain).all()


def test_gradients_reach_the_drawn_components_alone():
    loc = torch.zeros(2, 1, 1, requires_grad=True)
    q = SubsetMixture(
        torch.tensor([[1.0], [0.0]]), Independent(Normal(loc, torch.ones(2, 1, 1)), 1)
    )
    q.rsample((10,)).sum().backward()
    assert loc.grad.flatten().tolist() == [10.0, 0.0]


def test_component_means(law):
    means = law.component_means()
    distance = (law.components.mean - means).abs().sum(-1)
    assert (distance.min(0).values == 0).all()
    assert (law.weights.gather(0, distance.argmin(0, keepdim=True)) > 0).all()


def test_expand(law):
    wide = law.expand((5, 3))
    value = torch.randn(5, 3, 2)
    torch.testing.assert_close(wide.log_prob(value), law.log_prob(value))
    assert wide.rsample((2,)).shape == (2, 5, 3, 2)
    assert wide.rsample_stratified(6).shape == (6, 5, 3, 2)


class TestErrors:
    def test_shapes(self):
        with pytest.raises(ValueError, match=r"components: expected batch \[3\]"):
            SubsetMixture(torch.ones(3) / 3, gaussians(2, 1))

    def test_weights(self):
        with pytest.raises(ValueError, match="weights"):
            SubsetMixture(torch.tensor([0.5, 0.6]), gaussians(2, 1))

    def test_num_samples(self, law):
        with pytest.raises(ValueError, match="num_samples: expected at least 1, got 0"):
            law.rsample_stratified(0)


class TestDivergence:
    def exact(self, q, p):
        """Integrate q log(q / p) in one dimension."""

        def integrand(z):
            at = torch.tensor([z])
            log_q = q.log_prob(at)
            return float(log_q.exp() * (log_q - p.log_prob(at)))

        return quad(integrand, -15, 15, limit=400)[0]

    def test_bound_slack_and_estimate(self):
        """KL <= bound <= KL + log K, and the estimate meets the integral."""
        p = standard_normal(1)
        for _ in range(5):
            q = SubsetMixture(torch.tensor([0.2, 0.3, 0.5]), gaussians(3, 1))
            exact, bound = self.exact(q, p), float(kl_convexity_bound(q, p))
            assert exact <= bound + 1e-9
            assert bound <= exact + math.log(3) + 1e-9
            draws = torch.stack([kl_pathwise_estimate(q, p, 10) for _ in range(500)])
            assert abs(draws.mean() - exact) < 5 * draws.std() / math.sqrt(500)

    def test_bound_is_exact_for_one_component_and_plain_laws(self):
        q, p = gaussians(1, 3, 2), standard_normal(2)
        one = SubsetMixture(torch.ones(1, 3), q)
        torch.testing.assert_close(kl_convexity_bound(one, p), kl_divergence(q, p)[0])
        assert torch.equal(kl_convexity_bound(q, p), kl_divergence(q, p))

    def test_slack_reaches_its_limit(self):
        """Components that do not overlap tell which one was drawn: the gap is log K."""
        q = SubsetMixture(
            torch.ones(2) / 2,
            Independent(Normal(torch.tensor([[-9.0], [9.0]]), torch.ones(2, 1)), 1),
        )
        p = standard_normal(1)
        gap = float(kl_convexity_bound(q, p)) - self.exact(q, p)
        assert gap == pytest.approx(math.log(2), abs=1e-6)


class TestConcatenated:
    @pytest.fixture
    def pair(self, law):
        q = Concatenated({"shared": law, "a": gaussians(3, 4), "b": gaussians(3, 0)})
        return q, Concatenated(
            {n: standard_normal(s) for n, s in (("shared", 2), ("a", 4), ("b", 0))}
        )

    def test_log_prob_is_the_sum(self, pair):
        q, _ = pair
        value = torch.randn(5, 3, 6)
        parts = q.factors["shared"].log_prob(value[..., :2]) + q.factors["a"].log_prob(
            value[..., 2:]
        )
        torch.testing.assert_close(q.log_prob(value), parts)
        assert q.part("a", value).shape == (5, 3, 4)

    def test_moments_and_draws(self, pair):
        q, _ = pair
        for z in (q.rsample((40_000,)), rsample_stratified(q, 40_000)):
            error = z.std(0) / 200
            assert ((z.mean(0) - q.mean).abs() < 5 * error).all()
            assert ((z.var(0) / q.variance - 1).abs() < 0.1).all()

    def test_weighted_divergence(self, pair):
        q, p = pair
        terms = [kl_convexity_bound(law, p.factors[name]) for name, law in q.factors.items()]
        torch.testing.assert_close(split_kl(q, p), sum(terms))
        torch.testing.assert_close(kl_convexity_bound(q, p), sum(terms))
        torch.testing.assert_close(split_kl(q, p, {"a": 3.0}), terms[0] + 3 * terms[1])

    def test_errors(self, pair):
        q, p = pair
        with pytest.raises(ValueError, match="weights: expected names among"):
            split_kl(q, p, {"c": 1.0})
        with pytest.raises(ValueError, match="p: expected factors"):
            split_kl(q, Concatenated({"shared": standard_normal(2)}))
        with pytest.raises(ValueError, match="factors: expected at least one"):
            Concatenated({})
        with pytest.raises(ValueError, match=r"factors\['b'\]: expected batch \[3\]"):
            Concatenated({"a": gaussians(3, 1), "b": gaussians(2, 1)})
