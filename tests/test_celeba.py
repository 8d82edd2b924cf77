"""CelebA: captions, drawn faces, and the reader on tiny files in the true format."""

import hashlib
import importlib
import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from wslbook.datasets import celeba
from wslbook.datasets.batch import Examples
from wslbook.datasets.captions import captions, encode_captions
from wslbook.datasets.celeba_files import (
    ATTRIBUTES,
    MD5,
    PARTITION,
    read_attributes,
    read_partition,
)
from wslbook.datasets.face_attributes import CELEBA_ATTRIBUTES, DRAWN_ATTRIBUTES
from wslbook.datasets.remote import DownloadError
from wslbook.datasets.words import decode

COUNT = 6
PARTS = [0, 0, 0, 1, 2, 2]


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """An empty data folder."""
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path))
    return tmp_path


# Captions


def row(*present):
    return torch.tensor([[name in present for name in CELEBA_ATTRIBUTES]])


def test_captions_of_table_4_1():
    attributes = row("Young", "Male", "No_Beard", "Big_Nose")
    assert captions(attributes, CELEBA_ATTRIBUTES) == ["big nose, male, no beard, young"]
    attributes = row("5_o_Clock_Shadow", "Bags_Under_Eyes", "Mouth_Slightly_Open")
    expected = "5 o clock shadow, bags under eyes, mouth slightly open"
    assert captions(attributes, CELEBA_ATTRIBUTES) == [expected]


def test_encoded_captions_spell_the_captions():
    attributes = torch.rand(50, 40) < 0.3
    attributes[0] = False
    text = encode_captions(attributes, CELEBA_ATTRIBUTES)
    assert text.shape == (50, 256)
    expected = [c.ljust(256, "*")[:256] for c in captions(attributes, CELEBA_ATTRIBUTES)]
    assert decode(text) == expected


def test_long_captions_are_cut():
    everything = torch.ones(2, 40).bool()
    text = encode_captions(everything, CELEBA_ATTRIBUTES)
    assert decode(text) == [c[:256] for c in captions(everything, CELEBA_ATTRIBUTES)]


def test_captions_of_drawn_faces_are_never_cut():
    longest = captions(torch.ones(1, 22).bool(), DRAWN_ATTRIBUTES)[0]
    assert len(longest) <= 256


def test_no_faces_no_captions():
    assert encode_captions(torch.zeros(0, 22).bool(), DRAWN_ATTRIBUTES).shape == (0, 256)


def test_captions_need_a_name_for_each_attribute():
    with pytest.raises(ValueError, match="names: expected 22, one for each attribute, got 40"):
        captions(torch.zeros(1, 22).bool(), CELEBA_ATTRIBUTES)


# Drawn faces


@pytest.fixture
def few(monkeypatch):
    """Draw fewer faces."""
    counts = {"train": 30, "valid": 20, "test": 20}
    monkeypatch.setattr(importlib.import_module("wslbook.datasets.celeba"), "NUM_DRAWN", counts)


def test_drawn_faces(few):
    faces = celeba("train")
    batch = faces[torch.tensor([3, 20])]
    assert isinstance(faces, Examples)
    assert len(faces) == 30
    assert batch.x["image"].shape == (2, 3, 64, 64)
    assert batch.x["image"].min() >= 0
    assert 0.5 < batch.x["image"].max() <= 1
    assert batch.labels.tolist() == faces.attributes[[3, 20]].long().tolist()
    named = [c.rstrip("*") for c in decode(batch.x["text"])]
    assert named == captions(batch.labels.bool(), faces.names)
    assert faces.source == batch.source == "CelebA (offline: 30 synthetic drawn faces)"


