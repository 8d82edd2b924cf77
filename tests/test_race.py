"""Races against exact rationals, SciPy's quadrature, a fine trapezoid rule and its differences.

No test draws a conclusion from random numbers: where parameters are random, the claim holds for
all of them.
"""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy import integrate
from torch.autograd import gradcheck

from wslbook.distributions.race import log_prob_of_groups, log_race

BOTH = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-5)], ids=str
)


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)


def trapezoid(log_rates, points=4000):
    """Return log I by a sum over log-time, in long doubles, far beyond the integrand's ends."""
    log_rates = np.asarray(log_rates, dtype=np.longdouble)
    x = np.linspace(-45, math.log(1 + len(log_rates) + 90) + 3, points, dtype=np.longdouble)
    y = np.exp(np.minimum(log_rates[:, None] + x, 6))
    # beyond e^6 the factor is 1, below 1e-200 it is y
    factors = np.where(
        y > 1e-200, np.log(-np.expm1(-np.maximum(y, 1e-200))), log_rates[:, None] + x
    )
    g = x - np.exp(x) + factors.sum(0)
    return g.max() + np.log(np.exp(g - g.max()).sum() * (x[1] - x[0]))


def relative_log_rates(logits, groups, k):
    """Return log s_i - log Z_{>k} for the items of one group."""
    logits = np.asarray(logits, dtype=np.longdouble)
    later = logits[groups > k]
    log_later = later.max() + np.log(np.exp(later - later.max()).sum())
    return logits[groups == k] - log_later


def log_prob_by_trapezoid(logits, groups, points=4000):
    groups = np.asarray(groups)
    # after the last group nothing is left to beat
    occupied = [k for k in range(groups.max()) if (groups == k).any()]
    return sum(trapezoid(relative_log_rates(logits, groups, k), points) for k in occupied)


def hard_case(n, num_groups, kind, spread=30.0):
    """Log-scores over a range of `spread`; groups at random, or in or against their order."""
    logits = spread * torch.rand(n)
    groups = torch.randint(num_groups, (n,))
    if kind != "random":
        order = logits.argsort(descending=kind == "sorted")
        groups = torch.zeros_like(groups).scatter(0, order, groups.sort().values)
    return logits, groups


hard = pytest.mark.parametrize("kind", ["random", "sorted", "reversed"])


class TestIntegral:
    @pytest.mark.parametrize("rates", [[1], [2, 3], [1, 1, 1, 1], [7, 1, 2, 30], [1] * 6, [50, 1]])
    def test_equals_inclusion_and_exclusion_in_rationals(self, rates):
        # I = Σ over B ⊆ S of (-1)^|B| Z / (Z + s(B)), with a rival of rate Z = 3
        exact = sum(
            (-1) ** size * Fraction(3, 3 + sum(subset))
            for size in range(len(rates) + 1)
            for subset in combinations(rates, size)
        )
        log_rates = (torch.tensor(rates, dtype=torch.float64) / 3).log()
        value = log_race(log_rates, torch.zeros(len(rates), dtype=torch.long), 1)
        assert value.exp().item() == pytest.approx(float(exact), rel=1e-13)

    @pytest.mark.parametrize("n", [1, 5, 12])
    def test_equals_quadrature_in_u(self, n):
        rates = 0.2 + 3 * torch.rand(n)
        exact, _ = integrate.quad(
            lambda u: np.prod(1 - u ** rates.numpy()), 0, 1, epsabs=0, epsrel=1e-12, limit=200
        )
        value = log_race(rates.log(), torch.zeros(n, dtype=torch.long), 1)
        assert value.exp().item() == pytest.approx(exact, rel=1e-10)

    @BOTH
    def test_one_item_of_any_rate(self, dtype, tolerance):
        # I = a / (1 + a)
        log_rates = torch.linspace(-200, 200, 101, dtype=dtype)
        values = log_race(log_rates, torch.arange(101), 101)
        exact = torch.nn.functional.logsigmoid(log_rates)
        torch.testing.assert_close(values, exact, rtol=tolerance, atol=tolerance)

    def test_many_rows_and_a_row_alone(self):
        log_rates, groups = 3 * torch.randn(40, 3, 30), torch.randint(4, (40, 3, 30))
        values = log_race(log_rates, groups, 4)
        assert values.shape == (40, 3, 4)
        alone = log_race(log_rates[31, 2], groups[31, 2], 4)
        torch.testing.assert_close(values[31, 2], alone, rtol=1e-13, atol=0)

    def test_of_no_items_is_certain(self):
        values = log_race(torch.zeros(2), torch.tensor([1, 1]), 3)
        assert values[[0, 2]].abs().max() < 1e-14


