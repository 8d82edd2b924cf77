"""Text as indices into an alphabet of 71 characters, and the words for the ten digits."""

import string
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from wslbook.typing import Int

__all__ = ["ALPHABET", "DIGIT_WORDS", "decode", "draw_starts", "encode", "shifted_words"]

ALPHABET = string.ascii_lowercase + string.digits + string.punctuation + " \n\t"
"""The 71 characters, in the order of their indices.

The thesis gives their number (tables A.5 and A.11) and not the list. Lists in public code that
descends from its authors' have small letters, digits, punctuation with the hyphen twice, blank
and line feed; here each character stands once, and a tabulator makes up the number.
"""

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LENGTH = 8


def encode(strings: Sequence[str], length: int, padding: str = " ") -> Int[Tensor, "batch data"]:
    """Turn strings into indices of characters, padded at the end.

    Args:
        strings: texts of at most ``length`` characters of the alphabet.
        length: number of characters of every row.
        padding: the character that fills the rows: a blank for digit words, ``*`` for captions.

    Returns:
        Indices 0..70, ``[batch, length]``.

    Raises:
        ValueError: if a string is too long, or has a character that is not in the alphabet.

    Example:
        >>> encode(["cab", "a"], length=4)
        tensor([[ 2,  0,  1, 68],
                [ 0, 68, 68, 68]])
    """
    for text in (*strings, padding):
        if len(text) > length:
            raise ValueError(f"strings: expected at most {length} characters, got {text!r}")
        if strange := set(text) - set(ALPHABET):
            raise ValueError(f"strings: {strange.pop()!r} in {text!r} is not in the alphabet")
    rows = [[ALPHABET.index(c) for c in text.ljust(length, padding)] for text in strings]
    return torch.tensor(rows, dtype=torch.long).reshape(len(rows), length)


def decode(indices: Int[Tensor, "batch data"]) -> list[str]:
    """Turn rows of indices into strings, padding included.

    Args:
        indices: characters 0..70, ``[batch, length]``.

    Returns:
        One string a row.

    Example:
        >>> decode(encode(["one"], length=8))
        ['one     ']
    """
    return ["".join(ALPHABET[i] for i in row) for row in indices.tolist()]


def draw_starts(labels: Int[Tensor, " batch"], generator: torch.Generator) -> Int[Tensor, " batch"]:
    """Draw where the word of each digit starts: uniform over the places where it fits.

    The thesis says "random". Public code of its authors never uses the last of these places.

    Args:
        labels: digits 0..9, ``[batch]``.
        generator: source of random numbers.

    Returns:
        Places 0..8 - length of the word, ``[batch]``.
    """
    places = torch.tensor([LENGTH - len(word) + 1 for word in DIGIT_WORDS])[labels]
    uniform = torch.rand(len(labels), generator=generator, dtype=torch.float64)
    return (uniform * places).long()


def shifted_words(
    labels: Int[Tensor, " batch"], starts: Int[Tensor, " batch"]
) -> Int[Tensor, "batch 8"]:
    """Write the word of each digit at a given place among 8 characters.

    Args:
        labels: digits 0..9, ``[batch]``.
        starts: index of the first letter, ``[batch]``.

    Returns:
        Indices into the alphabet, ``[batch, 8]``.

    Raises:
        ValueError: if a word does not fit at its place.

    Example:
        >>> decode(shifted_words(torch.tensor([7, 1]), torch.tensor([0, 4])))
        ['seven   ', '    one ']
    """
    letters = _digit_letters()[labels]
    lengths = (letters != ALPHABET.index(" ")).sum(1)
    if ((starts < 0) | (starts + lengths > LENGTH)).any():
        raise ValueError(f"starts: a word ends after {LENGTH} characters or starts before them")
    # the words end in blanks, so turning a row around moves blanks to its front
    turned = (torch.arange(LENGTH) - starts[:, None]) % LENGTH
    return letters.gather(1, turned)


@cache
def _digit_letters() -> Int[Tensor, "class data"]:
    return encode(DIGIT_WORDS, LENGTH)
