"""A batch of pictures to paint on with soft-edged shapes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["Canvas", "Pose"]

ZOOM = (0.92, 1.08)
TURN, SHIFT_X, SHIFT_Y = 0.10, 0.06, 0.05
NECK = 0.06  # heads are drawn this much below the middle of the picture, in their own units


@dataclass(frozen=True, eq=False)
class Pose:
    """Where the heads are: each number ``[batch, 1, 1]``, within the limits above."""

    turn: Tensor
    shift_x: Tensor
    shift_y: Tensor
    zoom: Tensor


@dataclass(frozen=True, eq=False)
class Canvas:
    """A window of a batch of pictures, with the heads' own coordinates at every pixel.

    Coordinates run from -1 (left, top) to 1 (right, bottom) for a head in the middle; shapes are
    placed in them, so they turn, shift and grow with the head. Masks are ``[batch, row, column]``
    in [0, 1]; their edges are about a pixel wide. Painting changes ``pixels`` in place, and a
    window made by ``crop`` shares them.

    Args:
        pixels: the pictures ``[batch, 3, row, column]`` in [0, 1].
        x, y: the coordinates ``[batch, row, column]``.
        sharpness: pixels per unit.
    """

    pixels: Tensor
    x: Tensor
    y: Tensor
    sharpness: float

    @classmethod
    def of_size(cls, size: int, pose: Pose) -> "Canvas":
        """Return empty square pictures of ``size`` pixels."""
        line = torch.linspace(-1, 1, size, dtype=torch.float32)
        x = (line - pose.shift_x) / pose.zoom
        y = (line[:, None] - pose.shift_y) / pose.zoom - NECK
        pixels = x.new_empty(len(x), 3, size, size)
        return cls(pixels, x + pose.turn * y, y - pose.turn * x, size / 2)

    def crop(self, left: float, top: float, right: float, bottom: float) -> "Canvas":
        """Return the window that holds this rectangle of every head, whatever its pose."""
        sway_x, sway_y = TURN * max(-top, bottom), TURN * max(-left, right)
        columns = self._span(left - sway_x, right + sway_x, SHIFT_X)
        rows = self._span(top + NECK - sway_y, bottom + NECK + sway_y, SHIFT_Y)
        window = (..., rows, columns)
        return replace(self, pixels=self.pixels[window], x=self.x[window], y=self.y[window])

    def _span(self, low: float, high: float, shift: float) -> slice:
        """Return the pixels between two coordinates for every zoom and shift."""
        size = 2 * self.sharpness
        first = (min(zoom * low for zoom in ZOOM) - shift + 1) / 2 * (size - 1)
        last = (max(zoom * high for zoom in ZOOM) + shift + 1) / 2 * (size - 1)
        return slice(max(0, math.floor(first)), math.ceil(last) + 1)

    def bend(self, x: Tensor | float = 0.0, y: Tensor | float = 0.0) -> "Canvas":
        """Return the same pixels with shifted coordinates, which distorts what is painted."""
        return replace(self, x=self.x + x, y=self.y + y)

    def ellipse(
        self,
        x: Tensor | float,
        y: Tensor | float,
        radius_x: Tensor | float,
        radius_y: Tensor | float,
        power: float = 2,
    ) -> Tensor:
        """Return the mask of |dx / r_x|^power + |dy / r_y|^power < 1; power is 2, 2.5 or 4."""
        distance = _power((self.x - x) / radius_x, power) + _power((self.y - y) / radius_y, power)
        return self.half_plane((1 - distance) * ((radius_x + radius_y) / 4))

    def half_plane(self, distance: Tensor) -> Tensor:
        """Return the mask of distance > 0."""
        return (distance * self.sharpness).add_(0.5).clamp_(0, 1)

    def paint(self, mask: Tensor, colour: Tensor | Sequence[float]) -> None:
        """Mix a colour ``[3]`` or ``[batch, 3]`` into the pixels, as much as the mask says."""
        colour = torch.as_tensor(colour, dtype=self.pixels.dtype).view(-1, 3, 1, 1)
        self.pixels.lerp_(colour, mask.unsqueeze(1))


def _power(x: Tensor, power: float) -> Tensor:
    """Return |x|^power, many times faster than pow."""
    square = x.square()
    return {2: lambda: square, 2.5: lambda: square * x.abs().sqrt(), 4: square.square}[power]()
