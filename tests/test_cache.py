import functools
import hashlib
import http.server
import re
import threading

import pytest

from sk_bionic.datasets._cache import cached_file, data_folder


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server on this machine; yields its address and the folder it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("no_proxy", "*")
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


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
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert data_folder() == tmp_path / "xdg" / "sk_bionic"
