"""Multimodal and split models, judged by a linear-Gaussian world whose evidence is exact.

Tests that draw compare within five standard errors.
"""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from wslbook.aggregators import moe, mopoe, poe, random_subsets
from wslbook.datasets import Batch
from wslbook.distributions.concatenated import split_kl
from wslbook.distributions.mixture_divergence import kl_pathwise_estimate
from wslbook.likelihoods import gaussian
from wslbook.models import VAE, MultimodalVAE, SplitVAE
from wslbook.networks import Decoder, GaussianEncoder
from wslbook.objectives import elbo, iwae

SIZES = {"a": 3, "b": 4, "c": 2}
NOISE = 0.8
AGGREGATORS = pytest.mark.parametrize("rows", [poe, moe, mopoe])


def networks(latent_dim):
    encoders = {n: GaussianEncoder(nn.Identity(), (s,), s, latent_dim) for n, s in SIZES.items()}
    decoders = {
        n: Decoder(nn.Linear(latent_dim, s), (s,), latent_dim, partial(gaussian, scale=NOISE))
        for n, s in SIZES.items()
    }
    return encoders, decoders


@pytest.fixture
def batch():
    return Batch({name: torch.randn(5, size) for name, size in SIZES.items()})


def log_evidence(model, batch):
    """Return log N(x; b, W Wᵀ + NOISE² I) of the modalities in the batch, stacked."""
    weight = torch.cat([model.decoders[n].body.weight for n in batch.x])
    bias = torch.cat([model.decoders[n].body.bias for n in batch.x])
    covariance = weight @ weight.T + NOISE**2 * torch.eye(len(weight))
    return MultivariateNormal(bias, covariance).log_prob(torch.cat(list(batch.x.values()), -1))


@AGGREGATORS
@pytest.mark.parametrize("prior_expert", [False, True])
def test_bound_below_elbo_below_evidence(rows, prior_expert, batch):
    """Convexity bound <= ELBO of the mixture <= exact evidence, each by its own estimate."""
    model = MultimodalVAE(*networks(2), rows(3), prior_expert)
    with torch.no_grad():
        many = batch[torch.zeros(5_000, dtype=torch.long)]
        bound = elbo(model, many, num_samples=7)
        mixture = elbo(model, many, num_samples=7, divergence=kl_pathwise_estimate)
        exact = log_evidence(model, batch)[0]
    slack = 5 * (bound.std() + mixture.std()) / math.sqrt(5_000)
    assert bound.mean() <= mixture.mean() + slack
    assert mixture.mean() <= exact + slack
    if rows is poe:
        assert abs(bound.mean() - mixture.mean()) < slack


def widened(model):
    """Give every expert standard deviation 1.5, so that importance weights are bounded."""
    for encoder in model.encoders.values():
        nn.init.zeros_(encoder.log_variance.weight)
        nn.init.constant_(encoder.log_variance.bias, 2 * math.log(1.5))
    return model


def meets(log_estimates, exact):
    """Whether the mean of unbiased estimates, given by their logarithms, meets exp(exact)."""
    ratios = torch.exp(log_estimates - exact)
    return ((ratios.mean(0) - 1).abs() < 5 * ratios.std(0) / math.sqrt(len(ratios))).all()


@pytest.mark.parametrize("given", [["a"], ["b", "c"]], ids=str)
def test_importance_sampling_meets_the_evidence(given, batch):
    """From any subset's posterior the evidence of all modalities is estimated."""
    model = widened(MultimodalVAE(*networks(2), moe(3)))
    with torch.no_grad():
        posterior = model.subset_posterior(batch, given)
        estimates = torch.stack([iwae(model, batch, 500, posterior=posterior) for _ in range(100)])
        assert meets(estimates, log_evidence(model, batch))


@AGGREGATORS
@pytest.mark.parametrize("model_type", [MultimodalVAE, partial(SplitVAE, shared_dim=2)])
def test_masking_is_removing(rows, model_type, batch):
    """A masked modality, a removed one and different fillings give identical numbers."""
    model = model_type(*networks(4), rows(3))
    present = torch.ones(3, 5, dtype=torch.bool)
    present[1] = False

    def value(data):
        torch.manual_seed(3)
        model.zero_grad()
        result = elbo(model, data, num_samples=2)
        result.sum().backward()
        return result

    masked = value(Batch(batch.x, present=present))
    absent = [*model.encoders["b"].parameters(), *model.decoders["b"].parameters()]
    assert all((p.grad == 0).all() for p in absent)
    refilled = Batch(batch.x | {"b": torch.full((5, 4), 7.0)}, present=present)
    assert torch.equal(masked, value(refilled))
    removed = value(batch.select(["a", "c"]))
    assert torch.equal(masked, removed)


def test_subset_posterior_of_each_aggregator(batch):
    encoders, decoders = networks(2)
    for rows, components in ((poe, 1), (moe, 2), (mopoe, 1)):
        q = MultimodalVAE(encoders, decoders, rows(3)).subset_posterior(batch, ["a", "c"])
        assert (q.weights[:, 0] > 0).sum() == components
    product = MultimodalVAE(encoders, decoders, poe(3)).subset_posterior(batch, ["c", "a"])
    drawn = MultimodalVAE(encoders, decoders, partial(random_subsets, 3, 2))
    torch.testing.assert_close(product.mean, drawn.subset_posterior(batch, ["a", "c"]).mean)
    a, c = (encoders[n](batch.x[n]) for n in "ac")
    precision = a.stddev**-2 + c.stddev**-2
    torch.testing.assert_close(product.variance, 1 / precision)


