"""Gumbel noise, the straight-through estimator and annealing.

Tests marked "statistical" fix the seed; with a random seed a correct implementation would fail
them once in 10,000 runs.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from wslbook.relax import exponential_schedule, gumbel_noise, straight_through

patient = settings(deadline=None)  # time depends on the machine
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def counts(indices, categories):
    return torch.bincount(indices, minlength=categories).numpy()


class TestGumbelNoise:
    def test_follows_the_gumbel_law(self):
        # statistical: Kolmogorov-Smirnov against scipy
        noise = gumbel_noise(torch.empty(100_000))
        assert stats.kstest(noise.numpy(), stats.gumbel_r.cdf).pvalue > 1e-4

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_looks_like_its_argument(self, dtype):
        noise = gumbel_noise(torch.zeros(3, 4, dtype=dtype, requires_grad=True))
        assert noise.shape == (3, 4)
        assert noise.dtype == dtype
        assert not noise.requires_grad

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("exponential", [0.0, math.inf])
    def test_is_finite_at_the_ends_of_the_sampler(self, dtype, exponential, monkeypatch):
        def extreme(tensor, generator=None):
            return tensor.fill_(exponential)

        monkeypatch.setattr(torch.Tensor, "exponential_", extreme)
        assert gumbel_noise(torch.zeros(2, dtype=dtype)).isfinite().all()

    def test_reaches_further_than_uniform_noise_of_the_same_precision(self):
        # -log(-log u) is infinite in float32 for u = 1 - 2^-25, which rounds to 1.
        u = torch.tensor(1 - 2**-25, dtype=torch.float32)
        assert torch.isinf(-torch.log(-torch.log(u)))
        assert gumbel_noise(torch.zeros(1_000_000, dtype=torch.float32)).isfinite().all()

    def test_is_independent_along_expanded_axes(self):
        noise = gumbel_noise(torch.zeros(1).expand(1000))
        assert noise.unique().numel() == 1000

    def test_generator_reproduces_and_leaves_the_global_state_alone(self):
        like = torch.zeros(5)
        before = torch.get_rng_state()
        first, second = (gumbel_noise(like, torch.Generator().manual_seed(3)) for _ in range(2))
        assert torch.equal(first, second)
        assert torch.equal(torch.get_rng_state(), before)

    def test_global_seed_reproduces(self):
        torch.manual_seed(5)
        first = gumbel_noise(torch.zeros(5))
        torch.manual_seed(5)
        assert torch.equal(first, gumbel_noise(torch.zeros(5)))


class TestGumbelFactsOfTheThesis:
    def test_density_needs_a_negative_inner_exponential(self):
        # E-04, equation 2.39, at mu = .3, beta = .7
        def density(x, sign):
            y = (x - 0.3) / 0.7
            return np.exp(-y) * np.exp(sign * np.exp(-y)) / 0.7

        corrected, _ = integrate.quad(density, -2, 40, args=(-1,))
        printed, _ = integrate.quad(density, -2, 40, args=(1,), limit=200)
        # below -2 lie exp(-exp(2.3 / .7)) = 2.5e-12 of the mass
        assert corrected == pytest.approx(1, abs=1e-8)
        assert printed > 1e11
        x = np.linspace(-2, 8, 50)
        assert np.allclose(density(x, -1), stats.gumbel_r.pdf(x, 0.3, 0.7), rtol=1e-12)

    def test_temperature_divides_the_scores_and_not_the_noise(self):
        # E-05, equation 2.46; statistical: chi-square
        scores, tau, draws = torch.tensor([0.2, 1.5, 3.0, 0.7]), 0.5, 100_000
        noise = gumbel_noise(scores.expand(draws, 4))
        expected = (draws * (scores.log() / tau).softmax(0)).numpy()
        corrected = counts((scores.log() / tau + noise).argmax(-1), 4)
        printed = counts((scores.log() + noise).argmax(-1), 4)
        assert stats.chisquare(corrected, expected).pvalue > 1e-4
        assert stats.chisquare(printed, expected).pvalue < 1e-100

    def test_maximum_is_gumbel_at_the_log_sum(self):
        # equation 2.45; statistical: Kolmogorov-Smirnov
        scores = torch.tensor([0.2, 1.5, 3.0, 0.7])
        maximum = (scores.log() + gumbel_noise(scores.expand(100_000, 4))).amax(-1)
        law = stats.gumbel_r(loc=math.log(scores.sum()))
        assert stats.kstest(maximum.numpy(), law.cdf).pvalue > 1e-4

    @pytest.mark.parametrize("beta", [0.3, 1.0, 4.0])
    def test_scaled_noise_has_mean_gamma_beta(self, beta):
        # E-09: not mean zero; statistical: four standard errors, pi beta / sqrt(6 n)
        draws = beta * gumbel_noise(torch.empty(200_000))
        error = math.pi * beta / math.sqrt(6 * 200_000)
        assert draws.mean().item() == pytest.approx(np.euler_gamma * beta, abs=4 * error)


class TestStraightThrough:
    @patient
    @given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8))
    def test_value_is_hard_to_the_last_bit(self, values):
        soft = torch.tensor(values)
        hard = torch.arange(len(values)) * 0.1
        assert torch.equal(straight_through(hard, soft), hard)

    def test_gradient_is_that_of_the_soft_value(self):
        logits, weights = torch.randn(5, requires_grad=True), torch.randn(5)
        hard = torch.eye(5)[2].requires_grad_()
        y = straight_through(hard, logits.softmax(0))
        through, to_hard = torch.autograd.grad(
            (weights * y).sum(), (logits, hard), allow_unused=True
        )
        (alone,) = torch.autograd.grad((weights * logits.softmax(0)).sum(), logits)
        assert torch.equal(through, alone)
        assert to_hard is None

    def test_shapes_must_agree(self, unhooked):
        with pytest.raises(ValueError, match=r"soft: expected the shape of hard \[2\], got \[3\]"):
            straight_through(torch.zeros(2), torch.zeros(3))


positive = st.floats(1e-6, 1e6)


class TestExponentialSchedule:
    @patient
    @given(positive, positive, st.integers(1, 10**6), st.integers(0, 2 * 10**6))
    def test_is_the_corrected_schedule_of_the_thesis(self, initial, final, num_steps, step):
        # E-42: max(final, initial e^{rt}) for falling values; E-42b: min for rising ones
        r = (math.log(final) - math.log(initial)) / num_steps
        bound = max if final < initial else min
        # e^{rt} may overflow where the bound takes over anyway
        expected = bound(final, initial * math.exp(min(r * step, 600.0)))
        assert exponential_schedule(step, num_steps, initial, final) == pytest.approx(
            expected, rel=1e-10
        )

    def test_default_falls_where_the_printed_formula_grows(self):
        r = math.log(0.5) / 100_000
        printed = [max(0.5, math.exp(-r * t)) for t in (10_000, 50_000, 100_000, 200_000)]
        assert printed == pytest.approx([1.07, 1.41, 2.0, 4.0], abs=0.005)
        ours = [exponential_schedule(t) for t in (0, 10_000, 50_000, 100_000, 200_000)]
        assert ours == pytest.approx([1, 0.5**0.1, 0.5**0.5, 0.5, 0.5], rel=1e-12)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"step": -1}, "step: expected at least 0, got -1"),
            ({"step": math.nan}, "step: expected at least 0, got nan"),
            ({"num_steps": 0}, "num_steps: expected at least 1, got 0"),
            ({"initial": 0.0}, "initial: expected a positive, finite number, got 0.0"),
            ({"final": -0.5}, "final: expected a positive, finite number, got -0.5"),
            ({"final": math.inf}, "final: expected a positive, finite number, got inf"),
        ],
    )
    def test_refuses(self, arguments, message, unhooked):
        with pytest.raises(ValueError, match=message):
            exponential_schedule(**{"step": 0, **arguments})
