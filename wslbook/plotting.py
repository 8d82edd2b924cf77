"""Figures in one look: colours that survive colour-blindness, line styles as a second cue.

The only module of the package that imports matplotlib.
"""

import base64
import io

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure
from torch import Tensor

from wslbook.experiments.tables import NAMES, Table
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


def heat_maps(shown: Table, limits: tuple[float, float], digits: int = 2) -> Figure:
    """Draw our numbers above those of the thesis, as colours and as text.

    Args:
        shown: what :func:`wslbook.experiments.tables.table` returns.
        limits: the numbers that get the darkest and the lightest colour.
        digits: decimals of the numbers.

    Returns:
        The figure.

    Derived in: notebooks/10
    """
    figure, axes = plt.subplots(2, 1, figsize=(7.6, 3.4), sharex=True)
    bright = limits[0] + 0.6 * (limits[1] - limits[0])
    for axis, name in zip(axes, ("ours", "thesis"), strict=True):
        rows = getattr(shown, name)
        means = [[cell.mean for cell in row] for row in rows.values()]
        axis.imshow(means, vmin=limits[0], vmax=limits[1], aspect="auto")
        for i, row in enumerate(rows.values()):
            for j, cell in enumerate(row):
                spread = "" if cell.std is None else f"\n±{cell.std:.{digits}f}"
                colour = "black" if cell.mean > bright else "white"
                look = {"ha": "center", "va": "center", "fontsize": 7, "color": colour}
                axis.text(j, i, f"{cell.mean:.{digits}f}{spread}", **look)
        axis.set_yticks(range(len(rows)), [NAMES[method] for method in rows])
        axis.set_ylabel(name)
    axes[1].set_xticks(range(len(shown.columns)), shown.columns)
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
