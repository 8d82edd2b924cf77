"""What the painters of a drawn face are told: its attributes, and what chance adds to them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from wslbook.datasets.canvas import SHIFT_X, SHIFT_Y, TURN, ZOOM, Pose
from wslbook.datasets.face_attributes import DRAWN_ATTRIBUTES, HAIR_COLUMNS

__all__ = ["Face", "draw_chances", "make_face"]

# What differs from face to face besides the attributes, uniform between these limits.
MEASURES = {
    "turn": (-TURN, TURN),
    "shift_x": (-SHIFT_X, SHIFT_X),
    "shift_y": (-SHIFT_Y, SHIFT_Y),
    "zoom": ZOOM,
    "look": (-0.06, 0.06),  # features slide sideways, as when a head turns
    "light": (0.0, 0.25),
    "width": (-0.02, 0.02),
    "height": (-0.02, 0.02),
    "length_of_hair": (-0.45, 0.55),
    "parting": (-1.0, 2.0),
    "opening_of_eyes": (0.075, 0.11),
    "opening_of_mouth": (0.045, 0.075),
    "tone": (0.0, 1.0),
}
COLOURS = {
    "background": (0.2, 0.95),
    "clothes": (0.1, 0.9),
    "iris": (0.08, 0.5),
    "hat": (0.05, 0.95),
}
SKIN_SPREAD, HAIR_SPREAD = 0.02, 0.12

LIGHT_SKIN, DARK_SKIN = (0.93, 0.76, 0.64), (0.46, 0.29, 0.20)
PALE_SKIN = (0.97, 0.91, 0.87)
HAIR = ((0.09, 0.08, 0.09), (0.88, 0.73, 0.38), (0.38, 0.23, 0.13), (0.68, 0.68, 0.70))
NO_HAIR = (0.45, 0.38, 0.33)  # the eyebrows of those without a hair colour


@dataclass(frozen=True, eq=False)
class Face:
    """A batch of faces.

    Args:
        attributes: 0 or 1, by name, ``[batch, 1, 1]``.
        chances: the measures above ``[batch, 1, 1]`` and colours ``[batch, 3]``, by name.
        skin, hair: colours ``[batch, 3]``.
    """

    attributes: dict[str, Tensor]
    chances: dict[str, Tensor]
    skin: Tensor
    hair: Tensor

    def choose(self, attribute: str, present: float, absent: float) -> Tensor:
        """Return one number for the faces that have the attribute and another for the rest."""
        return absent + (present - absent) * self.attributes[attribute]

    @property
    def pose(self) -> Pose:
        return Pose(*(self.chances[name] for name in ("turn", "shift_x", "shift_y", "zoom")))

    @property
    def look(self) -> Tensor:
        return self.chances["look"]

    @property
    def width(self) -> Tensor:
        return self.choose("Chubby", 0.60, 0.47) + self.chances["width"]

    @property
    def height(self) -> Tensor:
        return self.choose("Chubby", 0.60, 0.63) + self.chances["height"]

    @property
    def hairy(self) -> Tensor:
        return 1 - self.attributes["Bald"]

    @property
    def shade(self) -> Tensor:
        return self.skin * 0.62


def draw_chances(num_faces: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw all that the attributes leave open, without looking at them."""
    limits = [*MEASURES.values(), *(limit for limit in COLOURS.values() for _ in range(3))]
    low, high = torch.tensor(limits, dtype=torch.float32).T
    uniform = torch.rand(num_faces, len(limits), generator=generator, dtype=torch.float32)
    values = low + (high - low) * uniform
    measures, colours = values[:, : len(MEASURES)], values[:, len(MEASURES) :]
    normal = torch.randn(num_faces, 4, generator=generator, dtype=torch.float32)
    return {
        **dict(zip(MEASURES, measures.T[..., None, None], strict=True)),
        **dict(zip(COLOURS, colours.split(3, dim=-1), strict=True)),
        "hue_of_skin": SKIN_SPREAD * normal[:, :3],
        "hue_of_hair": HAIR_SPREAD * normal[:, 3:],
    }


def make_face(attributes: Tensor, chances: dict[str, Tensor]) -> Face:
    """Join the attributes ``[batch, 22]`` and the chances of a batch of faces."""
    present = attributes.float()
    by_name = dict(zip(DRAWN_ATTRIBUTES, present.T[..., None, None], strict=True))
    return Face(
        attributes=by_name,
        chances=chances,
        skin=_skin(by_name["Pale_Skin"][..., 0], chances),
        hair=_hair(present[:, HAIR_COLUMNS], chances),
    )


def _skin(pale: Tensor, chances: dict[str, Tensor]) -> Tensor:
    light, dark, white = torch.tensor((LIGHT_SKIN, DARK_SKIN, PALE_SKIN), dtype=torch.float32)
    natural = light.lerp(dark, chances["tone"][..., 0])
    return natural.lerp(white, pale) + chances["hue_of_skin"]


def _hair(colours: Tensor, chances: dict[str, Tensor]) -> Tensor:
    """Return the colour of the first true entry of each row, or that of no hair."""
    choices = torch.tensor((*HAIR, NO_HAIR), dtype=torch.float32)
    none = 1 - colours.amax(1, keepdim=True)
    chosen = torch.cat((colours, none), dim=1).argmax(1)
    return choices[chosen] * (1 + chances["hue_of_hair"])
