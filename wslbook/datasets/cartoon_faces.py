"""Drawn faces with CelebA's attributes: soft-edged shapes, painted one feature after another."""

import torch
from torch import Tensor

from wslbook.datasets.canvas import Canvas
from wslbook.datasets.face import Face, draw_chances, make_face
from wslbook.typing import Bool

__all__ = ["VERSION", "render"]

VERSION = 1
"""Counts the looks of the drawn faces; a new one makes stored drawings stale."""

CHUNK = 64  # faces painted at a time: they stay in the processor's cache
PIXEL_NOISE = 0.008
SIDES = (-1, 1)

EYEBALL, PUPIL, LASHES = (0.98, 0.98, 0.98), (0.03, 0.03, 0.03), (0.12, 0.08, 0.07)
FRAME, LENS = (0.07, 0.07, 0.10), (0.75, 0.88, 0.98)
GOLD, GLINT = (0.98, 0.82, 0.15), (1.0, 0.97, 0.70)
BLUSH, THROAT, TEETH = (0.95, 0.32, 0.36), (0.22, 0.04, 0.05), (0.97, 0.96, 0.93)


def render(
    attributes: Bool[Tensor, "batch 22"], generator: torch.Generator, size: int = 64
) -> Tensor:
    """Draw faces that have the given attributes.

    All that attributes leave open (pose, colours, shapes, background, noise) comes from the
    generator, without a look at the attributes. So a face drawn again from the same seed with one
    attribute flipped is an exact counterfactual: only pixels that show the attribute change.

    Args:
        attributes: which of ``DRAWN_ATTRIBUTES`` each face has, ``[batch, 22]``.
        generator: source of random numbers.
        size: rows and columns of a picture; below 32 eyebrows and lips are hard to see.

    Returns:
        Colours 0..255, unsigned bytes ``[batch, 3, size, size]``.

    Raises:
        ValueError: if ``size`` is below 8.

    Example:
        >>> from wslbook.datasets.face_attributes import DRAWN_ATTRIBUTES
        >>> plain = torch.zeros(1, 22, dtype=torch.bool)
        >>> smiling = plain.clone()
        >>> smiling[0, DRAWN_ATTRIBUTES.index("Smiling")] = True
        >>> one = render(plain, torch.Generator().manual_seed(0))
        >>> other = render(smiling, torch.Generator().manual_seed(0))
        >>> one.shape, (one != other).any(1).float().mean()
        (torch.Size([1, 3, 64, 64]), tensor(0.02))

    Derived in: notebooks/13
    """
    if size < 8:
        raise ValueError(f"size: expected at least 8 pixels, got {size}")
    pictures = torch.empty(len(attributes), 3, size, size, dtype=torch.uint8)
    for start in range(0, len(attributes), CHUNK):
        part = slice(start, start + CHUNK)
        pictures[part] = _render_chunk(attributes[part], generator, size)
    return pictures


def _render_chunk(attributes: Tensor, generator: torch.Generator, size: int) -> Tensor:
    face = make_face(attributes, draw_chances(len(attributes), generator))
    canvas = Canvas.of_size(size, face.pose)
    for paint in PAINTERS:
        paint(canvas, face)
    noise = torch.randn(canvas.pixels.shape, generator=generator, dtype=torch.float32)
    return canvas.pixels.add_(noise, alpha=PIXEL_NOISE).clamp_(0, 1).mul_(255).to(torch.uint8)


def _paint_background(canvas: Canvas, face: Face) -> None:
    """A colour near grey that is lighter at the top; it stays when the head moves."""
    colour = face.chances["background"]
    colour = (colour + colour.mean(1, keepdim=True)) / 2
    down = torch.linspace(-1, 1, canvas.pixels.shape[-2], dtype=torch.float32)[:, None]
    light = 1 - face.chances["light"] * down
    canvas.pixels.copy_(colour[..., None, None] * light.unsqueeze(1))


def _paint_back_hair(canvas: Canvas, face: Face) -> None:
    wavy, length = face.attributes["Wavy_Hair"], face.chances["length_of_hair"]
    wave = 0.055 * wavy * (13 * canvas.y + 6 * canvas.x.abs()).sin()
    waves = canvas.bend(x=wave * canvas.x.sign())
    width = face.width + 0.14 + 0.06 * wavy + 0.05 * length
    hair = waves.ellipse(0, length / 2 - 0.12, width, 0.70 + 0.6 * length, power=2.5)
    canvas.paint(hair * face.hairy, face.hair * 0.82)


def _paint_shoulders(canvas: Canvas, face: Face) -> None:
    neck = canvas.crop(-0.3, 0.3, 0.3, 1.2)
    neck.paint(neck.ellipse(0, 0.75, 0.2, 0.35, power=4), face.shade.lerp(face.skin, 0.2))
    below = canvas.crop(-1, 0.7, 1, 1.2)
    below.paint(below.ellipse(0, 1.25, 0.85, 0.42, power=2.5), face.chances["clothes"])


