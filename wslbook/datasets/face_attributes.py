"""CelebA's attributes, those that a drawing can show, and a law to sample these from."""

import torch
from torch import Tensor

from wslbook.typing import Bool

__all__ = ["CELEBA_ATTRIBUTES", "DRAWN_ATTRIBUTES", "sample_attributes"]

CELEBA_ATTRIBUTES = (
    "5_o_Clock_Shadow",
    "Arched_Eyebrows",
    "Attractive",
    "Bags_Under_Eyes",
    "Bald",
    "Bangs",
    "Big_Lips",
    "Big_Nose",
    "Black_Hair",
    "Blond_Hair",
    "Blurry",
    "Brown_Hair",
    "Bushy_Eyebrows",
    "Chubby",
    "Double_Chin",
    "Eyeglasses",
    "Goatee",
    "Gray_Hair",
    "Heavy_Makeup",
    "High_Cheekbones",
    "Male",
    "Mouth_Slightly_Open",
    "Mustache",
    "Narrow_Eyes",
    "No_Beard",
    "Oval_Face",
    "Pale_Skin",
    "Pointy_Nose",
    "Receding_Hairline",
    "Rosy_Cheeks",
    "Sideburns",
    "Smiling",
    "Straight_Hair",
    "Wavy_Hair",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necklace",
    "Wearing_Necktie",
    "Young",
)
"""The 40 attributes of CelebA in the order of its list, which is alphabetical."""

# Near CelebA's frequencies; the attributes that are rare there (hats, beards, glasses, grey hair)
# are drawn more often, since a small set would hardly show them.
FREQUENCY = {
    "Arched_Eyebrows": 0.27,
    "Bald": 0.10,
    "Bangs": 0.25,
    "Big_Lips": 0.24,
    "Big_Nose": 0.25,
    "Black_Hair": 0.26,
    "Blond_Hair": 0.20,
    "Brown_Hair": 0.30,
    "Bushy_Eyebrows": 0.20,
    "Chubby": 0.20,
    "Eyeglasses": 0.25,
    "Goatee": 0.14,
    "Gray_Hair": 0.12,
    "Mouth_Slightly_Open": 0.45,
    "Mustache": 0.15,
    "Pale_Skin": 0.15,
    "Rosy_Cheeks": 0.20,
    "Smiling": 0.50,
    "Wavy_Hair": 0.32,
    "Wearing_Earrings": 0.25,
    "Wearing_Hat": 0.18,
    "Young": 0.70,
}
DRAWN_ATTRIBUTES = tuple(FREQUENCY)
"""The 22 attributes of the drawn faces, named and ordered as in CelebA."""

COLUMN = {name: column for column, name in enumerate(DRAWN_ATTRIBUTES)}
HAIR_COLOURS = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
HAIR_COLUMNS = [COLUMN[name] for name in HAIR_COLOURS]
OLD_HAIR, YOUNG_HAIR = (0.26, 0.20, 0.30, 0.24), (0.37, 0.24, 0.37, 0.02)
OLD_BALD, YOUNG_BALD = 0.25, 0.03


def sample_attributes(num_faces: int, generator: torch.Generator) -> Bool[Tensor, "batch 22"]:
    """Draw attributes that make sense together.

    All are independent but for these rules: the old are bald or grey more often; whoever is not
    bald has one hair colour, the bald have none and neither waves nor bangs; a hat hides bangs.

    Args:
        num_faces: how many faces.
        generator: the source of randomness.

    Returns:
        For each face its attributes ``[batch, 22]`` in the order of ``DRAWN_ATTRIBUTES``.

    Example:
        >>> attributes = sample_attributes(1000, torch.Generator().manual_seed(0))
        >>> attributes.shape, attributes.float().mean()
        (torch.Size([1000, 22]), tensor(0.25))

    Derived in: notebooks/13
    """
    frequency = torch.tensor(list(FREQUENCY.values()), dtype=torch.float32)
    attributes = (
        torch.rand(num_faces, len(frequency), generator=generator, dtype=torch.float32) < frequency
    )
    young = attributes[:, COLUMN["Young"]]
    bald = _draw_bald(young, generator)
    attributes[:, COLUMN["Bald"]] = bald
    attributes[:, HAIR_COLUMNS] = _draw_hair_colour(young, generator) & ~bald[:, None]
    attributes[:, COLUMN["Wavy_Hair"]] &= ~bald
    attributes[:, COLUMN["Bangs"]] &= ~bald & ~attributes[:, COLUMN["Wearing_Hat"]]
    return attributes


def _draw_bald(young: Bool[Tensor, " batch"], generator: torch.Generator) -> Tensor:
    chance = torch.rand(len(young), generator=generator, dtype=torch.float32)
    return chance < torch.where(young, YOUNG_BALD, OLD_BALD)


def _draw_hair_colour(young: Bool[Tensor, " batch"], generator: torch.Generator) -> Tensor:
    """Return one true entry a row."""
    weights = torch.tensor([OLD_HAIR, YOUNG_HAIR], dtype=torch.float32)[young.long()]
    colour = weights.multinomial(1, generator=generator)
    return colour == torch.arange(len(HAIR_COLOURS))
