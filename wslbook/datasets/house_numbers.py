"""Drawn house numbers: what stands in for SVHN where there is no network.

An image is made the way a photograph of a number is: digits are placed on the plane of the wall,
wall and paint get their colours, light and texture fall on the wall, and a camera blurs, exposes
and adds noise. Every step below is one function.
"""

import hashlib
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn.functional import grid_sample, pad

from wslbook.datasets.cache import cached
from wslbook.datasets.photographs import package_folder, photograph
from wslbook.typing import Float, Int, UInt8

__all__ = ["house_numbers", "stored_house_numbers"]

VERSION = 1  # a change of how the numbers look makes stored ones stale

# matplotlib's fonts, some twice to make them as frequent as on doors
FONTS = [
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Bold", "DejaVuSans-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-BoldItalic"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralBolIta", "cmss10", "cmss10", "cmb10", "cmr10"),
]
SIZE = 32
GLYPH = 48  # height of a digit in the atlas, centred in a square of twice that side
CHUNK = 100  # images drawn at a time; more fall out of the processor's cache


@dataclass(frozen=True)
class _Draw:
    """Random numbers for a chunk of images: always single precision, one generator."""

    count: int
    generator: torch.Generator

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        size = (self.count, *shape)
        unit = torch.rand(size, generator=self.generator, dtype=torch.float32)
        return low + (high - low) * unit

    def normal(self, *shape: int) -> Tensor:
        size = (self.count, *shape)
        return torch.randn(size, generator=self.generator, dtype=torch.float32)

    def below(self, high: int) -> Tensor:
        return torch.randint(high, (self.count,), generator=self.generator)

    def chance(self, probability: float, *shape: int) -> Tensor:
        return self.uniform(0, 1, *shape) < probability


def house_numbers(
    labels: Int[Tensor, " batch"],
    seed: int = 0,
    contrast: tuple[float, float] = (0.2, 0.65),
    texture: float = 1.0,
) -> UInt8[Tensor, "batch 3 32 32"]:
    """Draw one image of a house number for each label, its digit in the middle.

    Like SVHN: 32 x 32 colour pixels, neighbouring digits at the sides, slants, blur, shadows and
    often low contrast. What it lacks: 12 typefaces only, no occlusion, no relief and no wrong
    labels, so it is easier to read than SVHN unless ``contrast`` is lowered and ``texture``
    raised: the nearest of 3000 grey images has the right digit for 94 % by default, and for 67 %
    at ``contrast=(0.05, 0.3), texture=2``.

    Args:
        labels: digits 0..9, ``[batch]``.
        seed: of the random numbers; the same arguments give the same images.
        contrast: bounds of the brightness difference of wall and paint, in [0, 1].
        texture: how strongly photographs show on the wall; 0 for plain walls.

    Returns:
        Colours 0..255, unsigned bytes ``[batch, 3, 32, 32]``.

    Raises:
        ValueError: if a label is not a digit or the bounds are not ordered.

    References:
        Netzer et al., Reading digits in natural images with unsupervised feature learning, 2011.

    Example:
        >>> house_numbers(torch.tensor([4, 2]), seed=1).shape
        torch.Size([2, 3, 32, 32])

    Derived in: notebooks/10
    """
    if ((labels < 0) | (labels > 9)).any():
        raise ValueError(f"labels: expected digits 0..9, got {labels.min()} to {labels.max()}")
    if not 0 <= contrast[0] <= contrast[1] <= 1:
        raise ValueError(f"contrast: expected 0 <= low <= high <= 1, got {contrast}")
    generator = torch.Generator().manual_seed(seed)
    images = torch.empty(len(labels), 3, SIZE, SIZE, dtype=torch.uint8)
    for start in range(0, len(labels), CHUNK):
        part = labels[start : start + CHUNK]
        draw = _Draw(len(part), generator)
        images[start : start + CHUNK] = _draw_chunk(part, draw, contrast, texture)
    return images


