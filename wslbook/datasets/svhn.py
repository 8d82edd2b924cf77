"""SVHN: house numbers cut out of street photographs, the digit in the middle is the label."""

import torch

from wslbook.datasets.batch import check_choice
from wslbook.datasets.house_numbers import stored_house_numbers
from wslbook.datasets.pictures import Pictures

__all__ = ["FREQUENCIES", "svhn"]

ADDRESS = "http://ufldl.stanford.edu/housenumbers/"  # the only one; the hashes protect it
FILES = {
    "train": (
        "train_32x32.mat",
        "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
    ),
    "test": (
        "test_32x32.mat",
        "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
    ),
}
OFFLINE_SIZES = {"train": 10_000, "test": 2000}
SEEDS = {"train": 2, "test": 3}

FREQUENCIES = (4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659)
"""How often the training set shows 0, 1, ..., 9."""


def svhn(split: str = "train", source: str = "offline") -> Pictures:
    """Load SVHN, cropped digits, as examples with the modality ``"image"``.

    ``offline`` draws house numbers with the class frequencies of the real ones
    (:func:`.house_numbers` says what they lack) and keeps them in the data folder.

    Args:
        split: ``"train"`` or ``"test"``.
        source: ``"offline"`` (10 000 and 2000 images) or ``"real"`` (73 257 and 26 032; 182 and
            64 MB, downloaded once).

    Returns:
        Images ``[batch, 3, 32, 32]`` in [0, 1] and labels ``[batch]`` in 0..9.

    Raises:
        ValueError: if ``split`` or ``source`` is unknown.
        DownloadError: if a real file cannot be obtained.

    References:
        Netzer et al., Reading digits in natural images with unsupervised feature learning, 2011.

    Example:
        >>> data = svhn("test")
        >>> data[:2].x["image"].shape, data.source
        (torch.Size([2, 3, 32, 32]), 'SVHN (offline: 2000 drawn house numbers)')

    Derived in: notebooks/10
    """
    check_choice("split", split, ("train", "test"))
    check_choice("source", source, ("offline", "real"))
    return _drawn(split) if source == "offline" else _real(split)


def _drawn(split: str) -> Pictures:
    frequencies = torch.tensor(FREQUENCIES, dtype=torch.float64)
    generator = torch.Generator().manual_seed(SEEDS[split])
    count = OFFLINE_SIZES[split]
    labels = torch.multinomial(frequencies, count, replacement=True, generator=generator)
    images = stored_house_numbers(labels, SEEDS[split])
    return Pictures({"image": images}, labels, f"SVHN (offline: {count} drawn house numbers)")


def _real(split: str) -> Pictures:
    from scipy.io import loadmat

    from wslbook.datasets.remote import RemoteFile, fetch

    name, sha256 = FILES[split]
    # two files of this name would meet in the folder of all data sets
    path = fetch(RemoteFile(f"svhn_{name}", (ADDRESS + name,), sha256))
    content = loadmat(path, variable_names=("X", "y"))
    images = torch.from_numpy(content["X"]).permute(3, 2, 0, 1).contiguous()
    labels = torch.from_numpy(content["y"]).flatten().long() % 10  # the file calls zero 10
    return Pictures({"image": images}, labels, f"SVHN (real: {len(labels)} images)")
