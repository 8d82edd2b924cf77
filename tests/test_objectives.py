"""Objectives against a linear-Gaussian model, whose evidence is known in closed form."""

import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal

from wslbook.datasets import Batch
from wslbook.objectives import (
    control_variate_elbo,
    elbo,
    iwae,
    log_likelihood,
    reparameterized_elbo,
    score_function_elbo,
)

LATENT, NOISE = 2, 0.7


class LinearGaussian:
    """z ~ N(0, I), x_m | z ~ N(W_m z, NOISE² I) for two modalities, with any Gaussian q."""

    def __init__(self, loc, scale):
        generator = torch.Generator().manual_seed(3)
        self.weights = {
            name: torch.randn(size, LATENT, generator=generator)
            for name, size in {"a": 3, "b": 4}.items()
        }
        self.q = Independent(Normal(loc, scale), 1)

    @property
    def prior(self):
        return Independent(Normal(torch.zeros(LATENT), torch.ones(LATENT)), 1)

    def posterior(self, batch):
        return self.q

    def likelihoods(self, z):
        return {name: Independent(Normal(z @ w.T, NOISE), 1) for name, w in self.weights.items()}

    def log_evidence(self, batch):
        """Return log N(x; 0, W Wᵀ + NOISE² I) of the stacked modalities."""
        w = torch.cat(list(self.weights.values()))
        covariance = w @ w.T + NOISE**2 * torch.eye(len(w))
        return MultivariateNormal(torch.zeros(len(w)), covariance).log_prob(
            torch.cat(list(batch.x.values()), -1)
        )

    def closed_form_elbo(self, batch):
        """Return E log p(x|z) - KL with E|x - Wz|² = |x - Wm|² + tr(W diag(s²) Wᵀ)."""
        m, s = self.q.base_dist.loc, self.q.base_dist.scale
        value = -0.5 * (s**2 + m**2 - 1 - 2 * s.log()).sum(-1)
        for name, w in self.weights.items():
            square = ((batch.x[name] - m @ w.T) ** 2).sum(-1) + (s**2 @ (w**2).T).sum(-1)
            value = value - 0.5 * square / NOISE**2
            value = value - 0.5 * len(w) * math.log(2 * math.pi * NOISE**2)
        return value


@pytest.fixture
def batch():
    return Batch({"a": torch.randn(5, 3), "b": torch.randn(5, 4)})


@pytest.fixture
def model():
    return LinearGaussian(0.3 * torch.randn(5, LATENT), 0.3 + 0.2 * torch.rand(5, LATENT))


def within(estimates, exact, sigmas=5):
    """Whether the mean over the first axis is within some standard errors of the exact value."""
    error = estimates.std(0) / math.sqrt(len(estimates))
    return ((estimates.mean(0) - exact).abs() < sigmas * error).all()


def test_elbo_is_unbiased(model, batch):
    estimates = torch.stack([elbo(model, batch, num_samples=50) for _ in range(400)])
    assert within(estimates, model.closed_form_elbo(batch))


def test_beta_weighs_the_divergence(model, batch):
    torch.manual_seed(1)
    one = elbo(model, batch)
    torch.manual_seed(1)
    three = elbo(model, batch, beta=3.0)
    m, s = model.q.base_dist.loc, model.q.base_dist.scale
    kl = 0.5 * (s**2 + m**2 - 1 - 2 * s.log()).sum(-1)
    torch.testing.assert_close(one - three, 2 * kl)


@pytest.fixture
def separable():
    """A model with one observed value per latent, so that the posterior is diagonal too."""
    model = LinearGaussian(torch.zeros(1, LATENT), torch.ones(1, LATENT))
    model.weights = {"a": torch.tensor([[2.0, 0.0], [0.0, 0.5]])}
    batch = Batch({"a": torch.tensor([[0.4, -1.1]])})
    precision = 1 + torch.tensor([4.0, 0.25]) / NOISE**2
    mean = torch.tensor([2.0, 0.5]) * batch.x["a"] / NOISE**2 / precision
    return model, batch, mean, precision.rsqrt().expand(1, 2)


def test_iwae_tends_to_the_evidence_from_below(separable):
    model, batch, mean, deviation = separable
    # Off by half a deviation and wider than the posterior: the weights have a finite variance,
    # and the bias, about Var[w] / (2 K E[w]²), is below 0.01 at K = 1000.
    model.q = Independent(Normal(mean + 0.5 * deviation, 1.3 * deviation), 1)
    one, ten, thousand = (
        torch.stack([iwae(model, batch, k) for _ in range(400)]).mean().item()
        for k in (1, 10, 1000)
    )
    exact = model.log_evidence(batch).item()
    assert one < ten < thousand + 0.01
    assert one == pytest.approx(model.closed_form_elbo(batch).item(), abs=0.2)
    assert thousand == pytest.approx(exact, abs=0.02)


