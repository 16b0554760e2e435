"""Public files by repository, commit and path: listed once, brought again by anyone."""

import hashlib
import subprocess
from pathlib import Path

import pandas as pd

KINDS = (".sto", ".mot", ".trc", ".c3d", ".osim")
COLUMNS = ["repository", "commit", "path", "blob", "bytes"]
_LARGE_FILES = b"version https://git-lfs"  # how a pointer of Git LFS begins


def list_files(mirror):
    """Every file of a kind above in a folder of repositories, no content twice.

    Parameters
    ----------
    mirror : Path
        One folder a repository, ``owner+name``, with the git directory in it or in its folder ``repo``.

    Returns
    -------
    DataFrame of the columns `COLUMNS`
    """
    rows, seen = [], set()
    for folder in sorted(mirror.iterdir()):
        git = git_directory(mirror, folder.name.replace("+", "/", 1))
        if git is None:
            continue
        commit = _git(git, "rev-parse", "HEAD").decode().strip()
        for line in _git(git, "ls-tree", "-r", "-l", "-z", "HEAD").decode("utf-8", "replace").split("\0"):
            if not line.lower().endswith(KINDS):
                continue
            (mode, _, blob, size), path = line.split("\t", 1)[0].split(), line.split("\t", 1)[1]
            # Symbolic links, and files that a partial snapshot names without having them.
            if mode == "120000" or not size.isdigit() or blob in seen:
                continue
            seen.add(blob)
            if int(size) > 200 or not read_blobs(git, [blob])[blob].startswith(_LARGE_FILES):
                rows.append((folder.name.replace("+", "/", 1), commit, path, blob, int(size)))
    return pd.DataFrame(rows, columns=COLUMNS)


def git_directory(mirror, repository):
    """Where a repository lies in the mirror; None where it does not."""
    folder = mirror / repository.replace("/", "+")
    tried = (folder / "repo" / ".git", folder / "repo", folder / ".git", folder)
    return next((path for path in tried if (path / "HEAD").exists()), None)


def bring(mirror, repository, commit):
    """The git directory of a repository, cloned from GitHub where the mirror lacks it."""
    found = git_directory(mirror, repository)
    if found is None:
        found = mirror / repository.replace("/", "+")
        address = f"https://github.com/{repository}.git"
        subprocess.run(["git", "clone", "--quiet", "--bare", "--filter=blob:none", address, found], check=True)
    if subprocess.run(["git", f"--git-dir={found}", "cat-file", "-e", commit], capture_output=True).returncode:
        subprocess.run(["git", f"--git-dir={found}", "fetch", "--quiet", "origin", commit], check=True)
    return found


def read_blobs(git, blobs):
    """Contents by their ids, each checked against its id."""
    raw = _git(git, "cat-file", "--batch", text="\n".join(blobs).encode() + b"\n")
    found, position = {}, 0
    for blob in blobs:
        end = raw.index(b"\n", position)
        size = int(raw[position:end].split()[2])
        found[blob] = raw[end + 1 : end + 1 + size]
        position = end + size + 2
        digest = hashlib.sha1(b"blob %d\0" % size + found[blob], usedforsecurity=False).hexdigest()
        if digest != blob:
            raise ValueError(f"{git}: the object {blob} has the content of {digest}.")
    return found


def write_files(mirror, listed, folder):
    """The listed files as ``folder/repository/path``; their paths."""
    paths = []
    for (repository, commit), group in listed.groupby(["repository", "commit"], sort=False):
        contents = read_blobs(bring(mirror, repository, commit), group["blob"].tolist())
        for row in group.itertuples():
            path = folder / repository / row.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[row.blob])
            paths.append(path)
    return paths


def _git(git, *arguments, text=None):
    return subprocess.run(["git", f"--git-dir={git}", *arguments], input=text, capture_output=True, check=True).stdout


def models_near(listed, row):
    """Paths of the listed models of a file's repository, the nearest folder first."""
    same = listed[(listed["repository"] == row.repository) & listed["path"].str.lower().str.endswith(".osim")]
    parts = Path(row.path).parts
    shared = lambda path: -sum(a == b for a, b in zip(Path(path).parts, parts, strict=False))
    return sorted(same["path"], key=shared)
