"""CelebA from the files that a reader has: checked, cropped and scaled."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from wslbook.datasets.face_attributes import CELEBA_ATTRIBUTES
from wslbook.datasets.remote import DownloadError, data_folder
from wslbook.typing import Bool

__all__ = ["read_attributes", "read_celeba", "read_partition"]

IMAGES, ATTRIBUTES, PARTITION = (
    "img_align_celeba",
    "list_attr_celeba.txt",
    "list_eval_partition.txt",
)
MD5 = {
    f"{IMAGES}.zip": "00d2c5bc6d35e252742224ab0c1e8fcb",
    ATTRIBUTES: "75e246fa4810816ffd6ee81facbd244c",
    PARTITION: "d32c9cbf5e040fd4025c592c306e6668",
}
SPLITS = ("train", "valid", "test")  # 0, 1 and 2 in the list of the partition
WIDTH, HEIGHT, CROP = 178, 218, 148

HOW_TO = """could not find CelebA in {folder}
Missing: {missing}
What to do: its archive has a daily quota and terms to agree to, so only you can obtain it.
  1. Open https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, then Align&Cropped Images.
  2. Save these files, as they are, in {folder}
     img_align_celeba.zip     1.4 GB (or unpacked, as the folder img_align_celeba)
     list_attr_celeba.txt     27 MB (there under Anno)
     list_eval_partition.txt  3 MB (there under Eval)
  3. Run again.
Or use source="offline", which needs no files."""


def read_celeba(split: str, size: int) -> dict[str, Tensor]:
    """Read one split of CelebA from the folder ``celeba`` of the data folder.

    Of each image the middle 148 x 148 pixels are kept and scaled with bicubic interpolation.

    Args:
        split: ``"train"``, ``"valid"`` or ``"test"``: 162 770, 19 867 and 19 962 images.
        size: rows and columns of the result.

    Returns:
        ``"images"``, unsigned bytes ``[batch, 3, size, size]``, and ``"attributes"``, Bool
        ``[batch, 40]``.

    Raises:
        DownloadError: if a file is missing or damaged; it says how to obtain it.
    """
    folder = data_folder() / "celeba"
    _check_presence(folder)
    _check_content(folder)
    files, attributes = read_attributes(folder / ATTRIBUTES)
    number = SPLITS.index(split)
    partition = read_partition(folder / PARTITION)
    rows = [row for row, file in enumerate(files) if partition[file] == number]
    with _open_images(folder) as read:
        images = _convert([files[row] for row in rows], read, size)
    return {"images": images, "attributes": attributes[rows]}


def read_attributes(path: Path) -> tuple[list[str], Bool[Tensor, "batch 40"]]:
    """Read CelebA's list of attributes: a count, the names, then for each image its -1 and 1.

    Args:
        path: the file.

    Returns:
        The names of the images, and which of ``CELEBA_ATTRIBUTES`` each has.

    Raises:
        ValueError: if it is not such a file.
    """
    count, names, *lines = path.read_text().strip().splitlines()
    if tuple(names.split()) != CELEBA_ATTRIBUTES:
        raise ValueError(f"path: the second line of {path} should name the 40 attributes")
    rows = [line.split() for line in lines]
    if len(rows) != int(count) or any(len(row) != 1 + len(CELEBA_ATTRIBUTES) for row in rows):
        raise ValueError(f"path: {path} should have {int(count)} rows of a name and 40 numbers")
    values = np.array([row[1:] for row in rows], dtype=np.int8)
    return [row[0] for row in rows], torch.from_numpy(values == 1)


def read_partition(path: Path) -> dict[str, int]:
    """Read CelebA's list of the partition: for each image 0 (train), 1 (valid) or 2 (test).

    Args:
        path: the file.

    Returns:
        The part of each image, by its name.
    """
    return {file: int(part) for file, part in map(str.split, path.read_text().splitlines())}


def _check_presence(folder: Path) -> None:
    images_here = (folder / IMAGES).is_dir() or (folder / f"{IMAGES}.zip").is_file()
    missing = [] if images_here else [f"{IMAGES}.zip"]
    missing += [name for name in (ATTRIBUTES, PARTITION) if not (folder / name).is_file()]
    if missing:
        raise DownloadError(HOW_TO.format(folder=folder, missing=", ".join(missing)))


def _check_content(folder: Path) -> None:
    for name, md5 in MD5.items():
        path = folder / name
        if path.is_file() and _md5(path) != md5:
            raise DownloadError(
                f"{path} is not the official file: its MD5 should be {md5}\n"
                "What to do: it may be incomplete or come from elsewhere; obtain it again from "
                "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
            )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


@contextmanager
def _open_images(folder: Path) -> Iterator[Callable[[str], bytes]]:
    """Give a function that reads an image by its name, from the archive where there is one."""
    archive = folder / f"{IMAGES}.zip"
    if archive.is_file():
        with zipfile.ZipFile(archive) as file:
            yield lambda name: file.read(f"{IMAGES}/{name}")
    else:
        yield lambda name: (folder / IMAGES / name).read_bytes()


def _convert(files: Sequence[str], read: Callable[[str], bytes], size: int) -> Tensor:
    images = torch.empty(len(files), 3, size, size, dtype=torch.uint8)
    for row, file in enumerate(tqdm(files, desc="CelebA", unit="image")):
        try:
            images[row] = _crop_and_scale(read(file), size)
        except (OSError, KeyError, ValueError) as error:
            raise DownloadError(
                f"could not read the image {file} of CelebA: {error}\n"
                f"What to do: obtain {IMAGES}.zip again."
            ) from error
    return images


def _crop_and_scale(jpeg: bytes, size: int) -> Tensor:
    with Image.open(io.BytesIO(jpeg)) as image:
        if image.size != (WIDTH, HEIGHT):
            raise ValueError(f"expected {WIDTH} x {HEIGHT} pixels (aligned), got {image.size}")
        left, top = (WIDTH - CROP) // 2, (HEIGHT - CROP) // 2
        square = image.convert("RGB").crop((left, top, left + CROP, top + CROP))
    scaled = square.resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(scaled)).permute(2, 0, 1)