def test_drawn_subsets_are_unbiased(batch):
    encoders, decoders = networks(2)
    everything = MultimodalVAE(encoders, decoders, mopoe(3))
    drawn = MultimodalVAE(encoders, decoders, partial(random_subsets, 3, 4))
    many = batch[torch.zeros(1000, dtype=torch.long)]
    with torch.no_grad():
        exact = elbo(everything, many, num_samples=7)
        estimates = torch.stack([elbo(drawn, batch[:1], num_samples=4) for _ in range(1000)])
    error = (exact.std() + estimates.std()) / math.sqrt(1000)
    assert abs(estimates.mean() - exact.mean()) < 5 * error


class TestSplit:
    @AGGREGATORS
    def test_without_private_parts_it_is_the_joint_model(self, rows, batch):
        encoders, decoders = networks(3)
        torch.manual_seed(5)
        joint = elbo(MultimodalVAE(encoders, decoders, rows(3)), batch, num_samples=3)
        torch.manual_seed(5)
        split = elbo(SplitVAE(encoders, decoders, rows(3), shared_dim=3), batch, num_samples=3)
        assert torch.equal(joint, split)

    def test_without_a_shared_part_it_is_the_sum_of_unimodal_models(self, batch):
        """With the same noise, and with different weights of the divergence."""
        encoders, decoders = networks(3)
        model = SplitVAE(encoders, decoders, mopoe(3), shared_dim=0)
        divergence = partial(split_kl, weights=dict.fromkeys(SIZES, 2.5))
        torch.manual_seed(5)
        torch.rand(len(batch))  # the stratified draw of the empty shared part
        alone = [elbo(VAE(encoders[n], decoders[n], n), batch.select([n]), beta=2.5) for n in SIZES]
        torch.manual_seed(5)
        split = elbo(model, batch, divergence=divergence)
        torch.testing.assert_close(split, sum(alone))

    def test_private_latents_are_sampled(self, batch):
        """Two draws of the private part differ and have the spread of its law, not zero."""
        model = SplitVAE(*networks(4), poe(3), shared_dim=1)
        q = model.posterior(batch)
        for name in SIZES:
            parts = q.part(name, q.rsample((5000,)))
            assert (parts.std(0) / q.factors[name].stddev - 1).abs().max() < 0.1

    def test_private_parts_of_missing_modalities_follow_the_prior(self, batch):
        model = SplitVAE(*networks(4), mopoe(3), shared_dim=1)
        q = model.subset_posterior(batch, ["a"])
        assert (q.factors["b"].mean == 0).all()
        assert (q.factors["b"].stddev == 1).all()
        assert torch.equal(q.factors["a"].mean, model.encoders["a"](batch.x["a"]).mean[:, 1:])

    def test_evidence(self, batch):
        """Importance sampling from the split posterior meets the exact evidence."""
        model = widened(SplitVAE(*networks(2), moe(3), shared_dim=1))
        maps = []
        for i, name in enumerate(SIZES):
            weight = model.decoders[name].body.weight
            wide = torch.zeros(SIZES[name], 4)
            wide[:, 0], wide[:, 1 + i] = weight[:, 0], weight[:, 1]
            maps.append(wide)
        w = torch.cat(maps)
        bias = torch.cat([model.decoders[n].body.bias for n in SIZES])
        covariance = w @ w.T + NOISE**2 * torch.eye(len(w))
        exact = MultivariateNormal(bias, covariance).log_prob(torch.cat(list(batch.x.values()), -1))
        with torch.no_grad():
            estimates = torch.stack([iwae(model, batch, 500) for _ in range(100)])
            assert meets(estimates, exact)


class TestErrors:
    def test_names(self):
        encoders, decoders = networks(2)
        with pytest.raises(ValueError, match="decoders: expected the modalities"):
            MultimodalVAE(encoders, {"a": decoders["a"]}, poe(3))

    def test_dimensions(self):
        encoders, _ = networks(2)
        with pytest.raises(ValueError, match=r"decoders\['a'\]: expected latent_dim 2"):
            MultimodalVAE(encoders, networks(3)[1], poe(3))
        with pytest.raises(ValueError, match="shared_dim: expected 0 to the latent_dim"):
            SplitVAE(*networks(2), poe(3), shared_dim=3)

    def test_subsets(self):
        for bad in (poe(2), torch.zeros(1, 3, dtype=torch.bool), torch.ones(1, 3)):
            with pytest.raises(ValueError, match="subsets: expected non-empty boolean rows over 3"):
                MultimodalVAE(*networks(2), bad)

    def test_given(self, batch):
        model = MultimodalVAE(*networks(2), poe(3))
        with pytest.raises(ValueError, match="given: expected some of a, b, c, got none"):
            model.subset_posterior(batch, [])
        with pytest.raises(ValueError, match="given: expected one of a, b, c, got 'd'"):
            model.subset_posterior(batch, ["d"])
