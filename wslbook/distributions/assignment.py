"""Assignments of items to groups, as matrices whose columns are one-hot."""

import torch
from torch import Tensor

from wslbook.typing import Bool, Float, Int

__all__ = ["fill_groups", "one_hot_columns"]


def fill_groups(
    sizes: Float[Tensor, "*batch group"], ranking: Int[Tensor, "*batch item"]
) -> Float[Tensor, "*batch group item"]:
    r"""Assign the items of a ranking to groups of given sizes, in order.

    .. math:: Y_{ki} = 1 \iff \nu_k < \text{rank of } i \le \nu_k + n_k, \qquad
        \nu_k = \sum_{j < k} n_j

    Args:
        sizes: n_k, whole numbers that add to the number of items.
        ranking: the items, the first of them first.

    Returns:
        The assignment.

    References:
        Thesis definition 5.2.1 and equation 5.41.

    Example:
        >>> fill_groups(torch.tensor([1.0, 0.0, 2.0]), torch.tensor([2, 0, 1]))
        tensor([[0., 0., 1.],
                [0., 0., 0.],
                [1., 1., 0.]])

    Derived in: notebooks/16
    """
    places = torch.arange(ranking.shape[-1], device=ranking.device)
    # a place is in the group after the last border that it has reached
    group_of_place = (places >= sizes.cumsum(-1).unsqueeze(-1)).sum(-2)
    groups = torch.zeros_like(ranking).scatter(-1, ranking, group_of_place)
    return one_hot_columns(groups, sizes.shape[-1]).type_as(sizes)


def one_hot_columns(
    groups: Int[Tensor, "*batch item"], num_groups: int
) -> Bool[Tensor, "*batch group item"]:
    r"""Write the groups of the items as a matrix.

    .. math:: Y_{ki} = [\text{item } i \text{ is in group } k]

    Args:
        groups: the group of every item, from 0.
        num_groups: the number of groups.

    Returns:
        The matrix, of truth values.

    Example:
        >>> one_hot_columns(torch.tensor([1, 0, 1]), num_groups=2)
        tensor([[False,  True, False],
                [ True, False,  True]])

    Derived in: notebooks/16
    """
    return groups.unsqueeze(-2) == torch.arange(num_groups, device=groups.device).unsqueeze(-1)
