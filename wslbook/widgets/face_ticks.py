"""Chapter 13: tick attributes, see the drawn face and the generated ones."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import traitlets
from torch import Tensor

from wslbook.typing import Bool, Float
from wslbook.widgets.figure import LiveFigure

__all__ = ["FaceTicks"]

COLUMNS = 16  # tiles a row
COLOURS = 128  # of a sheet of tiles: enough for drawn faces, and small


class FaceTicks(LiveFigure):
    """Check boxes for attributes, and what several painters make of the caption.

    The faces of all combinations of ticks are painted beforehand, so the figure needs no kernel.

    Args:
        names: of the attributes, at most 8; attribute k has weight 2^k in the number of a tile.
        painters: for each painter by its title, a face for every combination, colours
            ``[tile, 3, size, size]`` in [0, 1], and the attributes that a judge sees in it,
            ``[tile, class]``.

    Raises:
        ValueError: if there is not one face for each combination.

    Derived in: notebooks/13
    """

    module = "face_ticks"
    names = traitlets.List().tag(sync=True)
    painters = traitlets.List().tag(sync=True)
    size = traitlets.Int().tag(sync=True)
    columns = traitlets.Int(COLUMNS).tag(sync=True)
    ticks = traitlets.List().tag(sync=True)

    def __init__(
        self,
        names: Sequence[str],
        painters: Mapping[str, tuple[Float[Tensor, "_ 3 _ _"], Bool[Tensor, "_ class"]]],
        **kwargs: Any,
    ) -> None:
        for title, (faces, _) in painters.items():
            if len(faces) != 2 ** len(names):
                raise ValueError(
                    f"painters[{title!r}]: expected {2 ** len(names)} faces, one for each "
                    f"combination of {len(names)} ticks, got {len(faces)}"
                )
        weights = 2 ** torch.arange(len(names))
        super().__init__(
            names=[name.replace("_", " ").lower() for name in names],
            painters=[
                {"title": title, "tiles": _sheet(faces), "seen": (seen * weights).sum(1).tolist()}
                for title, (faces, seen) in painters.items()
            ],
            size=next(iter(painters.values()))[0].shape[-1],
            **{"ticks": [0] * len(names)} | kwargs,
        )


def _sheet(faces: Tensor) -> str:
    """Encode the tiles, in rows of 16, as a PNG with a palette."""
    from PIL import Image

    rows = faces.reshape(-1, min(COLUMNS, len(faces)), *faces.shape[1:])
    sheet = rows.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    image = Image.fromarray((sheet.clamp(0, 1) * 255).to(torch.uint8).cpu().numpy())
    buffer = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(buffer, format="png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
