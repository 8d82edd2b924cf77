"""Mixtures of products of Gaussian experts, kept as experts and subsets."""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.distributions import Distribution, Independent, Normal

from wslbook.distributions.mixture_divergence import kl_convexity_bound
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.typing import Float

__all__ = ["ProductMixture"]

BLOCK = 2**16  # numbers in each temporary of the divergence, so that all stay in the cache


class ProductMixture(SubsetMixture):
    r"""A mixture of products of Gaussian experts that are multiplied out only where needed.

    .. math::
        q(z) = \sum_A w_A\, \mathcal N(z;\, \Lambda_A^{-1} h_A, \Lambda_A^{-1}), \qquad
        \Lambda_A = \sum_{m \in A} \Lambda_m, \qquad h_A = \sum_{m \in A} \Lambda_m \mu_m

    All subsets of M modalities have 2^M - 1 products, of which a draw needs one. So draws multiply
    out the product they picked, the convexity bound goes through the products in blocks, and
    ``components`` holds them all once something asks for it.

    Args:
        weights: probabilities of the subsets. Products of weight zero may be empty: their
            precision is raised by one, which leaves q as it is.
        rows: ones where a subset contains an expert, zeros elsewhere.
        precision: the diagonals of the experts' precisions, zero for an absent expert.
        shift: precision times mean.

    References:
        Thesis definition 3.2.1, errata E-14.

    Example:
        >>> precision, shift = torch.ones(2, 1, 1), torch.tensor([[[0.0]], [[2.0]]])
        >>> q = ProductMixture(torch.ones(1, 1), torch.ones(1, 2), precision, shift)
        >>> q.mean, q.variance
        (tensor([[1.]]), tensor([[0.5000]]))

    Derived in: notebooks/09
    """

    def __init__(
        self,
        weights: Float[Tensor, "subset batch"],
        rows: Float[Tensor, "subset modality"],
        precision: Float[Tensor, "modality batch latent"],
        shift: Float[Tensor, "modality batch latent"],
    ) -> None:
        self.weights, self.rows, self.precision, self.shift = weights, rows, precision, shift
        Distribution.__init__(self, weights.shape[1:], precision.shape[2:])

    @cached_property
    def components(self) -> Independent:
        """All products, batch ``[subset, batch]``, event ``[latent]``."""
        precision = torch.einsum("sm,mbl->sbl", self.rows, self.precision)
        shift = torch.einsum("sm,mbl->sbl", self.rows, self.shift)
        return _gaussian(precision + self._vacant(), shift)

    def expand(
        self, batch_shape: torch.Size | tuple[int, ...], _instance: Distribution | None = None
    ) -> SubsetMixture:
        """Return the same law with a larger batch shape, multiplied out."""
        return SubsetMixture(self.weights, self.components).expand(batch_shape, _instance)

    def _vacant(self) -> Tensor:
        """Return ones for the products of weight zero, ``[subset, batch, 1]``."""
        return (self.weights == 0).type_as(self.precision).unsqueeze(-1)

    def _pick(self, index: Tensor) -> Normal:
        rows = self.rows[index]
        precision = torch.einsum("...bm,mbl->...bl", rows, self.precision)
        return _gaussian(precision, torch.einsum("...bm,mbl->...bl", rows, self.shift)).base_dist


@kl_convexity_bound.register
def _(q: ProductMixture, p: Distribution) -> Tensor:
    if not isinstance(p, Independent) or not isinstance(p.base_dist, Normal):
        return kl_convexity_bound.dispatch(SubsetMixture)(q, p)
    # in the coordinates (z - a) / s, p is standard normal, Λ becomes s² Λ and h becomes s (h - Λ a)
    loc, scale = p.base_dist.loc, p.base_dist.scale
    precision, shift = scale.square() * q.precision, scale * (q.shift - loc * q.precision)
    return _Divergence.apply(q.weights, q._vacant(), q.rows, precision, shift)


class _Divergence(torch.autograd.Function):
    """The convexity bound to the standard normal; no array of subsets x batch x latent exists.

    The bound of an example depends on its own experts alone, so its gradient needs the incoming
    one only as a factor and is computed along with the value.
    """

    @staticmethod
    def forward(
        ctx: Any, weights: Tensor, vacant: Tensor, rows: Tensor, precision: Tensor, shift: Tensor
    ) -> Tensor:
        step = max(1, BLOCK // max(1, len(rows) * precision.shape[-1]))
        pieces = (x.split(step, 1) for x in (weights, vacant, precision, shift))
        blocks = [_block(rows, *piece) for piece in zip(*pieces, strict=True)]
        values, grad_precision, grad_shift = zip(*blocks, strict=True)
        ctx.save_for_backward(torch.cat(grad_precision, 1), torch.cat(grad_shift, 1))
        return torch.cat(values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, None, Tensor, Tensor]:
        grad_precision, grad_shift = ctx.saved_tensors
        factor = gradient.unsqueeze(-1)
        return None, None, None, factor * grad_precision, factor * grad_shift


def _block(
    rows: Tensor, weights: Tensor, vacant: Tensor, precision: Tensor, shift: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return Σ w KL of some examples and its derivatives by the experts' precision and shift."""
    shape = precision.shape[1:]
    total = (rows @ precision.flatten(1)).unflatten(1, shape).add_(vacant)
    variance = total.reciprocal()
    mean = (rows @ shift.flatten(1)).unflatten(1, shape).mul_(variance)
    square = mean.square()
    # KL = ½ Σ (v + μ² - 1 - log v)
    terms = total.log_().add_(variance).add_(square).sum(-1) - shape[-1]
    value = 0.5 * (weights * terms).sum(0)
    # ∂KL/∂h = μ v, ∂KL/∂Λ = ½ v (1 - v - 2μ²)
    weighted = variance * weights.unsqueeze(-1)
    by_shift = rows.T @ mean.mul_(weighted).flatten(1)
    inner = variance.add_(square, alpha=2).sub_(1)
    by_precision = rows.T @ inner.mul_(weighted).mul_(-0.5).flatten(1)
    return value, by_precision.unflatten(1, shape), by_shift.unflatten(1, shape)


def _gaussian(precision: Tensor, shift: Tensor) -> Independent:
    """Return N(shift / precision, 1 / precision)."""
    normal = Normal(shift / precision, precision.rsqrt(), validate_args=False)
    return Independent(normal, 1, validate_args=False)
