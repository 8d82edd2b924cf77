"""Batches, the vendored digits and the reader of MNIST's file format."""

import gzip
import hashlib
import struct
import sys

import numpy as np
import pytest
import torch

from wslbook.datasets import Batch, Examples, mnist
from wslbook.datasets.mnist import FILES, read_idx
from wslbook.datasets.remote import data_folder


def test_offline_digits_are_balanced_and_in_range():
    train, test = mnist("train"), mnist("test")
    assert train.x["image"].shape == (4000, 1, 28, 28)
    assert torch.bincount(train.labels).tolist() == [400] * 10
    assert torch.bincount(test.labels).tolist() == [100] * 10
    assert train.x["image"].min() == 0
    assert train.x["image"].max() == 1
    assert train.source == "MNIST (offline: 4000 real digits)"


def test_offline_splits_do_not_overlap():
    images = torch.cat([mnist(s).x["image"].flatten(1) for s in ("train", "test")])
    assert len(torch.unique(images, dim=0)) == 5000


def test_offline_digits_look_like_their_labels():
    """The nearest training digit has the right label for most test digits (1-NN, known .935)."""
    train, test = mnist("train"), mnist("test")
    distance = torch.cdist(test.x["image"].flatten(1), train.x["image"].flatten(1))
    accuracy = (train.labels[distance.argmin(1)] == test.labels).double().mean()
    assert 0.92 < accuracy < 0.95


def idx_bytes(array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(
        f">{array.ndim}i", *array.shape
    )
    return gzip.compress(header + array.tobytes())


def test_read_idx(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a.gz").write_bytes(idx_bytes(array))
    np.testing.assert_array_equal(read_idx(tmp_path / "a.gz"), array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"<html>quota exceeded"), "is not an IDX file of bytes"),
        (gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x05ab"), "holds 2 values, its header says"),
        (gzip.compress(b""), "is not an IDX file of bytes"),
    ],
)
def test_read_idx_rejects_other_files(tmp_path, content, message):
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_idx(tmp_path / "a.gz")


def test_real_digits_are_read_from_the_data_folder(tmp_path, monkeypatch):
    """The four files under their real names, small, with their hashes patched to match."""
    images = np.full((3, 28, 28), 255, dtype=np.uint8)
    labels = np.array([7, 2, 1], dtype=np.uint8)
    patched = {}
    for (split, kind), (name, _sha) in FILES.items():
        content = idx_bytes(images if kind == "images" else labels)
        (tmp_path / name).write_bytes(content)
        patched[split, kind] = (name, hashlib.sha256(content).hexdigest())
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path))
    # the function hides its module, so the module is looked up by name
    monkeypatch.setattr(sys.modules["wslbook.datasets.mnist"], "FILES", patched)
    batch = mnist("test", source="real")
    assert batch.labels.tolist() == [7, 2, 1]
    assert (batch.x["image"] == 1).all()
    assert batch.source == "MNIST (real: 3 real digits)"


def test_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("WSLBOOK_DATA")
    assert data_folder().name == "wslbook"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mnist(source="web"), "source: expected one of offline, real, got 'web'"),
        (lambda: mnist("valid"), "split: expected one of train, test, got 'valid'"),
    ],
)
def test_mnist_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_batch_selects_along_examples():
    present = torch.tensor([[True, False, True], [True, True, False]])
    batch = Batch({"a": torch.arange(3.0), "b": torch.zeros(3, 2)}, torch.arange(3), present)
    for index in (slice(1, 3), torch.tensor([1, 2]), torch.tensor([False, True, True])):
        part = batch[index]
        assert part.x["a"].tolist() == [1.0, 2.0]
        assert part.labels.tolist() == [1, 2]
        assert part.is_present("b").tolist() == [True, False]
        assert len(part) == 2


def test_batch_map_keeps_the_rest():
    batch = Batch({"a": torch.ones(2)}, torch.tensor([3, 4]), source="drawn")
    mapped = batch.map(lambda x: x + 1)
    assert mapped.x["a"].tolist() == [2.0, 2.0]
    assert (mapped.source, mapped.labels.tolist()) == ("drawn", [3, 4])


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": {}}, "x: expected at least one modality"),
        (
            {"x": {"a": torch.zeros(2), "b": torch.zeros(3)}},
            r"x\['b'\]: expected 2 examples like the first modality, got 3",
        ),
        (
            {"x": {"a": torch.tensor([1.0, torch.nan, torch.inf])}},
            r"x\['a'\]: 2 values are NaN or infinite",
        ),
        (
            {"x": {"a": torch.zeros(2)}, "labels": torch.zeros(3, dtype=torch.long)},
            "labels: expected 2 rows, got 3",
        ),
        (
            {"x": {"a": torch.zeros(2)}, "present": torch.ones(2, 1, dtype=torch.bool)},
            r"present: expected shape \[1, 2\] \(modality, batch\), got \[2, 1\]",
        ),
    ],
)
def test_batch_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        Batch(**arguments)


def test_is_present_names_the_modalities():
    with pytest.raises(ValueError, match=r"name: expected one of a, got 'b'"):
        Batch({"a": torch.zeros(2)}).is_present("b")


def test_select_keeps_modalities_and_their_presence():
    present = torch.tensor([[True, False], [True, True], [False, True]])
    batch = Batch({n: torch.full((2, 1), float(i)) for i, n in enumerate("abc")}, present=present)
    kept = batch.select(["c", "a"])
    assert list(kept.x) == ["c", "a"]
    assert torch.equal(kept.present, present[[2, 0]])
    assert (kept.x["c"] == 2).all()
    with pytest.raises(ValueError, match="names: expected one of a, b, c, got 'd'"):
        batch.select(["d"])


def test_a_batch_is_a_set_of_examples():
    assert isinstance(mnist("test"), Examples)
