"""PolyMNIST: what is put together offline, and the real archive in small."""

import io
import subprocess
import sys
import zipfile
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from tests.served import served
from wslbook.datasets import mnist, polymnist
from wslbook.datasets.archives import ArchiveError
from wslbook.datasets.batch import Examples

small = partial(polymnist, "test", size=14)


@pytest.mark.parametrize("size", [14, 28])
def test_shapes_and_labels(size):
    data = polymnist("test", size=size, num_sets=250)
    assert isinstance(data, Examples)
    assert len(data) == 250
    batch = data[:]
    assert list(batch.x) == ["m0", "m1", "m2", "m3", "m4"]
    for images in batch.x.values():
        assert images.shape == (250, 3, size, size)
        assert images.dtype == torch.get_default_dtype()
        assert 0 <= images.min() < images.max() <= 1
    assert torch.bincount(batch.labels).tolist() == [25] * 10
    assert batch.source == "PolyMNIST (offline: 250 sets of 1000 real digits on photographs)"


def test_default_sizes():
    assert len(polymnist("test", size=14, num_modalities=1)) == 2000
    assert len(polymnist("train", size=14, num_modalities=1)) == 40_000


def match_digits(images, digits):
    """For each image, the shipped digit under which the colours are inverted, if exactly one.

    The sum of an image and of its crop is 255 under the digit. We do not know the crop, but where
    it is smooth, the inverted pixels are those that differ from the crop's mean.
    """
    level = images.mean(1).flatten(1)
    border = torch.cat((level[:, :56], level[:, -56:]), 1).median(1, keepdim=True).values
    inverted = (level - border).abs()
    inverted = inverted - inverted.mean(1, keepdim=True)
    masks = digits.flatten(1) - digits.flatten(1).mean(1, keepdim=True)
    inverted, masks = (v / v.norm(dim=1, keepdim=True) for v in (inverted, masks))
    return (inverted @ masks.T).max(1)


def test_each_modality_shows_its_own_digit_of_the_label():
    """On the sky, where the crop is nearly one colour, the digit can be read off exactly."""
    digits = mnist("test")
    masks = (digits.x["image"] > 128 / 255).to(torch.get_default_dtype())
    batch = polymnist("test", num_sets=300, num_modalities=9)[:]
    found = {}
    for name in ("m3", "m8"):  # the sky, and the sky in other colours
        similarity, index = match_digits(batch.x[name], masks)
        sure = similarity > 0.95
        assert sure.double().mean() > 0.6
        assert torch.equal(digits.labels[index[sure]], batch.labels[sure])
        found[name] = index
    assert (found["m3"] != found["m8"]).double().mean() > 0.9


def test_colours_under_the_digit_are_inverted():
    """A set without its digit is a crop of the background: compare both draws of one seed."""
    module = sys.modules["wslbook.datasets.polymnist"]
    handwritten = mnist("test")
    labels = torch.arange(40) % 10
    generator = torch.Generator().manual_seed(module.MAX_MODALITIES + 2)
    chosen = module.draw_of_class(labels, handwritten.labels, generator)
    crops = module._crops(module._background(2, 28), 40, 28, generator)
    digit = (handwritten.x["image"][chosen] > 128 / 255).expand(-1, 3, -1, -1)
    expected = torch.where(digit, 255 - crops, crops)
    assert torch.equal(polymnist("test", num_sets=40).pixels["m2"], expected)


def test_crops_lie_inside_the_background():
    module = sys.modules["wslbook.datasets.polymnist"]
    background = torch.arange(100, dtype=torch.uint8).reshape(1, 10, 10).expand(3, -1, -1)
    crops = module._crops(background, 500, 8, torch.Generator().manual_seed(0))
    steps = crops.long() - crops[:, :, :1, :1].long()
    assert torch.equal(steps[0, 0], torch.arange(8)[:, None] * 10 + torch.arange(8))
    assert (steps == steps[0, 0]).all()
    assert set(crops[:, 0, 0, 0].tolist()) == {0, 1, 2, 10, 11, 12, 20, 21, 22}


def test_twenty_modalities_look_different():
    """Mean colour and grain tell every two backgrounds apart."""
    batch = polymnist("test", num_sets=400, num_modalities=20)[:]
    looks = torch.stack(
        [
            torch.cat((x.mean((0, 2, 3)), x.std((0, 2, 3)), x.diff().std((0, 2, 3))))
            for x in batch.x.values()
        ]
    )
    distance = torch.cdist(looks, looks).fill_diagonal_(1)
    assert distance.min() > 0.02