def stored_house_numbers(
    labels: Int[Tensor, " batch"],
    seed: int = 0,
    contrast: tuple[float, float] = (0.2, 0.65),
    texture: float = 1.0,
) -> UInt8[Tensor, "batch 3 32 32"]:
    """Read the house numbers from the data folder, or draw and store them there.

    Args:
        labels: as for :func:`house_numbers`.
        seed: as for :func:`house_numbers`.
        contrast: as for :func:`house_numbers`.
        texture: as for :func:`house_numbers`.

    Returns:
        What :func:`house_numbers` returns.
    """
    arguments = f"{VERSION} {labels.tolist()} {seed} {contrast} {texture}"
    name = f"house_numbers_{hashlib.sha256(arguments.encode()).hexdigest()[:16]}"
    drawn = cached(name, lambda: {"images": house_numbers(labels, seed, contrast, texture)})
    return drawn["images"]


def _draw_chunk(
    labels: Tensor, draw: _Draw, contrast: tuple[float, float], texture: float
) -> Tensor:
    """Draw a few images: ink over wall, seen by a camera."""
    across, up = _plane(draw)
    ink = _ink(labels, across, up, draw)
    wall, paint = _colours(draw, contrast)
    light = _light(draw)
    wall = wall + light + texture * _texture(draw)
    wall = _plate(wall, up, draw)
    wall = wall * (1 - _shadow(ink, draw))
    return _photograph(wall * (1 - ink) + (paint + 0.7 * light) * ink, draw)


def _pixels() -> tuple[Tensor, Tensor]:
    """The coordinates of the pixels in [-1, 1]: to the right, and down."""
    line = torch.linspace(-1, 1, SIZE, dtype=torch.float32)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return x, y


def _plane(draw: _Draw) -> tuple[Tensor, Tensor]:
    """Where each pixel meets the wall, rotated and slanted; a digit is one unit high."""
    x, y = _pixels()
    x, y = x - draw.uniform(-0.06, 0.06, 1, 1), y - draw.uniform(-0.06, 0.06, 1, 1)
    angle, slant = draw.uniform(-0.14, 0.14, 1, 1), draw.uniform(-0.2, 0.2, 1, 1)
    height, stretch = draw.uniform(0.74, 1.02, 1, 1), draw.uniform(0.8, 1.25, 1, 1)
    across = torch.cos(angle) * x + torch.sin(angle) * y
    up = -torch.sin(angle) * x + torch.cos(angle) * y
    return (across + slant * up) / (2 * height * stretch), up / (2 * height)