def _paint_ears(canvas: Canvas, face: Face) -> None:
    ring = face.attributes["Wearing_Earrings"]
    for side in SIDES:
        here = _beside(canvas, side, 0.25, -0.25, 0.85, 0.4)
        x = side * face.width + 0.3 * face.look
        here.paint(here.ellipse(x + 0.01 * side, 0.02, 0.09, 0.14), face.skin * 0.9)
        x = x + 0.035 * side
        here.paint(here.ellipse(x, 0.21, 0.055, 0.075) * ring, GOLD)
        here.paint(here.ellipse(x, 0.20, 0.02, 0.03) * ring, GLINT)


def _paint_head(canvas: Canvas, face: Face) -> None:
    canvas = canvas.crop(-0.75, -0.75, 0.75, 0.75)
    head = canvas.ellipse(0, 0, face.width, face.height, power=2.5)
    canvas.paint(head, face.skin)
    canvas.paint(head * canvas.half_plane((canvas.x - 0.2) / 4) * 0.25, face.shade)


def _paint_cheeks(canvas: Canvas, face: Face) -> None:
    for side in SIDES:
        here = _beside(canvas, side, 0, 0, 0.6, 0.4)
        cheek = here.ellipse(0.28 * side + face.look, 0.20, 0.15, 0.12)
        here.paint(0.6 * cheek * face.attributes["Rosy_Cheeks"], BLUSH)


def _paint_wrinkles(canvas: Canvas, face: Face) -> None:
    """Bags under the eyes, folds beside the mouth and two lines on the forehead."""
    old, colour = 1 - face.attributes["Young"], face.shade * 0.8
    for side in SIDES:
        here = _beside(canvas, side, 0, -0.15, 0.5, 0.2)
        x = 0.22 * side + face.look
        bag = here.ellipse(x, 0.04, 0.13, 0.07) - here.ellipse(x, 0.01, 0.13, 0.07)
        here.paint(bag.clamp(0, 1) * old, colour)
        here = _beside(canvas, side, -0.05, 0.1, 0.4, 0.55)
        outer = here.ellipse(0.17 * side + face.look, 0.30, 0.10, 0.16)
        inner = here.ellipse(0.19 * side + face.look, 0.30, 0.10, 0.17)
        here.paint((outer - inner).clamp(0, 1) * here.half_plane(here.y - 0.2) * old, colour)
    brow = canvas.crop(-0.5, -0.45, 0.5, -0.2)
    for y in (-0.36, -0.29):
        brow.paint(0.9 * brow.ellipse(face.look, y, 0.28, 0.016) * old, colour)


def _paint_front_hair(canvas: Canvas, face: Face) -> None:
    here = canvas.crop(-0.75, -0.75, 0.75, 0.15)
    parting = 0.12 * face.chances["parting"] * (here.x / face.width).square()
    cap = here.ellipse(0, 0, face.width + 0.03, face.height + 0.04, power=2.5)
    here.paint(cap * here.half_plane(parting - here.y - 0.36) * face.hairy, face.hair)
    _paint_bangs(canvas, face)
    for side in SIDES:
        here = _beside(canvas, side, 0.3, -0.65, 0.8, 0.2)
        lock = here.ellipse(side * (face.width - 0.01), -0.22, 0.09, 0.34)
        here.paint(lock * face.hairy, face.hair)


def _paint_bangs(canvas: Canvas, face: Face) -> None:
    canvas = canvas.crop(-0.7, -0.65, 0.7, -0.1)
    fringe = 0.035 * (26 * canvas.x).sin() - 0.20
    cap = canvas.ellipse(0, -0.05, face.width, face.height, power=2.5)
    cap = cap * canvas.half_plane(fringe - canvas.y) * canvas.half_plane(canvas.y + 0.6)
    canvas.paint(cap * face.attributes["Bangs"], face.hair * 1.12)


def _paint_eyes(canvas: Canvas, face: Face) -> None:
    opening = face.chances["opening_of_eyes"]
    for side in SIDES:
        here = _beside(canvas, side, 0, -0.3, 0.5, 0.15)
        x = 0.22 * side + face.look
        here.paint(here.ellipse(x, -0.07, 0.125, opening), EYEBALL)
        for radius_x, radius_y, colour in (
            (0.06, 0.075, face.chances["iris"]),
            (0.028, 0.036, PUPIL),
        ):
            here.paint(here.ellipse(x + 0.6 * face.look, -0.07, radius_x, radius_y), colour)
        outer = here.ellipse(x, -0.075, 0.14, opening + 0.025)
        inner = here.ellipse(x, -0.06, 0.14, opening + 0.01)
        lashes = (outer - inner).clamp(0, 1) * here.half_plane(-0.08 - here.y)
        here.paint(lashes, LASHES)


def _paint_eyebrows(canvas: Canvas, face: Face) -> None:
    thickness = face.choose("Bushy_Eyebrows", 0.075, 0.022)
    for side in SIDES:
        here = _beside(canvas, side, 0, -0.5, 0.55, 0)
        x = 0.22 * side + face.look
        arch = 0.14 * (1 - ((here.x - x) / 0.15).square()) - 0.03
        arched = here.bend(y=arch * face.attributes["Arched_Eyebrows"])
        here.paint(arched.ellipse(x, -0.215, 0.155, thickness), face.hair * 0.7)


