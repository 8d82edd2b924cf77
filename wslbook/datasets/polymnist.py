"""PolyMNIST: one digit, several images, each on a background of its own."""

import re
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from wslbook.datasets.archives import ArchiveError, members
from wslbook.datasets.batch import check_choice
from wslbook.datasets.cache import cached
from wslbook.datasets.mnist import mnist
from wslbook.datasets.photographs import photograph
from wslbook.datasets.pictures import Pictures, draw_of_class
from wslbook.typing import Bool, UInt8

__all__ = ["polymnist"]

ARCHIVE = "PolyMNIST.zip"
ADDRESS = "https://zenodo.org/records/4899160/files/" + ARCHIVE  # its record states no SHA-256
MAX_BYTES = 4 << 30  # of the files in the archive
REAL_MODALITIES = 5

SEEDS = {"train": 0, "test": 1}
OFFLINE_SETS = {"train": 40_000, "test": 2000}
MAX_MODALITIES = 20

# five pieces of two photographs that differ in colour and grain
REGIONS = (
    ("flower", (0, 0, 230, 427)),
    ("flower", (230, 90, 420, 270)),
    ("china", (100, 0, 350, 300)),
    ("china", (380, 0, 560, 150)),
    ("china", (0, 270, 640, 427)),
)
CHANNELS = ((0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2))  # orders of red, green and blue
REGION_SIDE = {28: 300, 14: 60}  # pixels to which a region is scaled before it is cut up


def polymnist(
    split: str = "train",
    source: str = "offline",
    size: int = 28,
    num_modalities: int = 5,
    num_sets: int | None = None,
) -> Pictures:
    """Load PolyMNIST: sets of images that share a digit and nothing else.

    In modality m a binarised digit of the common label lies on a random crop of background m,
    and the colours under the digit are inverted:

        x = 1 - crop where the digit is, crop elsewhere.

    Every modality shows another image of the digit. ``offline`` puts the 5000 shipped digits on
    two photographs (:mod:`.photographs`): the first five modalities are five regions of them,
    later ones the same regions with exchanged colour channels. Against the real set it lacks
    digits (images recur, but sets hardly do), and the backgrounds are others.

    Args:
        split: ``"train"`` or ``"test"``; they share no image of a digit, but the backgrounds.
        source: ``"offline"`` or ``"real"`` (downloaded once; 60 000 and 10 000 sets).
        size: side of the images in pixels: 28, or 14 (offline only) for quick experiments.
        num_modalities: at most 20 offline and 5 of the real ones.
        num_sets: how many; by default all real ones, and 40 000 and 2000 offline, where every
            digit is equally frequent.

    Returns:
        Examples with modalities ``"m0"``, ``"m1"``, ..., each ``[batch, 3, size, size]`` in
        [0, 1]; labels ``[batch]`` in 0..9.

    Raises:
        ValueError: if an argument is not among the allowed ones.
        DownloadError: if the real archive cannot be obtained.

    References:
        Sutter, Daunhawer and Vogt, Generalized multimodal ELBO, 2021.

    Example:
        >>> data = polymnist("test", size=14, num_modalities=3)
        >>> batch = data[:4]
        >>> batch.labels, batch.x["m2"].shape
        (tensor([0, 1, 2, 3]), torch.Size([4, 3, 14, 14]))

    Derived in: notebooks/11
    """
    check_choice("split", split, ("train", "test"))
    check_choice("source", source, ("offline", "real"))
    most = MAX_MODALITIES if source == "offline" else REAL_MODALITIES
    sizes = tuple(REGION_SIDE) if source == "offline" else (28,)
    if not 1 <= num_modalities <= most:
        raise ValueError(f"num_modalities: expected 1 to {most}, got {num_modalities}")
    if size not in sizes:
        raise ValueError(f"size: expected one of {sizes} for source {source!r}, got {size}")
    if num_sets is not None and num_sets < 1:
        raise ValueError(f"num_sets: expected at least 1, got {num_sets}")
    if source == "real":
        return _real(split, num_modalities, num_sets)
    return _offline(split, size, num_modalities, num_sets or OFFLINE_SETS[split])


