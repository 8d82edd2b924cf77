"""Networks: layers and parameter counts of the thesis' tables, shapes, laws."""

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Categorical, Independent, Laplace, Normal

from tests.tables import CONVOLUTIONS, SIZES, TABLES, argument, count, parameters, rows, sizes
from wslbook import networks
from wslbook.datasets import Batch
from wslbook.likelihoods import gaussian
from wslbook.models import VAE
from wslbook.networks import (
    AttributeClassifier,
    Classifier,
    Decoder,
    GaussianEncoder,
    OneHot,
    flat_decoder,
    flat_encoder,
    mnist_decoder,
    mnist_encoder,
    svhn_decoder,
    svhn_encoder,
    word_decoder,
    word_encoder,
)


def build(name):
    return getattr(networks, name)()


@pytest.mark.parametrize("name", TABLES)
def test_layers_are_those_of_the_table(name):
    assert rows(build(name)) == TABLES[name]


@pytest.mark.parametrize("name", TABLES)
def test_counts_are_those_of_the_table(name):
    axes = 1 if "word" in name else 2
    assert parameters(build(name)) == sum(count(row, axes) for row in TABLES[name])


@pytest.mark.parametrize("name", [name for name in SIZES if name in TABLES])
def test_feature_maps_have_the_sizes_of_the_table(name):
    network = build(name)
    assert sizes(network, argument(network, 2), CONVOLUTIONS) == SIZES[name]


@pytest.mark.parametrize("name", TABLES)
def test_neither_heads_nor_outputs_are_rectified(name):
    """X-21: there is a ReLU behind every layer except the heads and the last layer."""
    network = build(name)
    layers = len(TABLES[name])
    rectified = sum(isinstance(m, nn.ReLU) for m in network.modules())
    assert rectified == layers - (1 if isinstance(network, Decoder) else 2)


@pytest.mark.parametrize("name", TABLES)
def test_every_parameter_gets_a_gradient(name):
    network = build(name)
    law = network(argument(network, 2))
    law.log_prob(law.sample()).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


@pytest.mark.parametrize("name", TABLES)
def test_examples_do_not_mix(name):
    network = build(name)
    x = argument(network, 2)
    law, one = network(x), network(x[1:])
    value = law.sample()
    torch.testing.assert_close(law.log_prob(value)[1:], one.log_prob(value[1:]))


def test_flat_networks_have_one_hidden_layer():
    shape = (3, 14, 14)
    assert rows(flat_encoder(shape)) == [(588, 256), (256, 32), (256, 32)]
    assert rows(flat_decoder(shape)) == [(32, 256), (256, 588)]
    assert flat_decoder(shape)(torch.zeros(4, 2, 32)).event_shape == shape


def test_encoder_gives_the_law_of_its_heads():
    encoder = GaussianEncoder(nn.Flatten(), (2, 3), features=6, latent_dim=4)
    x = torch.randn(5, 2, 3)
    q = encoder(x)
    assert isinstance(q, Independent)
    assert (q.batch_shape, q.event_shape) == ((5,), (4,))
    torch.testing.assert_close(q.variance.log(), encoder.log_variance(x.flatten(1)))


@pytest.mark.parametrize("build", [mnist_decoder, svhn_decoder, word_decoder])
@pytest.mark.parametrize("leading", [(), (5,), (3, 5), (2, 3, 5)])
def test_decoder_keeps_leading_axes(build, leading):
    decoder = build(latent_dim=2)
    z = torch.randn(*leading, 2)
    p = decoder(z)
    assert (p.batch_shape, p.event_shape) == (leading, decoder.data_shape)
    value = p.sample()
    flat = decoder(z.reshape(-1, 2)).log_prob(value.reshape(-1, *decoder.data_shape))
    torch.testing.assert_close(p.log_prob(value).reshape(-1), flat)


def test_outputs_mean_what_the_likelihood_says():
    assert isinstance(mnist_decoder()(torch.zeros(1, 20)).base_dist, Bernoulli)
    assert isinstance(svhn_decoder()(torch.zeros(1, 20)).base_dist, Laplace)
    assert isinstance(word_decoder()(torch.zeros(1, 20)).base_dist, Categorical)
    normal = svhn_decoder(likelihood=gaussian)(torch.zeros(1, 20))
    assert isinstance(normal.base_dist, Normal)


def test_one_hot_matches_torch():
    x = torch.randint(7, (3, 5))
    expected = nn.functional.one_hot(x, 7).transpose(1, 2).to(torch.get_default_dtype())
    torch.testing.assert_close(OneHot(7)(x), expected, rtol=0, atol=0)


def test_one_hot_follows_the_module():
    assert word_encoder().half().trunk[0](torch.zeros(1, 8, dtype=torch.long)).dtype == torch.half
    assert not OneHot(3).state_dict()


def test_words_of_another_alphabet():
    encoder, decoder = word_encoder(3, num_characters=5), word_decoder(3, num_characters=5)
    q = encoder(torch.randint(5, (4, 8)))
    assert decoder(q.mean).base_dist.param_shape == (4, 8, 5)


def test_decoder_gives_the_law_of_each_character():
    """Position k of the text is scored by column k of the raw output."""
    decoder = word_decoder(3)
    z, x = torch.randn(4, 3), torch.randint(71, (4, 8))
    scores = decoder.body(z).log_softmax(1)
    expected = sum(scores[torch.arange(4), x[:, k], k] for k in range(8))
    torch.testing.assert_close(decoder(z).log_prob(x), expected)


def test_classifiers_return_the_laws_of_labels():
    encoder = svhn_encoder()
    x = torch.rand(3, 3, 32, 32)
    p = Classifier(encoder.trunk, encoder.features, num_classes=10)(x)
    assert (p.batch_shape, p.event_shape, p.logits.shape) == ((3,), (), (3, 10))
    p = AttributeClassifier(encoder.trunk, encoder.features, num_attributes=4)(x)
    assert (p.batch_shape, p.event_shape) == ((3,), (4,))


def test_a_classifier_learns():
    """Words whose first character tells the class; cross entropy is -log_prob."""
    encoder = word_encoder()
    classifier = Classifier(encoder.trunk, encoder.features, num_classes=2)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=3e-3)
    x = torch.randint(71, (32, 8))
    labels = (x[:, 0] > 35).long()
    for _ in range(20):
        loss = -classifier(x).log_prob(labels).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


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
            lambda: word_encoder()(torch.zeros(2, 9, dtype=torch.long)),
            r"x: expected shape \[batch, 8\], got \[2, 9\]",
        ),
        (
            lambda: word_encoder()(torch.full((2, 8), 71)),
            "x: expected characters 0 to 70, got 71",
        ),
        (lambda: OneHot(3)(torch.tensor([[0, -1]])), "x: expected characters 0 to 2, got -1"),
        (
            lambda: mnist_decoder(3)(torch.zeros(2, 4)),
            r"z: expected last axis 3, got shape \[2, 4\]",
        ),
        (
            lambda: Decoder(nn.Linear(2, 12), (3, 4), 2)(torch.zeros(5, 2)),
            r"body: expected observations of shape \[3, 4\], got \[12\]",
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
