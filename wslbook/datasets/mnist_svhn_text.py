"""MNIST-SVHN-Text: a digit seen as handwriting, as a house number and as a word."""

from dataclasses import dataclass

import torch
from torch import Tensor

from wslbook.datasets.batch import Batch, check_choice
from wslbook.datasets.house_numbers import stored_house_numbers
from wslbook.datasets.mnist import mnist
from wslbook.datasets.pictures import draw_of_class, select, to_unit_interval
from wslbook.datasets.svhn import svhn
from wslbook.datasets.words import draw_starts, shifted_words
from wslbook.typing import Int, UInt8

__all__ = ["MnistSvhnText", "mnist_svhn_text"]

PAIRS = {("offline", "train"): 10, ("offline", "test"): 1}
REAL_PAIRS = 20
SEEDS = {"train": 0, "test": 1}


@dataclass(frozen=True, eq=False)
class MnistSvhnText:
    """Tuples of a handwritten digit, a house number and a word that mean the same digit.

    Args:
        digits: unsigned bytes ``[digits, 1, 28, 28]``.
        house_numbers: unsigned bytes ``[numbers, 3, 32, 32]``.
        pairs: indices of the digit and of the house number of each tuple, ``[batch, 2]``.
        starts: where the word of each tuple starts among 8 characters, ``[batch]``.
        labels: digits 0..9 that the tuples mean, ``[batch]``.
        source: where the data come from, for captions and result files.
    """

    digits: UInt8[Tensor, "_ 1 28 28"]
    house_numbers: UInt8[Tensor, "_ 3 32 32"]
    pairs: Int[Tensor, "batch 2"]
    starts: Int[Tensor, " batch"]
    labels: Int[Tensor, " batch"]
    source: str

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor | slice) -> Batch:
        """Give the tuples chosen by a slice, a mask or a tensor of indices."""
        digit, number = self.pairs[index].unbind(1)
        labels = self.labels[index]
        x = {
            "mnist": to_unit_interval(select(self.digits, digit)),
            "svhn": to_unit_interval(select(self.house_numbers, number)),
            "text": shifted_words(labels, self.starts[index]),
        }
        return Batch(x, labels, source=self.source)


def mnist_svhn_text(
    split: str = "train",
    source: str = "offline",
    pairs: int | None = None,
    contrast: tuple[float, float] = (0.2, 0.65),
    texture: float = 1.0,
) -> MnistSvhnText:
    """Load MNIST-SVHN-Text: every digit image with several house numbers of the same digit.

    The word of a tuple starts at a place drawn once, uniformly among those where it fits in
    8 characters. Everything is drawn from fixed seeds: an index always means the same tuple.
    The first tuples, one for each digit image, show every image once; then they come again.

    ``offline`` pairs the 5000 shipped digits with drawn house numbers, which are kept in the data
    folder. Against the real set it lacks 65 000 digits and photographed numbers; at the default
    contrast the drawn ones are easier to read (:func:`.house_numbers`). In the real set each
    house number is drawn uniformly, with replacement, from all SVHN images of the digit.

    Args:
        split: ``"train"`` or ``"test"``; they share no digit and no house number.
        source: ``"offline"`` or ``"real"`` (11 MB and 182 or 64 MB, downloaded once).
        pairs: house numbers for each digit image; by default 10 offline for training, 1 offline
            for the test (4000 x 10 and 1000 tuples), and 20 of the real ones (1 200 000 and
            200 000 tuples, thesis section 3.3.1).
        contrast: of drawn house numbers, see :func:`.house_numbers`.
        texture: of drawn house numbers.

    Returns:
        Examples with modalities ``"mnist"`` ``[batch, 1, 28, 28]`` and ``"svhn"``
        ``[batch, 3, 32, 32]`` in [0, 1], and ``"text"``, indices ``[batch, 8]`` into
        :data:`.ALPHABET`; labels ``[batch]`` in 0..9.

    Raises:
        ValueError: if ``split`` or ``source`` is unknown, or ``pairs`` is not positive.
        DownloadError: if the real files cannot be obtained.

    References:
        Sutter, Daunhawer and Vogt, Multimodal generative learning utilizing Jensen-Shannon
        divergence, 2020.

    Example:
        >>> from wslbook.datasets.words import decode
        >>> data = mnist_svhn_text("test")
        >>> batch = data[:3]
        >>> batch.labels, decode(batch.x["text"])
        (tensor([0, 1, 2]), ['zero    ', ' one    ', ' two    '])

    Derived in: notebooks/10
    """
    check_choice("split", split, ("train", "test"))
    check_choice("source", source, ("offline", "real"))
    pairs = PAIRS.get((source, split), REAL_PAIRS) if pairs is None else pairs
    if pairs < 1:
        raise ValueError(f"pairs: expected at least 1, got {pairs}")
    handwritten = mnist(split, source)
    digits = (255 * handwritten.x["image"]).round().to(torch.uint8)
    labels = handwritten.labels.repeat(pairs)
    generator = torch.Generator().manual_seed(SEEDS[split])
    if source == "offline":
        numbers = stored_house_numbers(labels, SEEDS[split], contrast, texture)
        chosen = torch.arange(len(labels))
    else:
        numbers, chosen = _real_numbers(split, labels, generator)
    return MnistSvhnText(
        digits=digits,
        house_numbers=numbers,
        pairs=torch.stack((torch.arange(len(digits)).repeat(pairs), chosen), 1),
        starts=draw_starts(labels, generator),
        labels=labels,
        source=f"MNIST-SVHN-Text ({source}: {len(digits)} digits, {len(numbers)} "
        f"{'drawn' if source == 'offline' else 'real'} house numbers)",
    )


def _real_numbers(split: str, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """SVHN, and which of its images of the right digit goes with each label."""
    numbers = svhn(split, "real")
    return numbers.pixels["image"], draw_of_class(labels, numbers.labels, generator)
