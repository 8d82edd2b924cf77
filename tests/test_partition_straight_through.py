"""Straight-through partitions: exact forward, and the gradients that they claim backward.

The statistical test fixes the seed and states its rate of failure.
"""

import pytest
import torch
from scipy.stats import chisquare

from wslbook.constraints import assignment, permutation_matrix
from wslbook.distributions import (
    MultivariateHypergeometric,
    RandomPartition,
    RandomPartitionStraightThrough,
)
from wslbook.distributions.assignment import fill_groups
from wslbook.sorting import matrix_to_ranking, neural_sort


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)


def random_law(n, num_groups, temperature=0.5, batch=()):
    leaves = [torch.randn(*batch, k, requires_grad=True) for k in (num_groups, n)]
    return RandomPartitionStraightThrough(temperature, *leaves), leaves


def masks(sizes, temperature, n):
    """The soft masks of E-39 and E-40 as they are written, one border after another."""
    borders = torch.cat([torch.zeros(1), sizes.cumsum(0)])
    f = [[torch.sigmoid((x - i + 0.5) / temperature) for i in range(1, n + 1)] for x in borders]
    f = torch.stack([torch.stack(row) for row in f])
    return f[1:] - f[:-1]


class TestForward:
    @pytest.mark.parametrize("temperature", [0.1, 10.0])
    def test_draws_follow_the_exact_law(self, temperature):
        """Statistical: a chi-squared test over 27 assignments, at level 1e-4."""
        law, _ = random_law(3, 3, temperature)
        exact = RandomPartition(law.log_weights, law.logits)
        support = exact.enumerate_support()
        y = law.rsample((20_000,)).detach()
        observed = (y.unsqueeze(1) == support).flatten(2).all(-1).sum(0).double()
        expected = len(y) * exact.log_prob(support).exp().detach()
        often = expected >= 5
        rest = [(x * ~often).sum().reshape(1) for x in (observed, expected)]
        pairs = [torch.cat([x[often], r]) for x, r in zip((observed, expected), rest, strict=True)]
        if rest[1] < 5:  # too few for a category: join the last two
            pairs = [torch.cat([x[:-2], x[-2:].sum().reshape(1)]) for x in pairs]
        assert chisquare(*[x.numpy() for x in pairs]).pvalue > 1e-4

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
    @pytest.mark.parametrize("n", [1, 5, 256])
    def test_all_is_hard_and_fits_together(self, dtype, n):
        law = RandomPartitionStraightThrough(
            torch.tensor([0.01, 3.0], dtype=dtype),
            torch.randn(4, dtype=dtype),
            torch.randn(2, n, dtype=dtype),
        )
        y, sizes, permutation = law.rsample_with_sizes((3,))
        assert y.dtype == dtype
        assert ((y == 0) | (y == 1)).all()
        assert assignment.check(y).all()
        assert torch.equal(y.sum(-1), sizes)
        assert permutation_matrix.check(permutation).all()
        assert torch.equal(y, fill_groups(sizes, matrix_to_ranking(permutation)))

    def test_log_prob_is_that_of_the_exact_law(self):
        law, _ = random_law(6, 3, batch=(2,))
        y = law.rsample((5,))
        exact = RandomPartition(law.log_weights, law.logits)
        assert torch.equal(law.log_prob(y), exact.log_prob(y.detach()))

    def test_temperatures_broadcast(self):
        law = RandomPartitionStraightThrough(torch.ones(3, 1), torch.zeros(2), torch.zeros(4, 5))
        assert law.batch_shape == (3, 4)
        assert law.temperature.shape == (3, 4)
        assert law.rsample((6,)).shape == (6, 3, 4, 2, 5)


