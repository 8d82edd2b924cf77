"""Drawn faces: exact counterfactuals, nothing cut off, attributes that can be seen."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from wslbook.datasets.canvas import Canvas, Pose
from wslbook.datasets.cartoon_faces import CHUNK, render
from wslbook.datasets.face import draw_chances, make_face
from wslbook.datasets.face_attributes import (
    CELEBA_ATTRIBUTES,
    COLUMN,
    DRAWN_ATTRIBUTES,
    HAIR_COLUMNS,
    sample_attributes,
)

NUM_FACES = 40
PLAIN = [COLUMN[name] for name in ("Bald", "Bangs", "Eyeglasses", "Wearing_Hat")]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pairs(name):
    """The same people without and with an attribute, which nothing hides."""
    attributes = sample_attributes(NUM_FACES, generator(1))
    attributes[:, PLAIN] = False
    attributes[:, HAIR_COLUMNS] = torch.tensor([False, False, True, False])
    without, present = attributes.clone(), attributes.clone()
    without[:, COLUMN[name]], present[:, COLUMN[name]] = False, True
    return without, present


def changed(name, size=64):
    without, present = (render(a, generator(2), size) for a in pairs(name))
    return (without != present).any(1)


# The greatest share of pixels that an attribute may touch, averaged over faces.
TOUCHED = {
    **dict.fromkeys(DRAWN_ATTRIBUTES, 0.06),
    **dict.fromkeys(("Bangs", "Rosy_Cheeks", "Wavy_Hair", "Eyeglasses", "Young"), 0.12),
    **dict.fromkeys(("Wearing_Hat", "Pale_Skin"), 0.35),
    **dict.fromkeys(("Bald", "Chubby", "Black_Hair", "Blond_Hair", "Brown_Hair"), 0.45),
    "Gray_Hair": 0.0,  # the first of two hair colours is the one that is seen
}


@pytest.mark.parametrize("name", DRAWN_ATTRIBUTES)
def test_a_flipped_attribute_changes_only_what_it_touches(name):
    difference = changed(name)
    share = difference.double().mean((1, 2))
    assert share.mean() <= TOUCHED[name]
    if name != "Gray_Hair":
        assert (share > 0).all()
    corners = difference[:, :3, [0, 1, -2, -1]]  # no head and no hat reaches there
    assert not corners.any()


def test_small_features_stay_where_they_are():
    """In the coordinates of the picture: eyes and glasses above, mouth and beard below."""
    for name in ("Arched_Eyebrows", "Bushy_Eyebrows", "Eyeglasses"):
        assert not changed(name)[:, 44:].any()
    for name in ("Big_Lips", "Goatee", "Mouth_Slightly_Open", "Mustache", "Smiling"):
        assert not changed(name)[:, :30].any()


def test_flips_far_apart_do_not_meet():
    """Where glasses change nothing, a flipped goatee gives the same pixels with and without."""
    without, present = pairs("Eyeglasses")
    bearded, both = without.clone(), present.clone()
    bearded[:, COLUMN["Goatee"]] = both[:, COLUMN["Goatee"]] = True
    for attributes in (without, present):
        attributes[:, COLUMN["Goatee"]] = False
    plain, glasses, goatee, both = (
        render(a, generator(2)).int() for a in (without, present, bearded, both)
    )
    torch.testing.assert_close(both - glasses, goatee - plain)


def test_chances_do_not_depend_on_attributes():
    """After drawing any faces at all, the generator stands at the same place."""
    states = []
    for attributes in (torch.zeros(70, 22).bool(), torch.ones(70, 22).bool()):
        source = generator(3)
        render(attributes, source)
        states.append(source.get_state())
    assert torch.equal(*states)


def test_a_face_does_not_depend_on_its_company():
    attributes = sample_attributes(CHUNK, generator(4))
    others = ~attributes
    others[5] = attributes[5]
    assert torch.equal(render(attributes, generator())[5], render(others, generator())[5])


@pytest.mark.parametrize("size", [8, 32, 64])
def test_windows_cut_nothing_off(size, monkeypatch):
    attributes = torch.rand(150, 22, generator=generator(5)) < 0.5
    pictures = render(attributes, generator(), size)
    monkeypatch.setattr(Canvas, "crop", lambda canvas, *_: canvas)
    assert torch.equal(render(attributes, generator(), size), pictures)


def test_pictures_do_not_depend_on_the_default_precision():
    attributes = sample_attributes(20, generator())
    pictures = render(attributes, generator())
    torch.set_default_dtype(torch.float32)  # the next test gets its own again
    assert torch.equal(sample_attributes(20, generator()), attributes)
    assert torch.equal(render(attributes, generator()), pictures)


def test_the_look_has_its_version():
    """Mean colours of the drawn set; where they change, VERSION must grow."""
    attributes = sample_attributes(640, generator())
    means = render(attributes, generator()).double().mean((0, 2, 3))
    torch.testing.assert_close(means, torch.tensor([140.51, 128.14, 120.93]), atol=0.05, rtol=0)


@pytest.mark.parametrize("count", [0, 1, CHUNK + 1])
def test_any_number_of_faces(count):
    attributes = sample_attributes(count, generator())
    assert render(attributes, generator(), 8).shape == (count, 3, 8, 8)


def test_tiny_pictures_are_refused():
    with pytest.raises(ValueError, match="size: expected at least 8 pixels, got 4"):
        render(torch.zeros(1, 22).bool(), generator(), size=4)


def test_attributes_make_sense_together():
    a = sample_attributes(20_000, generator())
    by_name = {name: a[:, column] for name, column in COLUMN.items()}
    bald, young = by_name["Bald"], by_name["Young"]
    assert torch.equal(a[:, HAIR_COLUMNS].sum(1), (~bald).long())
    assert not (bald & (by_name["Bangs"] | by_name["Wavy_Hair"])).any()
    assert not (by_name["Wearing_Hat"] & by_name["Bangs"]).any()
    # five standard errors of a proportion among at least 5900 faces are below 0.033
    assert abs(bald[young].double().mean() - 0.03) < 0.033
    assert abs(bald[~young].double().mean() - 0.25) < 0.033
    assert abs(by_name["Smiling"].double().mean() - 0.5) < 0.033
    assert a.any(0).all()


def test_names_are_celebas_in_its_order():
    assert len(CELEBA_ATTRIBUTES) == 40
    assert list(CELEBA_ATTRIBUTES) == sorted(CELEBA_ATTRIBUTES)
    assert [name for name in CELEBA_ATTRIBUTES if name in COLUMN] == list(DRAWN_ATTRIBUTES)


def test_a_linear_classifier_sees_attributes():
    """Balanced accuracy after 1000 small pictures; no knowledge at all gives 0.5."""
    attributes = sample_attributes(1500, generator(6))
    x = render(attributes, generator(7), 32).flatten(1).double().numpy() / 255
    for name, expected in {"Wearing_Hat": 0.85, "Eyeglasses": 0.9, "Blond_Hair": 0.85}.items():
        y = attributes[:, COLUMN[name]].numpy()
        classifier = LogisticRegression(max_iter=200, C=0.01, class_weight="balanced")
        score = balanced_accuracy_score(
            y[1000:], classifier.fit(x[:1000], y[:1000]).predict(x[1000:])
        )
        assert score > expected


@pytest.fixture
def straight():
    """One canvas of 65 pixels whose head is neither turned nor moved, only below the middle."""
    zero = torch.zeros(1, 1, 1)
    return Canvas.of_size(65, Pose(zero, zero, zero, zero + 1))


@pytest.mark.parametrize("power", [2, 2.5, 4])
def test_area_of_an_ellipse(straight, power):
    """The mask adds up to the area 4 a b Gamma(1 + 1/p)^2 / Gamma(1 + 2/p)."""
    one = torch.tensor(1.0)
    a, b = 0.5, 0.4
    exact = 4 * a * b * torch.exp(2 * (one + 1 / power).lgamma() - (one + 2 / power).lgamma())
    mask = straight.ellipse(0, 0, a, b, power)
    assert abs(mask.sum().double() / 32**2 / exact - 1) < 0.01


def test_paint_mixes_colours_in_place(straight):
    straight.pixels.fill_(0.5)
    window = straight.crop(-0.1, -0.1, 0.1, 0.1)
    window.paint(torch.full_like(window.x, 0.25), (1, 0.5, 0))
    middle, corner = straight.pixels[0, :, 34, 32], straight.pixels[0, :, 0, 0]
    torch.testing.assert_close(middle, middle.new_tensor([0.625, 0.5, 0.375]))
    torch.testing.assert_close(corner, corner.new_tensor([0.5, 0.5, 0.5]))


def test_hair_is_the_colour_that_the_attributes_name():
    attributes = torch.zeros(5, 22).bool()
    attributes[torch.arange(4), HAIR_COLUMNS] = True
    chances = draw_chances(5, generator())
    chances["hue_of_hair"].zero_()
    brightness = make_face(attributes, chances).hair.mean(1)
    black, blond, brown, grey, none = brightness.tolist()
    assert black < brown < none < blond
    assert grey > none
