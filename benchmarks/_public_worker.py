"""Reads a batch of public files by us and by others, a line a step: whoever ends this process loses one file only.

usage: python _public_worker.py BATCH.json OUT.jsonl
"""

import json
import sys
from pathlib import Path

import _public_models
import _public_readers
from _public_readers import quietly

RIVALS = {
    ".sto": {"OpenSim": (_public_readers.our_table, _public_readers.opensim_table, 1e-12)},
    ".mot": {"OpenSim": (_public_readers.our_table, _public_readers.opensim_table, 1e-12)},
    ".trc": {"OpenSim": (_public_readers.our_markers, _public_readers.opensim_markers, 1e-12)},
    # c3d keeps markers in single precision.
    ".c3d": {
        "ezc3d": (_public_readers.our_c3d, _public_readers.ezc3d_c3d, 1e-6),
        "c3d": (_public_readers.our_c3d, _public_readers.pure_c3d, 1e-6),
    },
    ".osim": {"OpenSim": (_public_models.our_model, _public_models.opensim_model, 1e-9)},
}


def compare(path, rival, say):
    """One of the outcomes, and what it rests on."""
    ours, theirs, tolerance = RIVALS[path.suffix.lower()][rival]
    say("we")
    mine, my_refusal = _read(ours, path)
    say(rival)
    other, refusal = _read(theirs, path)
    if mine is None and other is None:
        return "refused by both", f"we: {my_refusal}; {rival}: {refusal}"
    if mine is None:
        return "refused by us alone", my_refusal
    if other is None:
        return "refused by the other alone", refusal
    difference = mine.difference(other, tolerance)
    return ("different", difference) if difference else ("equal", "")


def _read(reader, path):
    try:
        return quietly(reader, path), None
    except MemoryError:
        raise
    except Exception as error:  # whatever the libraries throw
        return None, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def further(path, models, say):
    """Outcomes of the checks that need a model: conversion from degrees, lengths of paths."""
    kind = path.suffix.lower()
    if kind == ".osim":
        what, check = "lengths of paths", _public_models.lengths
    elif (
        kind in (".sto", ".mot") and models and b"indegrees=yes" in path.read_bytes()[:4000].lower().replace(b" ", b"")
    ):
        what, check = "conversion by a model", lambda p: _public_models.converted(p, models[:5])
    else:
        return
    say(what)
    try:
        pair = quietly(check, path)
    except Exception as error:
        yield what, "not compared", f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return
    if pair is not None and pair[0].values:
        difference = pair[0].difference(pair[1], 1e-6 if kind == ".osim" else 1e-12)
        yield what, "different" if difference else "equal", difference or f"{len(pair[0].values)}"


def main():
    batch, out = json.loads(Path(sys.argv[1]).read_text()), open(sys.argv[2], "a", buffering=1)
    try:
        import opensim

        opensim.Logger.setLevelString("Off")
    except ImportError:
        pass
    for item in batch:
        _one(Path(item["path"]), item["models"], out)


def _one(path, models, out):
    write = lambda **record: print(json.dumps({"file": str(path), **record}), file=out, flush=True)
    say = lambda stage: write(stage=stage)
    for rival in RIVALS[path.suffix.lower()]:
        outcome, reason = compare(path, rival, say)
        write(rival=rival, outcome=outcome, reason=reason)
    for what, outcome, reason in further(path, models, say):
        write(check=what, outcome=outcome, reason=reason)
    write(done=True)


if __name__ == "__main__":
    main()
