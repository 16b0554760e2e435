"""Damage files as disks, editors and spreadsheets do, and see what a reader says.

Each reader runs in a process of its own: a library may end it or never come back.
"""

import multiprocessing
import re
import sys
import warnings
from pathlib import Path

PATIENCE = 60.0  # s until a reader counts as hanging
MEMORY = 4 << 30  # bytes that a reader may use


def mutate(raw, rng, is_text):
    """A damaged copy of the bytes; `rng` is a random.Random."""
    damages = _TEXT if is_text else _BINARY
    for _ in range(rng.choice([1, 1, 2, 4])):
        raw = rng.choice(damages)(raw, rng)
    return raw


def _truncate(raw, rng):
    return raw[: rng.randrange(len(raw) + 1)]


def _change_bytes(raw, rng):
    out = bytearray(raw)
    for _ in range(rng.randint(1, 20) if out else 0):
        out[rng.randrange(len(out))] = rng.choice([0, 1, 9, 10, 32, 127, 128, 255, rng.randrange(256)])
    return bytes(out)


def _change_head(raw, rng):
    """As above within the first blocks, where a C3D file keeps its structure."""
    return _change_bytes(raw[:2048], rng) + raw[2048:]


def _change_header(raw, rng):
    return _change_bytes(raw[:24], rng) + raw[24:]


def _fill(raw, rng):
    start = rng.randrange(len(raw) + 1)
    length = min(rng.randint(1, 600), len(raw) - start)
    return raw[:start] + bytes([rng.choice([0, 32, 127, 255])]) * length + raw[start + length :]


def _move(raw, rng):
    """A piece appears twice, or is lost."""
    start = rng.randrange(len(raw) + 1)
    stop = start + rng.randint(1, 1000)
    return raw[:stop] + raw[start:] if rng.random() < 0.5 else raw[:start] + raw[stop:]


def _change_lines(raw, rng):
    lines = raw.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    action = rng.randrange(4)
    if action == 0:
        del lines[i]
    elif action == 1:
        lines.insert(i, lines[j])
    elif action == 2:
        lines[i], lines[j] = lines[j], lines[i]
    else:
        lines.insert(i, b"")
    return b"\n".join(lines)


def _change_cell(raw, rng):
    """Another thing in place of a number or a word."""
    cells = list(re.finditer(rb"[^\s=,]+", raw))
    if not cells:
        return raw
    # Half of the time in the header, where there is most to spoil.
    cell = rng.choice(cells[:40] if rng.random() < 0.5 else cells)
    return raw[: cell.start()] + rng.choice(_CELLS) + raw[cell.end() :]


def _change_separators(raw, rng):
    old, new = rng.sample([b"\t", b" ", b",", b";", b"\n", b"\r\n", b"\r", b"="], 2)
    return raw.replace(old, new, rng.choice([1, -1]))


def _change_encoding(raw, rng):
    return raw.decode("latin-1").encode(rng.choice(["utf-16", "utf-16-be", "utf-8-sig", "cp037"]))


_CELLS = [
    *(b"", b"nan", b"inf", b"-inf", b"1.#QNAN", b"abc", b"1_0", b"0x1F", b"--3", b"1e999", b"1e"),
    *(b"-1", b"0", b"999999999999", b"9" * 5000, b"time", b"endheader", b"yes", b"maybe", b"Vec3"),
    *("\u0661\u0662".encode(), "\u00e9".encode("latin-1"), b"1,5", b"'1'", b"=cmd()", b"#REF!"),
]
_BINARY = [_truncate, _change_bytes, _change_head, _change_head, _change_header, _fill, _move]
_TEXT = [
    *(_truncate, _change_bytes, _fill, _move),
    *(_change_lines, _change_cell, _change_cell, _change_separators, _change_encoding),
]


def outcomes(read, paths):
    """What `read`, a function of the top level of a module, does with each file.

    Returns
    -------
    list of str
        "read"; "ValueError" whose text begins with the file's name; or a fault: the name of another
        exception, "nameless ValueError", "crash", "hang".
    """
    # A fork inherits what is imported; elsewhere than on Linux it is not safe.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    paths, results = [str(path) for path in paths], []
    while len(results) < len(paths):
        ours, theirs = context.Pipe(duplex=False)
        todo = paths[len(results) :]
        worker = context.Process(target=_work, args=(read, todo, theirs), daemon=True)
        worker.start()
        theirs.close()
        results += _collect(ours, len(todo))
        worker.kill()
        worker.join()
    return results


def _collect(connection, n_files):
    """Outcomes until the worker is through, gone or stuck."""
    results = []
    while len(results) < n_files:
        if not connection.poll(PATIENCE):
            return [*results, "hang"]
        try:
            results.append(connection.recv())
        except EOFError:
            return [*results, "crash"]
    return results


def _work(read, paths, connection):
    _limit_memory()
    warnings.simplefilter("ignore")
    for path in paths:
        connection.send(_outcome(read, path))


def _outcome(read, path):
    try:
        read(path)
    except ValueError as error:
        named = str(error).startswith(Path(path).name)
        return "ValueError" if named else f"nameless ValueError: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "read"


def _limit_memory():
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
