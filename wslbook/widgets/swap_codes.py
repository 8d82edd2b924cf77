"""Chapter 12: what decodes from the shared code of one example and private codes of others."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import traitlets
from PIL import Image
from torch import Tensor

from wslbook.typing import Float, Int
from wslbook.widgets.figure import LiveFigure

__all__ = ["SwapCodes"]


class SwapCodes(LiveFigure):
    """Images decoded from the shared code of one example and the private code of another.

    All combinations are decoded beforehand, so the figure needs no kernel.

    Args:
        images: for each of two modalities, decoded means ``[shared, private, 3, size, size]`` in
            [0, 1]: the entry i, j has the shared code of example i and the private code of j.
        agreement: for each modality the probability, by a classifier, that the image i, j shows
            the digit of example i, ``[shared, private]``.
        labels: the digits of the examples.

    Raises:
        ValueError: if there are not two modalities with images of one square shape.

    Derived in: notebooks/12
    """

    module = "swap_codes"
    names = traitlets.List().tag(sync=True)
    tiles = traitlets.List().tag(sync=True)
    agreement = traitlets.List().tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    size = traitlets.Int().tag(sync=True)
    shared = traitlets.Int(1).tag(sync=True)
    first = traitlets.Int(1).tag(sync=True)
    second = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        images: Mapping[str, Float[Tensor, "item item 3 data data"]],
        agreement: Mapping[str, Float[Tensor, "item item"]],
        labels: Int[Tensor, " item"],
        **kwargs: Any,
    ) -> None:
        shapes = {values.shape for values in images.values()}
        if len(images) != 2 or len(shapes) != 1:
            raise ValueError(
                f"images: expected two modalities of one shape, got {len(images)} with {shapes}"
            )
        super().__init__(
            names=list(images),
            tiles=[_sheet(values) for values in images.values()],
            agreement=[
                [[round(p, 6) for p in row] for row in agreement[name].tolist()] for name in images
            ],
            labels=labels.tolist(),
            size=next(iter(shapes))[-1],
            **kwargs,
        )


def _sheet(images: Tensor) -> str:
    """Lay the images out in a table, rows by the shared code, and encode it as a PNG."""
    rows, columns, channels, height, width = images.shape
    table = images.permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels)
    buffer = io.BytesIO()
    Image.fromarray((255 * table).round().byte().numpy(force=True)).save(buffer, format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
