"""Which files a configuration means, which of them belong together, and what their trials are called."""

import glob
import os
import re
from pathlib import Path

_WILD = re.compile(r"(\*\*/|\*\*|\*|\?|\[!?[^\]]+\])")


def find_files(patterns, folder):
    """Files that the patterns name, in their order, none twice.

    Returns
    -------
    dict
        Path to what the pattern's wildcards stand for, a tuple of str: what files of one trial have in common.

    Raises
    ------
    ValueError
        When a pattern names no file.
    """
    found = {}
    for pattern in patterns:
        matches = sorted(glob.glob(pattern, root_dir=folder, recursive=True))
        if not matches:
            raise ValueError(f"No file matches {pattern!r} in {folder.resolve()}.")
        for match in matches:
            found.setdefault(folder / match, _wild_parts(pattern, match))
    if not found:
        raise ValueError('The configuration names no recordings: [data] needs a line such as files = ["trial_*.csv"].')
    return found


def _wild_parts(pattern, match):
    parts = []
    for piece in _WILD.split(Path(pattern).as_posix()):
        if piece in ("**/", "**"):
            parts.append("(.*)")
        elif piece in ("*", "?"):
            parts.append("([^/]*)" if piece == "*" else "([^/])")
        elif _WILD.fullmatch(piece):
            parts.append(f"([{piece[1:-1].replace('!', '^', 1)}])")
        else:
            parts.append(re.escape(piece))
    matched = re.fullmatch("".join(parts), Path(match).as_posix())
    return tuple(part.strip("/") for part in matched.groups()) if matched else ()


def trial_names(files):
    """Name of each file's trial: the file's; of equal ones what the wildcards stand for, or the path."""
    paths = list(files)
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return dict(zip(paths, stems, strict=True))
    wild = ["/".join(filter(None, files[path])) for path in paths]
    if all(wild) and len(set(wild)) == len(wild):
        return dict(zip(paths, wild, strict=True))
    # Folders as far up as names need, so that a trial is called alike wherever the whole lies.
    home = os.path.commonpath([os.path.abspath(path.parent) for path in paths])
    return {path: Path(os.path.relpath(path.with_suffix(""), home)).as_posix() for path in paths}


def partners(files, others, what, wanted=None):
    """The file of `others` that belongs to each of `files`: of its name, with the same text for the wildcards, or the
    only one beside it in its folder, or at all.

    Parameters
    ----------
    files, others : dict
        As of `find_files`.
    what : str
        Name of the setting that names the others, for the error.
    wanted : collection of Path, optional
        Recordings whose partners are asked for. To one that is none of `files` only a file of its name in its own
        folder belongs: the others are those of other recordings. Default: `files`.

    Returns
    -------
    dict
        Path of a file to the path of its partner.
    """
    pairs, own = {}, {path.resolve(): path for path in files}
    for path in files if wanted is None else wanted:
        known = own.get(path.resolve())
        found = _of_its_name(path, others) if known is None else _partners_of(known, files, others)
        if len(found) != 1:
            names = ", ".join(other.name for other in list(others)[:3])
            raise ValueError(
                f"{len(found) or 'No'} file(s) of [data] {what} belong to {path}. A partner has the same name but "
                "for its extension, "
                f'the same text in place of the *: files = ["*_emg.csv"], {what} = ["*_ik.mot"], or is the only one in '
                f"its folder. There are {names}."
            )
        pairs[path] = found[0]
    return pairs


def _of_its_name(path, others):
    folder = path.parent.resolve()
    return [other for other in others if other.stem == path.stem and other.parent.resolve() == folder]


def _partners_of(path, files, others):
    """Those that may belong to one of the files, in the first way that leaves a single one."""
    wild = files[path]
    same_name = [other for other in others if other.stem == path.stem]
    same_wild = [other for other in others if wild and others[other] == wild]
    named = [other for other in others if not (wild and others[other])]  # whose names are no contradiction
    alone = sum(other.parent == path.parent for other in files) == 1
    beside = [other for other in named if other.parent == path.parent] * alone
    ways = (same_name, same_wild, beside, named if len(files) == len(others) == 1 else [])
    return next((way for way in ways if len(way) == 1), same_wild)
