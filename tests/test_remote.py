"""The downloader against a server on this machine that misbehaves on purpose."""

import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wslbook.datasets.remote import DownloadError, RemoteFile, fetch

CONTENT = bytes(range(256)) * 2000  # half a megabyte
SHA256 = hashlib.sha256(CONTENT).hexdigest()
REMEDY = "What to do: check the connection and run again"


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT under /good, parts of it under /cut, something else under /wrong."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        kind = self.path.split("/")[1]
        if kind == "missing":
            self.send_error(404)
            return
        content = CONTENT[::-1] if kind == "wrong" else CONTENT
        start = 0 if kind == "norange" else int(self.headers["Range"][6:].rstrip("-"))
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        cut = kind == "alwayscut" or (kind == "cut" and not start)
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True
            self.wfile.flush()
            self.connection.close()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a connection cut on purpose is not worth a traceback


@pytest.fixture
def server():
    with Server(("127.0.0.1", 0), Handler) as server:
        server.requests = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def remote(server, *kinds, sha256=SHA256):
    address = f"http://127.0.0.1:{server.server_port}"
    return RemoteFile("digits.bin", tuple(f"{address}/{k}/digits.bin" for k in kinds), sha256)


def left_over(folder):
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_success_downloads_once(server, folder):
    for _ in range(2):
        path = fetch(remote(server, "good"))
        assert path.read_bytes() == CONTENT
    assert len(server.requests) == 1
    assert left_over(folder) == ["digits.bin"]


def test_a_cut_connection_is_continued(server, folder):
    assert fetch(remote(server, "cut")).read_bytes() == CONTENT
    first, second = (int(r[6:-1]) for _, r in server.requests)
    assert first == 0
    assert 0 < second <= len(CONTENT) // 2  # not from the beginning again
    assert left_over(folder) == ["digits.bin"]


def test_a_killed_download_is_continued(server, folder):
    folder.mkdir()
    (folder / "digits.bin.part").write_bytes(CONTENT[:1000])
    assert fetch(remote(server, "good")).read_bytes() == CONTENT
    assert server.requests[0][1] == "bytes=1000-"
    assert left_over(folder) == ["digits.bin"]


def test_a_server_without_ranges_starts_again(server, folder):
    folder.mkdir()
    (folder / "digits.bin.part").write_bytes(b"x" * 1000)
    assert fetch(remote(server, "norange")).read_bytes() == CONTENT


def test_a_partial_file_that_is_too_long_is_dropped(server, folder):
    folder.mkdir()
    (folder / "digits.bin.part").write_bytes(b"x" * (len(CONTENT) + 1))
    assert fetch(remote(server, "good")).read_bytes() == CONTENT


def test_a_file_without_a_checksum(server, folder):
    """Some publishers give none; the file is taken as it comes."""
    for _ in range(2):
        assert fetch(remote(server, "good", sha256=None)).read_bytes() == CONTENT
    assert len(server.requests) == 1


@pytest.mark.parametrize("first", ["missing", "wrong"])
def test_the_second_address_is_tried(server, folder, first):
    assert fetch(remote(server, first, "good")).read_bytes() == CONTENT


def test_a_dead_first_address(server, folder):
    file = remote(server, "good")
    dead = RemoteFile(file.name, ("http://127.0.0.1:9/digits.bin", *file.urls), file.sha256)
    assert fetch(dead).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "the server answered 404 Not Found"),
        ("wrong", "the file has a wrong SHA-256"),
        ("alwayscut", "the connection failed or broke off"),
    ],
)
def test_failures_say_what_to_do(server, folder, kind, reason):
    with pytest.raises(DownloadError) as caught:
        fetch(remote(server, kind))
    message = str(caught.value)
    assert "could not download digits.bin" in message
    assert f"/{kind}/digits.bin" in message
    assert reason in message
    assert REMEDY in message
    assert "digits.bin" not in left_over(folder)
    # what arrived of a cut download is kept under another name, to be continued
    assert left_over(folder) == (["digits.bin.part"] if kind == "alwayscut" else [])


def unwritable(tmp_path):
    """A folder that cannot be made: below a read-only one, or, for root, in a kernel's tree."""
    if os.geteuid() == 0:
        return Path("/sys/wslbook")
    (tmp_path / "locked").mkdir(mode=0o500)
    return tmp_path / "locked/data"


def test_a_read_only_folder(server, tmp_path, monkeypatch):
    folder = unwritable(tmp_path)
    monkeypatch.setenv("WSLBOOK_DATA", str(folder))
    with pytest.raises(DownloadError, match="set WSLBOOK_DATA to one that can") as caught:
        fetch(remote(server, "good"))
    assert str(folder) in str(caught.value)
    assert not folder.exists()


def test_a_folder_below_a_file(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WSLBOOK_DATA", str(tmp_path / "file/data"))
    with pytest.raises(DownloadError, match="cannot be written"):
        fetch(remote(server, "good"))
