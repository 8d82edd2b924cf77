"""The Plackett-Luce law against enumeration, products of choices, and its defining properties.

Tests marked "statistical" fix the seed; with a random seed a correct implementation would fail
them once in 10,000 runs.
"""

import math
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from wslbook.distributions.plackett_luce import (
    PlackettLuce,
    PlackettLuceStraightThrough,
    RelaxedPlackettLuce,
)
from wslbook.relax import gumbel_noise
from wslbook.sorting import matrix_to_ranking, neural_sort, ranking_to_matrix


@pytest.fixture(autouse=True)
def _double_precision():
    """Tolerances are those of float64; test_distributions.py holds float32 to the same oracle."""
    torch.set_default_dtype(torch.float64)


patient = settings(deadline=None)  # time depends on the machine
# Ties are likely among the whole numbers; the spread reaches 60 nats.
log_scores = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.floats(-30, 30)), min_size=1, max_size=6
)


def log_prob_by_choices(logits, ranking):
    """Equation 2.64: pick the items one by one among those that remain."""
    left, total = list(range(len(logits))), 0.0
    for item in ranking:
        total += logits[item] - special.logsumexp([logits[j] for j in left])
        left.remove(item)
    return total


def chi_square(law, rankings):
    """Return the p-value of drawn rankings ``[draw, item]`` under a law without batch."""
    support = law.enumerate_support()
    observed = (rankings.unsqueeze(1) == support).all(-1).sum(0).double()
    expected = len(rankings) * law.log_prob(support).exp()
    return stats.chisquare(observed.numpy(), expected.numpy()).pvalue


class TestLogProb:
    @patient
    @given(log_scores)
    def test_is_the_product_of_choices_and_sums_to_one(self, logits):
        rankings = list(permutations(range(len(logits))))[:: len(logits) ** 2]
        law = PlackettLuce(torch.tensor(logits))
        expected = [log_prob_by_choices(logits, r) for r in rankings]
        assert np.allclose(law.log_prob(torch.tensor(rankings)).numpy(), expected, atol=1e-10)
        total = law.log_prob(law.enumerate_support()).logsumexp(0)
        assert total.item() == pytest.approx(0, abs=1e-10)

    @pytest.mark.parametrize("n", [1, 2, 9, 300])
    def test_equal_scores_are_uniform(self, n):
        law = PlackettLuce(torch.full((n,), -7.3))
        assert law.log_prob(torch.randperm(n)).item() == pytest.approx(-math.lgamma(n + 1))

    def test_marginals(self):
        logits = torch.tensor([0.3, -1.2, 2.0, 0.3, 5.0])
        law = PlackettLuce(logits)
        rankings = law.enumerate_support()
        p = law.log_prob(rankings).exp()
        # first place: softmax; i before j: a logistic function of the difference
        first = torch.zeros(5).index_add(0, rankings[:, 0], p)
        assert torch.allclose(first, logits.softmax(0), atol=1e-12)
        places = rankings.argsort(-1)
        before = p @ (places.unsqueeze(-1) < places.unsqueeze(-2)).double().flatten(1)
        expected = (logits.unsqueeze(-1) - logits).sigmoid().fill_diagonal_(0)
        assert torch.allclose(before.reshape(5, 5), expected, atol=1e-12)

    def test_printed_formula_ignores_the_ranking(self):
        # E-06: equation 2.63 with s_k in place of s_{pi_k}, summed over the 6 rankings
        s = torch.tensor([0.5, 1.0, 3.0])
        printed = 6 * (s / s.flip(0).cumsum(0).flip(0)).prod()
        assert printed.item() == pytest.approx(0.1667, abs=5e-5)
        law = PlackettLuce(s.log())
        assert law.log_prob(torch.tensor([2, 1, 0])).exp().item() == pytest.approx(3 / 4.5 / 1.5)

    @patient
    @given(log_scores, st.floats(-100, 100))
    def test_common_factor_of_the_scores_cancels(self, logits, shift):
        ranking = torch.randperm(len(logits))
        logits = torch.tensor(logits)
        # rounding of numbers up to 130
        assert torch.allclose(
            PlackettLuce(logits + shift).log_prob(ranking),
            PlackettLuce(logits).log_prob(ranking),
            atol=1e-11,
        )

    def test_batches_and_broadcasting(self):
        logits = torch.randn(3, 1, 4)
        rankings = torch.stack([torch.randperm(4) for _ in range(10)]).reshape(5, 1, 2, 4)
        log_prob = PlackettLuce(logits).log_prob(rankings)
        assert log_prob.shape == (5, 3, 2)
        expected = log_prob_by_choices(logits[2, 0].tolist(), rankings[4, 0, 1].tolist())
        assert log_prob[4, 2, 1].item() == pytest.approx(expected)


