"""Downloads that are verified, continued after an interruption and never half-written."""

import os
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm

__all__ = ["DownloadError", "RemoteFile", "data_folder", "fetch"]

ATTEMPTS = 3
CHUNK = 1 << 16
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces


class DownloadError(RuntimeError):
    """A file could not be obtained; the message names it, the addresses and the remedy."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on the network: its name in the data folder, its addresses, its SHA-256.

    Without a SHA-256 only the protocol and the format protect the file, so it must come by https
    and be of a kind that carries checksums, as zip does.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str | None


def data_folder() -> Path:
    """Return the folder of downloaded data: ``WSLBOOK_DATA``, else the user's cache."""
    return Path(os.environ.get("WSLBOOK_DATA") or pooch.os_cache("wslbook"))


def fetch(file: RemoteFile) -> Path:
    """Return the path of a verified local copy, downloading it where it is missing.

    The addresses are tried in order. A download is written beside its final place under the
    ending ``.part``, continued from there after an interruption, and renamed only when its
    SHA-256 is right.

    Args:
        file: what to fetch.

    Returns:
        The path of the complete file.

    Raises:
        DownloadError: if no address delivered the file.
    """
    folder = data_folder()
    failures = []
    for url in file.urls:
        try:
            return Path(
                pooch.retrieve(
                    url, known_hash=file.sha256, fname=file.name, path=folder,
                    downloader=_download_resumably,
                )
            )  # fmt: skip
        except (OSError, ValueError, requests.RequestException) as error:
            failures.append(f"  {url}\n    {_reason(error, folder)}")
    raise DownloadError(
        f"could not download {file.name} to {folder}\n"
        + "\n".join(failures)
        + "\nWhat to do: check the connection and run again, a partial download is continued; "
        f"or save the file yourself as {folder / file.name}; "
        'or use source="offline", which needs no network.'
    )


def _reason(error: Exception, folder: Path) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.RequestException):
        return "the connection failed or broke off"
    if isinstance(error, OSError):
        return (
            f"the folder {folder} cannot be written ({error.strerror}); "
            "set WSLBOOK_DATA to one that can"
        )
    return "the file has a wrong SHA-256 (damaged or changed on the server) and was removed"


def _download_resumably(url: str, output_file: str | Path, _pooch: object) -> None:
    """Download to ``<name>.part`` in at most ATTEMPTS requests, then rename.

    Called by pooch, which verifies the output file and moves it to its final name.
    """
    part = Path(output_file).parent / f"{Path(url).name}.part"
    for attempt in range(ATTEMPTS):
        try:
            _continue_download(url, part)
            break
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            if attempt == ATTEMPTS - 1:
                raise
    os.replace(part, output_file)


def _continue_download(url: str, part: Path) -> None:
    """Request what is missing from ``part`` and append it."""
    done = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={done}-", "User-Agent": "wslbook"}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink()  # longer than the file: from elsewhere, or changed on the server
            return _continue_download(url, part)
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            done = 0  # the server sends the whole file
        rest = int(response.headers.get("Content-Length", 0))
        bar = tqdm(total=done + rest, initial=done, unit="B", unit_scale=True, desc=part.stem)
        with bar, part.open("ab" if done else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    return None
