"""Relaxed sorting against torch.sort, the printed formula and the mean over tied orders."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wslbook.sorting import matrix_to_ranking, neural_sort, ranking_to_matrix, soft_sort

patient = settings(deadline=None)  # time depends on the machine
RELAXATIONS = pytest.mark.parametrize("relax", [neural_sort, soft_sort])
relaxations = st.sampled_from([neural_sort, soft_sort])
temperatures = st.floats(1e-3, 1e3)
# Multiples of 1/8 differ by far more than a temperature of 1e-3; repeated ones are ties.
eighths = st.integers(-120, 120).map(lambda i: i / 8)
distinct = st.lists(eighths, min_size=1, max_size=9, unique=True).map(torch.tensor)
tied = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=5).map(torch.tensor)


def sort_matrix(scores):
    return ranking_to_matrix(scores.argsort(descending=True))


class TestLimits:
    @patient
    @given(relaxations, distinct)
    def test_cold_is_torch_sort(self, relax, scores):
        # gaps of at least .125 over 1e-3: the rest of a row is below e^-125
        assert torch.allclose(relax(scores, 1e-3), sort_matrix(scores), atol=1e-12)

    @patient
    @given(relaxations, tied)
    def test_cold_with_ties_is_the_mean_of_the_sorting_matrices(self, relax, scores):
        ordered = scores.sort(descending=True).values
        sorting = [
            ranking_to_matrix(torch.tensor(p))
            for p in permutations(range(len(scores)))
            if torch.equal(scores[list(p)], ordered)
        ]
        expected = torch.stack(sorting).mean(0)
        assert torch.allclose(relax(scores, 1e-3), expected, atol=1e-12)

    @patient
    @given(relaxations, distinct)
    def test_hot_is_uniform(self, relax, scores):
        n = len(scores)
        # differences of a row are below 2 n^2 * 30, so entries differ by less than 5e3 / 1e9
        assert torch.allclose(relax(scores, 1e9), torch.full((n, n), 1 / n), atol=1e-5)

    @RELAXATIONS
    def test_one_item(self, relax):
        assert torch.equal(relax(torch.tensor([-3.0]), 0.7), torch.ones(1, 1))


class TestMatrices:
    @patient
    @given(relaxations, st.lists(st.floats(-30, 30), min_size=1, max_size=9), temperatures)
    def test_rows_are_distributions_and_gradients_finite(self, relax, scores, temperature):
        s = torch.tensor(scores, requires_grad=True)
        matrix = relax(s, temperature)
        assert (matrix >= 0).all()
        assert torch.allclose(matrix.sum(-1), torch.ones(len(scores)), atol=1e-12)
        (gradient,) = torch.autograd.grad((matrix * torch.randn_like(matrix)).sum(), s)
        assert gradient.isfinite().all()

    @patient
    @given(distinct, temperatures)
    def test_neural_sort_is_the_printed_formula(self, scores, temperature):
        # equation 2.69, entry by entry
        s, n = scores.numpy(), len(scores)
        expected = np.empty((n, n))
        for k in range(1, n + 1):
            row = np.array(
                [(n + 1 - 2 * k) * s[j] - sum(abs(s[j] - s[i]) for i in range(n)) for j in range(n)]
            )
            weights = np.exp((row - row.max()) / temperature)
            expected[k - 1] = weights / weights.sum()
        # exponents up to 4e3 / 1e-3 lose up to ten digits where the softmax does not saturate
        assert np.allclose(neural_sort(scores, temperature).numpy(), expected, atol=1e-9)

    def test_neural_sort_columns_sum_to_one_only_in_the_limits(self):
        # 2.66 holds for rows at every temperature, for columns not
        scores = torch.tensor([1.0, 0.8, 0.6, -1.0])
        deviation = [(neural_sort(scores, t).sum(0) - 1).abs().max() for t in (1e-3, 1.0, 1e6)]
        assert deviation[0] < 1e-12
        assert deviation[1] > 0.1
        assert deviation[2] < 1e-5

    @patient
    @given(distinct, temperatures)
    def test_largest_entries_of_soft_sort_are_the_ranking(self, scores, temperature):
        rows = soft_sort(scores, temperature).argmax(-1)
        assert torch.equal(rows, scores.argsort(descending=True))

    @RELAXATIONS
    def test_offset_does_not_matter_even_in_single_precision(self, relax):
        scores = (torch.randint(-64, 64, (51,)) / 16).float()
        # 65536 plus sixteenths is exact; the product with n, left as it is, is off by 0.1.
        assert torch.allclose(relax(scores + 65536, 0.5), relax(scores, 0.5), atol=1e-4)

    @RELAXATIONS
    def test_scale_of_scores_and_temperature_cancels(self, relax):
        scores = torch.randn(6)
        assert torch.allclose(relax(8 * scores, 8 * 0.3), relax(scores, 0.3), atol=1e-12)

    @RELAXATIONS
    def test_permuting_items_permutes_columns(self, relax):
        scores, order = torch.randn(6), torch.randperm(6)
        assert torch.allclose(relax(scores[order], 0.3), relax(scores, 0.3)[:, order], atol=1e-12)


class TestBatches:
    @RELAXATIONS
    def test_any_leading_axes(self, relax):
        scores = torch.randn(2, 3, 5)
        one_by_one = torch.stack([relax(s, 0.4) for s in scores.reshape(6, 5)])
        assert torch.equal(relax(scores, 0.4).reshape(6, 5, 5), one_by_one)

    @RELAXATIONS
    def test_a_temperature_each(self, relax):
        scores, tau = torch.randn(2, 3, 5), torch.tensor([0.1, 1.0, 10.0])
        for i in range(3):
            assert torch.equal(relax(scores, tau)[:, i], relax(scores[:, i], tau[i].item()))

    @RELAXATIONS
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_keeps_the_dtype(self, relax, dtype):
        assert relax(torch.randn(4, dtype=dtype), 0.4).dtype == dtype


class TestGradients:
    @RELAXATIONS
    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_gradcheck(self, relax, n):
        scores = torch.randn(2, n, dtype=torch.float64, requires_grad=True)
        tau = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(relax, (scores, tau))

    @RELAXATIONS
    def test_tied_items_get_the_same_gradient(self, relax):
        scores = torch.tensor([1.0, 1.0, 0.0], requires_grad=True)
        first_row = relax(scores, 0.5)[0]
        (gradient,) = torch.autograd.grad(first_row[2], scores)
        if relax is neural_sort:
            assert gradient[0].item() == pytest.approx(gradient[1].item())
        assert gradient.isfinite().all()


class TestFactsOfTheThesis:
    @patient
    @given(distinct)
    def test_corollary_2_4_2_holds_for_scores_of_any_sign(self, scores):
        # E-08: row k picks argmax (n + 1 - 2k) s - A 1
        n = len(scores)
        total = (scores.unsqueeze(0) - scores.unsqueeze(1)).abs().sum(-1)
        picked = [((n + 1 - 2 * k) * scores - total).argmax() for k in range(1, n + 1)]
        assert torch.equal(torch.stack(picked), scores.argsort(descending=True))

    @patient
    @given(distinct)
    def test_sum_of_the_k_largest_is_a_minimum_on_the_corrected_interval(self, scores):
        # E-49: lambda k + sum max(s_i - lambda, 0), minimal for s_(k+1) <= lambda <= s_(k)
        ordered = torch.cat([scores.sort(descending=True).values, torch.tensor([-torch.inf])])
        candidates = torch.cat([scores, scores - 1 / 16, scores + 1 / 16])
        for k in range(1, len(scores) + 1):
            objective = candidates * k + (scores - candidates.unsqueeze(-1)).clamp_min(0).sum(-1)
            least = ordered[:k].sum()
            inside = (candidates >= ordered[k]) & (candidates <= ordered[k - 1])
            # sums of sixteenths are exact in floating point
            assert torch.equal(objective == least, inside)
            assert (objective >= least).all()

    @patient
    @given(distinct)
    def test_proof_of_neural_sort_without_the_extra_factor_k(self, scores):
        # E-50: A.30 with lambda (k - 1 - n), not lambda k (k - 1 - n)
        n, ordered = len(scores), scores.sort(descending=True).values
        gaps = scores - scores.unsqueeze(-1)  # s_i - lambda, lambda along the rows
        for k in range(1, n + 1):
            objective = scores * k + gaps.clamp_min(0).sum(-1)
            objective = objective + scores * (k - 1 - n) + (-gaps).clamp_min(0).sum(-1)
            assert scores[objective.argmin()] == ordered[k - 1]

    def test_proof_of_neural_sort_with_the_extra_factor_k_fails(self):
        scores, k, n = torch.tensor([3.0, 2.0, 1.0]), 2, 3
        gaps = scores - scores.unsqueeze(-1)
        objective = scores * (k + k * (k - 1 - n)) + gaps.abs().sum(-1)
        assert scores[objective.argmin()] == 3.0  # the largest, not the second


class TestRankings:
    @patient
    @given(st.permutations(range(6)))
    def test_there_and_back(self, ranking):
        ranking = torch.tensor(ranking)
        assert torch.equal(matrix_to_ranking(ranking_to_matrix(ranking)), ranking)

    @patient
    @given(distinct)
    def test_matrix_puts_the_scores_in_order(self, scores):
        assert torch.equal(sort_matrix(scores) @ scores, scores.sort(descending=True).values)

    def test_batches_and_dtype(self):
        ranking = torch.stack([torch.randperm(4) for _ in range(6)]).reshape(2, 3, 4)
        matrix = ranking_to_matrix(ranking, torch.float32)
        assert matrix.dtype == torch.float32
        assert torch.equal(matrix[1, 2], torch.eye(4, dtype=torch.float32)[ranking[1, 2]])
        assert torch.equal(matrix_to_ranking(matrix), ranking)


class TestBadInput:
    @RELAXATIONS
    @pytest.mark.parametrize("score", [torch.nan, torch.inf])
    def test_scores(self, relax, score):
        with pytest.raises(ValueError, match="scores: expected finite numbers"):
            relax(torch.tensor([0.0, score]), 1.0)

    @RELAXATIONS
    @pytest.mark.parametrize("temperature", [0.0, -1.0, torch.nan, torch.tensor([1.0, -1.0])])
    def test_temperature(self, relax, temperature):
        with pytest.raises(ValueError, match="temperature: expected positive numbers"):
            relax(torch.zeros(2, 3), temperature)

    @pytest.mark.parametrize("ranking", [[0, 0, 1], [1, 2, 3], [-1, 0, 1]])
    def test_ranking(self, ranking):
        with pytest.raises(ValueError, match=r"ranking: expected each of 0, ..., n - 1 once"):
            ranking_to_matrix(torch.tensor(ranking))

    def test_matrix(self):
        relaxed = neural_sort(torch.tensor([1.0, 1.0]), 0.01)
        with pytest.raises(ValueError, match="matrix: expected a permutation matrix"):
            matrix_to_ranking(relaxed)
