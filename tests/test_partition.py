"""The law of random partitions against sums over permutations, counting, and its own bounds.

Tests marked "statistical" fix the seed; over seeds they fail for a correct law at the rate that
they state. The contract and a chi-squared test of the samples are in ``test_distributions.py``.
"""

import math
from itertools import pairwise, permutations, product

import pytest
import torch

from wslbook.distributions import MultivariateHypergeometric, PlackettLuce, RandomPartition
from wslbook.distributions.assignment import fill_groups, one_hot_columns
from wslbook.distributions.partition_mode import log_segment_probs, most_probable_sizes
from wslbook.distributions.race import log_prob_of_groups


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)


def random_law(n, num_groups, spread=2.0, batch=()):
    return RandomPartition(
        spread * torch.randn(*batch, num_groups), spread * torch.randn(*batch, n)
    )


def brute_force(law):
    """Add up, for every assignment, the rankings and sizes that make it, one ranking at a time."""
    num_groups, n = law.event_shape
    scores = law.logits.exp().tolist()
    total = {}
    for counts in product(range(n + 1), repeat=num_groups):
        if sum(counts) != n:
            continue
        # C(n, n_k) w_k^n_k, normalised at the end
        weight = math.prod(
            math.comb(n, m) * math.exp(m * w)
            for m, w in zip(counts, law.log_weights.tolist(), strict=True)
        )
        group_of_rank = [k for k, m in enumerate(counts) for _ in range(m)]
        for ranking in permutations(range(n)):
            left, p = sum(scores), weight
            groups = [0] * n
            for item, k in zip(ranking, group_of_rank, strict=True):
                p *= scores[item] / left
                left -= scores[item]
                groups[item] = k
            total[tuple(groups)] = total.get(tuple(groups), 0.0) + p
    normaliser = math.fsum(total.values())
    return {groups: p / normaliser for groups, p in total.items()}


class TestLogProb:
    @pytest.mark.parametrize("n", range(1, 7))
    @pytest.mark.parametrize("num_groups", [1, 2, 3])
    def test_equals_the_sum_over_permutations(self, n, num_groups):
        law = random_law(n, num_groups)
        support = law.enumerate_support()
        p = law.log_prob(support).exp()
        assert p.sum().item() == pytest.approx(1, abs=1e-9)
        exact = brute_force(law)
        expected = [exact[tuple(y.argmax(0).tolist())] for y in support]
        # the brute force itself loses digits where few score little: left -= score
        torch.testing.assert_close(p, torch.tensor(expected), rtol=1e-9, atol=0)

    @pytest.mark.parametrize("sizes", [[2, 3, 1], [0, 10, 20, 0], [100, 156]])
    def test_equal_scores_share_the_probability_of_the_sizes(self, sizes):
        n = sum(sizes)
        log_weights = torch.randn(len(sizes))
        y = fill_groups(torch.tensor(sizes).double(), torch.randperm(n))
        log_sizes = MultivariateHypergeometric([n] * len(sizes), n, log_weights).log_prob(y.sum(-1))
        log_ways = math.lgamma(n + 1) - sum(math.lgamma(m + 1) for m in sizes)
        value = RandomPartition(log_weights, torch.full((n,), -3.0)).log_prob(y)
        assert value.item() == pytest.approx(log_sizes.item() - log_ways, rel=1e-12)

    def test_shifts_of_either_parameter_change_nothing(self):
        law = random_law(20, 4)
        y = law.sample((10,))
        shifted = RandomPartition(law.log_weights + 50, law.logits - 70)
        torch.testing.assert_close(shifted.log_prob(y), law.log_prob(y), rtol=0, atol=1e-11)

    def test_parameters_and_values_broadcast(self):
        law = RandomPartition(torch.randn(3, 1, 2), torch.randn(4, 5))
        assert law.batch_shape == (3, 4)
        y = law.sample((6, 1))
        assert y.shape == (6, 1, 3, 4, 2, 5)
        one = RandomPartition(law.log_weights[2, 3], law.logits[2, 3])
        assert law.log_prob(y)[5, 0, 2, 3].item() == pytest.approx(
            one.log_prob(y[5, 0, 2, 3]).item(), rel=1e-12
        )
        assert law.log_prob(y[0, 0, 0, 0]).shape == (3, 4)

    def test_no_gradient_enters_the_value(self):
        law = RandomPartition(torch.randn(2, requires_grad=True), torch.randn(4))
        y = law.sample().requires_grad_()
        law.log_prob(y).backward()
        assert y.grad is None

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
    @pytest.mark.parametrize("weight", [0.0, 300.0])
    def test_is_finite_at_extremes(self, dtype, weight):
        log_weights = torch.tensor([-weight, 0.0, weight], dtype=dtype).requires_grad_()
        logits = (100 * torch.rand(30, dtype=dtype)).requires_grad_()
        y = one_hot_columns(torch.arange(30) % 3, 3).to(dtype)
        value = RandomPartition(log_weights, logits).log_prob(y)
        value.backward()
        assert value.isfinite()
        for parameter in (log_weights, logits):
            assert parameter.grad.isfinite().all()
            assert parameter.grad.abs().max() > 0