def _offline(split: str, size: int, num_modalities: int, num_sets: int) -> Pictures:
    """Compose sets of shipped digits and photographs."""
    handwritten = mnist(split)
    masks = _binarise(handwritten.x["image"], size)
    labels = torch.arange(num_sets) % 10
    pixels = {}
    for m in range(num_modalities):
        # a generator for each modality: fewer of them do not change the others
        generator = torch.Generator().manual_seed(MAX_MODALITIES * SEEDS[split] + m)
        digits = draw_of_class(labels, handwritten.labels, generator)
        crops = _crops(_background(m, size), num_sets, size, generator)
        # 255 - c is c with all its bits flipped
        pixels[f"m{m}"] = crops.bitwise_xor_(255 * masks[digits].to(torch.uint8))
    source = f"PolyMNIST (offline: {num_sets} sets of {len(masks)} real digits on photographs)"
    return Pictures(pixels, labels, source)


def _binarise(images: Tensor, size: int) -> Bool[Tensor, "batch 1 _ _"]:
    """Say where the digit is: above half, as in the original; a little below where it is shrunk."""
    shades = (255 * images).round().double()  # whole numbers, so that no rounding decides
    if size == 28:
        return shades > 128
    return avg_pool2d(shades, 28 // size) > 100


def _background(modality: int, size: int) -> Tensor:
    name, box = REGIONS[modality % len(REGIONS)]
    side = REGION_SIDE[size]
    return photograph(name, (side, side), box)[list(CHANNELS[modality // len(REGIONS)])]


def _crops(
    background: Tensor, count: int, size: int, generator: torch.Generator
) -> UInt8[Tensor, "batch 3 _ _"]:
    """Cut squares at uniform places out of a background."""
    places = background.shape[-1] - size + 1
    top, left = torch.randint(places, (2, count), generator=generator)
    windows = background.unfold(1, size, 1).unfold(2, size, 1)  # [3, top, left, size, size]
    return windows[:, top, left].transpose(0, 1).contiguous()


def _real(split: str, num_modalities: int, num_sets: int | None) -> Pictures:
    """Read the archive once, later the tensors made from it."""
    from wslbook.datasets.remote import RemoteFile, fetch

    file = RemoteFile(ARCHIVE, (ADDRESS,), None)
    content = cached(f"polymnist_{split}", lambda: _read_archive(fetch(file), split))
    pixels = {f"m{m}": content[f"m{m}"][:num_sets] for m in range(num_modalities)}
    labels = content["labels"][:num_sets]
    return Pictures(pixels, labels, f"PolyMNIST (real: {len(labels)} sets)")


def _read_archive(path: Path, split: str) -> dict[str, Tensor]:
    """Read the images <split>/m<modality>/<number>.<label>.png; a set has one number and label."""
    pattern = re.compile(rf"(?:^|/){split}/m([0-{REAL_MODALITIES - 1}])/(\d+)\.(\d)\.png$")
    images: list[dict[tuple[int, int], Tensor]] = [{} for _ in range(REAL_MODALITIES)]
    for name, content in members(path, MAX_BYTES):
        if match := pattern.search(name):
            modality, number, label = map(int, match.groups())
            images[modality][number, label] = _decode_png(content)
    sets = sorted(images[0])  # by number, so that the labels alternate
    if not sets or any(sorted(modality) != sets for modality in images):
        raise ArchiveError(f"{path.name}: expected the same sets in m0 to m4, {split!r}")
    content = {f"m{m}": torch.stack([images[m][key] for key in sets]) for m in range(len(images))}
    return content | {"labels": torch.tensor([label for _, label in sets])}


def _decode_png(content: bytes) -> UInt8[Tensor, "3 _ _"]:
    with Image.open(BytesIO(content)) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
