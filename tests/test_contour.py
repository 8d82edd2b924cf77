"""The contour integral against the mean of Fisher's law by enumeration and by convolution."""

import pytest
import torch
from torch.autograd import gradcheck

from wslbook.distributions import MultivariateHypergeometric
from wslbook.distributions.contour import contour_mean


@pytest.fixture(autouse=True)
def _double_precision():
    torch.set_default_dtype(torch.float64)


urns = pytest.mark.parametrize(
    ("sizes", "num_draws"),
    [([3, 4, 2], 5), ([3, 4, 2], 9), ([3, 4, 2], 0), ([1] * 8, 1), ([0, 6, 1], 3), ([5], 2)],
)


@urns
@pytest.mark.parametrize("spread", [0.0, 1.0, 5.0])
def test_equals_enumeration(sizes, num_draws, spread):
    log_weights = spread * torch.randn(4, len(sizes))
    law = MultivariateHypergeometric(sizes, num_draws, log_weights)
    n = law.enumerate_support()
    log_p = (
        torch.tensor(sizes).add(1.0).lgamma()
        - (n + 1).lgamma()
        - (law.class_sizes - n + 1).lgamma()
    ).sum(-1) + (n * log_weights).sum(-1)
    expected = (log_p.softmax(0).unsqueeze(-1) * n).sum(0)
    mean = contour_mean(law.class_sizes, num_draws, law._log_odds)
    torch.testing.assert_close(mean, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-3)], ids=str
)
@pytest.mark.parametrize("n", [50, 512])
@pytest.mark.parametrize("spread", [0.1, 2.0, 300.0])
def test_equals_convolution_in_large_urns(n, spread, dtype, tolerance):
    """Tolerances are absolute, for counts up to n; in float32 a rounding of 512 is 3e-5."""
    log_weights = (spread * (2 * torch.rand(10) - 1)).requires_grad_()
    g = torch.randn(10)
    law = MultivariateHypergeometric([n] * 10, n, log_weights)
    shift = (law._log_odds - log_weights).detach()
    (expected,) = torch.autograd.grad(g @ law.mean, log_weights)
    single = log_weights.detach().to(dtype).requires_grad_()
    mean = contour_mean(law.class_sizes, n, single + shift.to(dtype))
    (gradient,) = torch.autograd.grad(g.to(dtype) @ mean, single)
    torch.testing.assert_close(mean.double(), law.mean, rtol=0, atol=tolerance)
    torch.testing.assert_close(gradient.double(), expected, rtol=0, atol=tolerance)


@urns
def test_gradcheck(sizes, num_draws):
    log_weights = torch.randn(2, len(sizes), requires_grad=True)
    sizes = torch.tensor(sizes)
    assert gradcheck(lambda x: contour_mean(sizes, num_draws, x), log_weights)
