"""Coherence of a model whose errors are known, and words read from laws of strings."""

import math
from itertools import product

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Distribution, Independent, Laplace, Normal

from wslbook.aggregators import moe
from wslbook.datasets import Batch
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.metrics import (
    TemplateClassifier,
    conditional_coherence,
    mean_average_precision,
    random_coherence,
    representative,
)
from wslbook.models import MultimodalVAE, SplitVAE
from wslbook.networks import mnist_decoder, mnist_encoder

CLASSES = 4


def certain(loc):
    return Independent(Normal(loc, 1e-6), 1)


class Drawer(Distribution):
    """A prior that is uniform on the class indices."""

    arg_constraints = {}  # noqa: RUF012

    def sample(self, sample_shape=()):
        return torch.randint(CLASSES, (*sample_shape, 1)).to(torch.get_default_dtype())

    @property
    def mean(self):
        return torch.full((1,), (CLASSES - 1) / 2)


class Model:
    """z is a class index. Modalities a and b show it, c always shows 0."""

    modalities = ("a", "b", "c")
    prior = Drawer(validate_args=False)

    def posterior(self, batch):
        return self.subset_posterior(batch, self.modalities)

    def subset_posterior(self, batch, given):
        means = torch.stack([batch.x[name] for name in given])
        weights = torch.full(means.shape[:2], 1 / len(given))
        return SubsetMixture(weights, certain(means))

    def likelihoods(self, z):
        self.largest = len(z)
        return {
            "a": Independent(Laplace(z, 0.75), 1),
            "b": Independent(Normal(z, 1.0), 1),
            "c": Independent(Normal(0 * z, 1.0), 1),
        }

    def shared(self, z):
        return z


def read(x):
    """Read the class index from a datum."""
    return Categorical(torch.eye(CLASSES)[x[:, 0].round().long() % CLASSES])


CLASSIFIERS = dict.fromkeys(Model.modalities, read)


@pytest.fixture
def data():
    labels = torch.randint(CLASSES, (1000,))
    x = labels[:, None].to(torch.get_default_dtype())
    # a is right in the first 700 rows, b in the first 500, c everywhere
    rows = torch.arange(1000)[:, None]
    return Batch({"a": x + (rows >= 700), "b": x + (rows >= 500), "c": x}, labels)


@pytest.mark.parametrize("chunk_size", [33, 5000])
def test_conditional_coherence_is_the_share_of_right_draws(data, chunk_size):
    model = Model()

    def coherence(*given):
        return conditional_coherence(model, data, given, CLASSIFIERS, chunk_size)

    zeros = pytest.approx(float((data.labels == 0).double().mean()))
    assert coherence("a") == {"b": 0.7, "c": zeros}
    assert coherence("b") == {"a": 0.5, "c": zeros}
    assert coherence("c") == {"a": 1.0, "b": 1.0}
    assert model.largest <= chunk_size
    # half of the draws come from a and half from c: five standard errors of a share
    assert abs(coherence("c", "a")["b"] - (0.7 + 1.0) / 2) < 5 * math.sqrt(0.5**2 * 0.3 / 1000)
    assert coherence("a", "b", "c") == {}


def test_random_coherence_is_the_share_of_agreement():
    model = Model()
    # all agree if z is 0
    found = random_coherence(model, CLASSIFIERS, 4000, chunk_size=300)
    assert model.largest == 100  # the remainder
    assert abs(found - 1 / CLASSES) < 5 * math.sqrt(0.25 * 0.75 / 4000)
    assert random_coherence(model, CLASSIFIERS | {"a": lambda x: read(x + 1)}, 100) == 0
    model.likelihoods = lambda z: dict.fromkeys(model.modalities, certain(z))
    assert random_coherence(model, CLASSIFIERS, 100) == 1


def test_attributes_are_ranked_and_compared_one_by_one():
    labels = (torch.rand(300, 2) < 0.4).long()
    scores = torch.randn(300, 2) + labels

    class Attributes(Model):
        modalities = ("a", "b")
        prior = Independent(Normal(torch.zeros(2), 1.0), 1)

        def likelihoods(self, z):
            return {"a": certain(z), "b": certain(z * torch.tensor([1.0, -1.0]))}

    def sigmoid(x):
        return Independent(Bernoulli(logits=x), 1)

    data = Batch({"a": scores, "b": scores}, labels)
    classifiers = {"a": sigmoid, "b": sigmoid}
    # the average precision of the whole set is not the mean of those of chunks
    found = conditional_coherence(Attributes(), data, ["b"], classifiers, chunk_size=40)
    assert found["a"] == pytest.approx(mean_average_precision(scores, labels), abs=1e-4)
    # the first attribute always agrees, the second never
    assert random_coherence(Attributes(), classifiers, 100) == 0.5