class TestBounds:
    @pytest.mark.parametrize(("n", "num_groups"), [(1, 1), (4, 3), (8, 2), (40, 5)])
    def test_are_in_order(self, n, num_groups):
        law = random_law(n, num_groups, batch=(50,))
        y = torch.cat([law.sample((20,)), fill_groups_at_random(20, 50, num_groups, n)])
        ranking = torch.rand(40, 50, n).argsort(-1)
        ranking = ranking.gather(-1, y.argmax(-2).gather(-1, ranking).argsort(dim=-1, stable=True))
        chain = [
            law.log_prob_lower_bound(y, ranking),
            law.log_prob_lower_bound(y),
            law.log_prob(y),
            law.log_prob_upper_bound(y),
            law.log_prob_thesis_upper_bound(y),
        ]
        rounding = 1e-11
        assert all((b >= a - rounding).all() for a, b in pairwise(chain))

    def test_equal_their_definitions(self):
        law = random_law(5, 2)
        y = one_hot_columns(torch.tensor([1, 0, 0, 1, 0]), 2).double()
        log_sizes = law.size_law.log_prob(y.sum(-1))
        rankings = [[*a, *b] for a in permutations([1, 2, 4]) for b in permutations([0, 3])]
        single = PlackettLuce(law.logits).log_prob(torch.tensor(rankings))
        every = PlackettLuce(law.logits).log_prob(law.ranking_law.enumerate_support())
        log_orders = math.log(math.factorial(3) * math.factorial(2))
        one = law.log_prob_lower_bound(y, torch.tensor(rankings[4]))
        torch.testing.assert_close(one, log_sizes + single[4])
        torch.testing.assert_close(law.log_prob_lower_bound(y), log_sizes + single.max())
        best = log_sizes + log_orders + single.max()
        torch.testing.assert_close(law.log_prob_upper_bound(y), best)
        loose = log_sizes + log_orders + every.max()
        torch.testing.assert_close(law.log_prob_thesis_upper_bound(y), loose)

    def test_upper_bounds_are_exact_for_equal_scores(self):
        law = RandomPartition(torch.randn(3), torch.zeros(7))
        y = law.sample((10,))
        torch.testing.assert_close(law.log_prob_upper_bound(y), law.log_prob(y))
        torch.testing.assert_close(law.log_prob_thesis_upper_bound(y), law.log_prob(y))


def fill_groups_at_random(sample, batch, num_groups, n):
    return one_hot_columns(torch.randint(num_groups, (sample, batch, n)), num_groups).double()


