"""MNIST-SVHN-Text: the words, the pairing, and the real files in small."""

import gzip
import hashlib
import struct
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from tests.served import served
from wslbook.datasets import mnist, mnist_svhn_text, svhn
from wslbook.datasets.batch import Examples
from wslbook.datasets.words import (
    ALPHABET,
    DIGIT_WORDS,
    decode,
    draw_starts,
    encode,
    shifted_words,
)


def test_the_alphabet_has_71_different_characters():
    assert len(ALPHABET) == len(set(ALPHABET)) == 71
    assert set("abcdefghijklmnopqrstuvwxyz0123456789 ,*-\n") < set(ALPHABET)


@given(st.lists(st.text(ALPHABET, max_size=12), max_size=4), st.sampled_from(" *"))
def test_text_survives_a_round_trip(strings, padding):
    indices = encode(strings, 12, padding)
    assert indices.shape == (len(strings), 12)
    assert decode(indices) == [text.ljust(12, padding) for text in strings]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: encode(["seventeen"], 8), "strings: expected at most 8 characters"),
        (lambda: encode(["Zero"], 8), "strings: 'Z' in 'Zero' is not in the alphabet"),
        (lambda: encode(["a"], 8, "É"), "strings: 'É' in 'É' is not in the alphabet"),
        (
            lambda: shifted_words(torch.tensor([3]), torch.tensor([4])),
            "starts: a word ends after 8 characters",
        ),
        (lambda: shifted_words(torch.tensor([3]), torch.tensor([-1])), "starts before them"),
    ],
)
def test_bad_text(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_words_stand_where_they_are_told():
    for digit, word in enumerate(DIGIT_WORDS):
        for start in range(8 - len(word) + 1):
            text = decode(shifted_words(torch.tensor([digit]), torch.tensor([start])))[0]
            assert text == " " * start + word + " " * (8 - start - len(word))


def test_starts_are_uniform_over_the_places_that_fit():
    labels = torch.arange(10).repeat_interleave(6000)
    starts = draw_starts(labels, torch.Generator().manual_seed(0)).reshape(10, 6000)
    for word, row in zip(DIGIT_WORDS, starts, strict=True):
        places = 8 - len(word) + 1
        counts = torch.bincount(row, minlength=places)
        assert len(counts) == places
        # five standard deviations of a binomial count
        bound = 5 * np.sqrt(6000 / places * (1 - 1 / places))
        assert (counts - 6000 / places).abs().max() < bound


@pytest.fixture(scope="module")
def data():
    return mnist_svhn_text("test")


def test_shapes_and_ranges(data):
    assert len(data) == 1000
    assert isinstance(data, Examples)
    batch = data[::7]
    assert {name: tuple(x.shape[1:]) for name, x in batch.x.items()} == {
        "mnist": (1, 28, 28),
        "svhn": (3, 32, 32),
        "text": (8,),
    }
    assert batch.x["text"].dtype == torch.long
    for name in ("mnist", "svhn"):
        assert batch.x[name].dtype == torch.get_default_dtype()
        assert 0 <= batch.x[name].min() < batch.x[name].max() <= 1
    assert batch.present.all()
    assert data.source == batch.source
    assert "offline: 1000 digits, 1000 drawn house numbers" in data.source


def test_the_modalities_of_a_tuple_mean_the_same_digit(data):
    batch = data[:]
    words = [text.strip() for text in decode(batch.x["text"])]
    assert words == [DIGIT_WORDS[label] for label in batch.labels.tolist()]
    digits = mnist("test")
    assert torch.equal(batch.labels, digits.labels)
    torch.testing.assert_close(batch.x["mnist"], digits.x["image"])


def test_drawn_house_numbers_show_the_label(data):
    """A linear classifier of the grey image, contrast of either sign, is far above chance."""
    images = data.house_numbers.double().mean(1)
    middle = images[:, 4:28, 8:24].flatten(1)
    middle = middle - middle.mean(1, keepdim=True)
    middle = middle / middle.norm(dim=1, keepdim=True)
    similarity = (middle @ middle.T).abs().fill_diagonal_(0)
    agreement = (data.labels[similarity.argmax(1)] == data.labels).double().mean()
    assert agreement > 0.6


@pytest.mark.parametrize(
    "index",
    [
        slice(2, 8, 2),
        torch.tensor([2, 4, 6]),
        torch.isin(torch.arange(1000), torch.tensor([2, 4, 6])),
    ],
    ids=["slice", "indices", "mask"],
)
def test_an_index_always_means_the_same_tuple(data, index):
    part, whole = data[index], data[:10]
    for name, values in part.x.items():
        assert torch.equal(values, whole.x[name][[2, 4, 6]])
    assert part.labels.tolist() == [2, 4, 6]


def test_several_pairs_repeat_the_digits(tmp_path, monkeypatch):
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path))
    data = mnist_svhn_text("test", pairs=2)
    first, second = data[:1000], data[1000:]
    assert torch.equal(first.x["mnist"], second.x["mnist"])
    assert torch.equal(first.labels, second.labels)
    assert (first.x["svhn"] != second.x["svhn"]).flatten(1).any(1).all()
    assert (first.x["text"] != second.x["text"]).any()