def test_iwae_is_exact_at_the_posterior(separable):
    """With q = p(z | x) every weight is p(x), so one draw is enough."""
    model, batch, mean, deviation = separable
    model.q = Independent(Normal(mean, deviation), 1)
    for k in (1, 7):
        torch.testing.assert_close(iwae(model, batch, k), model.log_evidence(batch))


def test_absent_modalities_do_not_count(model, batch):
    present = torch.ones(2, 5, dtype=torch.bool)
    present[1, :2] = False  # modality b of the first two examples
    z = torch.randn(3, 5, LATENT)
    value = log_likelihood(model, Batch(batch.x, present=present), z)
    laws = model.likelihoods(z)
    only_a, both = laws["a"].log_prob(batch.x["a"]), 0.0
    both = only_a + laws["b"].log_prob(batch.x["b"])
    torch.testing.assert_close(value[:, :2], only_a[:, :2])
    torch.testing.assert_close(value[:, 2:], both[:, 2:])


ESTIMATORS = [score_function_elbo, control_variate_elbo, reparameterized_elbo]
X, SIGMA = torch.tensor(1.5, dtype=torch.float64), 0.8


def conjugate_log_joint(z):
    """log p(x, z) of z ~ N(0, 1), x | z ~ N(z, SIGMA²)."""
    return Normal(0.0, 1.0).log_prob(z) + Normal(z, SIGMA).log_prob(X.to(z))


def gradients(estimator, num_samples, replicas=20_000):
    """Independent gradient estimates in the mean and the log-scale, and the estimates."""
    loc = torch.full((replicas,), 0.2, requires_grad=True)
    log_scale = torch.full((replicas,), math.log(0.6), requires_grad=True)
    value = estimator(conjugate_log_joint, Normal(loc, log_scale.exp()), num_samples)
    value.sum().backward()
    return loc.grad, log_scale.grad, value.detach()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_gradient_estimators_are_unbiased(estimator):
    """ELBO = -((x-m)² + s²)/2σ² - (m² + s²)/2 + log s + const, differentiated by hand."""
    m, s = 0.2, 0.6
    by_loc, by_log_scale, value = gradients(estimator, num_samples=4)
    assert within(by_loc, (float(X) - m) / SIGMA**2 - m)
    assert within(by_log_scale, 1 - s**2 * (1 + 1 / SIGMA**2))
    exact = Normal(m, SIGMA).log_prob(X).item() - s**2 / (2 * SIGMA**2)
    exact -= (s**2 + m**2 - 1) / 2 - math.log(s)
    assert within(value, exact)


def test_variances_match_their_closed_forms():
    """With z = m + s e, f = a + b e + c e²: Gaussian moments give every variance (chapter 02)."""
    m, s, draws = 0.2, 0.6, 5
    x = float(X)
    a = Normal(m, SIGMA).log_prob(X).item() - m**2 / 2 + math.log(s)
    b = s * ((x - m) / SIGMA**2 - m)
    c = 0.5 - s**2 * (1 + 1 / SIGMA**2) / 2
    score = (a**2 + 2 * b**2 + 15 * c**2 + 6 * a * c) / s**2 / draws
    control = 3 * b**2 + 10 * c**2 - b**2 * (draws - 2) / (draws - 1)
    control = (control + (b**2 + 2 * c**2) / (draws - 1)) / s**2 / draws
    path = s**2 * (1 + 1 / SIGMA**2) ** 2 / draws
    for estimator, exact in zip(ESTIMATORS, [score, control, path], strict=True):
        variance = gradients(estimator, draws, replicas=200_000)[0].var().item()
        assert variance == pytest.approx(exact, rel=0.05), estimator.__name__


def test_score_function_also_trains_the_model():
    theta = torch.tensor(0.3, requires_grad=True)
    q = Normal(torch.zeros(100_000), 1.0)
    score_function_elbo(lambda z: Normal(theta, 1.0).log_prob(z), q, 1).mean().backward()
    assert theta.grad.item() == pytest.approx(-0.3, abs=0.02)  # d/dθ E[-½(z-θ)²] = -θ


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, b: elbo(m, b, num_samples=0), "num_samples: expected at least 1, got 0"),
        (lambda m, b: elbo(m, b, beta=-1.0), r"beta: expected at least 0, got -1\.0"),
        (lambda m, b: elbo(m, b, beta=math.nan), "beta: expected at least 0, got nan"),
        (lambda m, b: iwae(m, b, num_samples=0), "num_samples: expected at least 1"),
        (
            lambda m, b: control_variate_elbo(conjugate_log_joint, m.q, 1),
            "num_samples: expected at least 2, got 1",
        ),
        (
            lambda m, b: reparameterized_elbo(
                conjugate_log_joint, torch.distributions.Bernoulli(0.5), 1
            ),
            "q: expected a law with rsample, got Bernoulli",
        ),
    ],
)
def test_bad_input(model, batch, call, message):
    with pytest.raises(ValueError, match=message):
        call(model, batch)
