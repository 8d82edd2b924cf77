"""The two photographs that scikit-learn ships, as textures of drawn pictures.

``china.jpg`` by danielbuechele (https://www.flickr.com/photos/danielbuechele/6061409035/) and
``flower.jpg`` by vultilion (https://www.flickr.com/photos/vultilion/6056698931/), both under
Creative Commons Attribution 2.0, https://creativecommons.org/licenses/by/2.0/.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from wslbook.datasets.batch import check_choice
from wslbook.typing import UInt8

__all__ = ["photograph"]

WIDTH, HEIGHT = 640, 427


def photograph(
    name: str,
    size: tuple[int, int],
    box: tuple[int, int, int, int] = (0, 0, WIDTH, HEIGHT),
) -> UInt8[Tensor, "3 _ _"]:
    """Cut a box out of a photograph and scale it.

    Args:
        name: ``"china"`` (a pavilion and the sky) or ``"flower"`` (a dahlia).
        size: width and height of the result, in pixels.
        box: left, upper, right and lower edge of the box in the original of 640 x 427 pixels.

    Returns:
        Colours 0..255, unsigned bytes ``[3, height, width]``.

    Raises:
        ValueError: if ``name`` is unknown.

    Example:
        >>> photograph("china", (32, 20), box=(100, 0, 350, 300)).shape
        torch.Size([3, 20, 32])
    """
    check_choice("name", name, ("china", "flower"))
    with Image.open(package_folder("sklearn") / f"datasets/images/{name}.jpg") as image:
        scaled = image.convert("RGB").crop(box).resize(size)
    return torch.from_numpy(np.array(scaled)).permute(2, 0, 1).contiguous()


def package_folder(name: str) -> Path:
    """Find the folder of an installed package without the time it takes to import it."""
    return Path(find_spec(name).submodule_search_locations[0])