def test_what_stands_for_a_law():
    x = torch.randn(3, 2)
    assert torch.equal(representative(Independent(Laplace(x, 1.0), 1)), x)
    assert torch.equal(representative(Independent(Bernoulli(logits=x), 1)), x.sigmoid())
    logits = torch.randn(3, 5, 7)
    assert torch.equal(
        representative(Independent(Categorical(logits=logits), 1)), logits.argmax(-1)
    )


TEMPLATES = torch.tensor([[0, 1, 2], [1, 2, 0], [2, 2, 1], [2, 1, 2], [1, 1, 1]])
MEANS = torch.tensor([0, 0, 1, 1, 2])


def test_words_are_recognised_exactly():
    probs = torch.distributions.Dirichlet(torch.ones(3)).sample((6, 3))
    joint = torch.zeros(6, 3)
    for row, word in product(range(6), range(3)):
        strings = TEMPLATES[word == MEANS].tolist()
        of_strings = [math.prod(float(probs[row, i, c]) for i, c in enumerate(s)) for s in strings]
        joint[row, word] = sum(of_strings) / len(strings)
    found = TemplateClassifier(TEMPLATES, MEANS)(Independent(Categorical(probs=probs), 1)).probs
    assert torch.allclose(found, joint / joint.sum(-1, keepdim=True))


def test_a_word_is_known_though_its_place_is_not():
    """The most probable characters spell no template; the word is recognised all the same."""
    words = {0: "three", 1: "five", 2: "nine"}
    places = [(c, start) for c, word in words.items() for start in range(9 - len(word))]
    strings = [" " * s + words[c] + " " * (8 - s - len(words[c])) for c, s in places]
    templates = torch.tensor([[ord(x) for x in string] for string in strings])
    classes = torch.tensor([c for c, _ in places])
    onehot = torch.nn.functional.one_hot(templates, 128).double()
    blurred = torch.stack([onehot[classes == c].mean(0) for c in words])
    p = Independent(Categorical(probs=blurred), 1)
    spelt = ["".join(map(chr, row)) for row in representative(p).tolist()]
    assert not set(spelt) & set(strings)
    judge = TemplateClassifier(templates, classes)
    assert judge(p).mode.tolist() == [0, 1, 2]

    class Speller(Model):
        modalities = ("a", "text")

        def likelihoods(self, z):
            law = Independent(Categorical(probs=blurred[z[:, 0].round().long()]), 1)
            return {"a": certain(z), "text": law}

    labels = torch.randint(3, (50,))
    data = Batch({"a": labels[:, None].double(), "text": templates[labels]}, labels)
    assert conditional_coherence(Speller(), data, ["a"], {"text": judge}) == {"text": 1.0}


@pytest.mark.parametrize("build", [MultimodalVAE, SplitVAE])
def test_it_takes_our_models(build):
    names = ("left", "right")
    networks = [{n: f(4) for n in names} for f in (mnist_encoder, mnist_decoder)]
    model = build(*networks, moe(2), **({"shared_dim": 3} if build is SplitVAE else {}))
    data = Batch({n: torch.rand(9, 1, 28, 28) for n in names}, torch.zeros(9, dtype=torch.long))
    dim = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 2))
    classifiers = dict.fromkeys(names, lambda x: Categorical(logits=dim(x)))
    found = conditional_coherence(model, data, ["left"], classifiers, chunk_size=4)
    assert list(found) == ["right"]
    assert 0 <= found["right"] <= 1
    assert 0 <= random_coherence(model, classifiers, 10) <= 1


def test_bad_arguments_are_refused(unhooked, data):
    model = Model()
    with pytest.raises(ValueError, match="given: expected one of a, b, c, got 'd'"):
        conditional_coherence(model, data, ["d"], CLASSIFIERS)
    with pytest.raises(ValueError, match="classifiers: expected one for each of b, c, got none fo"):
        conditional_coherence(model, data, ["a"], {"b": read})
    with pytest.raises(ValueError, match="got none for b, c"):
        random_coherence(model, {"a": read}, 5)
    with pytest.raises(ValueError, match="num_samples: expected at least 1, got 0"):
        random_coherence(model, CLASSIFIERS, 0)
    with pytest.raises(ValueError, match=r"data: expected labels \[1000\] .*, got \[1000, 0\]"):
        conditional_coherence(model, Batch(data.x), ["a"], CLASSIFIERS)
    with pytest.raises(ValueError, match="classes: expected one for each of 5 templates, got 4"):
        TemplateClassifier(TEMPLATES, MEANS[:4])
    with pytest.raises(ValueError, match="classes: expected all of 0 to 3, got"):
        TemplateClassifier(TEMPLATES, torch.tensor([0, 0, 1, 1, 3]))
