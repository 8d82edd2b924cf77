"""Archives from the network are read with distrust: nothing in them can leave its folder."""

import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path, PureWindowsPath
from typing import IO

__all__ = ["ArchiveError", "members", "unpack"]

# what the standard library raises for damaged, encrypted or unknown content
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, RuntimeError)


class ArchiveError(ValueError):
    """An archive is damaged, or holds what no honest archive of data holds."""


def members(archive: Path, max_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Read the files of a zip or tar archive one after another, without unpacking it.

    Args:
        archive: the file.
        max_bytes: how much the files may hold together, counted while they are read.

    Yields:
        The path inside the archive, relative and without ``..``, and the content.

    Raises:
        ArchiveError: if the archive is damaged, larger than allowed, or if an entry is a link, a
            device, or has a path that leads elsewhere.
    """
    entries = _zip_entries if _is_zip(archive) else _tar_entries
    with _damage_is_reported(archive):
        for name, file in entries(archive):
            content = file.read(max_bytes + 1)
            max_bytes -= len(content)
            if max_bytes < 0:
                raise ArchiveError(f"{archive.name}: its files are larger than allowed")
            yield name, content


def unpack(archive: Path, folder: Path, max_bytes: int) -> Path:
    """Unpack a zip or tar archive into a new folder: all of it, or nothing.

    The files are written into a folder beside the final one, which is renamed at the end. If the
    final folder exists, it is taken as complete.

    Args:
        archive: the file.
        folder: where its files go.
        max_bytes: how much they may hold together.

    Returns:
        The folder.

    Raises:
        ArchiveError: as for :func:`members`, or if two files have the same name.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}-"))
    try:
        for name, content in members(archive, max_bytes):
            _write(temporary / name, content, archive)
        os.rename(temporary, folder)
    except OSError:
        if not folder.exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _write(path: Path, content: bytes, archive: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise ArchiveError(f"{archive.name}: two entries are called {path.name!r}") from error


def _is_zip(archive: Path) -> bool:
    with archive.open("rb") as file:
        return file.read(2) == b"PK"


def _zip_entries(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of an archive, opened; folders are left out, they come with their files."""
    with zipfile.ZipFile(archive) as file:
        for entry in file.infolist():
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise ArchiveError(f"{archive.name}: {entry.filename!r} is a link")
            if not entry.is_dir():
                _check_name(entry.filename, archive)
                with file.open(entry) as content:
                    yield entry.filename, content


def _tar_entries(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The same for tar, compressed or not."""
    with tarfile.open(archive) as file:
        for entry in file:
            if not (entry.isfile() or entry.isdir()):
                raise ArchiveError(f"{archive.name}: {entry.name!r} is a link or a device")
            if entry.isfile():
                _check_name(entry.name, archive)
                yield entry.name, file.extractfile(entry)


def _check_name(name: str, archive: Path) -> None:
    """Refuse a path that leads elsewhere, on this or another operating system."""
    windows = PureWindowsPath(name)
    if windows.anchor or ".." in windows.parts or "\\" in name:
        raise ArchiveError(f"{archive.name}: the path {name!r} leads out of its folder")


@contextmanager
def _damage_is_reported(archive: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise ArchiveError(
            f"{archive.name}: damaged, or not a zip or tar archive; remove {archive} and try again"
        ) from error
