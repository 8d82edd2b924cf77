r"""Aggregation of unimodal experts: a set of subsets of modalities, written as a boolean matrix.

Each row is a subset A. Its product of experts is formed, and the posterior is the mixture of the
products with equal weights (thesis definition 3.2.1):

.. math::
    q(z \mid X) = \frac{1}{|\mathcal A|} \sum_{A \in \mathcal A} q_A(z \mid X_A), \qquad
    q_A(z \mid X_A) \propto \prod_{m \in A} q_m(z \mid x_m)

:func:`poe`, :func:`moe` and :func:`mopoe` are three choices of rows; any other matrix is a model
too.
"""

import torch
from torch import Tensor
from torch.distributions import Independent

from wslbook.distributions.product_mixture import ProductMixture
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.typing import Bool

__all__ = ["aggregate", "moe", "mopoe", "poe", "random_subsets"]

MOST_MODALITIES = 20  # 2^20 - 1 rows; beyond, draw subsets at random


def poe(num_modalities: int) -> Bool[Tensor, "subset modality"]:
    """Return the one subset of a product of experts: all modalities.

    Args:
        num_modalities: the number M, at least 1.

    Returns:
        One row of ones.

    References:
        Wu and Goodman, Multimodal generative models for scalable weakly-supervised learning, 2018,
        arXiv:1802.05335. Thesis corollary 3.2.1.

    Example:
        >>> poe(3)
        tensor([[True, True, True]])

    Derived in: notebooks/09
    """
    return torch.ones(1, _check_count(num_modalities), dtype=torch.bool)


def moe(num_modalities: int) -> Bool[Tensor, "subset modality"]:
    """Return the subsets of a mixture of experts: every modality alone.

    Args:
        num_modalities: the number M, at least 1.

    Returns:
        The identity.

    References:
        Shi et al., Variational mixture-of-experts autoencoders for multi-modal deep generative
        models, 2019, arXiv:1911.03393. Thesis corollary 3.2.2, errata E-18.

    Example:
        >>> moe(2)
        tensor([[ True, False],
                [False,  True]])

    Derived in: notebooks/09
    """
    return torch.eye(_check_count(num_modalities), dtype=torch.bool)


def mopoe(num_modalities: int) -> Bool[Tensor, "subset modality"]:
    """Return all non-empty subsets: a mixture of products of experts.

    Args:
        num_modalities: the number M, from 1 to 20.

    Returns:
        The 2^M - 1 rows, in the order of binary counting with the first modality as lowest digit.

    References:
        Sutter, Daunhawer and Vogt, Generalized multimodal ELBO, 2021, arXiv:2105.02470. Thesis
        equation 3.17 and corollary 3.2.3, errata E-15.

    Example:
        >>> mopoe(2)
        tensor([[ True, False],
                [False,  True],
                [ True,  True]])

    Derived in: notebooks/09
    """
    if _check_count(num_modalities) > MOST_MODALITIES:
        raise ValueError(
            f"num_modalities: expected at most {MOST_MODALITIES} for all subsets, "
            f"got {num_modalities}; use random_subsets"
        )
    numbers = torch.arange(1, 2**num_modalities).unsqueeze(-1)
    return (numbers >> torch.arange(num_modalities)) % 2 == 1


def random_subsets(num_modalities: int, num_subsets: int) -> Bool[Tensor, "subset modality"]:
    r"""Draw non-empty subsets, each uniform among all 2^M - 1.

    An average over them is an unbiased estimate of the average over all, so a model whose subsets
    are drawn anew at every step optimises the convexity bound of :func:`mopoe` at a cost linear in
    M. (The ELBO of the drawn mixture itself is biased downwards, not below the convexity bound.)

    Args:
        num_modalities: the number M, at least 1.
        num_subsets: how many to draw, at least 1; they may repeat.

    Returns:
        The drawn rows.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> random_subsets(4, 2)
        tensor([[ True, False,  True,  True],
                [ True, False,  True, False]])

    Derived in: notebooks/11
    """
    _check_count(num_modalities)
    if not num_subsets >= 1:
        raise ValueError(f"num_subsets: expected at least 1, got {num_subsets!r}")
    rows = torch.rand(num_subsets, num_modalities) < 0.5
    empty = ~rows.any(-1)
    while empty.any():  # an empty row is drawn again: the rest stays uniform
        rows[empty] = torch.rand(int(empty.sum()), num_modalities) < 0.5
        empty = ~rows.any(-1)
    return rows


