import contextlib
import functools
import hashlib
import http.server
import re
import sys
import threading

import pytest

from sk_bionic.datasets._cache import cached_file, data_folder


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def serving(monkeypatch):
    """Function from a handler to the context of a web server on this machine, which yields its address."""
    monkeypatch.setenv("no_proxy", "*")

    @contextlib.contextmanager
    def run(handler):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()

    return run


@pytest.fixture
def server(tmp_path, serving):
    """A web server of files; yields its address and the folder it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(functools.partial(QuietHandler, directory=folder)) as url:
        yield url, folder


def test_download_is_verified_and_cached(tmp_path, server):
    url, folder = server
    (folder / "a file.csv").write_bytes(b"1,2\n")
    path = tmp_path / "cache" / "set" / "a.csv"
    sha256 = hashlib.sha256(b"1,2\n").hexdigest()
    cached_file(path, url + "/a file.csv", sha256, download_if_missing=True)
    assert path.read_bytes() == b"1,2\n"
    (folder / "a file.csv").unlink()
    cached_file(path, url + "/a file.csv", sha256, download_if_missing=True)
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]


def test_wrong_download_leaves_nothing(tmp_path, server):
    url, folder = server
    (folder / "a.csv").write_bytes(b"other")
    path = tmp_path / "cache" / "a.csv"
    with pytest.raises(OSError, match=r"a.csv did not deliver the expected file.*Nothing"):
        cached_file(path, url + "/a.csv", "0" * 64, download_if_missing=True)
    assert not list(path.parent.iterdir())


class CutHandler(http.server.BaseHTTPRequestHandler):
    """Ends the connection in the middle of a file; what it announces hangs on the address."""

    def do_GET(self):
        self.send_response(200)
        if "length" in self.path:
            self.send_header("Content-Length", "1000")
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"3e8\r\n" * ("chunked" in self.path) + bytes(100))

    def log_message(self, *args):
        pass


@pytest.mark.parametrize(
    "name, message",
    [
        ("length.csv", "length.csv was cut off.*100 bytes read, 900 more expected.*call again"),
        ("chunked.csv", "chunked.csv was cut off.*call again"),
        ("silent.csv", "100 bytes .perhaps cut off, where the server did not say how long it is.*sha256"),
    ],
)
def test_a_download_that_is_cut_off_is_told_from_a_wrong_file(tmp_path, serving, name, message):
    path = tmp_path / "cache" / name
    with serving(CutHandler) as url, pytest.raises(OSError, match=message):
        cached_file(path, f"{url}/{name}", "0" * 64, download_if_missing=True)
    assert not list(path.parent.iterdir())


def test_what_a_killed_download_has_left_is_removed_by_the_next(tmp_path, server):
    url, folder = server
    (folder / "a.csv").write_bytes(b"1,2\n")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / f"a.csv.{'0' * 32}.part").write_bytes(b"1,")
    cached_file(cache / "a.csv", url + "/a.csv", hashlib.sha256(b"1,2\n").hexdigest(), download_if_missing=True)
    assert [p.name for p in cache.iterdir()] == ["a.csv"]


def test_absent_file_names_address_and_place(tmp_path, server):
    url, _ = server
    path = tmp_path / "cache" / "a.csv"
    with pytest.raises(OSError, match=rf"{url}/no.csv .*404.*save it as {re.escape(str(path))}"):
        cached_file(path, url + "/no.csv", "0" * 64, download_if_missing=True)
    assert not list(path.parent.iterdir())


def test_folder_is_argument_then_environment_then_platform(tmp_path, monkeypatch):
    monkeypatch.setenv("SK_BIONIC_DATA", str(tmp_path / "environment"))
    assert data_folder(tmp_path / "argument") == tmp_path / "argument"
    assert data_folder() == tmp_path / "environment"
    monkeypatch.delenv("SK_BIONIC_DATA")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        assert data_folder() == tmp_path / "xdg" / "sk_bionic"
    assert data_folder().is_absolute() and "sk_bionic" in data_folder().parts