class TestGradient:
    @pytest.mark.parametrize("n", [1, 2, 6])
    def test_gradcheck_twice(self, n):
        logits = torch.randn(3, n, dtype=torch.float64, requires_grad=True)
        ranking = torch.stack([torch.randperm(n) for _ in range(3)])

        def log_prob(logits):
            return PlackettLuce(logits).log_prob(ranking)

        assert torch.autograd.gradcheck(log_prob, logits)
        assert torch.autograd.gradgradcheck(log_prob, logits)

    @patient
    @given(log_scores)
    def test_score_function_has_mean_zero(self, logits):
        logits = torch.tensor(logits, requires_grad=True)
        law = PlackettLuce(logits)
        log_prob = law.log_prob(law.enumerate_support())
        (mean,) = torch.autograd.grad((log_prob.detach().exp() * log_prob).sum(), logits)
        assert torch.allclose(mean, torch.zeros_like(mean), atol=1e-10)

    def test_is_exact_for_scores_a_thousand_nats_apart(self):
        logits = torch.tensor([1000.0, 0.0, -1000.0], requires_grad=True)
        (gradient,) = torch.autograd.grad(
            PlackettLuce(logits).log_prob(torch.tensor([2, 1, 0])), logits
        )
        # log p = l_2 - l_0 + l_1 - l_0, up to e^-1000 and the rounding of 1000
        assert torch.allclose(gradient, torch.tensor([-2.0, 1.0, 1.0]), atol=1e-12)


class TestSamples:
    def test_follow_the_law(self):
        # statistical: chi-square over 24 rankings
        law = PlackettLuce(torch.tensor([0.5, -0.5, 1.0, 0.5]))
        assert chi_square(law, law.sample((100_000,))) > 1e-4

    def test_differ_along_the_batch(self):
        draws = PlackettLuce(torch.zeros(1, 5)).expand((200,)).sample()
        assert draws.unique(dim=0).shape[0] > 50

    @pytest.mark.parametrize("beta", [0.3, 4.0])
    def test_sorted_noise_of_any_scale_needs_the_scale_on_the_scores(self, beta):
        # E-09, corollary 2.4.1; statistical: chi-square
        logits = torch.tensor([0.5, 1.0, 3.0]).log()
        law, noise = PlackettLuce(logits), beta * gumbel_noise(logits.expand(100_000, 3))
        assert chi_square(law, (beta * logits + noise).argsort(-1, descending=True)) > 1e-4
        unscaled = (logits + noise).argsort(-1, descending=True)
        assert chi_square(law, unscaled) < 1e-100
        assert chi_square(PlackettLuce(logits / beta), unscaled) > 1e-4

    def test_are_orders_of_exponential_arrivals(self):
        # Yellott: T_i ~ Exp(s_i) sorted increasingly; statistical: chi-square
        scores = torch.tensor([0.5, 1.0, 3.0])
        arrivals = torch.distributions.Exponential(scores).sample((100_000,))
        assert chi_square(PlackettLuce(scores.log()), arrivals.argsort(-1)) > 1e-4


class TestModeAndSupport:
    @patient
    @given(log_scores)
    def test_mode_is_the_most_probable_ranking(self, logits):
        law = PlackettLuce(torch.tensor(logits))
        best = law.log_prob(law.enumerate_support()).max()
        assert law.log_prob(law.mode).item() == pytest.approx(best.item(), abs=1e-10)

    def test_mode_breaks_ties_by_number(self):
        logits = torch.zeros(2, 40)
        logits[:, 20] = 1
        expected = [20, *range(20), *range(21, 40)]
        assert PlackettLuce(logits).mode.tolist() == [expected, expected]

    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_support_is_every_permutation_once(self, n):
        values = PlackettLuce(torch.zeros(3, n)).enumerate_support()
        assert values.shape == (math.factorial(n), 3, n)
        assert {tuple(v) for v in values[:, 1].tolist()} == set(permutations(range(n)))

    def test_support_of_many_items_is_refused(self):
        with pytest.raises(ValueError, match="item: expected at most 9 to enumerate, got 10"):
            PlackettLuce(torch.zeros(10)).enumerate_support()


