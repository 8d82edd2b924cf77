"""Bimodal CelebA: a face seen as an image and as a caption that lists its attributes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from wslbook.datasets.batch import Batch, check_choice
from wslbook.datasets.captions import encode_captions
from wslbook.datasets.pictures import to_unit_interval
from wslbook.typing import Bool

__all__ = ["Faces", "celeba"]

NUM_DRAWN = {"train": 10_000, "valid": 2_000, "test": 2_000}
SEEDS = {"train": 0, "valid": 1, "test": 2}
REAL_VERSION = 1  # counts the ways of cropping and scaling


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces with their attributes, kept as bytes; captions are written when they are asked for.

    Args:
        pixels: unsigned bytes ``[batch, 3, size, size]``.
        attributes: which attributes each face has, ``[batch, class]``.
        names: the name of each attribute, as in CelebA.
        source: where the data come from, for captions and result files.
    """

    pixels: Tensor
    attributes: Bool[Tensor, "batch class"]
    names: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: Tensor | slice) -> Batch:
        """Give the faces chosen by a slice, a mask or a tensor of indices."""
        attributes = self.attributes[index]
        x = {
            "image": to_unit_interval(self.pixels[index]),
            "text": encode_captions(attributes, self.names),
        }
        return Batch(x, attributes.long(), source=self.source)


def celeba(
    split: str = "train",
    source: str = "offline",
    size: int = 64,
    attributes: Sequence[str] | None = None,
) -> Faces:
    """Load bimodal CelebA: images of faces, and captions that list their attributes.

    ``offline`` holds synthetic drawn faces with 22 of CelebA's 40 attributes, drawn once (some
    seconds) and kept in the data folder. Against the real set they lack photographs altogether:
    no person is shown, there is hardly any variation of pose and light, and the attributes are
    nearly independent (:func:`.sample_attributes`), rare ones more frequent. Labels and captions
    of drawn faces have no errors. Results on them are not comparable with published ones.

    ``real`` are the photographs, from files that you put into the folder ``celeba`` of the data
    folder; if one is missing, the error says where to obtain it. The first call checks them and
    converts a split in some minutes, later ones read the converted images.

    Args:
        split: ``"train"``, ``"valid"`` or ``"test"``; offline 10 000, 2000 and 2000 faces, real
            162 770, 19 867 and 19 962 (the official partition).
        source: ``"offline"`` or ``"real"``.
        size: rows and columns of an image; the thesis has 64. At 32 everything is still visible.
        attributes: names of those that captions and labels tell, in any order; all by default.
            Captions of a few attributes are learnt much sooner.

    Returns:
        Examples with modalities ``"image"`` ``[batch, 3, size, size]`` in [0, 1] and ``"text"``,
        indices ``[batch, 256]`` into :data:`.ALPHABET`; labels 0 or 1, ``[batch, class]``, in the
        order of ``.names``.

    Raises:
        ValueError: if ``split``, ``source`` or an attribute is unknown, none is
            named, or ``size`` is below 8.
        DownloadError: if the real files are missing or damaged.

    References:
        Liu, Luo, Wang and Tang, Deep learning face attributes in the wild, 2015.
        Thesis, section 4.2.1.1.

    Example:
        >>> from wslbook.datasets.captions import captions
        >>> faces = celeba("test", size=8)
        >>> faces[:4].x["image"].shape, captions(faces.attributes[:1], faces.names)
        (torch.Size([4, 3, 8, 8]), ['black hair, chubby, smiling, wavy hair, wearing hat, young'])

    Derived in: notebooks/13
    """
    check_choice("split", split, tuple(NUM_DRAWN))
    check_choice("source", source, ("offline", "real"))
    if size < 8:
        raise ValueError(f"size: expected at least 8 pixels, got {size}")
    faces = _drawn(split, size) if source == "offline" else _real(split, size)
    return faces if attributes is None else _select(faces, attributes)


def _select(faces: Faces, attributes: Sequence[str]) -> Faces:
    """Tell the named attributes only, in the order of CelebA."""
    if not attributes:
        raise ValueError("attributes: expected at least one name, got none")
    for name in attributes:
        check_choice("attributes", name, faces.names)
    columns = [column for column, name in enumerate(faces.names) if name in attributes]
    names = tuple(faces.names[column] for column in columns)
    return replace(faces, attributes=faces.attributes[:, columns], names=names)


def _drawn(split: str, size: int) -> Faces:
    """Draw the faces, or read those of the last time."""
    from wslbook.datasets.cache import cached
    from wslbook.datasets.cartoon_faces import VERSION, render
    from wslbook.datasets.face_attributes import DRAWN_ATTRIBUTES, sample_attributes

    def draw() -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(SEEDS[split])
        attributes = sample_attributes(NUM_DRAWN[split], generator)
        return {"images": render(attributes, generator, size), "attributes": attributes}

    tensors = cached(f"cartoon-faces-{VERSION}-{split}-{NUM_DRAWN[split]}-{size}", draw)
    return Faces(
        tensors["images"],
        tensors["attributes"],
        DRAWN_ATTRIBUTES,
        f"CelebA (offline: {NUM_DRAWN[split]} synthetic drawn faces)",
    )


def _real(split: str, size: int) -> Faces:
    from wslbook.datasets.cache import cached
    from wslbook.datasets.celeba_files import read_celeba
    from wslbook.datasets.face_attributes import CELEBA_ATTRIBUTES

    tensors = cached(f"celeba-{REAL_VERSION}-{split}-{size}", lambda: read_celeba(split, size))
    images = tensors["images"]
    return Faces(
        images,
        tensors["attributes"],
        CELEBA_ATTRIBUTES,
        f"CelebA (real: {len(images)} photographs)",
    )
