"""The log-likelihood through a subset, on a linear-Gaussian model with known evidence."""

import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal

from wslbook.datasets import Batch
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.metrics import subset_log_likelihood

NOISE = {"a": 0.5, "b": 1.5}


class Model:
    """z ~ N(0, I) in two dimensions, x_m | z ~ N(z, NOISE_m² I): subset posteriors are exact."""

    modalities = tuple(NOISE)
    prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)

    def posterior(self, batch):
        return self.subset_posterior(batch, self.modalities)

    def subset_posterior(self, batch, given):
        self.largest = len(batch)
        precision = 1 + sum(NOISE[name] ** -2 for name in given)
        mean = sum(batch.x[name] / NOISE[name] ** 2 for name in given) / precision
        return Independent(Normal(mean, precision**-0.5), 1)

    def likelihoods(self, z):
        return {name: Independent(Normal(z, scale), 1) for name, scale in NOISE.items()}

    def shared(self, z):
        return z


class Mixture(Model):
    def subset_posterior(self, batch, given):
        parts = [super(Mixture, self).subset_posterior(batch, [name]).base_dist for name in given]
        loc, scale = (torch.stack([getattr(p, n) for p in parts]) for n in ("loc", "scale"))
        weights = torch.full((len(given), len(batch)), 1 / len(given))
        return SubsetMixture(weights, Independent(Normal(loc, scale), 1))


@pytest.fixture
def data():
    z = torch.randn(250, 2)
    return Batch({name: z + scale * torch.randn(250, 2) for name, scale in NOISE.items()})


def evidence(data):
    """Return the mean log N((x_a, x_b); 0, 1 1ᵀ + diag NOISE²), summed over the dimensions."""
    covariance = torch.ones(2, 2) + torch.diag(torch.tensor(list(NOISE.values())) ** 2)
    x = torch.stack([data.x["a"], data.x["b"]], -1)
    law = MultivariateNormal(torch.zeros(2), covariance)
    return float(law.log_prob(x).sum(-1).mean())


@pytest.mark.parametrize("num_samples", [1, 7])
def test_with_the_exact_posterior_every_draw_gives_the_evidence(data, num_samples):
    model = Model()
    value = subset_log_likelihood(model, data, ["a", "b"], num_samples, chunk_size=60)
    assert value == pytest.approx(evidence(data), rel=1e-6)
    assert model.largest == 10  # the remainder of 250


def test_one_draw_loses_the_divergence_from_the_posterior(data):
    """At K = 1 the expected loss is KL(q(z | x_a) || p(z | x_a, x_b))."""
    model = Model()
    q, p = (model.subset_posterior(data, given) for given in (["a"], ["a", "b"]))
    gap = float(torch.distributions.kl_divergence(q, p).mean())
    values = torch.tensor([subset_log_likelihood(model, data, ["a"], 1) for _ in range(100)])
    error = float(values.std()) / math.sqrt(len(values))
    assert abs(float(values.mean()) - (evidence(data) - gap)) < 5 * error


@pytest.mark.parametrize("model", [Model(), Mixture()])
@pytest.mark.parametrize("given", [["a"], ["b"], ["a", "b"]])
def test_all_subsets_have_the_same_limit(data, model, given):
    few, many = (subset_log_likelihood(model, data, given, k) for k in (1, 3000))
    assert few < evidence(data) + 0.05
    assert many == pytest.approx(evidence(data), abs=0.02)


def test_bad_arguments_are_refused(unhooked, data):
    with pytest.raises(ValueError, match="given: expected one of a, b, got 'c'"):
        subset_log_likelihood(Model(), data, ["c"])
    with pytest.raises(ValueError, match="num_samples: expected at least 1, got 0"):
        subset_log_likelihood(Model(), data, ["a"], 0)
    with pytest.raises(ValueError, match="chunk_size: expected at least 1, got 0"):
        subset_log_likelihood(Model(), data, ["a"], 1, 0)