class TestRelaxed:
    @patient
    @given(log_scores, st.floats(1e-3, 1e3))
    def test_samples_and_gradients_are_finite(self, logits, temperature):
        logits = torch.tensor(logits, requires_grad=True)
        for law in (RelaxedPlackettLuce, PlackettLuceStraightThrough):
            matrix = law(temperature, logits).rsample((2,))
            (gradient,) = torch.autograd.grad((matrix * torch.randn_like(matrix)).sum(), logits)
            assert torch.allclose(matrix.sum(-1), torch.ones(()), atol=1e-12)
            assert gradient.isfinite().all()

    def test_is_neural_sort_of_the_scores_that_a_ranking_sorts(self):
        # The three laws read the same noise, so one seed gives them the same ranking.
        logits, tau = torch.randn(3, 5), torch.tensor([0.5, 1.0, 2.0])
        draws = []
        for law in (
            PlackettLuce(logits),
            PlackettLuceStraightThrough(tau, logits),
            RelaxedPlackettLuce(tau, logits),
            RelaxedPlackettLuce(1e-9, logits),
        ):
            torch.manual_seed(1)
            draws.append(law.sample((4,)))
        ranking, hard, soft, cold = draws
        assert torch.equal(matrix_to_ranking(hard), ranking)
        assert torch.allclose(cold, hard, atol=1e-6)
        torch.manual_seed(1)
        noise = gumbel_noise(torch.empty(4, 3, 5))
        assert torch.equal(soft, neural_sort(logits + noise, tau))

    def test_straight_through_follows_the_exact_law(self):
        # statistical: chi-square over 24 rankings, at a high temperature
        logits = torch.tensor([0.5, -0.5, 1.0, 0.5])
        matrices = PlackettLuceStraightThrough(10.0, logits).sample((100_000,))
        assert chi_square(PlackettLuce(logits), matrix_to_ranking(matrices)) > 1e-4

    def test_straight_through_is_hard_with_the_gradient_of_the_relaxation(self):
        logits, weights = torch.randn(2, 4, requires_grad=True), torch.randn(4, 4)
        gradients = []
        for law in (RelaxedPlackettLuce, PlackettLuceStraightThrough):
            torch.manual_seed(1)
            matrix = law(0.7, logits).rsample((3,))
            gradients.append(torch.autograd.grad((weights * matrix).sum(), logits)[0])
        assert torch.equal(*gradients)
        assert torch.equal(matrix, ranking_to_matrix(matrix_to_ranking(matrix)))

    def test_gradcheck_with_the_noise_held_fixed(self):
        logits = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
        tau = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)

        def rsample(tau, logits):
            torch.manual_seed(1)
            return RelaxedPlackettLuce(tau, logits).rsample((2,))

        assert torch.autograd.gradcheck(rsample, (tau, logits))

    def test_relaxed_gradient_tends_to_the_exact_one(self):
        # d/dlogits of the expected place of item 0, three equal scores.
        # place = 1 + sum_j P(j before 0): gradient (-1/2, 1/4, 1/4) by the logistic marginals.
        logits = torch.zeros(3, requires_grad=True)
        places = torch.arange(1.0, 4.0)
        matrices = RelaxedPlackettLuce(0.1, logits).rsample((200_000,))
        (gradient,) = torch.autograd.grad((places @ matrices[..., 0].mT).mean(), logits)
        # The bias at this temperature and four standard errors together stay below .03.
        assert torch.allclose(gradient, torch.tensor([-0.5, 0.25, 0.25]), atol=0.03)

    @pytest.mark.parametrize("law", [RelaxedPlackettLuce, PlackettLuceStraightThrough])
    def test_temperature_and_logits_broadcast(self, law):
        law = law(torch.ones(3, 1), torch.zeros(2, 5))
        assert law.batch_shape == (3, 2)
        assert law.event_shape == (5, 5)
        assert law.rsample((7,)).shape == (7, 3, 2, 5, 5)

    @pytest.mark.parametrize("law", [RelaxedPlackettLuce, PlackettLuceStraightThrough])
    def test_there_is_no_density(self, law):
        with pytest.raises(NotImplementedError):
            law(1.0, torch.zeros(3)).log_prob(torch.eye(3))


class TestBadInput:
    @pytest.mark.parametrize("score", [torch.nan, torch.inf, -torch.inf])
    @pytest.mark.parametrize("law", [PlackettLuce, lambda logits: RelaxedPlackettLuce(1.0, logits)])
    def test_logits(self, law, score):
        with pytest.raises(ValueError, match="parameter logits"):
            law(torch.tensor([0.0, score]))

    @pytest.mark.parametrize("logits", [torch.tensor(1.0), torch.zeros(3, 0)])
    def test_no_items(self, logits, unhooked):
        with pytest.raises(ValueError, match=r"logits: expected shape \[\*batch, item\], got"):
            PlackettLuce(logits)
        with pytest.raises(ValueError, match=r"logits: expected shape \[\*batch, item\], got"):
            RelaxedPlackettLuce(1.0, logits)

    @pytest.mark.parametrize("temperature", [0.0, -1.0, torch.nan])
    @pytest.mark.parametrize("law", [RelaxedPlackettLuce, PlackettLuceStraightThrough])
    def test_temperature(self, law, temperature):
        with pytest.raises(ValueError, match="parameter temperature"):
            law(temperature, torch.zeros(3))

    @pytest.mark.parametrize("ranking", [[0, 0, 1], [1, 2, 3], [0, 1]])
    def test_ranking(self, ranking):
        with pytest.raises(ValueError, match=r"support|event_shape"):
            PlackettLuce(torch.zeros(3)).log_prob(torch.tensor(ranking))
