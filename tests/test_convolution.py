"""Truncated products of polynomials against NumPy and closed forms."""

import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from wslbook.distributions.convolution import convolve, log_convolve, running_products


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("length", [1, 9, 30, 48, 100])
def test_convolutions_equal_numpy(length, dtype):
    a, b = torch.rand(2, 3, 40, dtype=dtype).unbind(0)
    b = b[:, :9]
    products = [np.convolve(x.double(), y.double())[:length] for x, y in zip(a, b, strict=True)]
    expected = torch.tensor(np.stack(products), dtype=dtype)
    # nine products are added, and logarithms up to 3 are rounded
    close = {"rtol": 30 * torch.finfo(dtype).eps, "atol": 0}
    torch.testing.assert_close(convolve(a, b, length), expected, **close)
    torch.testing.assert_close(convolve(b, a, length), expected, **close)
    torch.testing.assert_close(log_convolve(a.log(), b.log(), length).exp(), expected, **close)


def test_convolution_keeps_the_relative_accuracy_of_small_coefficients():
    # binomial(60, p)(r) from 60 factors, down to 1e-120; a Fourier transform stops at 1e-17
    p = 0.01
    factor = torch.tensor([1 - p, p], dtype=torch.double)
    (*_, product) = running_products([factor] * 61, length=61)
    exact = [math.comb(60, r) * p**r * (1 - p) ** (60 - r) for r in range(61)]
    exact = torch.tensor(exact, dtype=torch.double)
    torch.testing.assert_close(product, exact, rtol=1e-13, atol=0)


def test_gradients_of_convolutions():
    a = torch.randn(2, 6, dtype=torch.double, requires_grad=True)
    b = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    for length in (2, 5, 8):
        assert gradcheck(convolve, (a, b, length))
        assert gradgradcheck(convolve, (a, b, length))
        assert gradcheck(log_convolve, (a, b, length))
