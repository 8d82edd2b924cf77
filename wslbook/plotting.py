"""Figures in one look: colours that survive colour-blindness, line styles as a second cue.

The only module of the package that imports matplotlib.
"""

import base64
import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure
from torch import Tensor

from wslbook.typing import Float

__all__ = ["OKABE_ITO", "data_url", "heat_maps", "image_grid", "use_style"]

OKABE_ITO = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "black": "#000000",
}
"""The palette of Okabe and Ito, in the order in which lines use it."""

LINE_STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), "-"]


def use_style() -> None:
    """Set the look of all later figures: palette with line styles, size, quiet axes.

    Derived in: notebooks/01
    """
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=OKABE_ITO.values()) + cycler(linestyle=LINE_STYLES),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "figure.constrained_layout.use": True,
            "figure.dpi": 100,
            "figure.figsize": (6.4, 3.2),
            "image.cmap": "viridis",
            "legend.frameon": False,
        }
    )


def image_grid(images: Float[Tensor, "_ _ *data"], scale: float = 0.6) -> Figure:
    """Draw a table of grey images, black on white.

    Args:
        images: ``[rows, columns, height, width]`` with values in [0, 1].
        scale: width of one image in inches.

    Returns:
        The figure.

    Raises:
        ValueError: if ``images`` has not four axes.

    Derived in: notebooks/03
    """
    if images.ndim != 4:
        raise ValueError(
            f"images: expected [rows, columns, height, width], got shape {list(images.shape)}"
        )
    rows, columns = images.shape[:2]
    figure, axes = plt.subplots(
        rows, columns, figsize=(scale * columns, scale * rows), squeeze=False
    )
    for axis, image in zip(axes.flat, images.flatten(0, 1), strict=True):
        axis.imshow(image.cpu(), cmap="gray_r", vmin=0, vmax=1)
        axis.set_axis_off()
    return figure


def heat_maps(
    panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]],
    columns: Sequence[str],
    limits: tuple[float, float],
    digits: int = 2,
) -> Figure:
    """Draw tables of the same shape below each other, with their numbers in the cells.

    Args:
        panels: by name of the table and name of the row, one mean and standard deviation a column.
        columns: their names.
        limits: the numbers that get the darkest and the lightest colour.
        digits: decimals of the numbers.

    Returns:
        The figure.

    Derived in: notebooks/10
    """
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(7.6, 1.7 * len(panels)), sharex=True, squeeze=False
    )
    for (name, rows), axis in zip(panels.items(), axes.flat, strict=True):
        axis.imshow(
            [[mean for mean, _ in row] for row in rows.values()],
            vmin=limits[0], vmax=limits[1], aspect="auto",
        )  # fmt: skip
        for i, row in enumerate(rows.values()):
            for j, (mean, spread) in enumerate(row):
                dark = mean < limits[0] + 0.6 * (limits[1] - limits[0])
                text = f"{mean:.{digits}f}\n±{spread:.{digits}f}"
                look = {"ha": "center", "va": "center", "fontsize": 7}
                axis.text(j, i, text, color="white" if dark else "black", **look)
        axis.set_yticks(range(len(rows)), list(rows))
        axis.set_ylabel(name)
    axes[-1, 0].set_xticks(range(len(columns)), columns)
    return figure


def data_url(image: Float[Tensor, "_ _"]) -> str:
    """Encode a grey image, black on white, as a PNG that a live figure can carry.

    Args:
        image: ``[height, width]`` with values in [0, 1].

    Returns:
        A ``data:`` address.

    Derived in: notebooks/03
    """
    buffer = io.BytesIO()
    plt.imsave(
        buffer, image.cpu().numpy(), cmap="gray_r", vmin=0, vmax=1, format="png",
        metadata={"Software": None},
    )  # fmt: skip
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
