"""Networks and likelihoods: shapes, parameter counts of the thesis, laws against SciPy."""

from functools import partial

import numpy as np
import pytest
import scipy.stats
import torch
from torch import nn
from torch.distributions import Independent, Normal

from wslbook.datasets import Batch
from wslbook.likelihoods import bernoulli, gaussian, laplace
from wslbook.models import VAE
from wslbook.networks import Decoder, GaussianEncoder, mnist_decoder, mnist_encoder


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_table_a1_has_the_counts_of_its_layers():
    assert parameters(mnist_encoder()) == (784 + 1) * 400 + 2 * (400 + 1) * 20
    assert parameters(mnist_decoder()) == (20 + 1) * 400 + (400 + 1) * 784


def test_encoder_gives_the_law_of_its_heads():
    encoder = GaussianEncoder(nn.Flatten(), (2, 3), features=6, latent_dim=4)
    x = torch.randn(5, 2, 3)
    q = encoder(x)
    assert isinstance(q, Independent)
    assert (q.batch_shape, q.event_shape) == ((5,), (4,))
    torch.testing.assert_close(q.variance.log(), encoder.log_variance(x.flatten(1)))


@pytest.mark.parametrize("leading", [(5,), (3, 5), (2, 3, 5)])
def test_decoder_keeps_leading_axes(leading):
    decoder = mnist_decoder(latent_dim=2)
    z = torch.randn(*leading, 2)
    p = decoder(z)
    assert (p.batch_shape, p.event_shape) == (leading, (1, 28, 28))
    one = decoder(z.reshape(-1, 2)[:1]).mean
    torch.testing.assert_close(p.mean.reshape(-1, 1, 28, 28)[:1], one)


RAW = np.array([-2.0, 0.0, 0.7])
VALUES = np.array([0.3, -1.0, 2.0])


@pytest.mark.parametrize(
    ("law", "oracle"),
    [
        (partial(gaussian, scale=0.6), scipy.stats.norm(RAW, 0.6)),
        (partial(laplace, scale=0.6), scipy.stats.laplace(RAW, 0.6)),
    ],
)
def test_real_likelihoods_match_scipy(law, oracle):
    value = law(torch.tensor(RAW)).log_prob(torch.tensor(VALUES))
    np.testing.assert_allclose(value, oracle.logpdf(VALUES), rtol=1e-12)


def test_bernoulli_matches_scipy():
    value = bernoulli(torch.tensor(RAW)).log_prob(torch.tensor([0.0, 1.0, 1.0]).double())
    oracle = scipy.stats.bernoulli(1 / (1 + np.exp(-RAW))).logpmf([0, 1, 1])
    np.testing.assert_allclose(value, oracle, rtol=1e-12)


def test_vae_joins_encoder_and_decoder():
    model = VAE(mnist_encoder(3), mnist_decoder(3))
    batch = Batch({"image": torch.rand(4, 1, 28, 28)})
    q = model.posterior(batch)
    assert q.event_shape == model.prior.event_shape == (3,)
    p = model.likelihoods(q.rsample((2,)))["image"]
    assert (p.batch_shape, p.event_shape) == ((2, 4), (1, 28, 28))
    exact = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    z = torch.randn(7, 3)
    torch.testing.assert_close(model.prior.log_prob(z), exact.log_prob(z))


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mnist_encoder()(torch.zeros(2, 28, 28)),
            r"x: expected shape \[batch, 1, 28, 28\], got \[2, 28, 28\]",
        ),
        (
            lambda: mnist_decoder(3)(torch.zeros(2, 4)),
            r"z: expected last axis 3, got shape \[2, 4\]",
        ),
        (lambda: gaussian(torch.zeros(2), scale=0.0), r"scale: expected a positive number, got 0"),
        (lambda: laplace(torch.zeros(2), scale=-1.0), r"scale: expected a positive number, got -1"),
        (
            lambda: laplace(torch.zeros(2), scale=float("nan")),
            "scale: expected a positive number, got nan",
        ),
        (
            lambda: VAE(mnist_encoder(2), mnist_decoder(3)),
            "decoder: expected latent_dim 2 like the encoder's, got 3",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_decoder_rejects_a_law_of_nan():
    decoder = Decoder(nn.Linear(1, 1), (1,), 1, likelihood=gaussian)
    with pytest.raises(ValueError, match="loc"):
        decoder(torch.full((1, 1), torch.nan))