def test_some_attributes_of_drawn_faces(few):
    everything, some = celeba("test"), celeba("test", attributes=("Young", "Bald"))
    columns = [everything.names.index("Bald"), everything.names.index("Young")]
    assert some.names == ("Bald", "Young")  # in the order of CelebA
    assert torch.equal(some[:].labels, everything[:].labels[:, columns])
    assert decode(some[:1].x["text"]) == [
        captions(some.attributes[:1], some.names)[0].ljust(256, "*")
    ]
    assert torch.equal(some.pixels, everything.pixels)
    with pytest.raises(ValueError, match=r"attributes: expected one of Arched_.*got 'Beard'"):
        celeba("test", attributes=["Bald", "Beard"])
    with pytest.raises(ValueError, match="attributes: expected at least one name, got none"):
        celeba("test", attributes=[])


def test_drawn_faces_are_the_same_every_time_and_differ_between_splits(few, data):
    first = celeba("test", size=16)
    assert len(list(data.glob("cartoon-faces-*.safetensors"))) == 1
    again = celeba("test", size=16)
    assert torch.equal(first.pixels, again.pixels)
    assert torch.equal(first.attributes, again.attributes)
    assert not torch.equal(first.pixels, celeba("valid", size=16).pixels)
    for file in data.iterdir():
        file.unlink()
    assert torch.equal(first.pixels, celeba("test", size=16).pixels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "all"}, "split: expected one of train, valid, test, got 'all'"),
        ({"source": "web"}, "source: expected one of offline, real, got 'web'"),
        ({"size": 4}, "size: expected at least 8 pixels, got 4"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        celeba(**arguments)


# The files of CelebA


def jpeg(number):
    """A blue picture of 178 x 218 with a red square in the middle that is cropped."""
    image = Image.new("RGB", (178, 218), (0, 0, 250))
    image.paste((250, 10 * number, 0), (15, 35, 163, 183))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


def attribute_list(values):
    """In CelebA's spelling: two spaces before a 1, one before a -1, a blank after the names."""
    lines = [str(len(values)), " ".join(CELEBA_ATTRIBUTES) + " "]
    for number, present in enumerate(values, 1):
        lines.append(f"{number:06}.jpg " + " ".join(" 1" if p else "-1" for p in present))
    return "\r\n".join(lines) + "\r\n"


@pytest.fixture
def values():
    return torch.rand(COUNT, 40) < 0.3


@pytest.fixture
def folder(data, values, monkeypatch):
    """The three files of CelebA, with six images, and their checksums."""
    folder = data / "celeba"
    folder.mkdir()
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        for number in range(1, COUNT + 1):
            archive.writestr(f"img_align_celeba/{number:06}.jpg", jpeg(number))
    (folder / ATTRIBUTES).write_text(attribute_list(values.tolist()), newline="")
    lines = [f"{number:06}.jpg {part}" for number, part in enumerate(PARTS, 1)]
    (folder / PARTITION).write_text("\n".join(lines) + "\n")
    for name in MD5:
        monkeypatch.setitem(MD5, name, hashlib.md5((folder / name).read_bytes()).hexdigest())
    return folder


def test_the_checksums_are_complete():
    assert sorted(MD5) == [
        "img_align_celeba.zip",
        "list_attr_celeba.txt",
        "list_eval_partition.txt",
    ]
    assert {len(md5) for md5 in MD5.values()} == {32}


@pytest.mark.parametrize(
    ("split", "rows"), [("train", [0, 1, 2]), ("valid", [3]), ("test", [4, 5])]
)
def test_real_faces(folder, values, split, rows):
    faces = celeba(split, source="real")
    assert torch.equal(faces.attributes, values[rows])
    assert faces.names == CELEBA_ATTRIBUTES
    assert faces.source == f"CelebA (real: {len(rows)} photographs)"
    image = 255 * faces[:].x["image"]
    assert image.shape == (len(rows), 3, 64, 64)
    assert image[:, 2].max() < 60  # nothing of the blue border
    for picture, number in zip(image, rows, strict=True):
        assert (picture[0] - 250).abs().max() < 6
        assert (picture[1] - 10 * (number + 1)).abs().max() < 6


def test_crop_and_scale_agree_with_torch(folder):
    """Against an independent implementation of antialiased bicubic scaling."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 255, (12, 10, 3), dtype=np.uint8))
    image = coarse.resize((178, 218), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "PNG")  # without loss
    ours = importlib.import_module("wslbook.datasets.celeba_files")._crop_and_scale(
        file.getvalue(), 64
    )
    cropped = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None, :, 35:183, 15:163]
    scaled = torch.nn.functional.interpolate(
        cropped.double(), (64, 64), mode="bicubic", antialias=True
    )
    assert (ours - scaled[0].clamp(0, 255)).abs().max() <= 1.5


def test_images_may_be_unpacked(folder):
    from_archive = celeba("train", source="real").pixels
    with zipfile.ZipFile(folder / "img_align_celeba.zip") as archive:
        archive.extractall(folder)
    (folder / "img_align_celeba.zip").unlink()
    for file in folder.parent.glob("*.safetensors"):
        file.unlink()
    assert torch.equal(celeba("train", source="real").pixels, from_archive)


def test_converted_images_are_kept(folder):
    first = celeba("test", source="real")
    for file in folder.iterdir():
        file.unlink()
    assert torch.equal(celeba("test", source="real").pixels, first.pixels)


def test_missing_files_are_named_with_what_to_do(data):
    with pytest.raises(DownloadError) as caught:
        celeba("train", source="real")
    message = str(caught.value)
    assert f"Missing: img_align_celeba.zip, {ATTRIBUTES}, {PARTITION}" in message
    assert f"in {data / 'celeba'}" in message
    assert "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html" in message
    assert 'source="offline"' in message


@pytest.mark.parametrize("name", sorted(MD5))
def test_changed_files_are_refused(folder, name):
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(DownloadError, match=f"{name} is not the official file: its MD5 should be"):
        celeba("train", source="real")
    assert not list(folder.parent.glob("*.safetensors"))


def unpacked(folder, name, content):
    (folder / "img_align_celeba.zip").unlink()
    (folder / "img_align_celeba").mkdir()
    for number in range(1, COUNT + 1):
        (folder / "img_align_celeba" / f"{number:06}.jpg").write_bytes(jpeg(number))
    if content is None:
        (folder / "img_align_celeba" / name).unlink()
    else:
        (folder / "img_align_celeba" / name).write_bytes(content)


def small_jpeg():
    file = io.BytesIO()
    Image.new("RGB", (100, 100)).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (jpeg(2)[:2000], "truncated"),
        (b"<html>", "cannot identify image file"),
        (small_jpeg(), r"expected 178 x 218 pixels \(aligned\), got \(100, 100\)"),
    ],
)
def test_unreadable_images_are_named(folder, content, reason):
    unpacked(folder, "000002.jpg", content)
    with pytest.raises(DownloadError, match=f"could not read the image 000002.jpg.*{reason}"):
        celeba("train", source="real")
    assert not list(folder.parent.glob("*.safetensors"))


def test_read_attributes(tmp_path, values):
    path = tmp_path / ATTRIBUTES
    path.write_text(attribute_list(values.tolist()))
    files, attributes = read_attributes(path)
    assert files[0] == "000001.jpg"
    assert torch.equal(attributes, values)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    with pytest.raises(ValueError, match="should have 6 rows of a name and 40 numbers"):
        read_attributes(path)
    path.write_text("".join([lines[0], "Young Male\n", *lines[2:]]))
    with pytest.raises(ValueError, match="should name the 40 attributes"):
        read_attributes(path)


def test_read_partition(tmp_path):
    (tmp_path / PARTITION).write_text("000001.jpg 0\n000002.jpg 2\n")
    assert read_partition(tmp_path / PARTITION) == {"000001.jpg": 0, "000002.jpg": 2}