def test_fewer_modalities_or_splits_change_nothing_else():
    assert torch.equal(small(num_modalities=2).pixels["m1"], small().pixels["m1"])
    train = polymnist("train", size=14, num_sets=100)
    assert (train.pixels["m0"] != small(num_sets=100).pixels["m0"]).any()


def test_another_process_has_the_same_sets():
    script = (
        "from wslbook.datasets import polymnist\n"
        "data = polymnist('test', size=14, num_sets=50)\n"
        "print([x.long().flatten().cumsum(0)[::97].sum().item() for x in data.pixels.values()])"
    )
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout
    pixels = small(num_sets=50).pixels.values()
    sums = [x.long().flatten().cumsum(0)[::97].sum().item() for x in pixels]
    assert output.decode().strip() == str(sums)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "valid"}, "split: expected one of train, test, got 'valid'"),
        ({"source": "web"}, "source: expected one of offline, real, got 'web'"),
        ({"num_modalities": 21}, "num_modalities: expected 1 to 20, got 21"),
        ({"num_modalities": 6, "source": "real"}, "num_modalities: expected 1 to 5, got 6"),
        ({"size": 20}, r"size: expected one of \(28, 14\) for source 'offline', got 20"),
        (
            {"size": 14, "source": "real"},
            r"size: expected one of \(28,\) for source 'real', got 14",
        ),
        ({"num_sets": 0}, "num_sets: expected at least 1, got 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        polymnist(**arguments)


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def real_images():
    """Images by split, modality, number within the digit, and digit: 0 and 1 twice, 7 once."""
    rng = np.random.default_rng(0)
    return {
        (split, m, number, digit): rng.integers(256, size=(28, 28, 3), dtype=np.uint8)
        for split in ("train", "test")
        for m in range(5)
        for number, digit in ((1, 1), (0, 7), (0, 0), (1, 0), (0, 1))
    }


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """Serve an archive of the given images in place of the real one."""
    folder = tmp_path / "publisher"
    folder.mkdir()
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path / "data"))
    module = sys.modules["wslbook.datasets.polymnist"]

    def write(images):
        with zipfile.ZipFile(folder / "PolyMNIST.zip", "w") as file:
            file.writestr("MMNIST/README.txt", "not an image")
            for (split, m, number, digit), image in images.items():
                file.writestr(f"MMNIST/{split}/m{m}/{number}.{digit}.png", png(image))

    with served(folder) as address:
        monkeypatch.setattr(module, "ADDRESS", f"{address}PolyMNIST.zip")
        yield write


@pytest.mark.parametrize("split", ["train", "test"])
def test_real_sets(publish, split):
    images = real_images()
    publish(images)
    data = polymnist(split, "real")
    assert data.labels.tolist() == [0, 1, 7, 0, 1]
    assert data.source == "PolyMNIST (real: 5 sets)"
    for m in range(5):
        for row, (number, digit) in enumerate([(0, 0), (0, 1), (0, 7), (1, 0), (1, 1)]):
            expected = torch.from_numpy(images[split, m, number, digit]).permute(2, 0, 1)
            assert torch.equal(data.pixels[f"m{m}"][row], expected)
    few = polymnist(split, "real", num_modalities=2, num_sets=3)
    assert len(few) == 3
    assert list(few[:].x) == ["m0", "m1"]


def test_real_sets_are_read_from_the_archive_once(publish, tmp_path):
    publish(real_images())
    first = polymnist("test", "real")
    (tmp_path / "data/PolyMNIST.zip").unlink()
    (tmp_path / "publisher/PolyMNIST.zip").unlink()
    second = polymnist("test", "real")
    assert all(torch.equal(first.pixels[m], second.pixels[m]) for m in first.pixels)


def test_an_incomplete_archive_is_refused(publish):
    images = real_images()
    del images["test", 3, 0, 7]
    publish(images)
    with pytest.raises(ArchiveError, match="expected the same sets in m0 to m4, 'test'"):
        polymnist("test", "real")


def test_another_archive_is_refused(publish):
    publish({})
    with pytest.raises(ArchiveError, match="expected the same sets in m0 to m4, 'train'"):
        polymnist("train", "real")