def _ink(labels: Tensor, across: Tensor, up: Tensor, draw: _Draw) -> Tensor:
    """Where paint covers the wall: the digit and, with probability 0.7, each neighbour."""
    atlas, widths = _atlas()
    font = 10 * draw.below(len(widths) // 10)
    gap = draw.uniform(0.03, 0.18)
    ink = _stamp(atlas[font + labels], across, up)
    for side in (-1, 1):
        neighbour = font + draw.below(10)
        offset = side * ((widths[font + labels] + widths[neighbour]) / 2 + gap)
        there = draw.chance(0.7, 1, 1, 1)
        stamp = _stamp(atlas[neighbour], across - offset[:, None, None], up)
        ink = torch.maximum(ink, stamp * there)
    return ink


def _stamp(glyphs: Tensor, across: Tensor, up: Tensor) -> Tensor:
    """Look the glyphs up at points of the wall."""
    return grid_sample(glyphs, torch.stack((across, up), -1), align_corners=False)


def _colours(draw: _Draw, contrast: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Colours of wall and paint; walls vary mostly in brightness and between blue and brown."""
    brown = torch.tensor([0.10, 0.01, -0.13], dtype=torch.float32)
    wall = draw.uniform(0.12, 0.9, 1) + draw.normal(1) * brown + 0.035 * draw.normal(3)
    wall = wall.clamp(0.03, 0.97)
    step = draw.uniform(*contrast, 1)
    darker = wall.mean(1, keepdim=True) > draw.uniform(0.3, 0.7, 1)
    paint = wall + torch.where(darker, -step, step) + 0.10 * draw.normal(3)
    return wall[:, :, None, None], paint.clamp(0.02, 0.98)[:, :, None, None]


def _light(draw: _Draw) -> Float[Tensor, "batch 1 32 32"]:
    """Light that grows across the image in a random direction."""
    x, y = _pixels()
    angle = draw.uniform(0, 2 * math.pi, 1, 1, 1)
    return (torch.cos(angle) * x + torch.sin(angle) * y) * draw.uniform(-0.14, 0.14, 1, 1, 1)


def _texture(draw: _Draw) -> Float[Tensor, "batch 3 32 32"]:
    """A random piece of a photograph without its mean colour: faint on most walls."""
    x, y = _pixels()
    zoom = draw.uniform(0.06, 0.3, 1, 1)
    points = torch.stack(
        (
            x * zoom + draw.uniform(-0.7, 0.7, 1, 1),
            y * zoom * 4 / 3 + draw.uniform(-0.7, 0.7, 1, 1),
        ),
        -1,
    )
    photographs, which = _photographs(), draw.below(2)
    pieces = torch.empty(draw.count, 3, SIZE, SIZE, dtype=torch.float32)
    for number, picture in enumerate(photographs):
        chosen = points[which == number]
        source = picture.expand(len(chosen), -1, -1, -1)
        pieces[which == number] = grid_sample(
            source, chosen, padding_mode="reflection", align_corners=False
        )
    strength = draw.uniform(0, 1, 1, 1, 1)
    strength = torch.where(strength < 0.55, 0.12 * strength, 0.75 * (strength - 0.4))
    return strength * (pieces - pieces.mean((2, 3), keepdim=True))


def _plate(wall: Tensor, up: Tensor, draw: _Draw) -> Tensor:
    """Change the brightness above and below a number plate, on a quarter of the images."""
    beyond = (up.abs() > draw.uniform(0.52, 0.75, 1, 1))[:, None] & draw.chance(0.25, 1, 1, 1)
    return torch.where(beyond, wall * draw.uniform(0.55, 1.3, 1, 1, 1), wall)


def _shadow(ink: Tensor, draw: _Draw) -> Tensor:
    """The shadow of raised digits, one pixel to the right and down, on 3 of 10 images."""
    return 0.35 * pad(ink, (1, -1, 1, -1)) * draw.chance(0.3, 1, 1, 1)


def _photograph(scene: Tensor, draw: _Draw) -> Tensor:
    """Blur, expose and add noise; then round to bytes."""
    place = torch.arange(SIZE, dtype=torch.float32)
    # a Gaussian blur of rows and columns is A scene A^T, A_ij proportional to exp(-(i-j)^2/2s^2)
    width = draw.uniform(0.25, 1.7, 1, 1, 1)
    blur = torch.exp(-0.5 * ((place[:, None] - place) / width) ** 2)
    blur = blur / blur.sum(-1, keepdim=True)
    image = blur @ scene @ blur.mT * draw.uniform(0.75, 1.15, 1, 1, 1)
    image = image + draw.normal(3, SIZE, SIZE) * draw.uniform(0, 0.025, 1, 1, 1)
    return (255 * image.clamp(0, 1)).to(torch.uint8)


@cache
def _photographs() -> Float[Tensor, "2 1 3 240 320"]:
    pictures = [photograph(name, (320, 240)) for name in ("china", "flower")]
    return torch.stack(pictures)[:, None].to(torch.float32) / 255


@cache
def _atlas() -> tuple[Tensor, Tensor]:
    """Glyphs [10 fonts + digit, 1, 96, 96] in [0, 1] and their widths in units of their height."""
    folder = package_folder("matplotlib") / "mpl-data/fonts/ttf"
    fonts = [ImageFont.truetype(folder / f"{name}.ttf", 96) for name in FONTS]
    fonts.append(ImageFont.load_default(96))
    glyphs = [_glyph(font, digit) for font in fonts for digit in "0123456789"]
    cells = np.stack([_centred(glyph) for glyph in glyphs]).astype(np.float32) / 255
    widths = torch.tensor([glyph.width / GLYPH for glyph in glyphs], dtype=torch.float32)
    return torch.from_numpy(cells)[:, None], widths


def _glyph(font: ImageFont.FreeTypeFont, digit: str) -> Image.Image:
    """Draw a digit, cut it out and scale it to the common height."""
    left, top, right, bottom = font.getbbox(digit)
    image = Image.new("L", (round(right - left), round(bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), digit, 255, font)
    width = max(6, round(image.width * GLYPH / image.height))
    return image.resize((width, GLYPH), Image.Resampling.BICUBIC)


def _centred(glyph: Image.Image) -> Image.Image:
    cell = Image.new("L", (2 * GLYPH, 2 * GLYPH))
    cell.paste(glyph, (GLYPH - glyph.width // 2, GLYPH // 2))
    return cell