class TestMode:
    @pytest.mark.parametrize("spread", [0.3, 2.0, 10.0])
    @pytest.mark.parametrize(("n", "num_groups"), [(1, 2), (4, 1), (5, 3), (6, 3)])
    def test_is_the_most_probable_assignment(self, n, num_groups, spread):
        law = random_law(n, num_groups, spread, batch=(20,))
        best = law.log_prob(law.enumerate_support()).amax(0)
        torch.testing.assert_close(law.log_prob(law.mode), best, rtol=0, atol=1e-9)

    def test_beats_its_neighbours(self):
        """No swap of two items, and no move of one, raises the probability of a large mode."""
        law = random_law(40, 4)
        groups = law.mode.argmax(0)
        swapped = groups.repeat(40, 40, 1)
        i, j = torch.meshgrid(torch.arange(40), torch.arange(40), indexing="ij")
        swapped[i, j, i], swapped[i, j, j] = groups[j], groups[i]
        moved = groups.repeat(40, 4, 1)
        moved[i[:, :4], j[:, :4], i[:, :4]] = j[:, :4]
        rivals = torch.cat([swapped.flatten(0, 1), moved.flatten(0, 1)])
        best = law.log_prob(law.mode)
        assert (law.log_prob(one_hot_columns(rivals, 4).double()) <= best + 1e-9).all()

    @pytest.mark.parametrize("spread", [0.0, 3.0, 30.0])
    def test_probabilities_of_runs(self, spread):
        """A run is the middle one of three groups; the first is removed, for it does not matter."""
        ordered = (spread * torch.randn(9)).sort(descending=True).values
        table = log_segment_probs(ordered)
        for a in range(10):
            assert (table[a, :a] == -torch.inf).all()
            for b in range(a, 10):
                groups = (torch.arange(a, 9) >= b).long()
                exact = log_prob_of_groups(ordered[a:], groups, 2) if a < 9 else torch.zeros(())
                torch.testing.assert_close(table[a, b], exact, rtol=1e-9, atol=1e-9)

    @pytest.mark.parametrize("spread", [0.5, 3.0])
    def test_of_the_sizes(self, spread):
        log_weights = spread * torch.randn(10, 3)
        law = MultivariateHypergeometric([7] * 3, 7, log_weights)
        best = law.log_prob(law.enumerate_support()).amax(0)
        torch.testing.assert_close(law.log_prob(most_probable_sizes(log_weights, 7)), best)


class TestSamples:
    def test_sizes_and_places_are_of_both_stages(self):
        """Statistical: five standard errors for 9 + 9 means, one failure in 10^5 seeds."""
        law = RandomPartition(torch.tensor([-1.0, 0.0, 0.5]), torch.randn(9))
        y = law.sample((50_000,))
        sizes = y.sum(-1)
        error = (law.size_law.variance / len(y)).sqrt()
        assert ((sizes.mean(0) - law.size_law.mean).abs() < 5 * error).all()
        # a first group of one item holds item i with probability s_i / Z
        first = y[sizes[:, 0] == 1, 0]
        expected = law.logits.softmax(-1)
        error = (expected * (1 - expected) / len(first)).sqrt()
        assert ((first.mean(0) - expected).abs() < 5 * error).all()


class TestAssignment:
    def test_groups_are_filled_in_order(self):
        sizes = torch.tensor([[2.0, 0.0, 3.0], [0.0, 5.0, 0.0]])
        ranking = torch.tensor([[4, 0, 3, 1, 2], [0, 1, 2, 3, 4]])
        groups = fill_groups(sizes, ranking).argmax(-2)
        assert groups.tolist() == [[0, 2, 2, 2, 0], [1, 1, 1, 1, 1]]


class TestBadInput:
    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_parameters(self, value):
        with pytest.raises(ValueError, match="parameter log_weights"):
            RandomPartition(torch.tensor([0.0, value]), torch.zeros(3))
        with pytest.raises(ValueError, match="parameter logits"):
            RandomPartition(torch.zeros(2), torch.tensor([0.0, value]))

    def test_missing_axes(self, unhooked):
        with pytest.raises(ValueError, match=r"log_weights: expected .* shape \[\.\.\., class\]"):
            RandomPartition(torch.tensor(0.0), torch.zeros(3))
        with pytest.raises(ValueError, match=r"logits: expected shape \[\*batch, item\]"):
            RandomPartition(torch.zeros(2), torch.tensor(0.0))

    @pytest.mark.parametrize("ranking", [[1, 0, 2], [0, 0, 1], [0, 1, 3]])
    def test_rankings_of_another_assignment(self, ranking):
        law = RandomPartition(torch.zeros(2), torch.zeros(3))
        y = one_hot_columns(torch.tensor([0, 1, 1]), 2).double()
        with pytest.raises(ValueError, match="ranking: expected the items of the first group"):
            law.log_prob_lower_bound(y, torch.tensor(ranking))

    def test_large_supports(self):
        law = RandomPartition(torch.zeros(10), torch.zeros(6))
        with pytest.raises(ValueError, match="at most 100000 assignments, got 1000000"):
            law.enumerate_support()

    def test_events(self):
        law = RandomPartition(torch.zeros(2), torch.zeros(3))
        with pytest.raises(ValueError, match="within the support"):
            law.log_prob(torch.full((2, 3), 0.5))
