"""Gradient estimators of urns against exact gradients, which a sum over the support gives.

Tests marked "statistical" fix the seed; with a random seed a correct implementation would fail
them less than once in 10,000 runs.
"""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.autograd import grad, gradcheck

from tests.cases import all_counts, fisher, merged
from tests.test_hypergeometric import EXTREMES, PRECISIONS, urns
from wslbook.distributions import MergedMultivariateHypergeometric as Merged
from wslbook.distributions import MultivariateHypergeometric as Exact
from wslbook.distributions import MultivariateHypergeometricStraightThrough as ExactMean
from wslbook.distributions import RelaxedMultivariateHypergeometric as Relaxed
from wslbook.distributions import RelaxedMultivariateHypergeometricStraightThrough as Hard
from wslbook.relax import gumbel_noise

BASES = pytest.mark.parametrize("base", [Exact, Merged], ids=lambda law: law.__name__)
BOTH = pytest.mark.parametrize("law_type", [Relaxed, Hard], ids=lambda law: law.__name__)

SIZES, NUM_DRAWS, LOG_WEIGHTS = [6, 6, 6], 8, [0.0, 1.0, 2.0]
TARGET = torch.tensor([4.0, 2.0, 2.0])


@pytest.fixture(autouse=True)
def _double_precision():
    """Tolerances are those of float64; single precision is asked for where it is meant."""
    torch.set_default_dtype(torch.float64)


def squared_distance(n):
    return (n - TARGET).square().sum(-1)


def exact_gradient(base, f):
    """Differentiate Σ_n p(n) f(n) in the log-weights."""
    log_weights = torch.tensor(LOG_WEIGHTS, requires_grad=True)
    law = base(SIZES, NUM_DRAWS, log_weights)
    n = law.enumerate_support()
    return grad((law.log_prob(n).exp() * f(n)).sum(), log_weights)[0]


def gradients(make, f, draws=20_000):
    """Return one estimate for each draw ``[draws, class]``, from a law of the log-weights."""
    log_weights = torch.tensor(LOG_WEIGHTS).repeat(draws, 1).requires_grad_()
    return grad(f(make(log_weights).rsample()).sum(), log_weights)[0]


def mean_and_error(estimates):
    return estimates.mean(0), estimates.std(0) / len(estimates) ** 0.5


@given(urns(spread=30.0), st.floats(1e-3, 1e3), st.sampled_from([Exact, Merged]))
@settings(max_examples=100)
def test_draws_lie_in_the_support(urn, temperature, base):
    sizes, num_draws, log_weights = urn
    for law_type in (Relaxed, Hard):
        law = law_type(temperature, sizes, num_draws, torch.tensor(log_weights), law=base)
        n = law.rsample((7,))
        assert law.support.check(n).all()
        # written out: 12 roundings of numbers up to 16
        assert (n.sum(-1) - num_draws).abs().max() <= 1e-13
        assert ((n >= -1e-13) & (n <= torch.tensor(sizes) + 1e-13)).all()
        if law_type is Hard:
            assert torch.equal(n, n.round())


@pytest.mark.parametrize(("base", "oracle"), [(Exact, fisher), (Merged, merged)])
def test_hard_draws_have_the_probabilities_of_the_base(base, oracle):
    # statistical: chi-square at 1e-4, at a temperature at which soft counts would be far off
    urn = {"class_sizes": [2, 3, 4], "num_draws": 4, "log_weights": [0.4, 1.5, 0.0]}
    law = Hard(10.0, **urn | {"log_weights": torch.tensor(urn["log_weights"])}, law=base)
    support = all_counts(urn["class_sizes"], 4)
    weights = torch.tensor([oracle(n, **urn) for n in support])
    expected = 20_000 * weights / weights.sum()
    observed = (law.sample((20_000, 1)) == torch.tensor(support)).all(-1).sum(0)
    assert expected.min() >= 5
    assert stats.chisquare(observed.numpy(), expected.numpy()).pvalue > 1e-4


