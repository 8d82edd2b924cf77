"""What changes in a generated face when one attribute of its description is flipped."""

from collections.abc import Callable

import torch
from torch import Tensor

from wslbook.typing import Bool, Float

__all__ = ["effect_matrix"]


@torch.no_grad()
def effect_matrix(
    painter: Callable[[Tensor], Tensor],
    judge: Callable[[Tensor], Tensor],
    attributes: Bool[Tensor, "batch class"],
) -> Float[Tensor, "class class"]:
    r"""Flip each attribute alone and measure how often the verdict on every attribute changes.

    .. math:: F_{jk} = P\big( c_k(g(y \oplus e_j, u)) \ne c_k(g(y, u)) \big)

    The diagonal holds the hits, the rest of row j the side effects of flipping attribute j. It is
    an intervention: all that the painter draws besides the attributes must stay as it is.

    Args:
        painter: the function g, from attributes ``[batch, class]`` to examples, with the same
            chances u at every call: private latents of a model, the seed of a drawing.
        judge: the function c, from examples to verdicts, boolean ``[batch, class]``.
        attributes: the attributes y that are flipped.

    Returns:
        The shares, row: flipped, column: judged.

    Raises:
        ValueError: if the verdicts do not have the shape of the attributes.

    References:
        Pearl, Causality, 2009. Not in the thesis, whose photographs have no counterfactuals.

    Example:
        >>> attributes = torch.rand(100, 3) < 0.5
        >>> def hats_bring_glasses(y):
        ...     return torch.stack([y[:, 0], y[:, 1] | y[:, 0], y[:, 2]], 1)
        >>> effect_matrix(hats_bring_glasses, lambda x: x, attributes).diag()[[0, 2]]
        tensor([1., 1.])

    Derived in: notebooks/13
    """
    before = judge(painter(attributes))
    if before.shape != attributes.shape:
        raise ValueError(
            f"judge: expected verdicts of shape {list(attributes.shape)} like attributes, "
            f"got {list(before.shape)}"
        )
    flips = torch.eye(attributes.shape[1], dtype=torch.bool, device=attributes.device)
    after = (judge(painter(attributes ^ flip)) for flip in flips)
    return torch.stack([(verdicts != before).float().mean(0) for verdicts in after])