class TestBackward:
    def test_is_the_product_rule_of_the_soft_parts(self):
        """Masks times permutation: each factor soft, the other hard, at the drawn values."""
        law, leaves = random_law(5, 3, temperature=0.7)
        g = torch.randn(3, 5)
        torch.manual_seed(1)
        y, sizes, permutation = law.rsample_with_sizes()
        gradients = torch.autograd.grad((g * y).sum(), leaves)

        ranks = fill_groups(sizes.detach(), torch.arange(5))
        n = sizes.detach().requires_grad_()
        (to_sizes,) = torch.autograd.grad((g * (masks(n, 0.7, 5) @ permutation.detach())).sum(), n)
        mean = MultivariateHypergeometric([5] * 3, 5, leaves[0]).mean
        (to_weights,) = torch.autograd.grad(to_sizes @ mean, leaves[0])
        torch.testing.assert_close(gradients[0], to_weights)

        # the noise of the draw, read off the relaxed permutation of the same seed
        torch.manual_seed(1)
        law.size_law.sample()
        noise = -torch.empty(5).exponential_().log()
        soft = neural_sort(leaves[1] + noise, 0.7)
        (to_scores,) = torch.autograd.grad((g * (ranks @ soft)).sum(), leaves[1])
        torch.testing.assert_close(gradients[1], to_scores)

    def test_sizes_have_the_gradient_of_their_mean(self):
        law, (log_weights, _) = random_law(20, 3)
        _, sizes, _ = law.rsample_with_sizes((2,))
        rows = [torch.autograd.grad(n, log_weights, retain_graph=True)[0] for n in sizes[1]]
        covariance = MultivariateHypergeometric([20] * 3, 20, log_weights).covariance_matrix
        torch.testing.assert_close(torch.stack(rows), covariance)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
    @pytest.mark.parametrize("temperature", [1e-3, 1.0, 1e3])
    @pytest.mark.parametrize("extreme", [False, True])
    def test_reaches_both_parameters_and_is_finite(self, dtype, temperature, extreme):
        log_weights = torch.tensor([-300.0, 0.0, 300.0] if extreme else [-1.0, 0.0, 1.0])
        logits = (100.0 if extreme else 1.0) * torch.rand(40)
        leaves = [x.to(dtype).requires_grad_() for x in (log_weights, logits)]
        law = RandomPartitionStraightThrough(temperature, *leaves)
        for y in (law.rsample((4,)), law.noise_free()[0]):
            gradients = torch.autograd.grad((torch.randn_like(y) * y).sum(), leaves)
            assert all(g.isfinite().all() for g in gradients)
            if not extreme and temperature == 1:
                assert all(g.abs().max() > 0 for g in gradients)


class TestNoiseFree:
    def test_is_the_mode_of_both_stages(self):
        law, _ = random_law(6, 3, batch=(10,))
        y, sizes, permutation = law.noise_free()
        for stage, value in (
            (law.size_law, sizes),
            (law.ranking_law, matrix_to_ranking(permutation)),
        ):
            best = stage.log_prob(stage.enumerate_support()).amax(0)
            torch.testing.assert_close(stage.log_prob(value), best)
        assert torch.equal(y, fill_groups(sizes, matrix_to_ranking(permutation)))

    def test_has_the_gradient_of_the_relaxation(self):
        law, leaves = random_law(5, 3, temperature=0.7)
        g = torch.randn(3, 5)
        y, sizes, _ = law.noise_free()
        (gradient,) = torch.autograd.grad((g * y).sum(), leaves[1])
        ranks = fill_groups(sizes.detach(), torch.arange(5))
        (expected,) = torch.autograd.grad(
            (g * (ranks @ neural_sort(leaves[1], 0.7))).sum(), leaves[1]
        )
        torch.testing.assert_close(gradient, expected)


class TestBadInput:
    @pytest.mark.parametrize("temperature", [0.0, -1.0, torch.nan])
    def test_temperature(self, temperature):
        with pytest.raises(ValueError, match="parameter temperature"):
            RandomPartitionStraightThrough(temperature, torch.zeros(2), torch.zeros(3))

    def test_missing_axes(self, unhooked):
        with pytest.raises(ValueError, match=r"logits: expected shape \[\*batch, item\]"):
            RandomPartitionStraightThrough(1.0, torch.zeros(2), torch.tensor(0.0))
