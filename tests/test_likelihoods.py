"""Likelihoods against SciPy, and the weights of the modalities against the thesis."""

from functools import partial

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch

from wslbook.likelihoods import bernoulli, categorical, dimension_weights, gaussian, laplace

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


@pytest.mark.parametrize("leading", [(), (2,), (3, 2)])
def test_categorical_matches_scipy(leading):
    raw = torch.randn(*leading, 5, 4, dtype=torch.float64)
    x = torch.randint(5, (*leading, 4))
    law = categorical(raw)
    assert (law.batch_shape, law.event_shape) == ((*leading, 4), ())
    scores = scipy.special.log_softmax(raw.numpy(), axis=-2)
    expected = np.take_along_axis(scores, x.numpy()[..., None, :], axis=-2).squeeze(-2)
    np.testing.assert_allclose(law.log_prob(x), expected, rtol=1e-12)


@pytest.mark.parametrize("law", [bernoulli, categorical, gaussian, laplace])
def test_gradients_are_those_of_finite_differences(law):
    raw = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    value = law(raw).sample()
    assert torch.autograd.gradcheck(lambda r: law(r).log_prob(value), raw)


def test_weights_are_those_of_the_thesis():
    """Equations 3.41 to 3.44, and 4.14 and 4.15."""
    weights = dimension_weights({"mnist": (1, 28, 28), "svhn": (3, 32, 32), "text": (8,)})
    assert weights == {"mnist": 3072 / 784, "svhn": 1, "text": 384}
    assert dimension_weights({"image": (3, 64, 64), "text": (256,)}) == {"image": 1, "text": 48}


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian(torch.zeros(2), scale=0.0), r"scale: expected a positive number, got 0"),
        (lambda: laplace(torch.zeros(2), scale=-1.0), r"scale: expected a positive number, got -1"),
        (
            lambda: laplace(torch.zeros(2), scale=float("nan")),
            "scale: expected a positive number, got nan",
        ),
        (lambda: dimension_weights({}), "shapes: expected at least one number in each modality"),
        (lambda: dimension_weights({"a": (3, 0)}), r"shapes: .*got {'a': \(3, 0\)}"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