@BASES
def test_cold_draws_are_the_hard_ones(base):
    # The same noise: one seed gives the same draw.
    log_weights, draws = torch.randn(5, 4), []
    for law_type, temperature in ((Relaxed, 1e-12), (Hard, 2.0)):
        torch.manual_seed(1)
        law = law_type(temperature, [4, 0, 3, 6], 7, log_weights, law=base)
        draws.append(law.rsample((200,)))
    torch.testing.assert_close(*draws, rtol=0, atol=1e-6)


class LogDomain(Exact):
    """Fisher's law without plain products: its conditionals are always read as logarithms."""

    def _conditional_weights(self, k, remaining):
        return super()._conditional_weights(k, remaining) * 0


@PRECISIONS
@pytest.mark.parametrize("spread", [1.0, 30.0, 300.0])
@pytest.mark.parametrize(("sizes", "num_draws"), EXTREMES)
@BOTH
def test_plain_products_give_what_logarithms_give(law_type, sizes, num_draws, spread, dtype):
    log_weights = (spread * torch.randn(3, len(sizes), dtype=dtype)).requires_grad_()
    results = []
    for base in (Exact, LogDomain):
        torch.manual_seed(1)
        n = law_type(0.8, sizes, num_draws, log_weights, law=base).rsample((4,))
        (gradient,) = grad(n.square().mean() + 0 * log_weights.sum(), log_weights)
        results.append((n, gradient))
    # logarithms of up to 300 * 700 are rounded, by 1e-2 in single precision
    tolerance = 1e-2 if dtype is torch.float32 else 1e-10
    for found, expected in zip(*results, strict=True):
        scale = 1 + expected.abs().max().item()
        torch.testing.assert_close(found, expected, rtol=0, atol=tolerance * scale)


def test_hot_draws_are_uniform_averages():
    # τ → ∞: every feasible count weighs the same. Class 1: 0..4 of 5, mean 2, leaves 3; class 2
    # has 0..3, mean 1.5.
    n = Relaxed(1e12, [4, 4, 4], 5, torch.tensor([3.0, -2.0, 1.0])).rsample((10,))
    torch.testing.assert_close(n, torch.tensor([2.0, 1.5, 1.5]).expand(10, 3))


def test_counts_between_whole_numbers_are_interpolated():
    # τ → ∞ again: 2.5 left after class 1 (0..5); class 2 of 2: means 1 at r = 2 (0..2), 1 at r = 3
    # (0..2); class 3 of 1 gets min(r, 1) / 2 at whole r, here between r = 1 and r = 2: 0.5.
    n = Relaxed(1e12, [5, 2, 1, 3], 5, torch.zeros(4)).rsample()
    torch.testing.assert_close(n, torch.tensor([2.5, 1.0, 0.5, 1.0]))
    # class 2 holds all but one ball of the rest: at r = 2 means of {1, 2}, at r = 3 of {2, 3}
    n = Relaxed(1e12, [5, 3, 1], 5, torch.zeros(3)).rsample()
    # class 1 has 1..5, mean 3; at r = 2 exactly
    torch.testing.assert_close(n, torch.tensor([3.0, 1.5, 0.5]))


@BASES
@pytest.mark.parametrize(("sizes", "num_draws"), [([3, 2, 4, 1], 5), ([2, 0, 3], 4), ([4, 5], 3)])
def test_gradcheck_with_the_noise_held_fixed(base, sizes, num_draws):
    temperature = torch.tensor([0.6, 1.5], requires_grad=True)
    log_weights = torch.randn(2, len(sizes), requires_grad=True)

    def rsample(temperature, log_weights):
        torch.manual_seed(1)
        return Relaxed(temperature, sizes, num_draws, log_weights, law=base).rsample((4,))

    assert gradcheck(rsample, (temperature, log_weights))