def aggregate(
    experts: Independent,
    subsets: Bool[Tensor, "subset modality"],
    present: Bool[Tensor, "modality batch"] | None = None,
    prior: Independent | None = None,
) -> SubsetMixture:
    r"""Form the product of experts of every subset and mix the products with equal weights.

    .. math::
        \Lambda_A = \sum_{m \in A} \Lambda_m, \qquad
        \mu_A = \Lambda_A^{-1} \sum_{m \in A} \Lambda_m \mu_m, \qquad
        \Lambda_m = \mathrm{diag}\,\sigma_m^{-2}

    A product's precision is a row of ``subsets`` times the experts' precisions. An absent
    modality has precision zero, which strikes it from every subset; a subset left empty gets
    weight zero. So the full product becomes the product of what is there, and all subsets become
    all subsets of what is there, as if the absent modality did not exist.

    Args:
        experts: Gaussians with batch ``[modality, batch]`` and event ``[latent]``.
        subsets: the rows of Definition 3.2.1.
        present: what was observed; everything by default.
        prior: a Gaussian with event ``[latent]`` that takes part in every product as one more
            expert; none by default, as in the thesis.

    Returns:
        The mixture, batch ``[batch]``, event ``[latent]``.

    Raises:
        ValueError: if the shapes do not fit, or an example has no expert in any subset.

    References:
        Thesis definition 3.2.1 and equations 3.5 and 3.6, errata E-14.

    Example:
        >>> from torch.distributions import Normal
        >>> experts = Independent(Normal(torch.tensor([[[0.0]], [[2.0]]]), torch.ones(2, 1, 1)), 1)
        >>> aggregate(experts, poe(2)).mean, aggregate(experts, moe(2)).variance
        (tensor([[1.]]), tensor([[2.]]))

    Derived in: notebooks/09
    """
    loc, scale = experts.base_dist.loc, experts.base_dist.scale
    if loc.dim() != 3 or subsets.shape[-1] != len(loc):
        raise ValueError(
            f"experts: expected batch [{subsets.shape[-1]}, batch] (modality, batch) to fit "
            f"subsets {list(subsets.shape)}, got {list(experts.batch_shape)}"
        )
    rows = subsets.to(loc)
    if present is None:
        present = torch.ones_like(loc[..., 0], dtype=torch.bool)
    occupied = (rows @ present.to(loc)) > 0  # [subset, batch]
    if not occupied.any(0).all():
        missing = (~occupied.any(0)).nonzero()[0].item()
        raise ValueError(f"present: example {missing} has no modality that any subset contains")
    there = present.unsqueeze(-1)
    # an absent scale must not reach the square, whose slope overflows where it is tiny
    precision = torch.where(there, torch.where(there, scale, 1.0).reciprocal().square(), 0.0)
    shift = precision * loc
    if prior is not None:
        extra = prior.base_dist.scale.expand_as(loc[:1]) ** -2
        precision = torch.cat([precision, extra])
        shift = torch.cat([shift, extra * prior.base_dist.loc])
        rows = torch.cat([rows, torch.ones_like(rows[:, :1])], 1)
    return ProductMixture(occupied / occupied.sum(0).to(loc), rows, precision, shift)


def _check_count(num_modalities: int) -> int:
    if not num_modalities >= 1:
        raise ValueError(f"num_modalities: expected at least 1, got {num_modalities!r}")
    return num_modalities
