"""Chapter 03: what a point of the latent plane decodes to."""

from typing import Any

import traitlets
from torch import Tensor

from wslbook.plotting import data_url
from wslbook.typing import Float, Int
from wslbook.widgets.figure import LiveFigure

__all__ = ["LatentPlane"]


class LatentPlane(LiveFigure):
    """A pointer over a two-dimensional latent space and the decoded image under it.

    The images are decoded beforehand on a square grid, so the figure needs no kernel.

    Args:
        images: decoded means on the grid, ``[rows, columns, height, width]`` in [0, 1]; row i
            has z_2 at ``limit - 2 limit i / (rows - 1)``, column j has z_1 at
            ``-limit + 2 limit j / (columns - 1)``.
        limit: the grid spans [-limit, limit] in both directions.
        points: latent means of some examples, drawn as their labels.
        labels: one digit per point.

    Derived in: notebooks/03
    """

    module = "latent_plane"
    tiles = traitlets.Unicode().tag(sync=True)
    count = traitlets.Int().tag(sync=True)
    size = traitlets.Int().tag(sync=True)
    limit = traitlets.Float().tag(sync=True)
    points = traitlets.List().tag(sync=True)
    z1 = traitlets.Float(0.0).tag(sync=True)
    z2 = traitlets.Float(0.0).tag(sync=True)

    def __init__(
        self,
        images: Float[Tensor, "_ _ *data"],
        limit: float,
        points: Float[Tensor, "item 2"],
        labels: Int[Tensor, " item"],
        **kwargs: Any,
    ) -> None:
        rows, columns, height, width = images.shape
        if (rows, height) != (columns, width):
            raise ValueError(f"images: expected a square grid of squares, got {list(images.shape)}")
        super().__init__(
            tiles=data_url(images.transpose(1, 2).reshape(rows * height, columns * width)),
            count=rows,
            size=height,
            limit=float(limit),
            points=[
                [round(a, 2), round(b, 2), digit]
                for (a, b), digit in zip(points.tolist(), labels.tolist(), strict=True)
            ],
            **kwargs,
        )