def test_hard_gradient_is_written_out():
    tau, seed = 0.7, 3
    log_weights = torch.tensor(LOG_WEIGHTS, requires_grad=True)
    law = Exact(SIZES, NUM_DRAWS, log_weights.detach())
    support, p = law.enumerate_support(), law.log_prob(law.enumerate_support()).exp()
    torch.manual_seed(seed)
    n = Hard(tau, SIZES, NUM_DRAWS, log_weights).rsample()
    torch.manual_seed(seed)
    first, second = gumbel_noise(torch.empty(7)), gumbel_noise(torch.empty(7))
    # dn_1 / d log w = Cov(j, E[N | N_1 = j]) / τ under the tempered, perturbed marginal
    p_first = torch.stack([p[support[:, 0] == j].sum() for j in range(7)])
    means = torch.stack([p @ (support * (support[:, :1] == j)) for j in range(7)])
    means = means / p_first.unsqueeze(-1)
    q, j = ((p_first.log() + first) / tau).softmax(0), torch.arange(7.0)
    through_first = (q * (j - q @ j)) @ means / tau
    # class 2 against class 3 at the balls that remain, by SciPy
    remaining = NUM_DRAWS - int(n[0])
    assert 1 <= remaining <= 8

    def fishers(r):
        return stats.nchypergeom_fisher(12, 6, r, math.exp(LOG_WEIGHTS[1] - LOG_WEIGHTS[2]))

    log_p = torch.tensor(fishers(remaining).logpmf(j.numpy()))
    q = ((log_p + second) / tau).softmax(0)
    spread = (q @ j.square() - (q @ j) ** 2) / tau
    r = min(remaining, NUM_DRAWS - 1)
    slope = fishers(r + 1).mean() - fishers(r).mean()
    through_second = spread * torch.tensor([0.0, 1.0, -1.0]) - slope * through_first
    found = [grad(n[k], log_weights, retain_graph=True)[0] for k in range(3)]
    torch.testing.assert_close(found[0], through_first, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(found[1], through_second, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(sum(found), torch.zeros(3), rtol=0, atol=1e-12)


class Cut(Hard):
    """The gradient does not reach the number of remaining draws."""

    def _draw(self, k, remaining):
        return super()._draw(k, remaining.detach())


@BASES
@pytest.mark.parametrize(
    ("law_type", "temperature", "share"), [(Relaxed, 0.25, 0.03), (Hard, 0.25, 0.05)]
)
def test_gradients_are_nearly_those_of_the_base(law_type, temperature, share, base):
    # statistical: 5 standard errors, beside a bias of a share of the norm
    exact = exact_gradient(base, squared_distance)
    mean, error = mean_and_error(
        gradients(lambda w: law_type(temperature, SIZES, NUM_DRAWS, w, law=base), squared_distance)
    )
    assert (mean - exact).norm() <= share * exact.norm() + 5 * error.norm()


def test_gradient_through_the_remaining_draws_matters():
    # statistical: 5 standard errors of about 0.1 part the two
    exact = exact_gradient(Exact, squared_distance)
    for law_type, (least, most) in {Hard: (0.0, 0.1), Cut: (0.15, 0.4)}.items():
        mean, error = mean_and_error(
            gradients(lambda w, law=law_type: law(0.5, SIZES, NUM_DRAWS, w), squared_distance)
        )
        bias, slack = (mean - exact).norm() / exact.norm(), 5 * error.norm() / exact.norm()
        assert least - slack <= bias <= most + slack


def moments():
    law = Exact(SIZES, NUM_DRAWS, torch.tensor(LOG_WEIGHTS))
    n, p = law.enumerate_support(), law.log_prob(law.enumerate_support()).exp()
    centred = n - p @ n
    covariance = centred.T @ (p.unsqueeze(-1) * centred)
    third = (p * centred.square().sum(-1)) @ centred
    return covariance, third


def test_exact_mean_is_exact_for_linear_losses():
    slope = torch.tensor([1.0, -3.0, 0.5])
    estimates = gradients(lambda w: ExactMean(SIZES, NUM_DRAWS, w), lambda n: n @ slope, draws=5)
    exact = exact_gradient(Exact, lambda n: n @ slope)
    torch.testing.assert_close(estimates, exact.expand(5, 3))
    torch.testing.assert_close(exact, moments()[0] @ slope)


def test_exact_mean_is_biased_for_quadratic_losses_by_the_third_moment():
    # statistical: 5 standard errors for each class
    estimates = gradients(lambda w: ExactMean(SIZES, NUM_DRAWS, w), squared_distance, 100_000)
    mean, error = mean_and_error(estimates)
    exact, third = exact_gradient(Exact, squared_distance), moments()[1]
    assert ((mean - exact + third).abs() <= 5 * error).all()
    assert third.norm() > 10 * error.norm()  # so that the bias is seen


def test_exact_mean_draws_the_exact_law():
    log_weights = torch.randn(2, 3)
    draws = []
    for law_type in (Exact, ExactMean):
        torch.manual_seed(1)
        draws.append(law_type(SIZES, NUM_DRAWS, log_weights).sample((50,)))
    torch.manual_seed(1)
    draws.append(ExactMean(SIZES, NUM_DRAWS, log_weights).rsample((50,)))
    assert torch.equal(draws[0], draws[1])
    assert torch.equal(draws[0], draws[2])


@PRECISIONS
@pytest.mark.parametrize(("sizes", "num_draws"), EXTREMES)
@BASES
@BOTH
def test_extremes_are_finite(law_type, base, sizes, num_draws, dtype):
    classes = len(sizes)
    alternating = torch.where(torch.arange(classes) % 2 == 0, 300.0, -300.0)
    ramp = torch.linspace(-300, 300, classes)
    weights = torch.stack([torch.zeros(classes), ramp, ramp.flip(0), alternating]).to(dtype)
    weights, temperature = weights.requires_grad_(), torch.tensor([[0.01], [1.0], [50.0]])
    temperature = temperature.to(dtype).requires_grad_()
    law = law_type(temperature, sizes, num_draws, weights, law=base)
    n = law.rsample((2,))
    assert n.dtype == dtype
    assert law.support.check(n).all()
    loss = (n * torch.randn_like(n)).sum() + 0 * (weights.sum() + temperature.sum())
    assert all(gradient.isfinite().all() for gradient in grad(loss, (weights, temperature)))


@PRECISIONS
@pytest.mark.parametrize(("sizes", "num_draws"), EXTREMES)
def test_extremes_of_the_exact_mean_are_finite(sizes, num_draws, dtype):
    weights = torch.linspace(-300, 300, len(sizes), dtype=dtype, requires_grad=True)
    n = ExactMean(sizes, num_draws, weights).rsample((2,))
    assert n.dtype == dtype
    assert torch.equal(n.sum(-1), torch.full((2,), num_draws, dtype=dtype))
    (gradient,) = grad((n * torch.randn_like(n)).sum(), weights)
    assert gradient.isfinite().all()


@BOTH
def test_temperature_and_weights_broadcast(law_type):
    law = law_type(torch.ones(3, 1), [2, 3, 4], 4, torch.zeros(2, 3))
    assert law.batch_shape == law.temperature.shape == (3, 2)
    assert law.log_weights.shape == (3, 2, 3)
    assert law.rsample((7,)).shape == (7, 3, 2, 3)
    assert isinstance(law_type(1.0, [2], 1, torch.zeros(1), law=Merged).base_dist, Merged)
    assert isinstance(law.expand((4, 3, 2)).base_dist, Exact)


@BOTH
def test_there_is_no_density(law_type):
    law = law_type(1.0, [2, 3], 2, torch.zeros(2))
    with pytest.raises(NotImplementedError):
        law.log_prob(torch.tensor([1.0, 1.0]))
    assert law.base_dist.log_prob(torch.tensor([1.0, 1.0])).exp().item() == pytest.approx(0.6)


@BOTH
def test_bad_arguments_are_refused(law_type, unhooked):
    weights = torch.zeros(3)
    for temperature in (0.0, -1.0, math.nan, torch.tensor([1.0, -1.0])):
        with pytest.raises(ValueError, match="parameter temperature"):
            law_type(temperature, [1, 2, 3], 4, weights)
    for law in (Relaxed, Exact([1, 2, 3], 4, weights), "exact"):
        with pytest.raises(ValueError, match="law: expected a subclass of Urn, got"):
            law_type(1.0, [1, 2, 3], 4, weights, law=law)
    with pytest.raises(ValueError, match="num_draws: expected at most 6"):
        law_type(1.0, [1, 2, 3], 7, weights)
    with pytest.raises(ValueError, match="parameter log_weights"):
        law_type(1.0, [1, 2, 3], 4, torch.tensor([0.0, math.nan, 0.0]))
