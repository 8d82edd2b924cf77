"""MNIST: handwritten digits."""

import gzip
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wslbook.datasets.batch import Batch, check_choice

__all__ = ["mnist", "read_idx"]

OFFLINE_TRAIN = 4000  # the first 400 of each digit; the file interleaves the digits
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FILES = {
    ("train", "images"): (
        "train-images-idx3-ubyte.gz",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    ("train", "labels"): (
        "train-labels-idx1-ubyte.gz",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    ("test", "images"): (
        "t10k-images-idx3-ubyte.gz",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    ("test", "labels"): (
        "t10k-labels-idx1-ubyte.gz",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}


def mnist(split: str = "train", source: str = "offline") -> Batch:
    """Load MNIST as one batch with the modality ``"image"`` and the digits as labels.

    ``offline`` holds 5000 of the real digits, 500 of each: 4000 to train and 1000 to test. Against
    the real set it lacks the other 65 000 digits and the official test split, so likelihoods and
    accuracies are not comparable with published ones.

    Args:
        split: ``"train"`` or ``"test"``.
        source: ``"offline"`` (shipped with the package) or ``"real"`` (11 MB, downloaded once;
            60 000 and 10 000 digits).

    Returns:
        Images ``[batch, 1, 28, 28]`` in [0, 1] and labels ``[batch]`` in 0..9.

    Raises:
        ValueError: if ``split`` or ``source`` is unknown.
        DownloadError: if the real files cannot be obtained.

    References:
        LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document
        recognition, 1998.

    Example:
        >>> batch = mnist("test")
        >>> batch.x["image"].shape, batch.labels[:5]
        (torch.Size([1000, 1, 28, 28]), tensor([0, 1, 2, 3, 4]))

    Derived in: notebooks/03
    """
    check_choice("split", split, ("train", "test"))
    check_choice("source", source, ("offline", "real"))
    images, labels = _load_offline(split) if source == "offline" else _load_real(split)
    return Batch(
        x={"image": _to_unit_interval(images)},
        labels=torch.from_numpy(labels.astype(np.int64)),
        source=f"MNIST ({source}: {len(labels)} real digits)",
    )


def _load_offline(split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    part = slice(OFFLINE_TRAIN) if split == "train" else slice(OFFLINE_TRAIN, None)
    with files("wslbook.datasets").joinpath("files/mnist_5000.npz").open("rb") as file:
        data = np.load(file, allow_pickle=False)
        return data["images"][part], data["labels"][part]


def _load_real(split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    from wslbook.datasets.remote import RemoteFile, fetch

    paths = []
    for kind in ("images", "labels"):
        name, sha256 = FILES[split, kind]
        paths.append(fetch(RemoteFile(name, tuple(m + name for m in MIRRORS), sha256)))
    return read_idx(paths[0]), read_idx(paths[1])


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read a gzipped IDX file of bytes: magic 0, 0, 8, rank; big-endian sizes; the values.

    Args:
        path: the file.

    Returns:
        The array it holds.

    Raises:
        ValueError: if it is not such a file.
    """
    with gzip.open(path, "rb") as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:3] != b"\x00\x00\x08":
            raise ValueError(f"path: {path} is not an IDX file of bytes (it begins {magic!r})")
        shape = np.frombuffer(file.read(4 * magic[3]), dtype=">i4")
        values = np.frombuffer(file.read(), dtype=np.uint8)
    if values.size != shape.prod():
        raise ValueError(f"path: {path} holds {values.size} values, its header says {shape}")
    return values.reshape(shape)


def _to_unit_interval(images: NDArray[np.uint8]) -> Tensor:
    pixels = torch.from_numpy(images.copy()).unsqueeze(1)
    return pixels.to(torch.get_default_dtype()) / 255
