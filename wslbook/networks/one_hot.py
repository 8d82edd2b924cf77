"""Characters as columns of zeros and a one."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from wslbook.typing import Float, Int

__all__ = ["OneHot"]


class OneHot(nn.Module):
    r"""Turn character indices into indicator vectors, one channel for each character.

    .. math:: y_{ckl} = \mathbb 1[x_{kl} = c]

    Args:
        num_classes: size of the alphabet.

    Raises:
        ValueError: if called on an index that is not a character.

    Example:
        >>> OneHot(3)(torch.tensor([[0, 2]]))
        tensor([[[1., 0.],
                 [0., 0.],
                 [0., 1.]]])

    Derived in: notebooks/10
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.register_buffer("identity", torch.eye(num_classes), persistent=False)

    def forward(self, x: Int[Tensor, "batch item"]) -> Float[Tensor, "batch class item"]:
        """Return the indicators in the number type of the module."""
        outside = x[(x < 0) | (x >= self.num_classes)]
        if len(outside):
            raise ValueError(
                f"x: expected characters 0 to {self.num_classes - 1}, got {int(outside[0])}"
            )
        return embedding(x, self.identity).mT