def checksum(data):
    place = torch.arange(8)
    batch = data[::97]
    return str([float((x.double().flatten(1).sum(1) % 97).sum()) for x in batch.x.values()]) + str(
        (batch.x["text"] * place).sum().item()
    )


def test_another_process_has_the_same_tuples(data, tmp_path, monkeypatch):
    """Drawn again there: the data folder is another one."""
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path))
    script = (
        "import torch; torch.set_default_dtype(torch.float64); torch.set_num_threads(1)\n"
        "from tests.test_mnist_svhn_text import *\n"
        "print(checksum(mnist_svhn_text('test')))"
    )
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout
    assert output.decode().strip() == checksum(data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "valid"}, "split: expected one of train, test, got 'valid'"),
        ({"source": "web"}, "source: expected one of offline, real, got 'web'"),
        ({"split": "test", "pairs": 0}, "pairs: expected at least 1, got 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        mnist_svhn_text(**arguments)


def idx(array):
    header = struct.pack(f">BBBB{array.ndim}i", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes())


HANDWRITTEN = np.array([5, 0, 4, 1, 0], dtype=np.uint8)
STREET = np.array([1, 10, 4, 5, 1, 10, 10, 4], dtype=np.uint8)  # 10 means zero there


def write_real_files(folder):
    """MNIST's and SVHN's files in small; images show their label and their number as grey."""
    rng = np.random.default_rng(0)
    digits = rng.integers(256, size=(5, 28, 28), dtype=np.uint8)
    photographs = rng.integers(256, size=(32, 32, 3, 8), dtype=np.uint8)
    photographs[0, 1, 2] = STREET % 10  # row 0, column 1, blue
    for name in ("train", "t10k"):
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(idx(digits))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(idx(HANDWRITTEN))
    for name in ("train", "test"):
        path = folder / f"{name}_32x32.mat"
        savemat(path, {"X": photographs, "y": STREET[:, None]}, do_compression=True)
    return digits, photographs


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def real(tmp_path, monkeypatch):
    """Publishers on this machine: addresses and checksums of the small files."""
    folder = tmp_path / "publisher"
    folder.mkdir()
    arrays = write_real_files(folder)
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path / "data"))
    with served(folder) as address:
        for name in ("mnist", "svhn"):
            module = sys.modules[f"wslbook.datasets.{name}"]
            files = {k: (f, sha256(folder / f)) for k, (f, _) in module.FILES.items()}
            monkeypatch.setattr(module, "FILES", files)
        monkeypatch.setattr(sys.modules["wslbook.datasets.mnist"], "MIRRORS", (address,))
        monkeypatch.setattr(sys.modules["wslbook.datasets.svhn"], "ADDRESS", address)
        yield arrays


def test_real_svhn(real):
    _, photographs = real
    data = svhn("test", "real")
    assert data.labels.tolist() == [1, 0, 4, 5, 1, 0, 0, 4]
    expected = torch.from_numpy(photographs).permute(3, 2, 0, 1)
    assert torch.equal(data.pixels["image"], expected)
    assert data.source == "SVHN (real: 8 images)"


@pytest.mark.parametrize("split", ["train", "test"])
def test_real_tuples(real, split):
    digits, _ = real
    data = mnist_svhn_text(split, "real")
    assert len(data) == 5 * 20
    batch = data[:]
    assert batch.labels.tolist() == HANDWRITTEN.tolist() * 20
    shown = (255 * batch.x["svhn"][:, 2, 0, 1]).round().long()
    assert torch.equal(shown, batch.labels)
    torch.testing.assert_close(batch.x["mnist"][:5, 0], torch.from_numpy(digits) / 255.0)
    chosen = Counter(data.pairs[:, 1].tolist())
    assert set(chosen) == set(range(8))  # every photograph is used
    assert data.source == "MNIST-SVHN-Text (real: 5 digits, 8 real house numbers)"
    again = mnist_svhn_text(split, "real")
    assert torch.equal(data.pairs, again.pairs)
    assert torch.equal(data.starts, again.starts)


def test_a_mat_file_with_a_wrong_checksum_is_not_read(real, monkeypatch):
    from wslbook.datasets.remote import DownloadError

    files = {"test": ("test_32x32.mat", "0" * 64)}
    monkeypatch.setattr(sys.modules["wslbook.datasets.svhn"], "FILES", files)
    with pytest.raises(DownloadError, match="wrong SHA-256"):
        svhn("test", "real")
