r"""Products of generating functions: convolutions of non-negative sequences, truncated.

The number of ways to draw r balls from several classes is a coefficient of a product of
polynomials, so exact urn laws need convolutions whose small terms are as accurate as their large
ones. A sum of non-negative products loses no relative accuracy; a fast Fourier transform does,
since its error is relative to the *largest* coefficient, and up to some hundreds of terms it is no
faster. The functions here add products one by one.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from wslbook.typing import Float

__all__ = ["convolve", "log_convolve", "running_products"]

BLOCK = 2**16  # terms in the log domain at a time: half a megabyte in double precision


def convolve(
    a: Float[Tensor, "*batch _"], b: Float[Tensor, "*batch _"], length: int
) -> Float[Tensor, "*batch _"]:
    r"""Multiply two polynomials and keep the terms below a given degree.

    .. math:: c_r = \sum_y b_y\, a_{r-y}, \qquad 0 \le r < \text{length}

    Differentiable any number of times. Between non-negative sequences every c_r has full relative
    accuracy unless it underflows.

    Args:
        a: coefficients of the first polynomial, lowest degree first.
        b: coefficients of the second, with the same batch shape.
        length: how many coefficients of the product to keep, at least 1. Missing ones are left
            out: the result has ``min(length, len(a) + len(b) - 1)`` entries.

    Returns:
        The coefficients of the product.

    Example:
        >>> convolve(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0, 1.0]), length=3)
        tensor([1., 3., 3.])

    Derived in: notebooks/08
    """
    length = min(length, a.shape[-1] + b.shape[-1] - 1)
    a, b = a[..., :length], b[..., :length]
    # The matrix product costs length * len(kernel).
    return _Convolution.apply(*((a, b) if a.shape[-1] >= b.shape[-1] else (b, a)), length)


def running_products(
    factors: Iterable[Float[Tensor, "*batch _"]], length: int
) -> list[Float[Tensor, "*batch _"]]:
    r"""Multiply the first 0, 1, ..., K - 1 of K polynomials.

    .. math:: c^{(k)} = a^{(1)} * \cdots * a^{(k)}, \qquad k = 0, \ldots, K - 1

    Args:
        factors: the coefficients of each polynomial, at least one, with equal batch shapes.
        length: how many coefficients of each product to keep, as in :func:`convolve`.

    Returns:
        The K products. The first is the constant 1, and the last lacks the last factor.

    Example:
        >>> running_products([torch.tensor([1.0, 2.0]), torch.tensor([3.0])], length=9)
        [tensor([1.]), tensor([1., 2.])]

    Derived in: notebooks/08
    """
    *factors, last = factors
    products = [torch.ones_like(last[..., :1])]
    for factor in factors:
        products.append(convolve(products[-1], factor, length))
    return products


def log_convolve(
    a: Float[Tensor, "*batch _"], b: Float[Tensor, "*batch _"], length: int
) -> Float[Tensor, "*batch _"]:
    r"""Multiply two polynomials whose coefficients are given and returned as logarithms.

    .. math:: c_r = \log \sum_y \exp(b_y + a_{r-y}), \qquad 0 \le r < \text{length}

    Nothing under- or overflows, at some ten times the cost of :func:`convolve`.

    Args:
        a: log-coefficients of the first polynomial, lowest degree first, all finite.
        b: log-coefficients of the second, with the same batch shape.
        length: how many coefficients of the product to keep, as in :func:`convolve`.

    Returns:
        The log-coefficients of the product, differentiable once.

    Example:
        >>> log_convolve(torch.tensor([0.0, 500.0]), torch.tensor([0.0, 500.0]), length=3)
        tensor([   0.0000,  500.6931, 1000.0000])

    Derived in: notebooks/08
    """
    length = min(length, a.shape[-1] + b.shape[-1] - 1)
    a, b = a[..., :length], b[..., :length]
    return _LogConvolution.apply(*((a, b) if a.shape[-1] >= b.shape[-1] else (b, a)), length)


class _Convolution(torch.autograd.Function):
    """A product with a Toeplitz matrix, which exists only as a view of the padded sequence."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a: Tensor, b: Tensor, length: int) -> Tensor:
        width = b.shape[-1]
        toeplitz = pad(a, (width - 1, length - a.shape[-1])).unfold(-1, width, 1)
        return (toeplitz @ b.flip(-1).unsqueeze(-1)).squeeze(-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, int], output: Tensor) -> None:
        a, b, _ = inputs
        ctx.save_for_backward(a, b)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        # ∂/∂a_s = Σ_y g_{s+y} b_y: reversed, the convolution of the reversed g with b
        a, b = ctx.saved_tensors
        reverse, length = gradient.flip(-1), gradient.shape[-1]
        grad_a = convolve(reverse, b, length).flip(-1)[..., : a.shape[-1]]
        grad_b = convolve(reverse, a, length).flip(-1)[..., : b.shape[-1]]
        return grad_a, grad_b, None


class _LogConvolution(torch.autograd.Function):
    """Block by block of the longer sequence, so that the table of terms stays in the cache."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, length: int) -> Tensor:
        width = b.shape[-1]
        padded = pad(a, (width - 1, length - a.shape[-1]), value=-torch.inf)
        windows, kernel = padded.unfold(-1, width, 1), b.flip(-1).unsqueeze(-2)
        blocks = [(windows[..., block, :] + kernel).logsumexp(-1) for block in _blocks(length, b)]
        c = torch.cat(blocks, -1)
        ctx.save_for_backward(a, b, c)
        return c

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        a, b, c = ctx.saved_tensors
        width, beyond = b.shape[-1], a.shape[-1] + b.shape[-1] - 1 - c.shape[-1]
        # beyond the product a term counts nothing: exp(-∞) = 0
        windows = pad(c, (0, beyond), value=torch.inf).unfold(-1, width, 1)
        gradients = pad(gradient, (0, beyond)).unfold(-1, width, 1)
        grad_a, grad_b = [], torch.zeros_like(b)
        for block in _blocks(a.shape[-1], b):
            # ∂c_{s+y}/∂a_s = ∂c_{s+y}/∂b_y = exp(a_s + b_y - c_{s+y})
            log_shares = b.unsqueeze(-2) - windows[..., block, :] + a[..., block].unsqueeze(-1)
            flow = log_shares.exp_().mul_(gradients[..., block, :])
            grad_a.append(flow.sum(-1))
            grad_b += flow.sum(-2)
        return torch.cat(grad_a, -1), grad_b, None


def _blocks(length: int, kernel: Tensor) -> list[slice]:
    """Cut a range into pieces of about BLOCK terms each."""
    step = max(1, BLOCK // max(1, kernel.numel()))
    return [slice(start, start + step) for start in range(0, length, step)]