def _paint_glasses(canvas: Canvas, face: Face) -> None:
    worn = face.attributes["Eyeglasses"]
    for side in SIDES:
        here = _beside(canvas, side, -0.05, -0.35, 0.85, 0.2)
        x = 0.22 * side + face.look
        ring = here.ellipse(x, -0.06, 0.185, 0.165) - here.ellipse(x, -0.06, 0.15, 0.13)
        here.paint(0.22 * here.ellipse(x, -0.06, 0.17, 0.15) * worn, LENS)
        here.paint(ring.clamp(0, 1) * worn, FRAME)
        middle = side * (0.40 + face.width) / 2 + 0.7 * face.look
        temple = here.ellipse(middle, -0.07, (face.width - 0.36) / 2 + 0.02, 0.018)
        here.paint(temple * worn, FRAME)
    nose = canvas.crop(-0.2, -0.2, 0.2, 0.1)
    nose.paint(nose.ellipse(face.look, -0.07, 0.05, 0.018) * worn, FRAME)


def _paint_nose(canvas: Canvas, face: Face) -> None:
    canvas = canvas.crop(-0.4, -0.1, 0.4, 0.4)
    width, height = face.choose("Big_Nose", 0.17, 0.065), face.choose("Big_Nose", 0.15, 0.06)
    x = 1.4 * face.look
    canvas.paint(canvas.ellipse(x, 0.15, width, height), face.skin * 0.70)
    tip = canvas.ellipse(x - 0.012, 0.12, 0.82 * width, 0.85 * height)
    canvas.paint(tip, face.skin * 0.98)


def _paint_beard(canvas: Canvas, face: Face) -> None:
    canvas = canvas.crop(-0.4, 0.15, 0.4, 0.8)
    for side in SIDES:
        half = canvas.ellipse(1.3 * face.look + 0.11 * side, 0.29, 0.13, 0.06)
        canvas.paint(half * face.attributes["Mustache"], face.hair * 0.75)
    goatee = canvas.ellipse(face.look, 0.575, 0.16, 0.13)
    canvas.paint(goatee * face.attributes["Goatee"], face.hair * 0.75)


def _paint_mouth(canvas: Canvas, face: Face) -> None:
    canvas = canvas.crop(-0.4, 0.05, 0.4, 0.75)
    x, y = 1.2 * face.look, 0.385
    curve = ((canvas.x - x) / 0.2).square() - 0.4
    smile = canvas.bend(y=face.choose("Smiling", 0.13, -0.06) * curve)
    width, thickness = face.choose("Smiling", 0.23, 0.14), face.choose("Big_Lips", 0.088, 0.034)
    is_open = face.attributes["Mouth_Slightly_Open"]
    gap = is_open * face.chances["opening_of_mouth"]
    red, green, blue = face.skin.unbind(1)
    lips = torch.stack((0.82 * red + 0.06, 0.48 * green, 0.50 * blue), dim=1)
    canvas.paint(smile.ellipse(x, y, width, thickness + gap), lips)
    canvas.paint(smile.ellipse(x, y, 0.82 * width, gap.clamp_min(0.012)), THROAT)
    teeth = smile.ellipse(x, y - 0.35 * gap, 0.72 * width, 0.5 * gap + 1e-3)
    canvas.paint(teeth * is_open, TEETH)


def _paint_hat(canvas: Canvas, face: Face) -> None:
    canvas = canvas.crop(-1, -1.1, 1, -0.3)
    worn, colour = face.attributes["Wearing_Hat"], face.chances["hat"]
    crown = canvas.ellipse(0, -0.52, face.width + 0.09, 0.42, power=2.5)
    canvas.paint(crown * canvas.half_plane(-0.38 - canvas.y) * worn, colour)
    brim = canvas.ellipse(0, -0.40, face.width + 0.26, 0.06, power=2.5)
    canvas.paint(brim * worn, colour * 0.7)
    band = canvas.ellipse(0, -0.48, face.width + 0.10, 0.05, power=4)
    canvas.paint(0.8 * band * worn, 1 - colour)


def _beside(
    canvas: Canvas, side: int, inner: float, top: float, outer: float, bottom: float
) -> Canvas:
    """Crop a rectangle on the left (-1) or right (1), given by its distances from the nose."""
    left, right = sorted((side * inner, side * outer))
    return canvas.crop(left, top, right, bottom)


PAINTERS = (
    _paint_background,
    _paint_back_hair,
    _paint_shoulders,
    _paint_ears,
    _paint_head,
    _paint_cheeks,
    _paint_wrinkles,
    _paint_front_hair,
    _paint_eyes,
    _paint_eyebrows,
    _paint_glasses,
    _paint_nose,
    _paint_beard,
    _paint_mouth,
    _paint_hat,
)
"""From back to front."""