class TestGroups:
    @pytest.mark.parametrize("sizes", [[1], [2, 3], [3, 0, 4, 1], [0, 5, 5, 0], [200, 100, 212]])
    def test_equal_scores_are_counted(self, sizes):
        n = sum(sizes)
        groups = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
        log_ways = math.lgamma(n + 1) - sum(math.lgamma(m + 1) for m in sizes)
        value = log_prob_of_groups(torch.full((n,), 4.2), groups, len(sizes))
        assert value.item() == pytest.approx(-log_ways, rel=1e-12, abs=1e-13)

    @BOTH
    @hard
    @pytest.mark.parametrize(("n", "num_groups"), [(3, 2), (8, 3), (64, 10), (512, 10)])
    def test_value_and_gradient_of_hard_cases(self, n, num_groups, kind, dtype, tolerance):
        """Scores thirty nats apart; the gradient against fourth-order differences."""
        logits, groups = hard_case(n, num_groups, kind)
        logits = logits.to(dtype).requires_grad_()
        value = log_prob_of_groups(logits, groups, num_groups)
        (gradient,) = torch.autograd.grad(value, logits)
        exact = float(log_prob_by_trapezoid(logits.detach().double(), groups))
        assert value.item() == pytest.approx(exact, rel=tolerance, abs=tolerance)

        def shifted(item, shift):
            moved = logits.detach().double().numpy().astype(np.longdouble)
            moved[item] += shift
            return log_prob_by_trapezoid(moved, groups, points=1000)

        step = 3e-3
        for item in (0, n - 1):
            near = shifted(item, step) - shifted(item, -step)
            far = shifted(item, 2 * step) - shifted(item, -2 * step)
            slope = float((8 * near - far) / (12 * step))
            assert gradient[item].item() == pytest.approx(slope, rel=tolerance, abs=tolerance)

    def test_gradcheck(self):
        logits = (2 * torch.randn(2, 3, 6)).requires_grad_()
        groups = torch.tensor([[0, 3, 0, 1, 1, 1], [2, 2, 2, 2, 2, 2], [3, 2, 1, 0, 1, 2]])
        assert gradcheck(lambda x: log_prob_of_groups(x, groups.expand(2, 3, 6), 4), logits)

    def test_only_differences_of_scores_matter(self):
        logits, groups = torch.randn(5, 20, requires_grad=True), torch.randint(4, (5, 20))
        value = log_prob_of_groups(logits, groups, 4)
        torch.testing.assert_close(log_prob_of_groups(logits + 100, groups, 4), value)
        (gradient,) = torch.autograd.grad(value.sum(), logits)
        assert gradient.sum(-1).abs().max() < 1e-12

    def test_a_single_group_has_no_rival(self):
        logits = torch.randn(3, 7, requires_grad=True)
        value = log_prob_of_groups(logits, torch.full((3, 7), 2), 5)
        assert torch.equal(value, torch.zeros(3))
        assert torch.equal(torch.autograd.grad(value.sum(), logits)[0], torch.zeros(3, 7))

    @BOTH
    @hard
    @pytest.mark.parametrize("spread", [100.0, 1000.0])
    def test_is_finite_at_extremes(self, spread, kind, dtype, tolerance):
        logits, groups = hard_case(100, 5, kind, spread)
        logits = logits.to(dtype).requires_grad_()
        value = log_prob_of_groups(logits, groups, 5)
        (gradient,) = torch.autograd.grad(value, logits)
        assert value.isfinite()
        assert value <= tolerance
        assert gradient.isfinite().all()
        assert gradient.abs().max() <= 100
