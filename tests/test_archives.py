"""Honest archives are read whole; malicious ones, made here by hand, never leave their folder."""

import io
import os
import stat
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslbook.datasets.archives import ArchiveError, members, unpack

FILES = {"set/a.txt": b"first", "set/deep/b.bin": bytes(range(256)) * 300, "empty": b""}
LIMIT = 1 << 20


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.mkdir("set")
        for name, content in files.items():
            file.writestr(name, content)
    return path


def write_tar(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as file:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        file.addfile(folder)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return path


WRITERS = {
    "zip": write_zip,
    "tar": lambda path, files: write_tar(path, files, "w"),
    "tar.gz": write_tar,
    "tar.xz": lambda path, files: write_tar(path, files, "w:xz"),
}
writers = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if not p.is_dir()}


@writers
def test_honest_archives(tmp_path, write):
    archive = write(tmp_path / "data", FILES)
    assert dict(members(archive, LIMIT)) == FILES
    folder = unpack(archive, tmp_path / "new/place", LIMIT)
    assert tree(folder) == FILES
    assert os.listdir(tmp_path / "new") == ["place"]


@writers
def test_an_existing_folder_is_complete(tmp_path, write):
    archive = write(tmp_path / "data", FILES)
    unpack(archive, tmp_path / "place", LIMIT)
    archive.unlink()
    assert tree(unpack(archive, tmp_path / "place", LIMIT)) == FILES


ESCAPES = [
    "../outside",
    "set/../../outside",
    "/outside",
    "..",
    "C:/outside",
    "C:outside",
    "..\\outside",
    "\\\\server\\share\\outside",
]


def refused(tmp_path, archive, message, limit=LIMIT):
    """The archive is refused, and nothing of it is left anywhere."""
    before = tree(tmp_path)
    with pytest.raises(ArchiveError, match=message):
        unpack(archive, tmp_path / "inside/place", limit)
    assert tree(tmp_path) == before
    assert os.listdir(tmp_path / "inside") == []


@writers
@pytest.mark.parametrize("name", ESCAPES)
def test_paths_that_lead_elsewhere(tmp_path, write, name):
    archive = write(tmp_path / "data", {"good": b"x", name: b"bad"})
    refused(tmp_path, archive, "leads out of its folder")


@given(st.lists(st.sampled_from(["..", ".", "a", "b", ""]), min_size=1, max_size=6))
def test_no_path_escapes(tmp_path_factory, parts):
    """Whatever a path is made of, files appear below the folder or not at all."""
    folder = tmp_path_factory.mktemp("random")
    archive = write_tar(folder / "data", {"/".join(parts): b"x"})
    inside = folder / "inside/place"
    try:
        unpack(archive, inside, LIMIT)
    except ArchiveError:
        assert not inside.exists()
    assert set(tree(folder)) - {"data"} <= {f"inside/place/{n}" for n in tree(inside)}


def special(path, kind, name="trap", target="/etc/passwd"):
    with tarfile.open(path, "w") as file:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, target
        file.addfile(entry)
    return path


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_tar(tmp_path, kind):
    refused(tmp_path, special(tmp_path / "data", kind), "'trap' is a link or a device")


def test_a_link_in_zip(tmp_path):
    link = zipfile.ZipInfo("trap")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "data", "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr("trap/passwd", "x")
    refused(tmp_path, tmp_path / "data", "'trap' is a link")


@writers
def test_bombs_are_stopped_while_they_are_read(tmp_path, write):
    archive = write(tmp_path / "data", {f"zeros{i}": bytes(LIMIT // 2) for i in range(3)})
    refused(tmp_path, archive, "larger than allowed")


def test_a_bomb_that_lies_about_its_size(tmp_path):
    """The size in the directory of a zip is only a claim; what is read is counted."""
    archive = write_zip(tmp_path / "data", {"zeros": bytes(4 * LIMIT)})
    claim = (4 * LIMIT).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(claim, (10).to_bytes(4, "little")))
    refused(tmp_path, archive, "larger than allowed|damaged")


def test_two_files_of_one_name(tmp_path):
    with tarfile.open(tmp_path / "data", "w") as file:
        for name in ("twice", "twice"):
            file.addfile(tarfile.TarInfo(name), io.BytesIO())
    refused(tmp_path, tmp_path / "data", "two entries are called 'twice'")


def test_a_file_that_is_also_a_folder(tmp_path):
    archive = write_tar(tmp_path / "data", {"a": b"x", "a/b": b"y"})
    refused(tmp_path, archive, "two entries are called 'b'")


@writers
def test_damaged_archives(tmp_path, write):
    archive = write(tmp_path / "data", {"noise": os.urandom(5000)})
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    refused(tmp_path, archive, "data: damaged, or not a .*; remove .*data and try again")


def test_a_flipped_bit_in_zip(tmp_path):
    archive = write_zip(tmp_path / "data", {"noise": os.urandom(5000)})
    content = bytearray(archive.read_bytes())
    content[2500] ^= 1
    archive.write_bytes(content)
    refused(tmp_path, archive, "data: damaged, or not a zip or tar archive")


def test_what_is_no_archive(tmp_path):
    (tmp_path / "data").write_bytes(b"<html>not found</html>")
    refused(tmp_path, tmp_path / "data", "data: damaged, or not a zip or tar archive")


def test_a_missing_archive(tmp_path):
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path / "none", tmp_path / "place", LIMIT)
    assert not (tmp_path / "place").exists()
