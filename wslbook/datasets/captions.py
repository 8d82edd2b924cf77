"""Captions: the names of the attributes that a face has (thesis section 4.2.1.1)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wslbook.datasets.words import ALPHABET, encode
from wslbook.typing import Bool, Int

__all__ = ["captions", "encode_captions"]

LENGTH = 256
PADDING, SEPARATOR = "*", ", "


def captions(attributes: Bool[Tensor, "batch class"], names: Sequence[str]) -> list[str]:
    """Describe faces by the names of the attributes that they have.

    The names stand in the order of ``names`` (in CelebA's list alphabetical, as in table 4.1),
    separated by a comma and a blank, in small letters, with blanks for underscores.

    Args:
        attributes: which attributes each face has, ``[batch, class]``.
        names: the name of each attribute.

    Returns:
        One string a face, without padding; empty if it has no attribute.

    Raises:
        ValueError: if there is not one name for each attribute.

    References:
        Thesis, section 4.2.1.1 and table 4.1.

    Example:
        >>> attributes = torch.tensor([[True, True, False], [False, False, True]])
        >>> captions(attributes, ["5_o_Clock_Shadow", "Big_Nose", "Young"])
        ['5 o clock shadow, big nose', 'young']

    Derived in: notebooks/13
    """
    words = _words(attributes, names)
    return [
        SEPARATOR.join(word for word, present in zip(words, row, strict=True) if present)
        for row in attributes.tolist()
    ]


def encode_captions(
    attributes: Bool[Tensor, "batch class"], names: Sequence[str]
) -> Int[Tensor, "batch 256"]:
    """Turn attributes into captions of 256 characters, as indices into the alphabet.

    Short captions are filled up with ``*``. The thesis calls 256 the greatest length that occurs;
    a longer caption, which 40 attributes could give, would be cut there.

    Args:
        attributes: which attributes each face has, ``[batch, class]``.
        names: the name of each attribute.

    Returns:
        Indices into :data:`.ALPHABET`, ``[batch, 256]``.

    Raises:
        ValueError: if there is not one name for each attribute.

    References:
        Thesis, section 4.2.1.1.

    Example:
        >>> from wslbook.datasets.words import decode
        >>> text = encode_captions(torch.tensor([[True, True]]), ["Big_Nose", "Young"])
        >>> text.shape, decode(text)[0][:20]
        (torch.Size([1, 256]), 'big nose, young*****')

    Derived in: notebooks/13
    """
    words = [word + SEPARATOR for word in _words(attributes, names)]
    ends = (attributes * torch.tensor([len(word) for word in words])).cumsum(1)
    room = sum(len(word) for word in words) + LENGTH
    text = torch.full((len(attributes), room), ALPHABET.index(PADDING))
    # attribute by attribute, for all faces at once
    for word, present, end in zip(words, attributes.T, ends.T, strict=True):
        places = end[present, None] + torch.arange(-len(word), 0)
        text[present.nonzero(), places] = encode([word], len(word))
    last = ends[:, -1:] + torch.arange(-len(SEPARATOR), 0)
    text.scatter_(1, last.clamp(min=0), ALPHABET.index(PADDING))
    return text[:, :LENGTH]


def _words(attributes: Bool[Tensor, "batch class"], names: Sequence[str]) -> list[str]:
    if attributes.shape[1] != len(names):
        raise ValueError(
            f"names: expected {attributes.shape[1]}, one for each attribute, got {len(names)}"
        )
    return [name.lower().replace("_", " ") for name in names]
