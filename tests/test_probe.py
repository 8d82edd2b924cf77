"""Codes and linear probes, against known components and an optimiser of our own."""

import pytest
import torch
from torch.distributions import Independent, Normal

from wslbook.datasets import Batch
from wslbook.distributions.concatenated import Concatenated
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.metrics import encode, linear_probe


def gaussian(loc):
    return Independent(Normal(loc, 0.1 + loc.square()), 1)


class Model:
    """Posteriors by the names of what is given: means are the data, or 10 more for b."""

    modalities = ("a", "b")
    prior = gaussian(torch.zeros(2))

    def posterior(self, batch):
        return self.subset_posterior(batch, self.modalities)

    def likelihoods(self, z):
        return {}

    def subset_posterior(self, batch, given):
        means = torch.stack([batch.x[name] for name in given])
        if len(given) == 1:
            return gaussian(means[0])
        return SubsetMixture(torch.tensor([[0.25], [0.75]]).expand(2, len(batch)), gaussian(means))

    def shared(self, z):
        return z


class Split(Model):
    def subset_posterior(self, batch, given):
        private = {name: gaussian(batch.x[name] + 100) for name in self.modalities}
        return Concatenated({"shared": super().subset_posterior(batch, given), **private})

    def shared(self, z):
        return z[..., :2]


@pytest.fixture
def data():
    x = torch.randn(2000, 2)
    return Batch({"a": x, "b": x + 10})


@pytest.mark.parametrize("model", [Model(), Split()])
@pytest.mark.parametrize("chunk_size", [1, 7, 5000])
def test_codes_are_means_of_drawn_components(model, data, chunk_size):
    few = data[:20] if chunk_size == 1 else data
    assert torch.equal(encode(model, few, ["b"], chunk_size), few.x["b"])
    codes = encode(model, few, ["a", "b"], chunk_size)
    assert codes.shape == few.x["a"].shape
    second = (codes == few.x["b"]).all(-1)
    assert ((codes == few.x["a"]).all(-1) | second).all()
    # five standard errors of a share
    assert abs(second.double().mean() - 0.75) < 5 * (0.75 * 0.25 / len(few)) ** 0.5


def test_a_mixture_has_the_mean_accuracy_of_its_components():
    """Table 3.1: the mixture of M (.96) and S (.80) has .88, whatever its mean would know."""
    labels = torch.randint(4, (20_000,))
    signs = torch.stack([labels % 2, labels // 2], 1) * 2.0 - 1
    first = signs + torch.tensor([0.1, 0.1]) * torch.randn(len(labels), 2)
    wrong = torch.rand(len(labels), 1) < 0.4
    second = torch.where(wrong, torch.where(torch.rand(len(labels), 2) < 0.5, 1.0, -1.0), signs)
    data = Batch({"a": first, "b": second}, labels)

    def accuracy(given):
        codes = encode(Model(), data, given)
        return linear_probe(codes[:500], labels[:500], codes[500:], labels[500:])

    expected = 0.25 * accuracy(["a"]) + 0.75 * accuracy(["b"])
    assert accuracy(["a"]) == 1.0
    assert abs(accuracy(["b"]) - 0.7) < 0.02
    assert abs(accuracy(["a", "b"]) - expected) < 0.02


def minimiser(codes, labels, classes):
    """Minimise ½|W|² - Σ log softmax(W z + b)_y with torch."""
    w = torch.zeros(classes, codes.shape[1] + 1, requires_grad=True)
    ones = torch.ones(len(codes), 1)
    optimizer = torch.optim.LBFGS([w], max_iter=500, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        logits = torch.cat([codes, ones], 1) @ w.T
        value = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        value = value + 0.5 * w[:, :-1].square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return w.detach()


def test_the_probe_is_penalised_logistic_regression():
    centres = torch.randn(3, 4)
    labels = torch.randint(3, (900,))
    codes = centres[labels] + 0.8 * torch.randn(900, 4)
    w = minimiser(codes[:300], labels[:300], 3)
    logits = torch.cat([codes[300:], torch.ones(600, 1)], 1) @ w.T
    ours = linear_probe(codes[:300], labels[:300], codes[300:], labels[300:])
    # a point on a boundary may fall to either side
    assert abs(ours - float((logits.argmax(-1) == labels[300:]).double().mean())) <= 1 / 600
    assert 0.5 < ours < 0.99


def test_a_probe_of_noise_is_at_chance():
    codes, labels = torch.randn(20_500, 5), torch.randint(10, (20_500,))
    accuracy = linear_probe(codes[:500], labels[:500], codes[500:], labels[500:])
    assert abs(accuracy - 0.1) < 5 * (0.09 / 20_000) ** 0.5


def test_bad_arguments_are_refused(unhooked, data):
    codes, labels = torch.zeros(3, 2), torch.ones(3, dtype=torch.long)
    with pytest.raises(ValueError, match=r"labels: expected at least two classes, got \[1\]"):
        linear_probe(codes, labels, codes, labels)
    with pytest.raises(ValueError, match="given: expected one of a, b, got 'c'"):
        encode(Model(), data, ["a", "c"])
    with pytest.raises(ValueError, match="given: expected at least one of a, b"):
        encode(Model(), data, [])
    with pytest.raises(ValueError, match="chunk_size: expected at least 1, got 0"):
        encode(Model(), data, ["a"], 0)
    with pytest.raises(ValueError, match="examples: expected at least 1, got 0"):
        encode(Model(), data[:0], ["a"])
