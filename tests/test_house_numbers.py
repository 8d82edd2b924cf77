"""Drawn house numbers, the bytes of every data set of pictures, and their store."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from wslbook.datasets import svhn
from wslbook.datasets.batch import Examples
from wslbook.datasets.cache import cached
from wslbook.datasets.house_numbers import house_numbers, stored_house_numbers
from wslbook.datasets.photographs import photograph
from wslbook.datasets.pictures import Pictures, draw_of_class
from wslbook.datasets.svhn import FREQUENCIES

DIGITS = torch.arange(10)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_same_arguments_give_the_same_images_in_another_process():
    """Whatever the default precision and the global random numbers are there."""
    script = (
        "import torch; from wslbook.datasets.house_numbers import house_numbers; torch.rand(3)\n"
        "print(house_numbers(torch.arange(10), seed=4).long().flatten().cumsum(0)[::999].tolist())"
    )
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout
    ours = house_numbers(DIGITS, seed=4).long().flatten().cumsum(0)[::999]
    assert output.decode().strip() == str(ours.tolist())


def test_seeds_differ():
    assert (house_numbers(DIGITS, seed=0) != house_numbers(DIGITS, seed=1)).any()


def test_statistics_are_near_those_of_street_photographs():
    """SVHN's pixels have mean about 0.45 and standard deviation about 0.20."""
    images = house_numbers(DIGITS.repeat(50)).double() / 255
    assert 0.40 < images.mean() < 0.55
    assert 0.15 < images.std() < 0.28
    spread = images.flatten(1).std(1)
    assert (spread > 0.01).all()  # no image is a flat colour


def one_nearest_neighbour(train, labels, test, truth):
    """Accuracy by the closest image in grey, mean and contrast removed, either sign of contrast."""

    def features(images):
        grey = images.double().mean(1).flatten(1)
        grey = grey - grey.mean(1, keepdim=True)
        return grey / grey.norm(dim=1, keepdim=True)

    similarity = (features(test) @ features(train).T).abs()
    return (labels[similarity.argmax(1)] == truth).double().mean()


def test_digits_look_like_their_labels_and_harder_ones_less_so():
    labels, truth = DIGITS.repeat(300), DIGITS.repeat(30)
    arguments = ({}, {"contrast": (0.02, 0.2), "texture": 2.0})
    easy, hard = (
        one_nearest_neighbour(
            house_numbers(labels, 0, **a), labels, house_numbers(truth, 1, **a), truth
        )
        for a in arguments
    )
    assert easy > 0.6
    assert 0.1 < hard < easy - 0.1


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: house_numbers(torch.tensor([3, 10])), "labels: expected digits 0..9, got 3 to 10"),
        (
            lambda: house_numbers(DIGITS, contrast=(0.5, 0.2)),
            r"contrast: expected 0 <= low <= high <= 1, got \(0.5, 0.2\)",
        ),
        (lambda: photograph("moon", (3, 3)), "name: expected one of china, flower, got 'moon'"),
        (
            lambda: draw_of_class(torch.tensor([1, 2]), torch.tensor([1, 3]), torch.Generator()),
            r"pool: no member has the labels \[2\]",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_labels_no_images():
    assert house_numbers(torch.zeros(0, dtype=torch.long)).shape == (0, 3, 32, 32)


def test_photographs_are_cut_as_asked():
    whole = photograph("china", (640, 427))
    part = photograph("china", (50, 20), box=(100, 200, 150, 220))
    assert torch.equal(part, whole[:, 200:220, 100:150])


def test_draws_of_a_class_are_uniform():
    pool = torch.tensor([0, 1, 1, 0, 1, 2])
    labels = torch.tensor([0, 1, 2]).repeat(20_000).reshape(2, 30_000)
    drawn = draw_of_class(labels, pool, torch.Generator().manual_seed(0))
    assert torch.equal(pool[drawn], labels)
    counts = torch.bincount(drawn.flatten())
    expected = torch.tensor([1 / 2, 1 / 3, 1 / 3, 1 / 2, 1 / 3, 1]) * 20_000
    # six standard deviations of a binomial count are less than this
    assert (counts - expected).abs().max() < 6 * np.sqrt(20_000 / 4)


def test_drawn_svhn_has_the_frequencies_of_svhn(folder):
    data = svhn("test")
    share = torch.bincount(data.labels) / len(data)
    expected = torch.tensor(FREQUENCIES) / sum(FREQUENCIES)
    assert sum(FREQUENCIES) == 73_257  # the published size
    # four standard deviations of the most uncertain share
    assert (share - expected).abs().max() < 4 * np.sqrt(0.19 * 0.81 / len(data))
    assert isinstance(data, Examples)
    batch = data[:3]
    assert batch.source == data.source == "SVHN (offline: 2000 drawn house numbers)"
    assert batch.x["image"].dtype == torch.get_default_dtype()


@pytest.mark.parametrize(
    "index",
    [
        slice(1, 4),
        torch.tensor([1, 2, 3]),
        torch.tensor([-4, 2, -2]),
        torch.tensor([0, 1, 1, 1, 0]).bool(),
    ],
    ids=["slice", "indices", "from the end", "mask"],
)
def test_pictures_are_selected_like_tensors(index):
    bytes_ = torch.randint(256, (5, 3, 2, 2), dtype=torch.uint8)
    batch = Pictures({"a": bytes_, "b": 255 - bytes_}, torch.arange(5), "noise")[index]
    assert torch.equal((255 * batch.x["a"]).round().to(torch.uint8), bytes_[1:4])
    torch.testing.assert_close(batch.x["a"] + batch.x["b"], torch.ones(3, 3, 2, 2))
    assert batch.labels.tolist() == [1, 2, 3]


def test_an_index_beyond_the_end_is_an_error():
    data = Pictures({"a": torch.zeros(5, 1, 1, 1, dtype=torch.uint8)}, torch.arange(5), "grey")
    for index in (5, -6):
        with pytest.raises(IndexError):
            data[torch.tensor([index])]


def store(name="numbers", value=1):
    calls = []

    def make():
        calls.append(name)
        return {"x": torch.full((5,), value), "bytes": torch.arange(6, dtype=torch.uint8)}

    return cached(name, make), len(calls)


def test_tensors_are_made_once(folder):
    for made in (1, 0):
        tensors, calls = store()
        assert calls == made
        assert tensors["x"].tolist() == [1] * 5
    assert [p.name for p in folder.iterdir()] == ["numbers.safetensors"]
    assert store("others", 2)[0]["x"].tolist() == [2] * 5


def truncate(path):
    path.write_bytes(path.read_bytes()[:-4])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def replace(path):
    save_file(load_file(path), path)  # good tensors without our checksum


@pytest.mark.parametrize("damage", [truncate, flip, replace, lambda p: p.write_bytes(b"")])
def test_damaged_files_are_made_again(folder, damage):
    store()
    damage(folder / "numbers.safetensors")
    tensors, calls = store()
    assert calls == 1
    assert tensors["x"].tolist() == [1] * 5
    assert store()[1] == 0


def test_without_a_folder_the_numbers_are_drawn(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path / "file/data"))
    assert torch.equal(stored_house_numbers(DIGITS), house_numbers(DIGITS))


def test_every_argument_has_its_own_file(folder):
    for arguments in ((DIGITS, 0), (DIGITS, 1), (DIGITS.flip(0), 0), (DIGITS, 0, (0.1, 0.2))):
        assert torch.equal(stored_house_numbers(*arguments), house_numbers(*arguments))
    assert len(list(folder.iterdir())) == 4
